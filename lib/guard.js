'use strict'

const { inspect } = require('node:util')
const { releaseOnly } = require('./binding.js')
const { deliver } = require('./environment.js')
const { illegalConstructor } = require('./errors.js')

/** For whom the constructor is. */
const internal = Symbol('internal')

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
    deliver(releaseOnly(this.#native.handle, this.#number))
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

/** The guard of the acquire with that number, which has been granted the lock. */
function newGuard(native, path, number) {
  return new LockGuard(internal, native, path, number)
}

module.exports = { LockGuard, newGuard }
