'use strict'

// What does a shared lock cost that nobody holds, and how much is read by eight processes beside one
// that writes all the time?

const { SHARING } = require('../support/libraries')
const { answerOf, startChild, withFile } = require('../support/processes')
const { mapValues, mediansOf, othersOf, rounds } = require('../support/rounds')
const { median } = require('../support/statistics')

const READERS = 8
const SECONDS_OF_CYCLES = 0.4

async function time({ open, parent }) {
  const lock = open()
  const cycle = async () => (await lock.acquireShared()).release()
  const attempt = () => lock.tryAcquireShared().release()
  for (let count = 0; count < 200; count += 1) {
    await cycle()
    attempt()
  }
  parent.send({ cycle: await microseconds(cycle), attempt: await microseconds(attempt) })
}

async function microseconds(body) {
  const begin = performance.now()
  const end = begin + SECONDS_OF_CYCLES * 1000
  let count = 0
  for (; performance.now() < end; count += 20) {
    for (let index = 0; index < 20; index += 1) await body()
  }
  return ((performance.now() - begin) * 1000) / count
}

async function contend({ open, parent }) {
  const lock = open()
  parent.send('ready')
  const { seconds, writes } = await parent.next()
  const end = performance.now() + seconds * 1000
  let [sections, longest] = [0, 0]
  for (let asked = performance.now(); asked < end; asked = performance.now()) {
    const held = await (writes ? lock.acquire() : lock.acquireShared())
    longest = Math.max(longest, performance.now() - asked)
    sections += 1
    await held.release()
  }
  parent.send({ sections, longest })
}

function contest(library, seconds) {
  return withFile(async (file) => {
    const start = () => startChild(__filename, 'contend', library, file)
    const children = Array.from({ length: READERS + 1 }, start)
    for (const child of children) await child.next()
    children.forEach((child, index) => {
      child.send({ seconds, writes: index === READERS })
    })
    const answers = await Promise.all(children.map((child) => child.next()))
    for (const child of children) await child.kill()
    const writer = answers.pop()
    return {
      reads: answers.reduce((sum, { sections }) => sum + sections, 0) / seconds,
      writes: writer.sections / seconds,
      longest: writer.longest,
    }
  })
}

async function run({ count, quick, present }) {
  const names = present(SHARING)
  const cycles = await rounds(count, names, (name) => answerOf(__filename, 'time', name))
  const contests = await rounds(count, names, (name) => contest(name, quick ? 1 : 2))
  const row = (id, what, unit, values) => {
    return { id, what, unit, measured: values.locket, others: othersOf(values) }
  }
  const longest = mapValues(contests, (all) => median(all.map((answer) => answer.longest)))
  return [
    row('shared-free-cycle', 'free shared acquire + release', 'µs', mediansOf(cycles, 'cycle')),
    row('shared-try-cycle', 'shared tryAcquire + release', 'µs', mediansOf(cycles, 'attempt')),
    row(
      'shared-eight-reads',
      '8 processes that read, 1 that writes',
      'reads/s',
      mediansOf(contests, 'reads'),
    ),
    row('shared-eight-writes', 'the same, writes', 'writes/s', mediansOf(contests, 'writes')),
    row('shared-eight-longest-wait', 'the same, longest wait of the writer', 'ms', longest),
  ]
}

module.exports = { roles: { contend, time }, run }
