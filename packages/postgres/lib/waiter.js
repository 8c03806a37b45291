'use strict'

const { AsyncResource } = require('node:async_hooks')
const { forget, listen, time } = require('locket/common')
const { timedOut } = require('./errors.js')
const { Acquisition } = require('./guard.js')
const { findHolder } = require('./holders.js')
const pending = require('./pending.js')

/** One acquire: its promise is settled once, and what was refused never holds the lock. */
class Waiter {
  #sessions
  #queue
  #key
  #owner
  #timeout
  #signal
  #onWait
  #timer
  #isSettled = false
  #resolve
  #reject

  constructor(owner, sessions, key, { mode, timeout, signal, onWait }) {
    this.#owner = owner
    this.#sessions = sessions
    this.#key = key
    this.mode = mode
    this.#timeout = timeout
    this.#signal = signal
    this.#onWait = onWait && AsyncResource.bind(onWait)
    this.deadline = time.now() + timeout * 1000
  }

  /** A timeout of 0: one attempt. */
  get isSingle() {
    return this.#timeout === 0
  }

  /** Resolves to the guard. */
  wait(queue) {
    this.#queue = queue
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
      if (this.#signal !== undefined) listen(this.#signal, this)
      pending.begin()
      if (!this.isSingle) this.#arm()
      queue.request(this)
    })
  }

  #arm() {
    if (this.deadline === Infinity) return
    const left = this.deadline - time.now()
    if (left <= 0) this.#expire()
    else this.#timer = time.setTimeout(() => this.#arm(), Math.min(Math.ceil(left), pending.LONGEST))
  }

  /** Returns the acquisition. */
  grant(queue) {
    const acquisition = new Acquisition(queue, this.#key, this.mode, this.#owner)
    this.#settle()
    this.#resolve(acquisition.guard)
    return acquisition
  }

  fail(error) {
    this.#settle()
    this.#reject(error)
  }

  /** The lock is taken, and this was the only attempt. */
  refuse() {
    this.#rejectLater(this.#timedOut())
  }

  abort(reason) {
    if (!this.#queue.withdraw(this)) return
    const restored = this.#queue.restored()
    if (restored === undefined) this.fail(reason)
    else this.#rejectLater(restored.then(() => reason))
  }

  #expire() {
    if (!this.#queue.withdraw(this)) return
    const restored = this.#queue.restored()
    this.#rejectLater(restored === undefined ? this.#timedOut() : restored.then(() => this.#timedOut()))
  }

  async #timedOut() {
    return timedOut(this.#key, this.#timeout, await findHolder(this.#sessions, this.#key))
  }

  /** Settled now, so that nothing else is; the process stays alive until it is told. */
  async #rejectLater(error) {
    pending.begin()
    this.#settle()
    this.#reject(await error)
    pending.end()
  }

  /** Calls `onWait`, once. */
  async notify() {
    const onWait = this.#onWait
    if (onWait === undefined) return
    this.#onWait = undefined
    const holder = await findHolder(this.#sessions, this.#key)
    if (this.#isSettled) return
    try {
      await onWait(holder ?? null)
    } catch (error) {
      this.abort(error)
    }
  }

  #settle() {
    this.#isSettled = true
    time.clearTimeout(this.#timer)
    if (this.#signal !== undefined) forget(this.#signal, this)
    pending.end()
  }
}

module.exports = { Waiter }
