'use strict'

const { inspect } = require('node:util')
const { illegalConstructor } = require('locket/common')
const { lost, releasedByOther } = require('./errors.js')

/** Prevents construction from outside this module. */
const internal = Symbol('internal')

class PostgresGuard {
  #acquisition

  constructor(key, acquisition) {
    if (key !== internal) throw illegalConstructor('PostgresGuard', 'acquire()')
    this.#acquisition = acquisition
  }

  get name() {
    return this.#acquisition.key.shown
  }

  get mode() {
    return this.#acquisition.mode
  }

  get released() {
    return this.#acquisition.isEnded
  }

  get signal() {
    return this.#acquisition.signal
  }

  release() {
    return this.#acquisition.release()
  }

  [inspect.custom](_depth, options) {
    return `PostgresGuard ${inspect({ name: this.name, mode: this.mode, released: this.released }, options)}`
  }
}

/** Node has these symbols from 20.5 on; without them there is no `using`. */
if (Symbol.dispose !== undefined) {
  const release = {
    writable: true,
    configurable: true,
    value() {
      return this.release()
    },
  }
  Object.defineProperty(PostgresGuard.prototype, Symbol.asyncDispose, release)
  Object.defineProperty(PostgresGuard.prototype, Symbol.dispose, release)
}

/** One acquisition, as the queue knows it. `owner` is the lock object that asked for it. */
class Acquisition {
  isEnded = false

  #queue
  #reason
  #controller
  #released

  constructor(queue, key, mode, owner) {
    this.#queue = queue
    this.key = key
    this.mode = mode
    this.owner = owner
    this.guard = new PostgresGuard(internal, this)
  }

  get signal() {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#reason !== undefined) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }

  /** Resolves when others can have the lock; all calls share one promise. */
  release() {
    this.#released ??= this.isEnded ? Promise.resolve() : this.#release()
    return this.#released
  }

  async #release() {
    this.isEnded = true
    try {
      await this.#queue.release(this)
    } catch (error) {
      if (this.#queue.grants.has(this)) {
        this.isEnded = false
        this.#released = undefined
      }
      throw error
    }
  }

  /** By another caller than its guard. */
  async releaseByOther() {
    await this.release()
    this.#end(releasedByOther(this.key))
  }

  lost(error) {
    this.#end(lost(this.key, error))
  }

  #end(reason) {
    this.isEnded = true
    this.#reason = reason
    this.#controller?.abort(reason)
  }
}

module.exports = { Acquisition, PostgresGuard }
