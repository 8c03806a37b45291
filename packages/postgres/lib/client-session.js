'use strict'

// The session of a client of the caller's: its locks end with it, and while it waits for one, so
// does every query that the program sends through it. Its settings are left as they are.

const { time } = require('locket/common')
const { CANCELED, CANCEL_AGAIN, LOCK_TIMEOUT } = require('./wait.js')
const { poolsTransactions, refused } = require('./pooler.js')
const { Session, ask } = require('./session.js')
const sql = require('./sql.js')

const ignore = () => {}

class ClientSession {
  /** By the id of its key: each queue that has waiters or holds its lock. */
  queues = new Map()

  #client
  #session
  #ready
  /** Of the client's transaction, as the protocol tells it: I, T or E. */
  #status

  constructor(client) {
    this.#client = client
    this.#session = new Session(client, { isOwn: false, answerLimit: Infinity })
    client.connection.on('readyForQuery', ({ status }) => {
      this.#status = status
    })
  }

  async tryLock(key, mode) {
    const session = await this.#whenReady()
    const granted = await ask(session, sql.tryLock(key, mode, session.backend))
    return granted === 't' ? session : null
  }

  waitLock(key, mode, timeout) {
    // A transaction of the caller's stays usable when the wait fails.
    const isInTransaction = this.#status === 'T'
    const wait = { isCancelled: false, isInTransaction, cancellation: undefined }
    const done = this.#wait(wait, key, mode, timeout)
    const cancel = () => {
      if (wait.isCancelled) return
      wait.isCancelled = true
      wait.cancellation = cancelFrom(this.#client, sql.cancelWait(key, this.#session.backend), wait.ended)
    }
    // Until the wait is undone, the server refuses the next statement of the caller's transaction.
    const restored = () => (wait.isCancelled && isInTransaction ? done.then(ignore, ignore) : undefined)
    return { done, cancel, restored }
  }

  async #wait(wait, key, mode, timeout) {
    const session = this.#session
    const text = sql.waitLockOfCaller(key, mode, session.backend, timeout, wait.isInTransaction)
    try {
      const answer = ask(session, text, { waits: true })
      wait.ended = answer
      await answer
      await this.#absorb(wait)
      return session
    } catch (error) {
      await this.#absorb(wait)
      if (error.code !== LOCK_TIMEOUT && (error.code !== CANCELED || !wait.isCancelled)) throw error
      if (wait.isInTransaction) await session.query(sql.undoTransactionLock)
      // The server can have granted the lock in the same moment: it is then held all the same.
      await session.query(sql.unlockIfHeld(key, mode))
      return null
    }
  }

  /** A cancellation can arrive after the wait has ended: not at the next query of the caller. */
  async #absorb({ cancellation }) {
    if (cancellation === undefined) return
    await cancellation
    await this.#session.query('SELECT 1').catch(() => {})
  }

  async unlock(session, key, mode) {
    if (session.error !== undefined) return true
    const isReleased = (await ask(session, sql.unlock(key, mode, session.backend))) === 't'
    session.queues.delete(this.queues.get(key.id))
    return isReleased
  }

  async query(text) {
    const session = await this.#whenReady()
    return session.query(text)
  }

  owns(backend) {
    return this.#session.backend === backend
  }

  async #whenReady() {
    this.#ready ??= this.#introduce()
    try {
      await this.#ready
    } catch (error) {
      this.#ready = undefined
      throw error
    }
    return this.#session
  }

  async #introduce() {
    const [[backend]] = await this.#session.query('SELECT pg_catalog.pg_backend_pid()')
    const connect = () => connectBeside(this.#client)
    if (Number(backend) !== this.#client.processID && (await poolsTransactions(this.#client, connect))) {
      throw refused()
    }
    this.#session.backend = backend
  }
}

/**
 * Sends `text`, which cancels a query of `client`, through a connection of its own, until `done`
 * settles. If there is no such connection, the query goes on: its limit of time still holds.
 */
async function cancelFrom(client, text, done) {
  let isDone = false
  let wake
  const settled = () => {
    isDone = true
    wake?.()
  }
  done.then(settled, settled)
  let beside
  try {
    beside = await connectBeside(client)
    while (!isDone) {
      await beside.query(text)
      if (isDone) break
      await new Promise((resolve) => {
        const timer = time.setTimeout(resolve, CANCEL_AGAIN)
        wake = () => resolve(time.clearTimeout(timer))
      })
    }
  } catch {
    // What is to be told, the query itself tells.
  } finally {
    beside?.end().catch(() => {})
  }
}

/** Resolves to a client connected as the given one is. */
async function connectBeside(client) {
  const beside = new client.constructor(client.connectionParameters)
  beside.on('error', () => {})
  await beside.connect()
  return beside
}

module.exports = { ClientSession, cancelFrom }
