'use strict'

// Who holds a lock that is another process's. On Linux that takes a look at the locks of the whole
// system, for which the kernel first waits until nobody changes them: up to 20 ms after a pause. So
// the look is taken on the thread pool, and in time.

const { clearTimeout, setTimeout } = require('node:timers')

/** How long past its deadline an acquire waits for a look, in milliseconds: the pool may be busy. */
const PATIENCE = 250
/** How long those who ask for the same lock share a look, in milliseconds. */
const SHARED = 20

/** By path. */
const looks = new Map()

/** Resolves to the process that holds the lock, or null. */
function lookUp(native, path) {
  // Names that are not UTF-8 can look alike.
  const key = path.includes('\uFFFD') ? native : path
  let look = looks.get(key)
  if (look === undefined) {
    look = native.lookUpHolder()
    looks.set(key, look)
    setTimeout(() => looks.delete(key), SHARED).unref()
  }
  return look
}

/** What `look` finds, or null if it takes too long. */
function inTime(look) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, PATIENCE, null)
    look.then((holder) => {
      clearTimeout(timer)
      resolve(holder)
    })
  })
}

module.exports = { inTime, lookUp }
