'use strict'

const { inspect } = require('node:util')
const { AsyncResource } = require('node:async_hooks')
const { forget, illegalConstructor, isAborted, listen, reasonOf } = require('locket/common')
const { cancelFrom } = require('./client-session.js')
const { noTransaction, timedOut } = require('./errors.js')
const { holdersOf } = require('./holders.js')
const { parseKey } = require('./key.js')
const { parseAcquire, parseMode, parseOptions } = require('./options.js')
const { keepAlive, LONGEST } = require('./pending.js')
const { query } = require('./query.js')
const sql = require('./sql.js')
const { clientOf } = require('./target.js')
const { CANCELED, LOCK_TIMEOUT } = require('./wait.js')

/** SQLSTATE of a SAVEPOINT outside of a transaction. */
const NO_TRANSACTION = '25P01'

/** Prevents construction from outside this module. */
const internal = Symbol('internal')

function transactionLock(client, name, options) {
  return new TransactionLock(internal, clientOf(client), parseKey(name), parseOptions(options).timeout)
}

/** A lock that the end of the client's transaction releases. */
class TransactionLock {
  #client
  #key
  #timeout

  constructor(key, client, lockKey, timeout) {
    if (key !== internal) throw illegalConstructor('TransactionLock', 'transactionLock()')
    this.#client = client
    this.#key = lockKey
    this.#timeout = timeout
  }

  get name() {
    return this.#key.shown
  }

  async acquire(options) {
    const { mode, timeout, signal, onWait } = parseAcquire(options, this.#timeout)
    const notice = onWait && AsyncResource.bind(onWait)
    if (signal && isAborted(signal)) throw reasonOf(signal)
    if (timeout === 0 || notice !== undefined) {
      if (await this.#try(mode)) return
      if (timeout === 0) throw timedOut(this.#key, 0, await this.#holder())
      await notice((await this.#holder()) ?? null)
    }
    await this.#wait(mode, timeout, signal)
  }

  async tryAcquire(options) {
    return this.#try(parseMode(options))
  }

  async #try(mode) {
    const [[granted]] = await this.#inTransaction(sql.tryTransactionLock(this.#key, mode))
    return granted === 't'
  }

  async #wait(mode, timeout, signal) {
    const text = sql.waitTransactionLock(this.#key, mode, limitOf(timeout))
    const cancellation = signal && (await this.#cancellation(signal))
    if (signal && isAborted(signal)) throw reasonOf(signal)
    const done = this.#inTransaction(text)
    cancellation?.begin(done)
    try {
      await done
    } catch (error) {
      const wasAborted = error.code === CANCELED && cancellation.isAborted
      if (error.code !== LOCK_TIMEOUT && !wasAborted) throw error
      await this.#query(sql.undoTransactionLock)
      throw wasAborted ? reasonOf(signal) : timedOut(this.#key, timeout, await this.#holder())
    } finally {
      cancellation?.end()
    }
  }

  /** Cancels the wait once the signal aborts. */
  async #cancellation(signal) {
    const [[backend]] = await this.#query('SELECT pg_catalog.pg_backend_pid()')
    const text = sql.cancelWait(this.#key, backend)
    const cancellation = {
      isAborted: false,
      begin: (done) => {
        cancellation.abort = () => {
          cancellation.isAborted = true
          cancelFrom(this.#client, text, done)
        }
        listen(signal, cancellation)
      },
      end: () => forget(signal, cancellation),
    }
    return cancellation
  }

  async #holder() {
    const rows = await this.#query(sql.sessionsOf(this.#key))
    return holdersOf(rows)[0]
  }

  async #inTransaction(text) {
    try {
      return await this.#query(text)
    } catch (error) {
      throw error.code === NO_TRANSACTION ? noTransaction(this.#key, error) : error
    }
  }

  #query(text) {
    return keepAlive(query(this.#client, text))
  }

  [inspect.custom](_depth, options) {
    return `TransactionLock ${inspect({ name: this.name }, options)}`
  }
}

/** What lock_timeout takes, in milliseconds: 0 is without limit. */
function limitOf(seconds) {
  const limit = Math.max(1, Math.ceil(seconds * 1000))
  return limit > LONGEST ? 0 : limit
}

module.exports = { TransactionLock, transactionLock }
