'use strict'

const { setTimeout: sleep } = require('node:timers/promises')

/**
 * Longer than anything takes on the slowest machine; whoever waits so long hangs. An emulator takes
 * its time (LOCKET_TEST_PATIENCE, in seconds).
 */
const HANGING = Number(process.env.LOCKET_TEST_PATIENCE ?? 120) * 1000

/** Resolves when `condition` is true of something that no event tells, such as what /proc shows. */
async function until(condition, what) {
  const end = performance.now() + HANGING
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`still waiting for ${what}`)
    await sleep(2)
  }
}

/** `promise`, or an error that names `what` when nothing comes of it. */
async function within(promise, what) {
  let timer
  const hanging = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`still waiting for ${what}`)), HANGING)
  })
  try {
    return await Promise.race([promise, hanging])
  } finally {
    clearTimeout(timer)
  }
}

module.exports = { until, within }
