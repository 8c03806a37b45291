'use strict'

const { now, setTimeout } = require('./time.js')

/** The end of an acquire that looks again and again for what no event tells, and the pauses before it. */
class Deadline {
  #end
  #pause
  #longest

  /** All in milliseconds: `time` until the end, the first pause, and the longest, to which they double. */
  constructor(time, pause, longest = pause) {
    this.#end = now() + time
    this.#pause = pause
    this.#longest = longest
  }

  /** In milliseconds, 0 once it is over. */
  get left() {
    return Math.max(this.#end - now(), 0)
  }

  /** Steps that wait until it is time to look again. Throws the error if no time is left. */
  *pauseOr(error) {
    const time = Math.min(this.#pause, this.left)
    if (time === 0) throw error
    this.#pause = Math.min(this.#pause * 2, this.#longest)
    // A synchronous acquire has no time to wait.
    yield { async: () => new Promise((resolve) => setTimeout(resolve, time)) }
  }
}

module.exports = { Deadline }
