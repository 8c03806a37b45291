'use strict'

// What an update waits for: its locks, within one deadline.

const abort = require('../common/abort.js')
const { deadlock, timedOut } = require('../common/errors.js')
const { examineFolderLock } = require('../common/folder-lock.js')
const { now } = require('../common/time.js')
const { lockFile } = require('../file/lock.js')
const { isInside } = require('./nesting.js')

/** How often in a row the folder at a lock's path may be gone when it is looked at. */
const MAX_RACES = 16

/** Between two looks at a folder, of which no event tells when it goes; in milliseconds. */
const PAUSE_MS = 50

/** The one deadline of all that an update waits for; onWait is called once. */
class Wait {
  #seconds
  #end
  #onWait
  #hasBegun = false
  signal

  constructor({ timeout, signal, onWait }) {
    this.#seconds = timeout
    this.#end = now() + timeout * 1000
    this.#onWait = onWait
    this.signal = signal
  }

  /** Returns the options of one acquire. */
  nextOptions() {
    const onWait = this.#onWait && ((holder) => this.#notify(holder))
    // Whole, so that the error of a timeout names the number that was given.
    const timeout = this.#hasBegun ? Math.ceil(this.left) / 1000 : this.#seconds
    this.#hasBegun = true
    return { timeout, signal: this.signal, onWait }
  }

  /** Nothing but a release of the lock ends it. */
  get isEndless() {
    return this.#end === Infinity && this.signal === undefined
  }

  get isAborted() {
    return this.signal !== undefined && abort.isAborted(this.signal)
  }

  /** In milliseconds. */
  get left() {
    return Math.max(0, this.#end - now())
  }

  /** Waits a moment for the folder at the path of `lock`. Throws at the deadline and on abort. */
  *pause(io, lock) {
    if (this.left === 0) throw timedOut(lock.path, this.#seconds, null)
    this.#notify(null)
    yield io.sleep(Math.min(this.left, PAUSE_MS), this.signal)
    if (this.isAborted) throw abort.reasonOf(this.signal)
  }

  #notify(holder) {
    const onWait = this.#onWait
    this.#onWait = undefined
    return onWait?.(holder)
  }
}

/** Returns the guard of the lock at `path`. */
function* acquire(io, path, wait) {
  const lock = lockFile(path)
  if (!io.isSync && wait.isEndless && isInside(path)) throw deadlock(lock.path)
  for (let races = 0; ; races += 1) {
    try {
      return yield io.acquire(lock, wait.nextOptions())
    } catch (error) {
      if (error.code !== 'EISDIR' || races === MAX_RACES) throw error
    }
    if (examineFolderLock(path) !== 'held') continue
    yield* wait.pause(io, lock)
    races = 0
  }
}

module.exports = { Wait, acquire }
