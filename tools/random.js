'use strict'

/** A generator of random numbers that a seed determines (mulberry32). */
class Random {
  #state

  constructor(seed) {
    this.#state = seed >>> 0
  }

  /** A generator of its own for `name`, whatever else is drawn from this one. */
  static of(seed, name) {
    let hash = seed >>> 0
    for (const character of name) hash = Math.imul(hash ^ character.codePointAt(0), 0x01000193) >>> 0
    return new Random(hash)
  }

  /** From 0 up to 1. */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number from `low` to `high`, both included. */
  between(low, high) {
    return low + Math.floor(this.next() * (high - low + 1))
  }

  chance(probability) {
    return this.next() < probability
  }

  pick(list) {
    return list[this.between(0, list.length - 1)]
  }
}

module.exports = { Random }
