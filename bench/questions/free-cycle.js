'use strict'

// What does it cost to acquire and release a lock that nobody holds? One awaited trip to Node's
// thread pool is what any file work costs that does not block the loop.

const fs = require('node:fs')
const { BETWEEN_PROCESSES } = require('../support/libraries')
const { answerOf } = require('../support/processes')
const { mediansOf, othersOf, rounds } = require('../support/rounds')
const { median } = require('../support/statistics')

const BLOCKS = 5
const SECONDS_OF_BLOCK = 0.15

async function time({ file, open, parent }) {
  const lock = open()
  const cycle = async () => {
    const held = await lock.acquire()
    await held.release()
  }
  const access = () => fs.promises.access(file)
  await microseconds(access)
  await microseconds(cycle)
  const ratios = []
  const cycles = []
  const accesses = []
  for (let block = 0; block < BLOCKS; block += 1) {
    accesses.push(await microseconds(access))
    cycles.push(await microseconds(cycle))
    ratios.push(cycles[block] / accesses[block])
  }
  parent.send({ access: median(accesses), cycle: median(cycles), ratio: median(ratios) })
}

async function microseconds(body) {
  const begin = performance.now()
  const end = begin + SECONDS_OF_BLOCK * 1000
  let count = 0
  while (performance.now() < end) {
    for (let i = 0; i < 10; i += 1) await body()
    count += 10
  }
  return ((performance.now() - begin) * 1000) / count
}

async function run({ count, present }) {
  const answers = await rounds(count, present(BETWEEN_PROCESSES), (name) =>
    answerOf(__filename, 'time', name),
  )
  const ratio = mediansOf(answers, 'ratio')
  const cycle = mediansOf(answers, 'cycle')
  const trip = mediansOf(answers, 'access').locket
  return [
    {
      id: 'free-cycle',
      what: 'free acquire + release, in awaited pool trips',
      unit: '×',
      goal: { atMost: 1.5 },
      measured: ratio.locket,
      limit: { value: 1, what: 'one awaited fs.access' },
      others: othersOf(ratio),
      note: `${cycle.locket.toFixed(1)} µs; one awaited fs.access ${trip.toFixed(1)} µs`,
    },
  ]
}

module.exports = { roles: { time }, run }
