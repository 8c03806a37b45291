'use strict'

const { inspect } = require('node:util')
const { newController } = require('../common/abort.js')
const { illegalConstructor } = require('../common/argument-errors.js')
const { cannotDowngrade, lost } = require('../common/errors.js')
const { SHARED } = require('../common/options.js')
const { downgrade, isHeld, release, watch } = require('../native/binding.js')
const { errorOf } = require('../native/outcome.js')

/** Prevents construction from outside this module. */
const internal = Symbol('internal')

/** Makes the guard hear of its loss. */
let watchLoss

class LockGuard {
  static {
    watchLoss = (guard) => {
      guard.#loss ??= guard.#watch()
    }
  }

  /** Keeps the handle open: it is closed when the lock object is collected. */
  #lock
  #handle
  #id
  #mode
  #released = false
  /** Aborts the signal, once that was asked for. */
  #loss
  /** What diagnostics are told; undefined where no tool listens. */
  #observation

  constructor(key, lock, handle, id, mode, observation) {
    if (key !== internal) throw illegalConstructor('LockGuard', 'acquire()')
    this.#lock = lock
    this.#handle = handle
    this.#id = id
    this.#mode = mode
    this.#observation = observation
  }

  get path() {
    return this.#lock.path
  }

  get mode() {
    return this.#mode
  }

  get released() {
    return this.#released || !isHeld(this.#id)
  }

  get signal() {
    this.#loss ??= this.#watch()
    return this.#loss.signal
  }

  release() {
    if (this.#released) return
    const observation = this.#observation
    const wasHeld = observation !== undefined && isHeld(this.#id)
    // First, because an interruption must not leave a held lock that counts as released.
    release(this.#id)
    this.#released = true
    if (wasHeld) observation.release()
  }

  downgrade() {
    if (this.released) throw cannotDowngrade(this.path)
    if (this.#mode === SHARED) return
    const error = errorOf(downgrade(this.#id), this.path)
    if (error !== undefined) throw error
    this.#mode = SHARED
    this.#observation?.downgraded()
  }

  #watch() {
    const loss = new Loss(this.path, this.#observation)
    // After its own release there is nothing to lose.
    if (!this.#released) watch(this.#handle, this.#id, loss)
    return loss
  }

  [inspect.custom](_depth, options) {
    return `LockGuard ${inspect({ path: this.path, mode: this.mode, released: this.released }, options)}`
  }
}

/** Aborts a signal when the native side tells that the acquisition is over. */
class Loss {
  #controller = newController()
  #path
  #observation

  constructor(path, observation) {
    this.#path = path
    this.#observation = observation
  }

  get signal() {
    return this.#controller.signal
  }

  /** Called by the native side: see completions.js. */
  complete() {
    const error = lost(this.#path)
    this.#controller.abort(error)
    this.#observation?.release(error)
    return true
  }
}

/** Node has these symbols from 20.5 on; without them there is no `using`. */
if (Symbol.dispose !== undefined) {
  define(Symbol.dispose, function () {
    this.release()
  })
  define(Symbol.asyncDispose, async function () {
    this.release()
  })
}

function define(name, value) {
  Object.defineProperty(LockGuard.prototype, name, { value, configurable: true, writable: true })
}

/** Returns the guard of the acquire with that number, through the lock object with that handle. */
function newGuard(lock, handle, id, mode, observation) {
  return new LockGuard(internal, lock, handle, id, mode, observation)
}

module.exports = { LockGuard, newGuard, watchLoss }
