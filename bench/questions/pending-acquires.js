'use strict'

// 10,000 acquires pending on one path: what does one cost to ask for, to keep and to end, and is its
// memory given back?

const { setMaxListeners } = require('node:events')
const { startChild, sleep, withFile } = require('../support/processes')
const { count: countResources, memory } = require('../../tools/resources')
const { mediansOf, rounds } = require('../support/rounds')
const { user } = require('../support/hand-over')

const ACQUIRES = 10_000

async function wait({ open, parent }) {
  const lock = open()
  // Once beforehand: what the first time allocates stays, and belongs to nobody.
  await abortAll(lock)
  const before = await state()
  let begin = performance.now()
  let all = Array.from({ length: ACQUIRES }, async () => (await lock.acquire()).release())
  const asked = performance.now() - begin
  await sleep(100)
  const during = await state()
  parent.send('pending')
  await parent.next()
  begin = performance.now()
  await Promise.all(all)
  const served = performance.now() - begin
  all = undefined
  const after = await state()
  parent.send('served')

  await parent.next()
  const aborted = await abortAll(lock)
  const micros = (ms) => (ms * 1000) / ACQUIRES
  parent.send({
    asked: micros(asked),
    aborted: micros(aborted),
    served: micros(served),
    heap: (during.heap - before.heap) / ACQUIRES,
    rss: (during.rss - before.rss) / ACQUIRES,
    kept: (after.heap - before.heap) / ACQUIRES,
    threads: during.threads - before.threads,
    descriptors: during.descriptors - before.descriptors,
  })
}

async function state() {
  return { ...(await memory()), ...countResources() }
}

/** Milliseconds from the abort of them all until all are settled. */
async function abortAll(lock) {
  const controller = new AbortController()
  setMaxListeners(0, controller.signal)
  const all = Array.from({ length: ACQUIRES }, () => lock.acquire({ signal: controller.signal }))
  await sleep(100)
  const begin = performance.now()
  controller.abort()
  await Promise.allSettled(all)
  return performance.now() - begin
}

async function run({ count }) {
  const answers = await rounds(Math.min(count, 3), ['locket'], (name) =>
    withFile(async (file) => {
      const holder = startChild(__filename, 'user', name, file)
      await holder.ask('acquire')
      const waiter = startChild(__filename, 'wait', name, file, ['--expose-gc'])
      await waiter.next()
      await holder.ask('release')
      await waiter.ask('serve')
      await holder.ask('acquire')
      const answer = await waiter.ask('abort')
      await waiter.kill()
      await holder.kill()
      return answer
    }),
  )
  const middle = (what) => mediansOf(answers, what).locket
  const row = (id, what, unit, key, note) => ({ id, what, unit, measured: middle(key), others: {}, note })
  return [
    row(
      'pending-memory',
      '10,000 acquires pending on one path: JavaScript memory of one',
      'bytes',
      'heap',
      `resident memory ${middle('rss').toFixed(0)} bytes; ${middle('threads')} thread and ${middle('descriptors')} descriptor for all`,
    ),
    row('pending-memory-after', 'the same, what is left of it afterwards', 'bytes', 'kept'),
    row('pending-ask', 'the same, to ask', 'µs', 'asked'),
    row('pending-serve', "the same, a section after the holder's release", 'µs', 'served'),
    row('pending-abort', 'the same with one signal for all, to abort', 'µs', 'aborted'),
  ]
}

module.exports = { roles: { user, wait }, run }
