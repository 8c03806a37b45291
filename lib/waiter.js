'use strict'

const { setTimeout, clearTimeout } = require('node:timers')
const abort = require('./abort.js')
const { Kind, cancel, nextNumber, request } = require('./environment.js')
const { refusal, timedOut } = require('./errors.js')
const { newGuard } = require('./guard.js')
const { inTime, lookUp } = require('./holders.js')

/** How long before its deadline an acquire begins to look for the holder, in milliseconds. */
const LEAD = 50

/** What setTimeout can count to, in milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1

/**
 * One acquire on its way. There may be thousands at once, so it is one object that carries its own
 * outcome, and has a timer or a listener only where it was asked for one.
 */
class Waiter {
  #native
  #path
  /** What the caller gets once it has the lock: made while there is time. */
  #guard
  #seconds
  #resolve
  #reject
  #timer
  #signal
  #onWait
  /** It is known that there is a wait, but not yet for whom. */
  #noticed = false
  /** Resolves to the holder, from shortly before the deadline. */
  #look

  number = nextNumber()
  /** The outcome, a Kind, and what belongs to it. */
  #kind = undefined
  #a = 0
  #b = 0
  /** What is to be thrown instead of the outcome, as `{ error }`. */
  #thrown = undefined

  /** `onWait` is called at most once, with the process that holds the lock or null. */
  constructor(native, path, seconds, onWait) {
    this.#native = native
    this.#path = path
    this.#seconds = seconds
    this.#onWait = onWait
    this.#guard = newGuard(native, path, this.number)
  }

  get wantsNotice() {
    return this.#onWait !== undefined
  }

  /** Resolves to the guard. */
  wait(signal) {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
      const seconds = this.#seconds
      request(this.#native, this.number, seconds, this)
      if (this.#kind !== undefined) return
      if (signal !== undefined) this.#listen(signal)
      if (this.#kind !== undefined) return
      if (seconds !== 0 && seconds !== Infinity) this.#check(performance.now() + seconds * 1000)
    })
  }

  #listen(signal) {
    try {
      // Since the caller looked, onWait may have aborted it.
      if (signal.aborted) return this.abort(abort.reasonOf(signal))
      this.#signal = signal
      abort.listen(signal, this)
    } catch (error) {
      this.#fail(error)
    }
  }

  /** Called once, with the outcome. */
  settle(kind, a, b) {
    this.#kind = kind
    this.#a = a
    this.#b = b
    if (this.#timer !== undefined) clearTimeout(this.#timer)
    if (this.#signal !== undefined) abort.forget(this.#signal, this)
    // A look that is still under way comes too late.
    if (this.#noticed) this.#tell(null)
    if (kind === Kind.GRANTED && this.#thrown === undefined) {
      this.#resolve(this.#guard)
    } else {
      this.#refuse().then(this.#resolve, this.#reject)
    }
  }

  async #refuse() {
    // What is thrown from here on has the caller's own await in its stack.
    await undefined
    if (this.#thrown !== undefined) {
      if (this.#kind === Kind.GRANTED) this.#guard.release()
      throw this.#thrown.error
    }
    const error = refusal(this.#kind, this.#a, this.#b, this.#path)
    throw error ?? timedOut(this.#path, this.#seconds, await this.#holder())
  }

  /** The process that holds the lock now, or null. */
  async #holder() {
    if (this.#native.locked) return this.#native.holder()
    return inTime(this.#look ?? lookUp(this.#native, this.#path))
  }

  /** Called at most once, before the outcome: the lock is taken, by this process or another. */
  notice(own) {
    if (own) {
      this.#tell({ pid: process.pid })
    } else {
      this.#noticed = true
      lookUp(this.#native, this.#path).then((holder) => {
        if (this.#noticed) this.#tell(holder)
      })
    }
  }

  #tell(holder) {
    this.#noticed = false
    try {
      this.#onWait(holder)
    } catch (error) {
      this.#fail(error)
    }
  }

  /** What the caller gave threw. Too late to leave the queue: then what was granted is given back. */
  #fail(error) {
    this.abort(error)
    this.#thrown = { error }
  }

  /** Called when the caller gives up: too late, or it is over with this error. */
  abort(error) {
    if (!cancel(this.#native, this.number)) return
    this.#thrown = { error }
    this.settle(Kind.ABORTED, 0, 0)
  }

  /** Timers count in whole milliseconds, and not for ever: what is left is counted again. */
  #check(deadline) {
    const left = deadline - performance.now()
    if (left <= 0) {
      if (cancel(this.#native, this.number)) this.settle(Kind.TIMED_OUT, 0, 0)
      return
    }
    const early = left > LEAD
    if (!early && !this.#native.locked) this.#look ??= lookUp(this.#native, this.#path)
    const pause = Math.min(Math.ceil(early ? left - LEAD : left), LONGEST_TIMER)
    this.#timer = setTimeout(() => this.#check(deadline), pause)
  }
}

module.exports = { Waiter, reasonOf: abort.reasonOf }
