'use strict'

// npm run soak -- [--minutes NUMBER] [--seed WHOLE-NUMBER]
//
// Threads and processes acquire, time out, abort and release at random, and are ended at random.
// Two must never be inside at once, every promise must settle, and in the end this process has
// the descriptors and threads that it had in the beginning, the memory that it had after the first
// half, and every lock is free.

const { spawnSync } = require('node:child_process')
const path = require('node:path')
const { setTimeout: sleep } = require('node:timers/promises')
const { parseArgs } = require('node:util')
const { makeFolder, removeFolder } = require('../tools/folder')
const { Random } = require('../tools/random')
const { count } = require('../tools/resources')
const { setUp } = require('../tools/setup')
const { withResolvers } = require('../tools/until')

const WORKERS = 2
const PROCESSES = 2
const LONGEST_PEACE_MS = 400
const REPORT_EVERY_MS = 60_000
/** Beforehand: thread pools come to stay. */
const WARM_UP_MS = 10_000
/** What ends, ends at once; on a busy machine that takes its time. */
const CALM_MS = 10_000

/**
 * Resident memory may grow by so much in the second half: hundreds of worker isolates come and go,
 * and what V8 and malloc keep of the last ones differs by tens of megabytes from one minute to the
 * next. It comes to its height in the first few minutes; what is lost at each acquire goes on to grow.
 */
const RSS_TOLERANCE = 32 * 2 ** 20
/** The JavaScript heap, after garbage collection, is steadier. */
const HEAP_TOLERANCE = 2 * 2 ** 20

async function main() {
  const { values } = parseArgs({ options: { seed: { type: 'string' }, minutes: { type: 'string' } } })
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 32))
  const minutes = Number(values.minutes ?? 10)
  if (!Number.isInteger(seed) || !(minutes > 0)) {
    throw new Error('usage: npm run soak -- [--minutes NUMBER] [--seed WHOLE-NUMBER]')
  }
  setUp()
  console.log(`seed ${seed}, ${minutes} min; to repeat: npm run soak -- --seed ${seed} --minutes ${minutes}`)
  const folder = makeFolder('locket-soak-')
  try {
    const { prepare } = require('./peer')
    const { add } = require('./supervisor')
    const files = prepare(folder)
    await soak(folder, Random.of(seed, 'warm-up'), 'w', WARM_UP_MS)
    const before = await calm()
    console.log(`begins with ${describe(before)}`)
    const half = minutes * 30_000
    const counts = await soak(folder, Random.of(seed, 'first half'), 'a', half)
    const middle = await calm(before)
    console.log(`after the first half ${describe(middle)}`)
    add(counts, await soak(folder, Random.of(seed, 'second half'), 'b', half))
    await calm(before)
    requireFree(files)
    const after = await calm(before)
    console.log(JSON.stringify(counts, undefined, 2))
    console.log(`ends with ${describe(after)}`)
    requireSame(before, after)
    requireNoMore(middle, after)
    console.log('no two were inside at once, every promise has settled, and nothing is left')
  } finally {
    removeFolder(folder)
  }
}

/** The counts of what was done. */
async function soak(folder, random, name, ms) {
  const { Peer } = require('./peer')
  const { Supervisor, add } = require('./supervisor')
  const failure = withResolvers()
  const seedOf = () => random.between(0, 2 ** 31)
  const peer = (kind, i) =>
    new Supervisor(kind, { folder, name: `${name}-${kind}-${i}`, seed: seedOf() }, failure.reject)
  const own = new Peer({ folder, name: `${name}-main`, seed: seedOf() })
  const ownRun = own.run()
  ownRun.catch(failure.reject)
  const peers = [
    ...Array.from({ length: WORKERS }, (_, i) => peer('worker', i)),
    ...Array.from({ length: PROCESSES }, (_, i) => peer('process', i)),
  ]

  const end = performance.now() + ms
  const disturb = async () => {
    let report = performance.now() + REPORT_EVERY_MS
    while (performance.now() < end) {
      await sleep(random.between(0, LONGEST_PEACE_MS))
      await random.pick(peers).replace(random.chance(0.2))
      if (performance.now() < report) continue
      report += REPORT_EVERY_MS
      console.log(`${Math.round((end - performance.now()) / 1000)} s to go, ${describe(state())}`)
    }
  }
  await Promise.race([disturb(), failure.promise])
  own.stop()
  const leaving = Promise.all([ownRun, ...peers.map((one) => one.leave())])
  await Promise.race([leaving, failure.promise])
  own.close()
  const counts = { 'peers started': peers.reduce((sum, { started }) => sum + started, 0) }
  for (const one of [own, ...peers]) add(counts, one.counts)
  return counts
}

/** The state once nothing changes any more, or once it is as it was. */
async function calm(before) {
  const end = performance.now() + CALM_MS
  let last
  for (;;) {
    for (let i = 0; i < 3; i += 1) {
      global.gc()
      await sleep(100)
    }
    const now = state()
    const still = before ?? last
    if (still && now.threads === still.threads && now.descriptors === still.descriptors) return now
    if (performance.now() > end) return now
    last = now
  }
}

function state() {
  const { rss, heapUsed } = process.memoryUsage()
  return {
    ...count(),
    rss,
    heap: heapUsed,
  }
}

function describe({ descriptors, heap, rss, threads }) {
  const megabytes = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`
  return `${descriptors} descriptors, ${threads} threads, ${megabytes(rss)} resident, ${megabytes(heap)} heap`
}

/** By this process and by another. */
function requireFree(files) {
  const { lockFile } = require('..')
  for (const file of files) {
    const lock = lockFile(file)
    if (lock.locked) throw new Error(`${file} is still held`)
    lock.tryAcquire().release()
  }
  const code = `for (const file of process.argv.slice(1)) require(${JSON.stringify(path.join(__dirname, '..'))}).lockFile(file).tryAcquire().release()`
  const { status, stderr } = spawnSync(process.execPath, ['-e', code, ...files], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`another process does not get the locks: ${stderr}`)
}

function requireSame(before, after) {
  for (const what of ['descriptors', 'threads']) {
    if (after[what] > before[what]) throw new Error(`${what}: ${before[what]} before, ${after[what]} after`)
  }
}

function requireNoMore(middle, after) {
  if (after.rss > middle.rss + RSS_TOLERANCE) throw new Error('resident memory goes on growing')
  if (after.heap > middle.heap + HEAP_TOLERANCE) throw new Error('the JavaScript heap goes on growing')
}

main().then(
  () => process.exit(),
  (error) => {
    console.error(error)
    process.exit(1)
  },
)
