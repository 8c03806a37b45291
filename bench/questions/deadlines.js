'use strict'

// How late is an acquire told that its time is up, or that it was aborted, when the process has
// nothing else to do? None of the other packages has a timeout that it keeps, or an abort.

const { startChild, sleep, withFile } = require('../support/processes')
const { rounds } = require('../support/rounds')
const { user } = require('../support/hand-over')
const { median, quantile } = require('../support/statistics')

const SAMPLES = 40
const TIMEOUT_MS = 50
const ABORT_AFTER_MS = 20

async function time({ open, parent }) {
  const lock = open()
  const timeouts = []
  const timers = []
  const aborts = []
  for (let i = 0; i < SAMPLES; i += 1) {
    timeouts.push(await lateness(TIMEOUT_MS, () => refusal(lock, { timeout: TIMEOUT_MS / 1000 })))
    timers.push(await lateness(TIMEOUT_MS, () => sleep(TIMEOUT_MS)))
    aborts.push(await abort(lock))
  }
  parent.send({ timeouts, timers, aborts })
}

async function lateness(ms, wait) {
  const begin = performance.now()
  await wait()
  return performance.now() - begin - ms
}

async function abort(lock) {
  const controller = new AbortController()
  let begin
  setTimeout(() => {
    begin = performance.now()
    controller.abort()
  }, ABORT_AFTER_MS)
  await refusal(lock, { signal: controller.signal })
  return performance.now() - begin
}

async function refusal(lock, options) {
  await lock.acquire(options).then(
    () => {
      throw new Error('the lock is held by another process')
    },
    () => {},
  )
}

async function run({ count }) {
  const { locket: answers } = await rounds(Math.min(count, 3), ['locket'], (name) =>
    withFile(async (file) => {
      const holder = startChild(__filename, 'user', name, file)
      await holder.ask('acquire')
      const child = startChild(__filename, 'time', name, file)
      const answer = await child.next()
      await child.kill()
      await holder.kill()
      return answer
    }),
  )
  const all = (what) => answers.flatMap((answer) => answer[what])
  const row = (id, what, samples, limit) => ({
    id,
    what,
    unit: 'ms',
    goal: { atMost: 5 },
    measured: quantile(samples, 0.95),
    limit,
    others: {},
    note: `p50 ${median(samples).toFixed(2)} ms, longest ${Math.max(...samples).toFixed(2)} ms`,
  })
  return [
    row('timeout', 'timeout on an idle loop: how late, p95', all('timeouts'), {
      value: quantile(all('timers'), 0.95),
      what: "setTimeout's own lateness",
    }),
    row('abort', 'abort on an idle loop: until the acquire rejects, p95', all('aborts')),
  ]
}

module.exports = { roles: { time, user }, run }
