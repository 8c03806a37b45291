/** A process that holds a lock. */
export interface Holder {
  pid: number
  sameProcess: boolean
}

export interface AcquireSyncOptions {
  timeout?: number | null
  onWait?: (holder: Holder | null) => void
}

export interface AcquireOptions extends AcquireSyncOptions {
  signal?: AbortSignal
}

export interface LockOptions {
  timeout?: number | null
}

export function lockFile(path: string | Buffer | URL, options?: LockOptions): FileLock

export class FileLock {
  private constructor()
  readonly path: string
  readonly locked: boolean
  acquire(options?: number | null | AcquireOptions): Promise<LockGuard>
  acquireSync(options?: number | null | AcquireSyncOptions): LockGuard
  tryAcquire(): LockGuard | null
  runExclusive<T>(fn: () => T | PromiseLike<T>, options?: number | null | AcquireOptions): Promise<T>
  release(): void
}

export class LockGuard {
  private constructor()
  readonly path: string
  readonly released: boolean
  release(): void
  [Symbol.dispose](): void
  [Symbol.asyncDispose](): Promise<void>
}

export class LockError extends Error {
  readonly code: 'ERR_LOCK_TIMEOUT' | 'ERR_LOCK_NOT_HELD' | 'ERR_LOCK_DEADLOCK'
  readonly path: string
  readonly holder?: Holder
}
