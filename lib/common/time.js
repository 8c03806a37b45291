'use strict'

// The only source of time in this package. Taken when it is loaded and bound: jest replaces the
// globals, sinon and vitest the members of the modules, and a clock of one kind beside timers of the
// other never ends a wait.

const { hrtime } = require('node:process')
const { clearTimeout, setImmediate, setTimeout } = require('node:timers')

/** Returns milliseconds of a monotonic clock: that of performance.now(), which takes 0.6 ms to load. */
function now() {
  const [seconds, nanoseconds] = hrtime()
  return seconds * 1e3 + nanoseconds / 1e6
}

/** Returns milliseconds since 1970, to compare with the times of files. */
const { now: wallClock } = Date

module.exports = { clearTimeout, now, setImmediate, setTimeout, wallClock }
