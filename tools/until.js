'use strict'

const { setTimeout: sleep } = require('node:timers/promises')

/**
 * In milliseconds; longer than anything takes on the slowest machine: what takes so long hangs. An
 * emulator needs more (LOCKET_TEST_HANGING, in seconds).
 */
const HANGING = Number(process.env.LOCKET_TEST_HANGING ?? 120) * 1000

/** Resolves when `condition` is true of something that no event tells, such as what /proc shows. */
async function until(condition, what) {
  const end = performance.now() + HANGING
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`still waiting for ${what}`)
    await sleep(2)
  }
}

/** `promise`, or an error that names `what` when it has not settled after `limit` milliseconds. */
async function within(promise, what, limit = HANGING) {
  let timer
  const hanging = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`still waiting for ${what}`)), limit)
  })
  try {
    return await Promise.race([promise, hanging])
  } finally {
    clearTimeout(timer)
  }
}

/** As `Promise.withResolvers`, which Node 20 does not have. */
function withResolvers() {
  const made = {}
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }))
  return made
}

module.exports = { until, within, withResolvers }
