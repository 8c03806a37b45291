'use strict'

// The two sides of a lock that goes from one process to another, for the questions that time it.
// Both answer with nanoseconds of the clock that all processes share.

const { sleep } = require('./processes')
const { POLL_MS, WAIT_IN_THE_KERNEL } = require('./libraries')

/** Obeys `acquire` and `release`; answers when it had the lock, and when it began to let go. */
async function user({ open, parent }) {
  const lock = open()
  let held
  for (let order = await parent.next(); order !== undefined; order = await parent.next()) {
    if (order === 'acquire') {
      held = await lock.acquire()
      parent.send(Number(process.hrtime.bigint()))
    } else {
      const begin = process.hrtime.bigint()
      const released = held.release()
      parent.send(Number(begin))
      await released
    }
  }
}

/** Resolves when the child, which was told to acquire, waits. */
async function waits(library, child) {
  if (library === 'bare' || WAIT_IN_THE_KERNEL.has(library)) {
    await child.blocked()
    // The thread is in its queue; let the rest of its process come to rest too.
    await sleep(2)
  } else {
    // Long enough to be polling, and never in step with it.
    await sleep((3 + Math.random()) * POLL_MS)
  }
}

module.exports = { user, waits }
