/// <reference lib="esnext.disposable" />

/**
 * Locks of several machines, held by a PostgreSQL server: its advisory locks, with the face of
 * locket. The end of a session releases what it holds, as the end of a process does for a file lock.
 *
 * @packageDocumentation
 */

import type { AcquireOptions, Guard, Holder, Lock, LockError } from 'locket'
import type { Client, ClientConfig, Pool, PoolClient } from 'pg'

export { LockError } from 'locket/common'

/**
 * The key of a lock. A string is hashed: the first 8 bytes of the SHA-256 of its UTF-8, as a signed
 * big-endian number. A bigint of 64 bits, or two integers of 32 bits, are taken as they are; a
 * number has to be a safe integer. No pair is the same lock as a single key.
 */
export type LockName = string | bigint | number | readonly [number | bigint, number | bigint]

/** The words of the Web Locks API. */
export type Mode = 'exclusive' | 'shared'

/** Options of {@link postgresLock}. */
export interface PostgresLockOptions {
  /**
   * The timeout of each acquire that has none of its own.
   *
   * Unit: seconds. Default: none, an acquire waits indefinitely.
   */
  timeout?: number | null | undefined

  /**
   * How long a connection may be without an answer until it counts as lost. The process is told
   * after half of it, the server ends the session after all of it. Not used for a client of yours.
   *
   * Unit: seconds. Default: 30. Minimum: 4.
   */
  keepAlive?: number | undefined
}

/** Options of an acquire. `timeout` bounds all of it, a connection that has to be made included. */
export interface PostgresAcquireOptions extends Omit<AcquireOptions, 'mode' | 'onWait'> {
  /** `'shared'` holds the lock together with other shared holders. Default: `'exclusive'`. */
  mode?: Mode | undefined

  /** As for {@link AcquireOptions.onWait}. */
  onWait?: ((holder: PostgresHolder | null) => void | PromiseLike<void>) | undefined
}

/** A session that holds a lock, from pg_locks and pg_stat_activity. */
export interface PostgresHolder extends Holder {
  /** The process id of the session's backend, at the server. */
  pid: number
  /** `true` if the session belongs to this process and to the same pool, client or options. */
  sameProcess: boolean
  /** The mode in which the session holds the lock. */
  mode: Mode
  /** The `application_name`. Absent if it is empty, or if your role may not see it. */
  application?: string
  /** Address and port of the client. Absent for a Unix socket, or if your role may not see them. */
  address?: string
  /** When the session began: it does not hold the lock for longer. Absent if your role may not see it. */
  since?: Date
}

/** What {@link PostgresLock.inspect} resolves to. */
export interface PostgresInspection {
  locked: boolean
  /** `null` if no session holds the lock. */
  mode: Mode | null
  /** The oldest session first. */
  holders: PostgresHolder[]
  /** The number of sessions that wait. A process waits with one session, for all of its acquires. */
  waiting: number
}

/**
 * Returns the lock of that name in a database.
 *
 * @param target A pool or connection options: locks use connections beside those of the pool. One
 *   holds all locks that were free when they were asked for; each lock that is waited for needs one
 *   more. They are closed after 10 s without use, and keep no process alive. Or a connected client
 *   of yours: the lock belongs to its session, and while an acquire waits, so do its other queries.
 *   Objects for one target and name are one lock.
 * @throws {TypeError | RangeError} `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`,
 *   `ERR_OUT_OF_RANGE`: wrong arguments.
 *
 * @example
 * const lock = postgresLock(pool, 'nightly report')
 * await lock.runExclusive(async ({ signal }) => {
 *   await fetch('https://example.org/report', { method: 'POST', signal })
 * }, 30)
 */
export function postgresLock(
  target: Pool | Client | PoolClient | ClientConfig | string,
  name: LockName,
  options?: PostgresLockOptions,
): PostgresLock

/** An advisory lock of a session. Not reentrant. Created by {@link postgresLock}. */
export class PostgresLock implements Lock<PostgresGuard> {
  private constructor()

  /** The name as it was given, or the key in words. */
  readonly name: string

  /** `true` if this process holds the lock now, through the same pool, client or options. */
  readonly locked: boolean

  /** The mode in which this process holds the lock, or `null`. */
  readonly mode: Mode | null

  /**
   * Acquires the lock: inside the process in order of arrival, then in the queue of the server,
   * without polling. A connection that is lost while it waits is made again, for a minute at most.
   *
   * @param options Seconds, or options.
   * @throws {LockError} `ERR_LOCK_TIMEOUT`: the timeout expired.
   * @throws `signal.reason`: the signal aborted. The query is cancelled.
   * @throws {Error} `ERR_LOCK_POOLER`: a pooler in transaction mode is between, which cannot hold locks.
   *   What pg and the server report, in pg's shape.
   */
  acquire(options?: number | null | PostgresAcquireOptions): Promise<PostgresGuard>

  /** Makes one attempt that does not wait: resolves to `null` if the lock is held. */
  tryAcquire(options?: { mode?: Mode | undefined }): Promise<PostgresGuard | null>

  /** Acquires the lock, runs `fn`, releases the lock and passes on what `fn` returned or threw. */
  runExclusive<T>(
    fn: (guard: PostgresGuard) => T | PromiseLike<T>,
    options?: number | null | PostgresAcquireOptions,
  ): Promise<T>

  /** As {@link PostgresLock.runExclusive}, in shared mode. */
  runShared<T>(
    fn: (guard: PostgresGuard) => T | PromiseLike<T>,
    options?: number | null | PostgresAcquireOptions,
  ): Promise<T>

  /**
   * Releases the lock that this process holds, and aborts the signal of its guard. Of several shared
   * acquisitions it ends one that was made through this object. {@link PostgresGuard.release} ends
   * your own.
   *
   * @throws {LockError} `ERR_LOCK_NOT_HELD`: there is none.
   */
  release(): Promise<void>

  /** Resolves to what the server knows of the lock. Takes no lock. */
  inspect(): Promise<PostgresInspection>
}

/** One acquisition. It ends by its release, by {@link PostgresLock.release}, or with its session. */
export class PostgresGuard implements Guard {
  private constructor()

  /** The name of the lock. */
  readonly name: string

  readonly mode: Mode

  /** `true` if this acquisition has ended. */
  readonly released: boolean

  /**
   * Aborts when the acquisition ends by anything but this guard's release: the connection was lost,
   * or {@link PostgresLock.release} was called. The reason is a {@link LockError} `ERR_LOCK_LOST`,
   * and its `cause` the error of the connection.
   */
  readonly signal: AbortSignal

  /**
   * Ends this acquisition. Resolves when another session can have the lock. A second call does the
   * same as the first. If the session is gone, so is the lock, and it resolves.
   *
   * @throws {LockError} `ERR_LOCK_NOT_HELD`: the session no longer held the lock, as after
   *   `pg_advisory_unlock_all()` on a client of yours.
   * @throws {Error} `25P02`: the lock is on a client of yours whose transaction has failed. It is still
   *   held; roll back and release again.
   */
  release(): Promise<void>

  /** Releases, for `using guard = await lock.acquire()`. Needs Node 20.5 or later. */
  [Symbol.dispose](): void

  /** Releases, for `await using guard = await lock.acquire()`. Needs Node 20.5 or later. */
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Returns a lock that the end of the client's transaction releases: data of the same database that
 * the transaction writes is never written by two holders. It works through any pooler.
 *
 * @throws {TypeError | RangeError} Wrong arguments.
 *
 * @example
 * await client.query('BEGIN')
 * await transactionLock(client, 'stock').acquire(5)
 * await client.query('UPDATE stock SET amount = amount - 1')
 * await client.query('COMMIT')
 */
export function transactionLock(
  client: Client | PoolClient,
  name: LockName,
  options?: { timeout?: number | null | undefined },
): TransactionLock

/** An advisory lock of a transaction. Created by {@link transactionLock}. */
export class TransactionLock {
  private constructor()

  /** The name as it was given, or the key in words. */
  readonly name: string

  /**
   * Acquires the lock until the transaction ends. After a timeout or an abort the transaction can go
   * on without the lock.
   *
   * @throws {LockError} `ERR_LOCK_TIMEOUT`: the timeout expired, which the server keeps.
   * @throws `signal.reason`: the signal aborted. The query is cancelled.
   * @throws {Error} `ERR_LOCK_NO_TRANSACTION`: the client is not in a transaction. What pg and the
   *   server report, in pg's shape; the transaction has failed then.
   */
  acquire(options?: number | null | PostgresAcquireOptions): Promise<void>

  /** Makes one attempt that does not wait. Resolves to `true` if the transaction holds the lock. */
  tryAcquire(options?: { mode?: Mode | undefined }): Promise<boolean>
}
