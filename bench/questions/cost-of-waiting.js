'use strict'

// 1,000 acquires of one process wait for one lock that another process holds: what does that cost in
// threads, descriptors, processor time and memory, and does the rest of the process still work?

const fs = require('node:fs')
const { BETWEEN_PROCESSES } = require('../support/libraries')
const { startChild, sleep, withFile } = require('../support/processes')
const { count: countResources, cpu, memory } = require('../../tools/resources')
const { mapValues, mediansOf, othersOf, rounds } = require('../support/rounds')
const { user } = require('../support/hand-over')
const { median } = require('../support/statistics')

const WAITERS = 1000
const WATCH_MS = 2000
/** When the file system has not answered, it does not answer. */
const STARVED_MS = 1000
async function wait({ file, open, parent }) {
  const lock = open()
  const stat = () => answered(() => fs.promises.stat(file))
  // The pool starts its threads with the first work.
  await Promise.all(Array.from({ length: 8 }, stat))
  await sleep(100)
  const idle = await cpu(WATCH_MS)
  const before = { ...countResources(), memory: await memory() }
  let sections = 0
  const all = Array.from({ length: WAITERS }, async () => {
    const held = await lock.acquire()
    sections += 1
    await held.release()
  })
  await sleep(1000)
  const waiting = countResources()
  const busy = await cpu(WATCH_MS)
  const during = await memory()
  const answer = await stat()
  parent.send({
    threads: waiting.threads - before.threads,
    descriptors: waiting.descriptors - before.descriptors,
    cpu: busy,
    idle,
    bytes: (during.rss - before.memory.rss) / WAITERS,
    stat: answer,
    early: sections,
  })
  await parent.next()
  await Promise.all(all)
  await sleep(100)
  const { descriptors, threads } = countResources()
  parent.send({ threads: threads - before.threads, descriptors: descriptors - before.descriptors })
}

/** Milliseconds until the answer, or undefined. */
async function answered(ask) {
  const begin = performance.now()
  const answer = await Promise.race([ask(), sleep(STARVED_MS)])
  return answer && performance.now() - begin
}

async function run({ count, present }) {
  const answers = await rounds(Math.min(count, 2), present(BETWEEN_PROCESSES), (name) =>
    withFile(async (file) => {
      const holder = startChild(__filename, 'user', name, file)
      await holder.ask('acquire')
      const waiter = startChild(__filename, 'wait', name, file, ['--expose-gc'])
      const cost = await waiter.next()
      if (cost.early > 0) throw new Error(`${name} let ${cost.early} in beside the holder`)
      if (name === 'locket') {
        await holder.ask('release')
        requireNothingLeft(await waiter.ask('drain'))
      }
      await holder.kill()
      await waiter.kill()
      return cost
    }),
  )
  const waitCpu = mediansOf(answers, 'cpu')
  const memoryOf = mediansOf(answers, 'bytes')
  const threadsOf = mediansOf(answers, 'threads')
  const descriptorsOf = mediansOf(answers, 'descriptors')
  const slowest = mapValues(answers, (all) =>
    all.some(({ stat }) => stat === undefined)
      ? `not in ${STARVED_MS / 1000} s`
      : median(all.map(({ stat }) => stat)),
  )
  const idle = mediansOf(answers, 'idle').locket
  return [
    {
      id: 'cost-of-waiting-threads',
      what: '1,000 waiters on one path: threads',
      unit: '',
      goal: { atMost: 1 },
      measured: threadsOf.locket,
      others: othersOf(threadsOf),
      note: 'fs-ext has no more because its waiters occupy the thread pool, see the answer of fs.stat',
    },
    {
      id: 'cost-of-waiting-descriptors',
      what: 'the same, descriptors',
      unit: '',
      goal: { atMost: 1 },
      measured: descriptorsOf.locket,
      others: othersOf(descriptorsOf),
    },
    {
      id: 'cost-of-waiting-cpu',
      what: 'the same, processor time a second',
      unit: 'ms',
      goal: { atMost: 0.5, what: '0, give or take what the idle process takes' },
      measured: (waitCpu.locket * 1000) / WATCH_MS,
      limit: { value: (idle * 1000) / WATCH_MS, what: 'the same process idle' },
      others: othersOf(mapValues(waitCpu, (ms) => (ms * 1000) / WATCH_MS)),
    },
    {
      id: 'cost-of-waiting-memory',
      what: 'the same, resident memory a waiter',
      unit: 'bytes',
      measured: memoryOf.locket,
      others: othersOf(memoryOf),
    },
    {
      id: 'cost-of-waiting-pool',
      what: 'the same, fs.promises.stat answers in',
      unit: 'ms',
      measured: slowest.locket,
      others: othersOf(slowest),
    },
  ]
}

function requireNothingLeft({ threads: more, descriptors: open }) {
  if (more > 0 || open > 0) throw new Error(`left behind: ${more} threads, ${open} descriptors`)
}

module.exports = { roles: { user, wait }, run }
