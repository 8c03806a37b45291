'use strict'

const fs = require('node:fs')
const path = require('node:path')

/** Digits of a counter's file; every writer writes all of them, at the start. */
const DIGITS = 12

/** What the holders of a lock count: a read-modify-write that anybody inside with them would spoil. */
class Counter {
  #descriptor

  constructor(folder, name) {
    this.#descriptor = fs.openSync(path.join(folder, `${name}.count`), 'r+')
  }

  static create(folder, name) {
    fs.writeFileSync(path.join(folder, `${name}.count`), ''.padStart(DIGITS, '0'), { mode: 0o666 })
  }

  read() {
    const digits = Buffer.alloc(DIGITS)
    fs.readSync(this.#descriptor, digits, 0, DIGITS, 0)
    return Number(digits)
  }

  write(value) {
    fs.writeSync(this.#descriptor, String(value).padStart(DIGITS, '0'), 0)
  }

  close() {
    fs.closeSync(this.#descriptor)
  }
}

module.exports = { Counter }
