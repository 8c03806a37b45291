'use strict'

// One process waits for 1,000 paths at once, all held by another: threads, descriptors, memory, and
// how long it takes until it has them all.

const fs = require('node:fs')
const { BETWEEN_PROCESSES, WAIT_IN_THE_KERNEL } = require('../support/libraries')
const { startChild, sleep, withFile } = require('../support/processes')
const { count: countResources, memory } = require('../../tools/resources')
const { mediansOf, othersOf, rounds } = require('../support/rounds')

const PATHS = 1000
/** When no more were acquired in that time, the rest never will be. */
const STUCK_MS = 3000

function locksOf(file, open) {
  return Array.from({ length: PATHS }, (_, i) => {
    const own = `${file}-${i}`
    fs.closeSync(fs.openSync(own, 'a'))
    return open(own)
  })
}

async function hold({ file, open, parent }) {
  const held = await Promise.all(locksOf(file, open).map((lock) => lock.acquire()))
  parent.send('held')
  await parent.next()
  parent.send(Number(process.hrtime.bigint()))
  await Promise.all(held.map((one) => one.release()))
  await parent.next()
}

async function wait({ file, open, parent }) {
  const locks = locksOf(file, open)
  await Promise.all(Array.from({ length: 8 }, () => fs.promises.stat(file)))
  const before = { ...(await memory()), ...countResources() }
  let acquired = 0
  let last
  const all = locks.map(async (lock) => {
    const held = await lock.acquire()
    acquired += 1
    last = Number(process.hrtime.bigint())
    await held.release()
  })
  await sleep(1000)
  const during = { ...countResources(), ...(await memory()) }
  parent.send({
    threads: during.threads - before.threads,
    descriptors: during.descriptors - before.descriptors,
    rss: (during.rss - before.rss) / PATHS,
  })
  await parent.next()
  const done = Promise.all(all).then(() => true)
  while (!(await Promise.race([done, progress()])));
  parent.send(acquired === PATHS ? last : null)

  async function progress() {
    const before = acquired
    await sleep(STUCK_MS)
    return acquired === before
  }
}

async function run({ count, present }) {
  const answers = await rounds(
    Math.min(count, 3),
    present(BETWEEN_PROCESSES).filter((name) => WAIT_IN_THE_KERNEL.has(name)),
    (name) =>
      withFile(async (file) => {
        const holder = startChild(__filename, 'hold', name, file)
        await holder.next()
        const waiter = startChild(__filename, 'wait', name, file, ['--expose-gc'])
        const cost = await waiter.next()
        waiter.send('go on')
        const released = await holder.ask('release')
        const last = await waiter.next()
        await waiter.kill()
        await holder.kill()
        return { ...cost, took: last === null ? undefined : (last - released) / 1e6 }
      }),
  )
  const row = (id, what, unit, key) => ({
    id,
    what,
    unit,
    measured: mediansOf(answers, key).locket,
    others: othersOf(mediansOf(answers, key)),
  })
  return [
    row('many-paths-threads', '1,000 paths contended at once: threads', '', 'threads'),
    row('many-paths-descriptors', 'the same, descriptors', '', 'descriptors'),
    row('many-paths-memory', 'the same, resident memory a path', 'bytes', 'rss'),
    row('many-paths-served', 'the same, from their release until all are acquired', 'ms', 'took'),
  ]
}

module.exports = { roles: { hold, wait }, run }
