// All that index.d.ts declares, used as it is meant.
import {
  type AcquireOptions,
  type AcquireSyncOptions,
  FileLock,
  type Holder,
  LockError,
  LockGuard,
  type LockOptions,
  lockFile,
} from 'locket'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function same<A, B>(_proof: Same<A, B>) {}

export async function paths() {
  const locks: FileLock[] = [
    lockFile('a.lock'),
    lockFile(Buffer.from('a.lock')),
    lockFile(new Uint8Array([97])),
    lockFile(new URL('file:///tmp/a.lock')),
    lockFile('a.lock', {}),
    lockFile('a.lock', { timeout: 0.5 }),
    lockFile('a.lock', { timeout: null }),
    lockFile('a.lock', { timeout: undefined }),
    lockFile('a.lock', undefined),
  ]
  const options: LockOptions = { timeout: Number.POSITIVE_INFINITY }
  same<typeof options.timeout, number | null | undefined>(true)
  return locks
}

export async function acquires(lock: FileLock) {
  same<typeof lock.path, string>(true)
  same<typeof lock.locked, boolean>(true)
  const onWait = (holder: Holder | null) => console.log(holder?.pid, holder?.sameProcess)
  const wait: AcquireSyncOptions = { timeout: 1, onWait }
  const all: AcquireOptions = { ...wait, signal: AbortSignal.timeout(1000) }

  for (const guard of [
    await lock.acquire(),
    await lock.acquire(30),
    await lock.acquire(null),
    await lock.acquire(all),
    await lock.acquire({ signal: new AbortController().signal }),
    lock.acquireSync(),
    lock.acquireSync(0),
    lock.acquireSync(null),
    lock.acquireSync(wait),
  ]) {
    same<typeof guard, LockGuard>(true)
    same<typeof guard.path, string>(true)
    same<typeof guard.released, boolean>(true)
    guard.release()
  }
  const tried = lock.tryAcquire()
  same<typeof tried, LockGuard | null>(true)
  lock.release()
}

export async function exclusive(lock: FileLock) {
  const number = await lock.runExclusive(() => 1)
  same<typeof number, number>(true)
  const text = await lock.runExclusive(async () => 'text', { timeout: 1 })
  same<typeof text, string>(true)
  const nothing = await lock.runExclusive(() => {}, 30)
  same<typeof nothing, void>(true)
}

export async function scopes(lock: FileLock) {
  {
    using guard = await lock.acquire()
    console.log(guard.path)
  }
  {
    await using guard = lock.acquireSync()
    console.log(guard.path)
  }
  using perhaps = lock.tryAcquire()
  return perhaps?.released
}

export function errors(error: unknown): string | undefined {
  if (!(error instanceof LockError)) return undefined
  same<typeof error.code, 'ERR_LOCK_TIMEOUT' | 'ERR_LOCK_NOT_HELD' | 'ERR_LOCK_DEADLOCK'>(true)
  same<typeof error.path, string>(true)
  const plain: Error = error
  const holder: Holder | undefined = error.holder
  const pid: number | undefined = holder?.pid
  const sameProcess: boolean | undefined = holder?.sameProcess
  return `${plain.message} ${pid} ${sameProcess}`
}

export function kinds(value: unknown): boolean {
  return value instanceof FileLock || value instanceof LockGuard
}
