/**
 * What packages that build on locket have in common with it, so that their locks take the same
 * options and fail with the same errors. Loads no native code. Programs that only use locks do not
 * need it. Its shape can change with each minor version.
 *
 * @example
 * import { LockError, parseAcquireOptions } from 'locket/common'
 *
 * @packageDocumentation
 */

import type {
  AcquireOptions,
  FileLock,
  Holder,
  LockGuard,
  LockOptions,
  Mode,
  LockError as PublicLockError,
} from '../../index.js'

/** The class of locket's own errors, here with its constructor. */
export type LockError = PublicLockError
export const LockError: {
  new (code: PublicLockError['code'], message: string, path: string, holder?: Holder): PublicLockError
  readonly prototype: PublicLockError
}

/**
 * Returns the default timeout of a lock, in seconds. Infinity if there is none.
 *
 * @throws {TypeError | RangeError} As {@link lockFile} does.
 */
export function parseLockOptions(options: LockOptions | undefined): number

/**
 * Returns the options of one acquire, each read once. `timeout` is in seconds.
 *
 * @param fallback The timeout where the options name none, in seconds.
 * @throws {TypeError | RangeError} As {@link FileLock.acquire} does.
 */
export function parseAcquireOptions(
  options: number | null | undefined | AcquireOptions,
  fallback: number,
): {
  timeout: number
  signal: AbortSignal | undefined
  onWait: ((holder: Holder | null) => unknown) | undefined
  mode: Mode
}

/**
 * Returns the path as text or bytes.
 *
 * @throws {TypeError} As {@link lockFile} does.
 */
export function parsePath(path: string | Uint8Array | URL): string | Uint8Array

/**
 * Examines what is at the path: `'held'` if it is a folder that was modified less than `stale` seconds
 * ago (default 10), as an old proper-lockfile's lock is; `'removed'` if it was an older one, which has
 * been removed; `'absent'` if there is no folder. A synchronous call.
 *
 * @throws {Error} Errors of the operating system. `ENOTEMPTY`: the folder holds files, and stays.
 */
export function examineFolderLock(path: string | Uint8Array, stale?: number): 'absent' | 'held' | 'removed'

/** A call of an operation that is written once, and run asynchronously or synchronously. */
export interface Step<T = unknown> {
  async(): T | PromiseLike<T>
  /** Absent where only the asynchronous form can get there. */
  sync?(): T
}

/** Returns the call of a function that has the callback form `fs[method]` and the form `fs[method + 'Sync']`. */
export function call(fs: object, method: string, ...args: unknown[]): Step

/** Runs the steps that the generator yields; resolves with what it returns, rejects with what it throws. */
export function run<T>(steps: Generator<Step, T, unknown>): Promise<T>

/** Runs the steps that the generator yields without leaving the calling thread. */
export function runSync<T>(steps: Generator<Step, T, unknown>): T

/** The end of an acquire that looks again and again for what no event tells, and the pauses before it. */
export class Deadline {
  /** All in milliseconds: the time until the end, the first pause, and the longest, to which pauses double. */
  constructor(time: number, pause: number, longest?: number)
  /** In milliseconds, 0 once it is over. */
  readonly left: number
  /** Steps that wait until it is time to look again. Throws the error if no time is left. */
  pauseOr(error: unknown): Generator<Step, void, unknown>
}

/**
 * Steps that acquire the lock within `time`, in milliseconds. A time below 20 is 20 if another process
 * holds the lock: its {@link isHeld} holds it for an instant.
 */
export function acquireWithin(lock: FileLock, time: number): Generator<Step, LockGuard, unknown>

/**
 * Returns `true` if the lock of the file is held, by any process; `false` if there is no file. Tries the
 * lock, and lets go, without leaving the thread.
 *
 * @param whileFree Called if the lock is not held, before another process can acquire it.
 */
export function isHeld(lock: FileLock, whileFree?: () => void): boolean

/** Returns `true` if an acquire failed with that error because the file system has no locks. */
export function lacksLocks(error: unknown): boolean

/** Calls `remove` when this thread's environment ends. Returns the function that undoes this. */
export function removeAtExit(remove: () => void): () => void

/** Steps that remove the file of a lock that is held; waiters go on with what is at the path then. */
export function removeFile(path: string): Generator<Step, void, unknown>

/**
 * Steps that set the times of the file at the path to now, if `isOurs` returns `true` for its status.
 * Returns what `isOurs` returned.
 */
export function touchFile(
  path: string,
  isOurs: (stat: import('node:fs').BigIntStats) => boolean,
): Generator<Step, boolean, unknown>

/** Calls `waiter.abort(signal.reason)` once the signal aborts. All waiters of a signal share one listener. */
export function listen(signal: AbortSignal, waiter: { abort(reason: unknown): void }): void

/** Ends {@link listen}. */
export function forget(signal: AbortSignal, waiter: { abort(reason: unknown): void }): void

/** Returns `true` if the signal has aborted, also if its listeners were not called. */
export function isAborted(signal: AbortSignal): boolean

/** Returns the reason of an aborted signal. */
export function reasonOf(signal: AbortSignal): unknown

/** Returns an error `ERR_INVALID_ARG_TYPE` in Node's words: `The "name" argument must be <expected>.` */
export function invalidType(name: string, expected: string, actual: unknown): TypeError

/** Returns an error `ERR_INVALID_ARG_VALUE` in Node's words: `The argument 'name' <why>.` */
export function invalidValue(name: string, why: string, actual: unknown, cause?: unknown): TypeError

/** Returns an error `ERR_INVALID_ARG_TYPE`: `The "name" argument is not supported by <by>.` */
export function notSupported(name: string, by: string, actual: unknown): TypeError

/** Returns an error `ERR_OUT_OF_RANGE` in Node's words: `It must be <range>.` */
export function outOfRange(name: string, range: string, actual: unknown): RangeError

/** Returns an error `ERR_ILLEGAL_CONSTRUCTOR`. */
export function illegalConstructor(name: string, instead: string): TypeError

/**
 * Clock and timers that fake timers of test runners do not replace. `now()` returns milliseconds of
 * a monotonic clock.
 */
export const time: {
  now(): number
  setTimeout: typeof import('node:timers').setTimeout
  clearTimeout: typeof import('node:timers').clearTimeout
}
