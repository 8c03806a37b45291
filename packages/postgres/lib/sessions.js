'use strict'

// The sessions of one database, as a pool or connection options describe it.
//
// One session, the main one, makes all attempts, and holds all locks that were free when they were
// asked for: an attempt never waits, so that no lock delays another. A wait for a lock occupies a
// session until it is granted; that session then holds it. So a process has one connection for all
// locks that are free when it asks, and one more for each lock that it waits for or got by waiting.
//
// These are connections beside those of the pool: were they the pool's, sections that query it could
// wait for a connection while locks have them all.

const { clearInterval, setInterval } = require('node:timers')
const { time } = require('locket/common')
const { keepAlive } = require('./pending.js')
const { poolsTransactions, refused } = require('./pooler.js')
const { Session, ask } = require('./session.js')
const sql = require('./sql.js')
const { CANCELED, CANCEL_AGAIN, LOCK_TIMEOUT } = require('./wait.js')

/** How long a session without locks stays open, in milliseconds: as long as those of pg's pool. */
const IDLE = 10_000

class Sessions {
  /** By the id of its key: each queue that has waiters or holds its lock. */
  queues = new Map()

  #Client
  #config
  #seconds
  #all = new Set()
  #main
  #connecting
  #spares = []
  /** The waits at the server. */
  #waits = new Set()
  #timer
  /** A promise of whether the server is reached through a pooler in transaction mode. */
  #pooled

  /** `seconds`: without an answer for so long, a connection counts as lost at both ends. */
  constructor(Client, config, seconds) {
    this.#Client = Client
    this.#config = configFor(config, seconds)
    this.#seconds = seconds
  }

  /** Makes one attempt. Resolves to the session that holds the lock now, or null. */
  async tryLock(key, mode) {
    const before = this.#main
    try {
      return await this.#attempt(key, mode)
    } catch (error) {
      // A connection that was lost since its last use is no news: nothing was held by it.
      if (before?.error === undefined) throw error
      return this.#attempt(key, mode)
    }
  }

  async #attempt(key, mode) {
    const session = await this.#mainSession()
    const granted = await ask(session, sql.tryLock(key, mode, session.backend))
    return granted === 't' ? session : null
  }

  /**
   * Waits in the server's queue, at most `timeout` milliseconds, 0 without limit. `done` resolves to
   * the session that holds the lock, or to null if the wait was cancelled or its time was over.
   */
  waitLock(key, mode, timeout) {
    const wait = { key, session: undefined, isCancelled: false, isSuspect: false }
    const done = this.#wait(wait, mode, timeout)
    return { done, cancel: () => this.#cancel(wait, done) }
  }

  async #wait(wait, mode, timeout) {
    const session = this.#spare() ?? (await this.#connect())
    if (wait.isCancelled) {
      this.#keep(session)
      return null
    }
    wait.session = session
    this.#waits.add(wait)
    try {
      await ask(session, sql.waitLock(wait.key, mode, session.backend, timeout), { waits: true })
      session.isTainted ||= wait.isCancelled
      return session
    } catch (error) {
      this.#waits.delete(wait)
      await this.#clear(session)
      if (error.code === LOCK_TIMEOUT || (error.code === CANCELED && wait.isCancelled)) return null
      throw error
    } finally {
      this.#waits.delete(wait)
    }
  }

  /**
   * After a wait that has failed. The server can have granted the lock in the same moment: a lock of
   * the session is then held, though the statement has an error.
   */
  async #clear(session) {
    if (session.error !== undefined) return
    try {
      await session.query('SELECT pg_catalog.pg_advisory_unlock_all()')
      this.#keep(session)
    } catch (error) {
      session.destroy(error)
    }
  }

  #cancel(wait, done) {
    if (wait.isCancelled) return
    wait.isCancelled = true
    if (wait.session === undefined) return
    let timer
    const cancel = async () => {
      try {
        const main = await this.#mainSession()
        await main.query(sql.cancelWait(wait.key, wait.session.backend))
      } catch (error) {
        // At the server the wait ends when it finds the connection closed.
        wait.session.destroy(error)
      }
      if (this.#waits.has(wait)) timer = time.setTimeout(cancel, CANCEL_AGAIN)
    }
    const stop = () => time.clearTimeout(timer)
    done.then(stop, stop)
    cancel()
  }

  /** Lets the lock go. Resolves to `false` if the session did not hold it any more. */
  async unlock(session, key, mode) {
    try {
      return (await ask(session, sql.unlock(key, mode, session.backend))) === 't'
    } catch (error) {
      // The end of the session is the release, if nothing else is.
      session.destroy(error)
      return true
    } finally {
      session.queues.delete(this.queues.get(key.id))
      if (session !== this.#main) this.#keep(session)
    }
  }

  /** Resolves to the rows, arrays of text. */
  async query(text) {
    const session = await this.#mainSession()
    return session.query(text)
  }

  /** Whether the backend is one of this process's. */
  owns(backend) {
    for (const session of this.#all) if (session.backend === backend) return true
    return false
  }

  async #mainSession() {
    if (this.#main !== undefined && this.#main.error === undefined) return this.#main
    this.#connecting ??= this.#connect()
      .then((session) => {
        this.#main = session
        return session
      })
      .finally(() => {
        this.#connecting = undefined
      })
    return this.#connecting
  }

  #spare() {
    let session
    do session = this.#spares.pop()
    while (session?.error !== undefined)
    return session
  }

  /** For the next wait, unless something of the last one may still reach it. */
  #keep(session) {
    if (session.error !== undefined) return
    if (session.isTainted) session.close()
    else this.#spares.push(session)
  }

  async #connect() {
    const client = new this.#Client(this.#config)
    const session = new Session(client, { isOwn: true, answerLimit: this.#beat })
    try {
      await keepAlive(open(client))
      const [[backend, version]] = await session.query(
        "SELECT pg_catalog.pg_backend_pid(), pg_catalog.current_setting('server_version_num')",
      )
      session.backend = backend
      // A pooler tells its clients numbers of its own.
      if (Number(backend) !== client.processID) await this.#refusePooler(client)
      await configure(session, Number(version), this.#seconds)
    } catch (error) {
      session.close()
      throw error
    }
    this.#all.add(session)
    this.#timer ??= setInterval(() => this.#look(), this.#beat).unref()
    return session
  }

  async #refusePooler(client) {
    this.#pooled ??= poolsTransactions(client, async () => {
      const other = new this.#Client(this.#config)
      other.on('error', () => {})
      await open(other)
      return other
    })
    this.#pooled.catch(() => {
      this.#pooled = undefined
    })
    if (await this.#pooled) throw refused()
  }

  /** How often to hear of the server, and how long to wait for its answer, in milliseconds. */
  get #beat() {
    return (this.#seconds * 1000) / 4
  }

  #look() {
    for (const session of this.#all) {
      if (session.error !== undefined) this.#all.delete(session)
      else if (session.queues.size > 0) session.isBusy || session.query('SELECT 1').catch(() => {})
      else if (session.idleFor > IDLE) session.close()
    }
    this.#spares = this.#spares.filter(({ error }) => error === undefined)
    if (this.#waits.size > 0) this.#lookAfterWaits([...this.#waits]).catch(() => {})
    if (this.#all.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /**
   * A session that waits cannot be asked anything; another can be asked about it. If its backend
   * does not wait, and nothing of that comes here, the connection is dead.
   */
  async #lookAfterWaits(waits) {
    const rows = await this.query(sql.waitingOf(waits.map(({ session }) => session.backend)))
    const waiting = new Set(rows.map(([backend]) => backend))
    for (const wait of waits) {
      if (!this.#waits.has(wait)) continue
      const isLost = wait.isSuspect && !waiting.has(wait.session.backend)
      wait.isSuspect = !waiting.has(wait.session.backend)
      if (!isLost) continue
      wait.session.destroy(Object.assign(new Error('no answer from the server'), { code: 'ETIMEDOUT' }))
      // It may have been granted the lock.
      await this.query(`SELECT pg_catalog.pg_terminate_backend(${wait.session.backend})`)
    }
  }
}

/** A connection that only holds locks does not keep the process alive. */
async function open(client) {
  await client.connect()
  client.unref()
}

/** What pg is given: limits of the program's own queries are not for waits. */
function configFor(config, seconds) {
  const given = typeof config === 'string' ? { connectionString: config } : config
  const copy = {
    connectionTimeoutMillis: seconds * 1000,
    fallback_application_name: 'locket',
    ...given,
    keepAlive: true,
    keepAliveInitialDelayMillis: (seconds * 1000) / 2,
    pipeline: false,
  }
  // A pool hides it.
  if ('password' in given) copy.password = given.password
  return copy
}

/**
 * Sets what the session needs: no limits of a role's or database's, and that the server notices a
 * connection which is dead, so that its locks are freed.
 */
async function configure(session, version, seconds) {
  const settings = {
    statement_timeout: 0,
    tcp_keepalives_idle: Math.ceil(seconds / 2),
    tcp_keepalives_interval: Math.ceil(seconds / 10),
    tcp_keepalives_count: 5,
    ...(version >= 120000 && { tcp_user_timeout: Math.ceil(seconds * 1000) }),
    ...(version >= 140000 && { idle_session_timeout: 0 }),
    ...(version >= 170000 && { transaction_timeout: 0 }),
  }
  const statements = Object.entries(settings).map(([name, value]) => `SET ${name} = ${value}`)
  await session.query(statements.join('; '))
  if (version < 140000) return
  // A waiting backend looks whether its client is there; not every system can tell.
  const check = `SET client_connection_check_interval = ${Math.ceil(seconds * 250)}`
  await session.query(check).catch(() => {})
}

module.exports = { Sessions }
