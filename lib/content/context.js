'use strict'

const { Buffer } = require('node:buffer')
const abort = require('../common/abort.js')
const { lost } = require('../common/errors.js')

/** What the caller's function learns while it runs: that its work is not wanted any more. */
class Context {
  #locks
  #guards
  #given
  #controller

  /** `guards` get those of the paths `locks`; `given` is the signal of the options, or undefined. */
  constructor(locks, guards, given) {
    this.#locks = locks
    this.#guards = guards
    this.#given = given
  }

  /** Made when it is asked for. */
  get signal() {
    if (this.#controller === undefined) {
      this.#controller = abort.newController()
      for (const signal of this.#sources()) abort.listen(signal, this)
    }
    return this.#controller.signal
  }

  /** As abort.listen calls it. */
  abort(reason) {
    this.#controller.abort(reason)
  }

  isHolding(lock) {
    const at = this.#locks.findIndex((path) => Buffer.from(path).equals(Buffer.from(lock)))
    return this.#guards[at]?.released === false
  }

  /** Throws if nothing may be written any more. */
  check() {
    if (this.#given !== undefined && abort.isAborted(this.#given)) throw abort.reasonOf(this.#given)
    const ended = this.#guards.find((guard) => guard.released)
    if (ended !== undefined) throw lost(ended.path)
  }

  end() {
    if (this.#controller === undefined) return
    for (const signal of this.#sources()) abort.forget(signal, this)
  }

  #sources() {
    const signals = this.#guards.map(({ signal }) => signal)
    return this.#given === undefined ? signals : [...signals, this.#given]
  }
}

module.exports = { Context }
