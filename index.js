'use strict'

// Modules are required by their whole names here and in lib/: Node finds them sooner.

const { AsyncResource } = require('node:async_hooks')
const { inspect } = require('node:util')
const { parseAcquireOptions, parseLockOptions, parsePath } = require('./lib/arguments.js')
const { Answer, Kind, deliver, nextNumber, openLock } = require('./lib/environment.js')
const {
  LockError,
  holderOf,
  illegalConstructor,
  invalidType,
  notHeld,
  refusal,
  timedOut,
} = require('./lib/errors.js')
const { LockGuard, newGuard } = require('./lib/guard.js')

/**
 * Loaded with the first lock, so that `require` of this package takes less; not with the first wait,
 * when there may be no descriptor left to load a file with.
 */
let waiting

/** For whom the constructor is. */
const internal = Symbol('internal')

/** A worker can be terminated while it waits: a call into JavaScript finds that out. */
function lookUp() {}

function lockFile(path, options) {
  return new FileLock(internal, parsePath(path), parseLockOptions(options))
}

class FileLock {
  #native
  #path
  #timeout

  constructor(key, path, timeout) {
    if (key !== internal) throw illegalConstructor('FileLock', 'lockFile()')
    waiting ??= require('./lib/waiter.js')
    this.#native = openLock(path.native)
    this.#path = path.shown
    this.#timeout = timeout
  }

  get path() {
    return this.#path
  }

  get locked() {
    return this.#native.locked
  }

  // Without async: the promise that it would put in between is a tenth of what a section costs.
  acquire(options) {
    try {
      const { timeout, signal, onWait } = parseAcquireOptions(options, this.#timeout)
      if (signal?.aborted) throw waiting.reasonOf(signal)
      const notice = onWait && AsyncResource.bind((holder) => onWait(holderOf(holder) ?? null))
      return new waiting.Waiter(this.#native, this.#path, timeout, notice).wait(signal)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  acquireSync(options) {
    const { timeout, signal, onWait } = parseAcquireOptions(options, this.#timeout)
    if (signal !== undefined)
      throw invalidType('options.signal', 'undefined: nothing can abort a thread that waits', signal)
    const number = nextNumber()
    const notice = onWait && ((own) => onWait(this.#holder(own === 1)))
    // Loaded here: it takes longer than all the rest of this package.
    const { isMainThread } = require('node:worker_threads')
    const [kind, a, b] = this.#native.acquireSync(number, timeout, notice, isMainThread ? undefined : lookUp)
    if (kind === Kind.GRANTED) return newGuard(this.#native, this.#path, number)
    throw refusal(kind, a, b, this.#path) ?? timedOut(this.#path, timeout, this.#native.holder())
  }

  tryAcquire() {
    const number = nextNumber()
    const [kind, a, b] = this.#native.acquireSync(number, 0)
    if (kind === Kind.GRANTED) return newGuard(this.#native, this.#path, number)
    if (kind === Kind.BUSY) return null
    throw refusal(kind, a, b, this.#path)
  }

  async runExclusive(fn, options) {
    if (typeof fn !== 'function') throw invalidType('fn', 'of type function', fn)
    const guard = await this.acquire(options)
    try {
      return await fn()
    } finally {
      guard.release()
    }
  }

  release() {
    const answer = this.#native.release()
    if (answer === Answer.NOT_HELD) throw notHeld(this.#path)
    deliver(answer)
  }

  [inspect.custom](_depth, options) {
    return `FileLock ${inspect({ path: this.path, locked: this.locked }, options)}`
  }

  #holder(own) {
    if (own) return { pid: process.pid, sameProcess: true }
    return holderOf(this.#native.holder()) ?? null
  }
}

module.exports = { lockFile, FileLock, LockGuard, LockError }
module.exports.lockFile = lockFile
module.exports.FileLock = FileLock
module.exports.LockGuard = LockGuard
module.exports.LockError = LockError
