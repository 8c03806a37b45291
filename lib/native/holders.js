'use strict'

// Which process holds a lock that is not ours. On Linux that takes a search through the locks of the
// whole system, for which the kernel first waits until none of them changes: up to 20 ms after a pause.
// So one search on the thread pool serves all acquires that ask before it begins.

const { clearTimeout, setImmediate, setTimeout } = require('../common/time.js')
const { queryHolders } = require('./binding.js')

/** How long past its deadline an acquire waits for a search, in milliseconds: the pool may be busy. */
const HOLDER_TIMEOUT_MS = 250

/** Those that the next search serves: `{ handle, resolve }`. */
let waiting = []
let isSearching = false

/** Resolves to the process that holds the lock, or null. */
function queryHolder(handle) {
  return new Promise((resolve) => {
    waiting.push({ handle, resolve })
    if (isSearching) return
    isSearching = true
    // Timers that are due at once ask together.
    setImmediate(search)
  })
}

async function search() {
  while (waiting.length > 0) {
    const served = waiting
    waiting = []
    // One that takes longer, as on a mount that does not answer, must not hold up the others.
    await inTime(serve(served))
  }
  isSearching = false
}

async function serve(served) {
  try {
    const { processes, of } = await queryHolders(served.map(({ handle }) => handle))
    served.forEach(({ resolve }, at) => {
      const [first] = of[at]
      resolve(first === undefined ? null : { ...processes[first], count: of[at].length })
    })
  } catch {
    // No work can be queued any more: the environment is ending.
    for (const { resolve } of served) resolve(null)
  }
}

/** Resolves to what `search` finds, or to null if it takes too long. */
function inTime(search) {
  return new Promise((resolve) => {
    // The search keeps the process alive itself, for those that still want to know.
    const timer = setTimeout(resolve, HOLDER_TIMEOUT_MS, null).unref()
    search.then((holder) => {
      clearTimeout(timer)
      resolve(holder)
    })
  })
}

module.exports = { inTime, queryHolder }
