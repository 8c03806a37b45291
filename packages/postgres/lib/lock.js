'use strict'

const { inspect } = require('node:util')
const { LockError, illegalConstructor, isAborted, invalidType, reasonOf } = require('locket/common')
const { notHeld } = require('./errors.js')
const { inspectLock } = require('./holders.js')
const { parseKey } = require('./key.js')
const { parseAcquire, parseMode, parseOptions } = require('./options.js')
const { LockQueue } = require('./queue.js')
const { sessionsOf } = require('./target.js')
const { Waiter } = require('./waiter.js')

/** Prevents construction from outside this module. */
const internal = Symbol('internal')

function postgresLock(target, name, options) {
  const key = parseKey(name)
  const { timeout, keepAlive } = parseOptions(options)
  return new PostgresLock(internal, sessionsOf(target, keepAlive), key, timeout)
}

class PostgresLock {
  #sessions
  #key
  #timeout

  constructor(key, sessions, lockKey, timeout) {
    if (key !== internal) throw illegalConstructor('PostgresLock', 'postgresLock()')
    this.#sessions = sessions
    this.#key = lockKey
    this.#timeout = timeout
  }

  get name() {
    return this.#key.shown
  }

  get locked() {
    return this.mode !== null
  }

  get mode() {
    return this.#sessions.queues.get(this.#key.id)?.mode ?? null
  }

  async acquire(options) {
    const parsed = parseAcquire(options, this.#timeout)
    if (parsed.signal && isAborted(parsed.signal)) throw reasonOf(parsed.signal)
    return new Waiter(this, this.#sessions, this.#key, parsed).wait(this.#queue())
  }

  async tryAcquire(options) {
    const parsed = { mode: parseMode(options), timeout: 0 }
    try {
      return await new Waiter(this, this.#sessions, this.#key, parsed).wait(this.#queue())
    } catch (error) {
      if (error instanceof LockError && error.code === 'ERR_LOCK_TIMEOUT') return null
      throw error
    }
  }

  async runExclusive(fn, options) {
    return this.#run(fn, options, 'exclusive')
  }

  async runShared(fn, options) {
    return this.#run(fn, options, 'shared')
  }

  async #run(fn, options, mode) {
    if (typeof fn !== 'function') throw invalidType('fn', 'of type function', fn)
    const given = options === null || typeof options !== 'object' ? { timeout: options } : options
    const guard = await this.acquire({ ...given, mode })
    try {
      return await fn(guard)
    } finally {
      await guard.release()
    }
  }

  async release() {
    const queue = this.#sessions.queues.get(this.#key.id)
    const grants = [...(queue?.grants ?? [])]
    const grant = grants.find(({ mode, owner }) => mode === 'exclusive' || owner === this)
    if (grant === undefined) throw notHeld(this.#key)
    await grant.releaseByOther()
  }

  async inspect() {
    const { holders, waiting } = await inspectLock(this.#sessions, this.#key)
    return { locked: holders.length > 0, mode: holders[0]?.mode ?? null, holders, waiting }
  }

  [inspect.custom](_depth, options) {
    return `PostgresLock ${inspect({ name: this.name, locked: this.locked, mode: this.mode }, options)}`
  }

  #queue() {
    const { queues } = this.#sessions
    let queue = queues.get(this.#key.id)
    if (queue === undefined) {
      queue = new LockQueue(this.#sessions, this.#key)
      queues.set(this.#key.id, queue)
    }
    return queue
  }
}

module.exports = { PostgresLock, postgresLock }
