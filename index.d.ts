/// <reference lib="esnext.disposable" />

/**
 * File locks that the operating system holds. They exclude each other across processes, worker
 * threads and languages, and are freed the moment their holder dies.
 *
 * @example
 * import { lockFile } from 'locket'
 *
 * const lock = lockFile('build/cache.lock')
 * await lock.runExclusive(async () => {
 *   // Nobody else who locks this file is in here now.
 * })
 *
 * @packageDocumentation
 */

/**
 * The lock of the file at `path`. Opens nothing yet, and can be called as often as you like: the
 * file is the lock, and not the object that stands for it.
 *
 * @param path Made absolute at once, so that a later `process.chdir()` changes nothing. A relative
 *   path, a symbolic link to the file or to a folder on the way are the same lock. A Buffer holds
 *   the bytes of a name that need not be UTF-8; a URL is a `file:` URL.
 * @throws {TypeError} `ERR_INVALID_ARG_TYPE`: the path is no string, Buffer or URL.
 *   `ERR_INVALID_ARG_VALUE`: it is empty or has a null byte. `ERR_INVALID_URL_SCHEME`: the URL is
 *   no `file:` URL.
 *
 * @example
 * const lock = lockFile('/tmp/app.lock', { timeout: 30 })
 */
export function lockFile(path: string | Uint8Array | URL, options?: LockOptions): FileLock

/** What all acquires of one {@link FileLock} have in common. */
export interface LockOptions {
  /**
   * The timeout of each acquire that names none.
   *
   * Unit: seconds. Default: none, an acquire waits for ever.
   */
  timeout?: number | null | undefined
}

/** Options of {@link FileLock.acquireSync}. */
export interface AcquireSyncOptions {
  /**
   * How long the whole acquire may take. 0 is one attempt without waiting; `null` and `Infinity`
   * wait for ever. The clock is monotonic: setting the system's time changes nothing.
   *
   * Unit: seconds, fractions too. Default: that of {@link lockFile}. Minimum: 0.
   *
   * A negative number or NaN is a RangeError `ERR_OUT_OF_RANGE`, anything else that is no number a
   * TypeError `ERR_INVALID_ARG_TYPE`.
   */
  timeout?: number | null | undefined

  /**
   * Called once, when the first attempt finds the lock taken and the acquire is going to wait: not
   * with a timeout of 0. Gets the holder, or `null` where the system does not tell who it is. What
   * it throws, the acquire throws, and does not hold the lock.
   *
   * @example
   * await lock.acquire({ onWait: (holder) => console.error('waiting for process', holder?.pid) })
   */
  onWait?: ((holder: Holder | null) => void) | undefined
}

/** Options of {@link FileLock.acquire} and {@link FileLock.runExclusive}. */
export interface AcquireOptions extends AcquireSyncOptions {
  /**
   * Ends the wait: the acquire rejects with `signal.reason` and never holds the lock afterwards. A
   * signal that is aborted already rejects before any file is opened.
   *
   * @example
   * await lock.acquire({ signal: AbortSignal.any([shutdown.signal, AbortSignal.timeout(5000)]) })
   */
  signal?: AbortSignal | undefined
}

/** A process that holds a lock. Its number is what the operating system told, never a guess. */
export interface Holder {
  /** The process number, as `process.pid` is. */
  pid: number
  /** Is it this process, in whichever thread? */
  sameProcess: boolean
}

/**
 * A lock: locked or unlocked, for all who use the file. It is not re-entrant: who holds it and
 * acquires it again waits, as anybody would. Comes from {@link lockFile}.
 */
export class FileLock {
  private constructor()

  /** The absolute path. */
  readonly path: string

  /**
   * Does this process hold the lock now, through this object or another one? It says nothing about
   * other processes, and may have changed when you look at it.
   */
  readonly locked: boolean

  /**
   * Acquires the lock, and waits for it where it is taken: in the order of arrival within the
   * process, in the kernel's queue between processes, without polling. Creates the file if it is
   * missing, and never writes to it.
   *
   * A pending acquire keeps the process alive, a lock that is held does not.
   *
   * @param timeout Seconds, or options. `acquire(30)` is `acquire({ timeout: 30 })`.
   * @returns The acquisition, for {@link LockGuard.release} or `using`.
   * @throws {LockError} `ERR_LOCK_TIMEOUT`: the lock was not to be had in time.
   * @throws `signal.reason`: the signal was aborted.
   * @throws {Error} What the operating system says, with `code`, `errno`, `syscall` and `path` as
   *   in `node:fs`: `ENOENT` the folder is missing, `EACCES` it may not be opened, `EISDIR` it is a
   *   folder, `EINVAL` it is no regular file, `EMFILE` there are no descriptors left, `ENOLCK` or
   *   `ENOTSUP` the file system has no locks.
   * @throws {TypeError | RangeError} `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`: wrong options.
   *
   * @example
   * const guard = await lock.acquire(30)
   * try {
   *   // The lock is held.
   * } finally {
   *   guard.release()
   * }
   *
   * @example
   * // The same, where there is `using`.
   * using guard = await lock.acquire(30)
   */
  acquire(timeout?: number | null | AcquireOptions): Promise<LockGuard>

  /**
   * As {@link FileLock.acquire}, but the calling thread waits, and does nothing else meanwhile:
   * for scripts and command-line programs.
   *
   * @throws {LockError} `ERR_LOCK_DEADLOCK`: this thread holds the lock itself, so that without a
   *   timeout it would wait for ever. `ERR_LOCK_TIMEOUT`: the lock was not to be had in time.
   *
   * @example
   * const guard = lock.acquireSync({ timeout: 10, onWait: () => console.error('waiting') })
   */
  acquireSync(timeout?: number | null | AcquireSyncOptions): LockGuard

  /**
   * One attempt, that never waits for the lock: the acquisition, or `null` when the lock is taken.
   *
   * @throws {Error} What the operating system says, as for {@link FileLock.acquire}.
   *
   * @example
   * const guard = lock.tryAcquire()
   * if (guard === null) process.exit(0) // Somebody is at it already.
   */
  tryAcquire(): LockGuard | null

  /**
   * Acquires the lock, runs `fn`, waits for what it returns, frees the lock, whether `fn` succeeded
   * or not, and passes its value or its error on.
   *
   * @param options Seconds, or options, as for {@link FileLock.acquire}.
   * @throws What `fn` throws, and what {@link FileLock.acquire} throws.
   *
   * @example
   * const text = await lock.runExclusive(() => fs.promises.readFile('state.json', 'utf8'), 30)
   */
  runExclusive<T>(fn: () => T | PromiseLike<T>, options?: number | null | AcquireOptions): Promise<T>

  /**
   * Frees the lock, whoever in this process acquired it, in whichever thread and through whichever
   * object. When it returns, others can have the lock. {@link LockGuard.release} ends your own
   * acquisition and no other, which is what you want most of the time.
   *
   * @throws {LockError} `ERR_LOCK_NOT_HELD`: this process does not hold it.
   *
   * @example
   * await lock.acquire()
   * lock.release()
   */
  release(): void
}

/**
 * One acquisition of a lock. It ends by {@link LockGuard.release}, by the end of its `using` scope,
 * by {@link FileLock.release}, by the end of its worker thread, or with the process; garbage
 * collection frees nothing.
 */
export class LockGuard {
  private constructor()

  /** The absolute path. */
  readonly path: string

  /** Has this acquisition ended? */
  readonly released: boolean

  /**
   * Ends this acquisition and no other: once it has ended, a second call does nothing, even when
   * somebody else holds the lock by then.
   */
  release(): void

  /** {@link LockGuard.release}, for `using guard = await lock.acquire()`. */
  [Symbol.dispose](): void

  /** {@link LockGuard.release}, for `await using guard = await lock.acquire()`. */
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * What locket itself has to say; the errors of the operating system are not of this class.
 *
 * @example
 * try {
 *   await lock.acquire(5)
 * } catch (error) {
 *   if (!(error instanceof LockError) || error.code !== 'ERR_LOCK_TIMEOUT') throw error
 *   console.error(error.message) // ... process 4711 holds it (node build.js)
 * }
 */
export class LockError extends Error {
  private constructor()

  /**
   * - `ERR_LOCK_TIMEOUT`: the lock was not to be had in time. The message names the process that
   *   has it, and its command, where the system tells.
   * - `ERR_LOCK_NOT_HELD`: {@link FileLock.release} of a lock that this process does not hold.
   * - `ERR_LOCK_DEADLOCK`: {@link FileLock.acquireSync} in the thread that holds the lock.
   */
  readonly code: 'ERR_LOCK_TIMEOUT' | 'ERR_LOCK_NOT_HELD' | 'ERR_LOCK_DEADLOCK'

  /** The absolute path. */
  readonly path: string

  /** Who holds the lock. Absent where that cannot be known, and when nobody does any more. */
  readonly holder?: Holder
}
