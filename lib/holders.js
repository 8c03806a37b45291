'use strict'

const { setImmediate } = require('node:timers')

/** What was found in this turn of the event loop, by path. */
const known = new Map()

/** The process that holds the lock, or null. */
function holderAtOnce(native) {
  return native.holder()
}

/**
 * The same, as it was at one moment of this turn. On Linux it takes a look at the locks of the whole
 * system, for which the kernel stops them all, for milliseconds: a thousand waiters that time out
 * together share one.
 */
function holderInTurn(native, path) {
  // What we hold ourselves costs nothing to know, and changes within a turn.
  if (native.locked) return native.holder()
  // Names that are not UTF-8 can look alike.
  const key = path.includes('\uFFFD') ? native : path
  const found = known.get(key)
  if (found !== undefined) return found
  const holder = native.holder()
  if (known.size === 0) setImmediate(() => known.clear())
  known.set(key, holder)
  return holder
}

module.exports = { holderAtOnce, holderInTurn }
