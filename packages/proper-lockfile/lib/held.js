'use strict'

// The locks that this thread holds: kept fresh for old copies, and removed at exit.

const { removeAtExit, run, runSync, time } = require('locket/common')
const { alreadyReleased } = require('./errors.js')

/** By the file that is locked, those that can be released: the last one last. */
const byFile = new Map()

class Held {
  #lock
  #request
  #timer
  #refreshed = Promise.resolve()
  #isReleased = false
  #leave

  /** `lock` is held from now on, and `request` is what it was acquired for. */
  constructor(lock, request) {
    this.#lock = lock
    this.#request = request
    this.#leave = removeAtExit(() => runSync(lock.remove()))
    byFile.set(this.file, [...heldOn(this.file), this])
    this.#schedule()
  }

  get file() {
    return this.#request.file
  }

  get path() {
    return this.#request.path
  }

  *release() {
    if (this.#isReleased) throw alreadyReleased()
    this.#end()
    try {
      // What is under way must not come after the release.
      yield { async: () => this.#refreshed, sync: () => {} }
      yield* this.#lock.release()
    } finally {
      this.#leave()
    }
  }

  #schedule() {
    this.#timer = time.setTimeout(() => {
      this.#refreshed = this.#refresh()
    }, this.#request.update)
    // Where this is Electron's, a timer is a number.
    this.#timer.unref?.()
  }

  async #refresh() {
    const error = await run(this.#lock.refresh())
    if (this.#isReleased) return
    if (error === undefined) {
      this.#schedule()
      return
    }
    this.#end()
    this.#leave()
    this.#lock.abandon()
    // Outside this promise: what the callback throws is the program's.
    time.setImmediate(this.#request.onCompromised, error)
  }

  /** It cannot be released again. */
  #end() {
    this.#isReleased = true
    time.clearTimeout(this.#timer)
    const others = heldOn(this.file).filter((other) => other !== this)
    if (others.length > 0) byFile.set(this.file, others)
    else byFile.delete(this.file)
  }
}

function heldOn(file) {
  return byFile.get(file) ?? []
}

/** The lock on the file that was acquired last, or undefined; of those at `path` if there are any. */
function findHeld(file, path) {
  const held = heldOn(file)
  return held.findLast((each) => each.path === path) ?? held.at(-1)
}

module.exports = { Held, findHeld }
