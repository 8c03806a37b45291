/// <reference lib="esnext.disposable" />

/**
 * File locks that the operating system holds. They exclude each other across processes, worker
 * threads and languages. When a holder dies, its lock is free at once.
 *
 * @example
 * import { lockFile } from 'locket'
 *
 * const lock = lockFile('build/cache.lock')
 * await lock.runExclusive(async () => {
 *   // No other process or thread that locks this file runs this section now.
 * })
 *
 * @packageDocumentation
 */

/**
 * Returns the lock of the file at `path`. Does not open the file. All `FileLock` objects for one
 * file share the same lock.
 *
 * @param path Made absolute at once: a later `process.chdir()` has no effect. A relative path, a
 *   symbolic link to the file, a path through a linked folder and, where the file system ignores
 *   case, another letter case are the same lock. A Buffer holds the bytes of a name that need not be
 *   UTF-8. A URL is a `file:` URL. The folder must exist when the lock is acquired.
 * @param options Defaults of each acquire, and what others can read of a hold.
 * @throws {TypeError} `ERR_INVALID_ARG_TYPE` if the path is not a string, Buffer or URL.
 * @throws {TypeError} `ERR_INVALID_ARG_VALUE` if the path is empty or has a null byte.
 * @throws {TypeError} `ERR_INVALID_URL_SCHEME` if the URL is not a `file:` URL.
 *
 * @example
 * const lock = lockFile('/tmp/app.lock', { timeout: 30 })
 */
export function lockFile(path: string | Uint8Array | URL, options?: LockOptions): FileLock

/**
 * Acquires several locks, all or none. They are acquired in an order that all processes share, by
 * device and file and not by name, so that callers which name the same locks in another order never
 * wait for each other in a circle. A file under several names counts once.
 *
 * @param locks Any number of locks, in any order.
 * @param options Seconds, or options. One deadline bounds all of it; without a timeout it waits
 *   indefinitely, whatever the locks' own timeouts are. `onWait` is called for each lock that is taken.
 * @returns The acquisitions, which end together.
 * @throws What {@link FileLock.acquire} throws, for the lock that could not be acquired. None is held.
 * @throws {Error} `EAGAIN` if the files were replaced again and again meanwhile.
 *
 * @example
 * const guards = await acquireAll([lockFile('from.lock'), lockFile('to.lock')], 30)
 * try {
 *   // Both are held.
 * } finally {
 *   guards.release()
 * }
 */
export function acquireAll(
  locks: Iterable<FileLock>,
  options?: number | null | AcquireOptions,
): Promise<LockGuards>

/** The acquisitions of {@link acquireAll}. */
export interface LockGuards {
  /** The absolute paths of the locks, in the order in which they were acquired. */
  readonly paths: string[]

  /** `true` if any of the acquisitions has ended. */
  readonly released: boolean

  /** Aborts if any of the acquisitions is lost, as {@link LockGuard.signal}. */
  readonly signal: AbortSignal

  /** Ends these acquisitions and no others. A second call does nothing. */
  release(): void

  /** {@link LockGuards.release}, for `using`. */
  [Symbol.dispose](): void

  /** {@link LockGuards.release}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}

/** Options of {@link lockFile}, for each acquire of the lock. */
export interface LockOptions {
  /**
   * The timeout of each acquire that has none of its own.
   *
   * Unit: seconds. Default: none, an acquire waits indefinitely.
   */
  timeout?: number | null | undefined

  /**
   * What this program calls its hold of the lock: others read it with {@link FileLock.inspect}.
   *
   * It is written beside the content of the lock file, never into it, while the lock is held: as the
   * extended attribute `user.locket`, on Windows as a stream of the file. Every user that may read
   * the file can read it. File systems without either, and files that may not be written to, have
   * none.
   *
   * Default: none.
   */
  label?: string | undefined

  /**
   * More for others to read, any value that JSON can express. Copied at once. With the label, at most
   * 3,700 bytes of JSON.
   *
   * Default: none.
   */
  info?: unknown

  /**
   * Locks the folder at the path itself, which must exist. Without this, a folder at the path of a
   * lock is an error `EISDIR`, because it is usually another package's lock. The lock excludes
   * `flock(1)` and `npx locket` of the same folder, and has nothing to do with the files in it. On a
   * network file system it excludes processes of the same machine only. Not available on Windows.
   *
   * Default: `false`.
   *
   * @throws {TypeError} `ERR_FEATURE_UNAVAILABLE_ON_PLATFORM` on Windows.
   *
   * @example
   * const guard = await lockFile('.', { directory: true }).acquire()
   */
  directory?: boolean | undefined
}

/** The state of a lock at one moment. It can have changed by the time it is read. */
export interface LockState {
  /** `true` if any process holds the lock. */
  locked: boolean
  /** How it is held. `null` if it is free, or the system does not tell. */
  mode: Mode | null
  /** The processes that hold it, as far as they are known. */
  holders: Holder[]
  /**
   * How many processes wait for it; one counts once, however many of its acquires wait. `null` if
   * the system does not tell: everywhere but on Linux.
   */
  waiting: number | null
}

/**
 * How a lock is held: by one acquisition, or by any number of shared ones. The words of the Web Locks
 * API.
 */
export type Mode = 'exclusive' | 'shared'

/** Options of {@link FileLock.tryAcquire}. */
export interface TryAcquireOptions {
  /**
   * `'shared'` holds the lock together with other shared holders, and excludes exclusive ones. A file
   * that may only be read is enough for it.
   *
   * A waiting writer, which is an exclusive acquire, is not passed by readers that come later: inside
   * the process all acquires are served in order of arrival, and readers that stand next to each
   * other go in together. Across processes the same holds on Linux and Windows, on local file
   * systems. Elsewhere, and for readers that are not locket's, writers can be passed by readers of
   * other processes.
   *
   * Default: `'exclusive'`.
   *
   * @throws {TypeError} `ERR_INVALID_ARG_VALUE` for another value.
   *
   * @example
   * const guard = await lock.acquire({ mode: 'shared' })
   * console.log(lock.mode)
   * guard.release()
   */
  mode?: Mode | undefined
}

/** Options of {@link FileLock.acquireSync}. */
export interface AcquireSyncOptions extends TryAcquireOptions {
  /**
   * The limit of the whole acquire. 0 is one attempt without waiting. With `null` or `Infinity` the
   * acquire waits indefinitely. The clock is monotonic: a change of the system time has no effect,
   * nor have the fake timers of test runners.
   *
   * Unit: seconds, also fractions. Default: that of {@link lockFile}. Minimum: 0.
   *
   * @throws {LockError} `ERR_LOCK_TIMEOUT` if it expires before the grant.
   * @throws {RangeError} `ERR_OUT_OF_RANGE` if it is negative or NaN.
   * @throws {TypeError} `ERR_INVALID_ARG_TYPE` if it is not a number.
   */
  timeout?: number | null | undefined

  /**
   * Called once, when the first attempt finds the lock held and the acquire starts to wait. Not
   * called with a timeout of 0. Gets the holder, or `null` if it is not known. If the callback
   * throws, the acquire fails with that error and does not hold the lock.
   *
   * Default: none.
   *
   * @example
   * await lock.acquire({ onWait: (holder) => console.error('waiting for process', holder?.pid) })
   */
  onWait?: ((holder: Holder | null) => void) | undefined
}

/** Options of {@link FileLock.acquire}, and without `mode` of {@link FileLock.runExclusive}. */
export interface AcquireOptions extends AcquireSyncOptions {
  /**
   * Ends the wait: the acquire rejects with `signal.reason` and never holds the lock afterwards. If
   * the signal has already aborted, the acquire rejects before it opens a file.
   *
   * For a limit of time use `timeout`, which names the holder when it expires. Node can collect an
   * `AbortSignal.timeout()` before it fires.
   *
   * Default: none.
   *
   * @example
   * const shutdown = new AbortController()
   * process.once('SIGTERM', () => shutdown.abort())
   * await lock.acquire({ timeout: 5, signal: shutdown.signal })
   */
  signal?: AbortSignal | undefined

  /**
   * As for {@link AcquireSyncOptions.onWait}. Can be an async function: if its promise rejects while
   * the acquire waits, the acquire rejects with that error. After the grant a rejection is ignored.
   */
  onWait?: ((holder: Holder | null) => void | PromiseLike<void>) | undefined
}

/** A process that holds a lock. Never a guess: reported by the operating system. */
export interface Holder {
  /** The process id, as `process.pid`. */
  pid: number
  /** `true` if the holder is the current process (any thread). */
  sameProcess: boolean
  /**
   * The command line of another process with all its arguments, which can hold secrets. Absent if it
   * is not known. Not enumerable, so that no log shows it unasked; messages have the program and its
   * script alone.
   */
  readonly command?: string
  /** `'shared'` if it holds the lock in that mode. Absent otherwise. */
  mode?: Mode
  /** How many processes hold the lock, of which this is one. With `mode: 'shared'` alone. */
  count?: number
  /** When the holder acquired the lock. From its record, as all that follows: see {@link LockOptions.label}. */
  since?: Date
  /** The name of its machine. */
  host?: string
  /** Its {@link LockOptions.label}. */
  label?: string
  /** Its {@link LockOptions.info}. */
  info?: unknown
}

/**
 * A lock, shared by all processes and threads that use the file. Not reentrant: acquiring a lock
 * that is already held waits, even if the holder is the caller. Created by {@link lockFile}.
 */
export class FileLock {
  private constructor()

  /** The absolute path of the locked file, with `..` left in place: a link before it decides where it leads. */
  readonly path: string

  /**
   * `true` if this process holds the lock now, through this object or another one. Tells nothing
   * about other processes, and can be out of date when you read it.
   */
  readonly locked: boolean

  /** How this process holds the lock now, or `null` if it does not. */
  readonly mode: Mode | null

  /**
   * Acquires the lock. If it is held, waits: in the order of arrival within the process, in the
   * kernel's queue between processes, without polling. Creates the file if it is missing, and never
   * writes to it.
   *
   * A pending acquire keeps the process alive, a held lock does not.
   *
   * @param timeout Seconds, or options. `acquire(30)` is `acquire({ timeout: 30 })`.
   * @returns The acquisition, for {@link LockGuard.release} or `using`.
   * @throws {LockError} `ERR_LOCK_TIMEOUT` if the timeout expires first.
   * @throws `signal.reason` if the signal aborts first.
   * @throws {Error} `ENOENT` if the folder is missing. This and what follows are errors of the
   *   operating system, with `code`, `errno`, `syscall` and `path` as in `node:fs`.
   * @throws {Error} `EACCES` if the file must not be opened, or a missing one must not be created.
   * @throws {Error} `EISDIR` if the path is a folder and {@link LockOptions.directory} is not set,
   *   `ENOTDIR` if it is set and the path is no folder, `EINVAL` if it is no regular file.
   * @throws {Error} `EMFILE` if no file descriptor is left.
   * @throws {Error} `ENOLCK`, `ENOSYS` or `ENOTSUP` if the file system has no locks.
   * @throws {TypeError | RangeError} `ERR_INVALID_ARG_TYPE` or `ERR_OUT_OF_RANGE` for wrong options.
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
   * // The same with `using`.
   * using guard = await lock.acquire(30)
   */
  acquire(timeout?: number | null | AcquireOptions): Promise<LockGuard>

  /**
   * Acquires the lock as {@link FileLock.acquire} does, but blocks the calling thread until then.
   * For scripts and command-line programs. The thread sleeps in the kernel.
   *
   * @param timeout Seconds, or options.
   * @throws {LockError} `ERR_LOCK_DEADLOCK` if this thread holds the lock, in a mode that excludes the
   *   acquire or with a waiter before it, and there is no timeout.
   * @throws {LockError} `ERR_LOCK_TIMEOUT` if the timeout expires first.
   * @throws {Error} An error of the operating system, as for {@link FileLock.acquire}.
   *
   * @example
   * const guard = lock.acquireSync({ timeout: 10, onWait: () => console.error('waiting') })
   */
  acquireSync(timeout?: number | null | AcquireSyncOptions): LockGuard

  /**
   * Makes one attempt and never waits. Returns the acquisition, or `null` if the lock is held.
   *
   * @throws {Error} An error of the operating system, as for {@link FileLock.acquire}.
   *
   * @example
   * const guard = lock.tryAcquire()
   * console.log(guard === null ? 'the lock is held' : 'acquired')
   */
  tryAcquire(options?: TryAcquireOptions): LockGuard | null

  /**
   * Acquires the lock, runs `fn` and awaits its result. Then releases the lock, also if `fn` failed,
   * and returns the result or throws the error.
   *
   * @param fn Gets the guard, whose {@link LockGuard.signal} tells when the lock is lost.
   * @param options Seconds, or options, as for {@link FileLock.acquire}.
   * @throws The error of `fn`, or that of {@link FileLock.acquire}.
   *
   * @example
   * const sum = await lock.runExclusive(async () => 1 + 1, 30)
   */
  runExclusive<T>(
    fn: (guard: LockGuard) => T | PromiseLike<T>,
    options?: number | null | Omit<AcquireOptions, 'mode'>,
  ): Promise<T>

  /**
   * The same in shared mode: {@link TryAcquireOptions.mode}.
   *
   * @example
   * import { readFile } from 'node:fs/promises'
   *
   * const text = await lock.runShared(() => readFile(lock.path, 'utf8'))
   */
  runShared<T>(
    fn: (guard: LockGuard) => T | PromiseLike<T>,
    options?: number | null | Omit<AcquireOptions, 'mode'>,
  ): Promise<T>

  /**
   * Releases the lock held by this process, regardless of which thread or `FileLock` object acquired
   * it. When it returns, another process can have the lock. Prefer {@link LockGuard.release}, which
   * ends its own acquisition only.
   *
   * An acquisition that was made through this object comes first; of several, one whose file is at
   * the path no more, or else the earliest. If several acquisitions of other objects share the lock,
   * it ends none.
   *
   * @throws {LockError} `ERR_LOCK_NOT_HELD` if this process does not hold the lock, or several
   *   acquisitions share it and none was acquired through this object.
   *
   * @example
   * await lock.acquire()
   * lock.release()
   */
  release(): void

  /**
   * Returns the state of the lock and the processes that hold it. Creates no file. On Linux it takes
   * nothing. Elsewhere, where the system does not tell, an attempt holds the lock for microseconds.
   *
   * What a holder said of itself with `label` and `info` is believed only if the lock is held, and
   * the process that wrote it lives and, where the system tells, holds the lock: a crash leaves
   * nothing that counts.
   *
   * @throws {Error} An error of the operating system, as for {@link FileLock.acquire}.
   *
   * @example
   * const { locked, holders } = await lock.inspect()
   * if (locked) console.log(holders[0]?.label, holders[0]?.info)
   */
  inspect(): Promise<LockState>
}

/**
 * One acquisition of a lock. It ends with {@link LockGuard.release}, the end of its `using` scope,
 * {@link FileLock.release}, the end of its worker thread or the end of the process. Garbage
 * collection releases nothing.
 */
export class LockGuard {
  private constructor()

  /** The absolute path. */
  readonly path: string

  /** How this acquisition holds the lock, or held it. */
  readonly mode: Mode

  /** `true` if this acquisition has ended. */
  readonly released: boolean

  /**
   * Aborts if the acquisition is lost: another caller, in any thread, ended it with
   * {@link FileLock.release}. The reason is a LockError `ERR_LOCK_LOST`. The acquisition's own release
   * does not abort it. Created when it is first read.
   *
   * @example
   * import { setTimeout } from 'node:timers/promises'
   *
   * const guard = await lock.acquire()
   * await setTimeout(10, undefined, { signal: guard.signal })
   * guard.release()
   */
  readonly signal: AbortSignal

  /**
   * Ends this acquisition. If it has already ended, does nothing, even if the lock has another holder
   * by then.
   */
  release(): void

  /**
   * Makes this exclusive acquisition a shared one. The lock is not let go of in between: no other
   * exclusive holder comes in. Readers that wait go in, those behind a waiting writer excepted. Does
   * nothing if the acquisition is shared.
   *
   * There is no way back: two readers that both waited for the exclusive lock would wait for each
   * other. Release the guard, acquire the lock anew, and look again at what you read before.
   *
   * @throws {LockError} `ERR_LOCK_NOT_HELD` if this acquisition has ended.
   * @throws {Error} An error of the operating system. The lock is exclusive still.
   *
   * @example
   * const guard = await lock.acquire()
   * // Write here, alone.
   * guard.downgrade()
   * // Read here, together with other readers.
   * guard.release()
   */
  downgrade(): void

  /** Releases, for `using guard = await lock.acquire()`. Needs Node 20.5 or later. */
  [Symbol.dispose](): void

  /** Releases, for `await using guard = await lock.acquire()`. Needs Node 20.5 or later. */
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * What all locks of locket have in common: {@link FileLock}, and the locks of packages beside this
 * one, which a server holds. Code that takes a `Lock` works with each. It awaits what the methods
 * return: a promise, or the value itself.
 *
 * @example
 * async function nightly(lock) {
 *   const guard = await lock.tryAcquire()
 *   if (guard === null) return
 *   try {
 *     // One process at a time runs this section.
 *   } finally {
 *     await guard.release()
 *   }
 * }
 * await nightly(lock)
 */
export interface Lock<G extends Guard = Guard> {
  /** `true` if this process holds the lock now. */
  readonly locked: boolean

  /** Acquires the lock, as {@link FileLock.acquire}. */
  acquire(options?: number | null | AcquireOptions): Promise<G>

  /** Makes one attempt that does not wait: `null` if the lock is held. */
  tryAcquire(): G | null | Promise<G | null>

  /** Acquires the lock, runs `fn` and releases the lock, as {@link FileLock.runExclusive}. */
  runExclusive<T>(fn: (guard: G) => T | PromiseLike<T>, options?: number | null | AcquireOptions): Promise<T>

  /** The same in shared mode, for locks that have one. */
  runShared?<T>(fn: (guard: G) => T | PromiseLike<T>, options?: number | null | AcquireOptions): Promise<T>

  /**
   * Releases the lock, regardless of which object of this process acquired it.
   *
   * @throws {LockError} `ERR_LOCK_NOT_HELD`, or rejects with it.
   */
  release(): void | Promise<void>
}

/** One acquisition of a {@link Lock}. */
export interface Guard {
  /** `true` if this acquisition has ended. */
  readonly released: boolean

  /** Aborts if the acquisition is lost: it ended otherwise than by its own release. */
  readonly signal: AbortSignal

  /** Ends this acquisition. If it has already ended, does nothing. */
  release(): void | Promise<void>

  /** Releases, for `using`. */
  [Symbol.dispose](): void

  /** Releases, for `await using`, which waits until others can have the lock. */
  [Symbol.asyncDispose](): Promise<void>
}

/** Options of {@link updateFileSync} and, with `signal`, of {@link updateFile}. */
export interface UpdateFileSyncOptions extends Omit<AcquireSyncOptions, 'mode'> {
  /**
   * The lock file.
   *
   * Default: the real path of the file, with `.lock` added; with `inPlace`, the file itself. With
   * `inPlace` and `lock`, both are locked, `lock` first.
   */
  lock?: string | Uint8Array | URL | undefined

  /**
   * The permissions of a new file, less the umask, as in `node:fs`. They are set when the file is
   * created, before it has content. An existing file keeps its own.
   *
   * Default: `0o666`. Credentials: `0o600`.
   */
  mode?: number | undefined

  /** Creates the folder of the file, and those above it, if they are missing. Default: `false`. */
  mkdir?: boolean | undefined

  /**
   * Waits until the content is on the disk: fsync of the file before the rename, and of the folder
   * after it. Without it a loss of power soon after the update can leave an empty file.
   *
   * Default: `true`.
   */
  fsync?: boolean | undefined

  /**
   * Rewrites the file where it is, for a file that cannot be replaced: one that is mounted by
   * itself into a container, or that has several names (hard links).
   *
   * The file itself is locked, as Go's `lockedfile` locks it, so that the two exclude each other (on
   * Windows, where a locked file cannot be written to, the file beside it is). What is longer than
   * the old content is written first, so that a full disk is found before anything is overwritten.
   * Readers that do not lock the file can see a part, and a crash can leave one. An empty file
   * counts as missing.
   *
   * Default: `false`.
   */
  inPlace?: boolean | undefined
}

/** Options of {@link updateFile}. */
export interface UpdateFileOptions extends UpdateFileSyncOptions {
  /**
   * Ends the wait for the lock, and aborts the `signal` that `fn` gets: the update rejects with
   * `signal.reason` as soon as `fn` has settled, and nothing is written.
   *
   * Default: none.
   */
  signal?: AbortSignal | undefined
}

/** Options of {@link updateJsonSync}. */
export interface UpdateJsonSyncOptions<T> extends UpdateFileSyncOptions {
  /** The indentation, as `JSON.stringify` takes it. Default: 2. */
  space?: number | string | undefined

  /**
   * Returns the value to go on with if the text is not JSON. What it throws, the update throws.
   *
   * Default: none. Such a file is an error `ERR_INVALID_JSON` and stays as it is.
   */
  repair?: ((text: string, error: JsonError) => T | undefined) | undefined
}

/** Options of {@link updateJson}. */
export interface UpdateJsonOptions<T> extends UpdateFileOptions {
  /** The indentation, as `JSON.stringify` takes it. Default: 2. */
  space?: number | string | undefined

  /**
   * Returns the value, or a promise of it, to go on with if the text is not JSON. What it throws, the
   * update rejects with.
   *
   * Default: none. Such a file is an error `ERR_INVALID_JSON` and stays as it is.
   */
  repair?: ((text: string, error: JsonError) => T | undefined | PromiseLike<T | undefined>) | undefined
}

/** The second argument of `fn` of {@link updateFile} and {@link updateJson}. */
export interface UpdateContext {
  /**
   * Aborts when the update's own signal does, or when the lock is lost because another caller
   * released it. Pass it to what `fn` waits for.
   */
  readonly signal: AbortSignal
}

/** Thrown if the file is not JSON. The message has no part of its content. */
export interface JsonError extends SyntaxError {
  /** Always the same. */
  code: 'ERR_INVALID_JSON'
  /** The real path of the file. */
  path: string
  /** The index in the text of the first character that is not JSON. */
  position: number
  /** Counted from 1. */
  line: number
  /** Counted from 1. */
  column: number
}

/**
 * Changes a file that several processes change, so that no change is lost. Acquires the lock of the
 * file, reads it, calls `fn` with what is there now, writes what it returns into a temporary file
 * beside it, renames that over the old one and releases the lock.
 *
 * Readers need no lock: they see the old content or the new. If `fn` throws, the signal aborts or
 * the disk is full, the old content stays. A symbolic link stays, and its target is replaced. Mode
 * and owner of an existing file stay, on Linux also its access control list; extended attributes do not.
 *
 * A crash leaves at most one temporary file, the path with `.locket.tmp`, which the next update
 * removes. The lock file stays. A folder in its place is the lock of an old `proper-lockfile`: it is
 * waited for while it was modified within 10 seconds, and removed after that.
 *
 * @param fn Gets the content, or `null` if there is no file. Returns the new content, or `undefined`
 *   to write nothing. Must not await an update of the same file, which would wait for this one.
 * @throws What `fn` throws, and what {@link FileLock.acquire} throws for the lock.
 * @throws {LockError} `ERR_LOCK_LOST` if another caller released the lock meanwhile.
 * @throws {LockError} `ERR_LOCK_DEADLOCK` if it is called by `fn` of another update of the file, with
 *   neither a timeout nor a signal.
 * @throws {Error} `EBUSY` if the file is a mount point, `EMLINK` if it has several names, `EPERM` if
 *   its owner cannot be kept, `ENAMETOOLONG` if its name leaves no room for that of the temporary file.
 *   {@link UpdateFileSyncOptions.inPlace} is for such a file. Thrown before `fn` is called, but for
 *   `EBUSY` if the file is mounted from the same device.
 * @throws {Error} `EISDIR` if the path is a folder, `EINVAL` if it is no regular file. Other errors of
 *   the operating system are those of `node:fs`.
 * @throws {TypeError} `ERR_INVALID_ARG_TYPE` for wrong arguments.
 * @throws {TypeError} `ERR_INVALID_RETURN_VALUE` if `fn` returned neither text, bytes nor `undefined`.
 *
 * @example
 * await updateFile('visitors.log', (now) => `${now ?? ''}${new Date().toISOString()}\n`)
 */
export function updateFile(
  path: string | Uint8Array | URL,
  fn: (
    now: Buffer | null,
    context: UpdateContext,
  ) => string | Uint8Array | undefined | PromiseLike<string | Uint8Array | undefined>,
  options?: UpdateFileOptions,
): Promise<void>

/**
 * As {@link updateFile}, but the calling thread waits. `fn` returns the content, not a promise.
 *
 * @throws {LockError} `ERR_LOCK_DEADLOCK` if this thread holds the lock itself.
 */
export function updateFileSync(
  path: string | Uint8Array | URL,
  fn: (now: Buffer | null) => string | Uint8Array | undefined,
  options?: UpdateFileSyncOptions,
): void

/**
 * As {@link updateFile}, for a file of JSON. The text gets an indentation of two spaces and a line
 * break at its end.
 *
 * @param fn Gets the value, or `undefined` if there is no file. Returns the new value, or `undefined`
 *   to write nothing: a value that `fn` changes must be returned, too.
 * @returns What the file holds in the end: the new value, the present one if `fn` returned
 *   `undefined`, or `undefined` if there is no file.
 * @throws {JsonError} `ERR_INVALID_JSON` if the file is not JSON. It stays as it is.
 *
 * @example
 * await updateJson('state.json', (now) => ({ runs: (now?.runs ?? 0) + 1 }))
 *
 * @example
 * // One refresh among many processes: the others find the new token.
 * const isFresh = (now) => now !== undefined && now.expires > Date.now()
 * const refresh = async () => ({ token: 'new', expires: Date.now() + 3_600_000 })
 * const { token } = await updateJson('token.json', (now) => (isFresh(now) ? undefined : refresh()), {
 *   mode: 0o600,
 * })
 */
export function updateJson<T = unknown>(
  path: string | Uint8Array | URL,
  fn: (now: T | undefined, context: UpdateContext) => T | undefined | PromiseLike<T | undefined>,
  options?: UpdateJsonOptions<T>,
): Promise<T | undefined>

/**
 * As {@link updateJson}, but the calling thread waits. `fn` returns the value, not a promise.
 *
 * @throws {LockError} `ERR_LOCK_DEADLOCK` if this thread holds the lock itself.
 */
export function updateJsonSync<T = unknown>(
  path: string | Uint8Array | URL,
  fn: (now: T | undefined) => T | undefined,
  options?: UpdateJsonSyncOptions<T>,
): T | undefined

/**
 * Thrown for failures detected by locket. Operating system errors are plain `Error` objects, as in
 * `node:fs`. `instanceof` also holds for the errors of another copy of the package.
 *
 * @example
 * try {
 *   await lock.acquire(5)
 * } catch (error) {
 *   if (error.code !== 'ERR_LOCK_TIMEOUT') throw error
 *   console.error(error.message) // timed out after 5 s ... (held by process 4711: node build.js)
 * }
 */
export class LockError extends Error {
  private constructor()

  /**
   * - `ERR_LOCK_TIMEOUT`: the timeout expired. The message names the holder, if known.
   * - `ERR_LOCK_NOT_HELD`: {@link FileLock.release} of a lock that this process does not hold.
   * - `ERR_LOCK_DEADLOCK`: {@link FileLock.acquireSync} without a timeout in the thread that holds
   *   the lock; an update of a file, without a timeout, by `fn` of another update of it.
   * - `ERR_LOCK_LOST`: another caller released the lock, or the connection to a server that keeps it
   *   was lost. The reason of {@link LockGuard.signal}, and of an {@link updateFile} that could not be
   *   finished.
   */
  readonly code: 'ERR_LOCK_TIMEOUT' | 'ERR_LOCK_NOT_HELD' | 'ERR_LOCK_DEADLOCK' | 'ERR_LOCK_LOST'

  /** The absolute path; the name of a lock that is not a file. */
  readonly path: string

  /** The holder, if known. Absent if the lock has since been released. */
  readonly holder?: Holder
}
