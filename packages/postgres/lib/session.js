'use strict'

// One connection, and the locks that it holds: they last as long as it does.

const { time } = require('locket/common')
const { keepAlive } = require('./pending.js')
const { refused } = require('./pooler.js')
const { query } = require('./query.js')

/** How long after its deadline an answer is still taken, in milliseconds: a blocked loop reads late. */
const LATE = 100

class Session {
  /** The queues whose lock this session holds. */
  queues = new Set()
  /** The number of its process at the server. */
  backend
  /** A cancellation may be on its way to it: it is not used a second time. */
  isTainted = false

  #client
  #isOwn
  #answerLimit
  #last = Promise.resolve()
  #pending = 0
  #usedAt = time.now()
  #error
  #timer

  /** `answerLimit`: milliseconds until an answer counts as lost; Infinity for a client of the caller's. */
  constructor(client, { isOwn, answerLimit }) {
    this.#client = client
    this.#isOwn = isOwn
    this.#answerLimit = answerLimit
    const lose = (error) => this.#lose(error)
    const ended = () => this.#lose(new Error('Connection terminated'))
    client.on('error', lose)
    client.once('end', () => {
      ended()
      client.off('error', lose)
      // One more may follow the end, and would have no listener.
      if (isOwn) client.on('error', () => {})
    })
  }

  /** Why the connection is lost; undefined while it is not. */
  get error() {
    return this.#error
  }

  /** How long it has done nothing and held nothing, in milliseconds. */
  get idleFor() {
    return this.#pending > 0 || this.queues.size > 0 ? 0 : time.now() - this.#usedAt
  }

  /** A statement is under way, or waits for its turn. */
  get isBusy() {
    return this.#pending > 0
  }

  /**
   * Resolves to the rows of the last statement that has any. Statements are sent one after the
   * other. One that `waits` for a lock can take any time.
   */
  query(text, { waits = false } = {}) {
    this.#pending += 1
    const answer = this.#last.then(() => this.#send(text, waits ? Infinity : this.#answerLimit))
    const done = () => {
      this.#pending -= 1
      this.#usedAt = time.now()
    }
    this.#last = answer.then(done, done)
    return keepAlive(answer)
  }

  async #send(text, answerLimit) {
    if (this.#error !== undefined) throw this.#error
    const timer =
      answerLimit === Infinity ? undefined : time.setTimeout(() => this.#late(answerLimit), answerLimit)
    this.#timer = timer
    try {
      return await query(this.#client, text)
    } catch (error) {
      // The event of the loss can come after the failure of the query.
      if (isLoss(error)) this.#lose(error)
      throw error
    } finally {
      time.clearTimeout(this.#timer)
    }
  }

  #late(answerLimit) {
    this.#timer = time.setTimeout(() => {
      const error = new Error(`no answer from the server within ${answerLimit / 1000} s`)
      this.destroy(Object.assign(error, { code: 'ETIMEDOUT' }))
    }, LATE)
  }

  /** Ends the connection, and with it at the server all that the session holds. */
  destroy(error) {
    this.#lose(error)
    if (this.#isOwn) this.#client.connection.stream.destroy()
  }

  /** Says goodbye to the server. */
  close() {
    this.#lose(new Error('Connection terminated'))
    if (this.#isOwn) this.#client.end().catch(() => {})
  }

  #lose(error) {
    if (this.#error !== undefined) return
    this.#error = error
    time.clearTimeout(this.#timer)
    const queues = [...this.queues]
    this.queues.clear()
    for (const queue of queues) queue.lost(this, error)
  }
}

/** Classes of SQLSTATE after which the server has closed the connection, or is about to. */
const LOSSES = new Set(['57P01', '57P02', '57P03', '57P05', '25P03'])

/**
 * Sends a statement of sql.js that locks on one backend alone, and resolves to its value.
 *
 * @throws `ERR_LOCK_POOLER`: another backend has answered, and has not locked anything.
 */
async function ask(session, text, options) {
  const [[value, backend]] = await session.query(text, options)
  if (backend === session.backend) return value
  const error = refused()
  session.destroy(error)
  throw error
}

/**
 * Returns `true` if the error says that there is no connection (any more): it is the system's or
 * pg's own, or one of the server's last words.
 */
function isLoss(error) {
  if (LOSSES.has(error.code) || error.code?.startsWith?.('08')) return true
  return error.severity === undefined
}

module.exports = { Session, ask, isLoss }
