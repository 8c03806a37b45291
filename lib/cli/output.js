'use strict'

// What the command line writes: by plain write(2). A stream of Node's would make a pipe
// non-blocking for each process that has it, and would end the process where its reader is gone.

const fs = require('node:fs')

/** Pause before a write to a full non-blocking pipe is tried again, in milliseconds. */
const FULL_PAUSE = 10

/** Writes a message. It is never a reason to fail. */
function say(text) {
  try {
    fs.writeSync(2, `locket: ${text}\n`)
  } catch {}
}

/** Writes what was asked for. Throws if that is not possible. */
function print(text) {
  let rest = Buffer.from(text)
  while (rest.length > 0) {
    try {
      rest = rest.subarray(fs.writeSync(1, rest))
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_PAUSE)
    }
  }
}

module.exports = { print, say }
