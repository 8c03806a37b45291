'use strict'

// Updates that are made by the function of another one, which waits for them: such an update never
// gets a lock that the outer one holds.

const { AsyncLocalStorage } = require('node:async_hooks')

/** Of each function that runs: `{ isHolding(lock) }` of its update, and `outer`. */
const storage = new AsyncLocalStorage()

let running = 0

/** Calls `fn`, and knows what it calls, and what it awaits, as the inside of the update until it settles. */
async function runInside(isHolding, fn) {
  const inside = { isHolding, outer: storage.getStore(), isOver: false }
  running += 1
  try {
    return await storage.run(inside, fn)
  } finally {
    inside.isOver = true
    running -= 1
    // Before Node 24 each promise of the process costs more as long as a storage is in use.
    if (running === 0) storage.disable()
  }
}

/** Returns `true` if the caller is inside an update that holds the lock. */
function isInside(lock) {
  for (let at = storage.getStore(); at !== undefined; at = at.outer) {
    if (!at.isOver && at.isHolding(lock)) return true
  }
  return false
}

module.exports = { isInside, runInside }
