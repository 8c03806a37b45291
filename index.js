'use strict'

const { AsyncResource } = require('node:async_hooks')
const { inspect } = require('node:util')
const { reasonOf } = require('./lib/abort')
const { parseAcquireOptions, parseLockOptions, parsePath } = require('./lib/arguments')
const { Answer, Kind, deliver, nextNumber, openLock } = require('./lib/environment')
const { LockError, deadlock, holderOf, invalidType, notHeld, systemError, timedOut } = require('./lib/errors')
const { Waiter } = require('./lib/waiter')

/** For whom the constructors are. */
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

  async acquire(options) {
    const { timeout, signal, onWait } = parseAcquireOptions(options, this.#timeout)
    if (signal?.aborted) throw reasonOf(signal)
    const notice = onWait && AsyncResource.bind((holder) => onWait(holderOf(holder) ?? null))
    // Errors are made here, after the await, so that their stack names the caller's own await.
    const waiter = await new Waiter(this.#native, this.#path, notice).wait(timeout, signal)
    if (waiter.kind === Kind.GRANTED) {
      const guard = new LockGuard(internal, this.#native, this.#path, waiter.number)
      if (waiter.thrown === undefined) return guard
      guard.release()
    }
    if (waiter.thrown !== undefined) throw waiter.thrown.error
    throw this.#refusal(waiter) ?? timedOut(this.#path, timeout, await waiter.holder())
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
    if (kind === Kind.GRANTED) return new LockGuard(internal, this.#native, this.#path, number)
    throw this.#refusal({ kind, a, b }) ?? timedOut(this.#path, timeout, this.#native.holder())
  }

  tryAcquire() {
    const number = nextNumber()
    const [kind, a, b] = this.#native.acquireSync(number, 0)
    if (kind === Kind.GRANTED) return new LockGuard(internal, this.#native, this.#path, number)
    if (kind === Kind.BUSY) return null
    throw this.#refusal({ kind, a, b })
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

  /** The error of an acquire that could not wait; none where its time ran out. */
  #refusal({ kind, a, b }) {
    if (kind === Kind.FAILED) return systemError(a, b, this.#path)
    if (kind === Kind.DEADLOCK) return deadlock(this.#path)
    return undefined
  }
}

class LockGuard {
  #native
  #path
  #number
  #released = false

  constructor(key, native, path, number) {
    if (key !== internal) throw illegalConstructor('LockGuard', 'acquire()')
    this.#native = native
    this.#path = path
    this.#number = number
  }

  get path() {
    return this.#path
  }

  get released() {
    return this.#released || !this.#native.holds(this.#number)
  }

  release() {
    if (this.#released) return
    this.#released = true
    deliver(this.#native.releaseOnly(this.#number))
  }

  [Symbol.dispose]() {
    this.release()
  }

  async [Symbol.asyncDispose]() {
    this.release()
  }

  [inspect.custom](_depth, options) {
    return `LockGuard ${inspect({ path: this.path, released: this.released }, options)}`
  }
}

function illegalConstructor(name, instead) {
  const error = new TypeError(`Illegal constructor: a ${name} comes from ${instead}`)
  return Object.assign(error, { code: 'ERR_ILLEGAL_CONSTRUCTOR' })
}

module.exports = { lockFile, FileLock, LockGuard, LockError }
module.exports.lockFile = lockFile
module.exports.FileLock = FileLock
module.exports.LockGuard = LockGuard
module.exports.LockError = LockError
