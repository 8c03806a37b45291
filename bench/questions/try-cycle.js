'use strict'

// What does a synchronous tryAcquire and release cost beside the system calls that it makes, in a
// bare loop?

const { BETWEEN_PROCESSES } = require('../support/libraries')
const { hasBare, startBare, startChild, withFile } = require('../support/processes')
const { mapValues, othersOf, rounds } = require('../support/rounds')
const { median } = require('../support/statistics')

const CYCLES = 20_000
const SECONDS = 0.5

async function time({ open, parent }) {
  const lock = open()
  for (let i = 0; i < 1000; i += 1) lock.tryAcquire().release()
  const begin = performance.now()
  const end = begin + SECONDS * 1000
  let count = 0
  while (performance.now() < end) {
    for (let i = 0; i < 100; i += 1) lock.tryAcquire().release()
    count += 100
  }
  parent.send(((performance.now() - begin) * 1000) / count)
}

async function run({ count, present }) {
  const names = present(BETWEEN_PROCESSES)
  if (hasBare()) names.push('bare')
  const answers = await rounds(count, names, (name) =>
    withFile(async (file) => {
      const child =
        name === 'bare' ? startBare('cycle', file, CYCLES) : startChild(__filename, 'time', name, file)
      const answer = await child.next()
      await child.kill()
      return name === 'bare' ? answer / 1000 : answer
    }),
  )
  const cycle = mapValues(answers, median)
  return [
    {
      id: 'try-cycle',
      what: 'tryAcquire + release',
      unit: 'µs',
      goal: cycle.bare && { atMost: 2 * cycle.bare, what: '2 × the bare system calls' },
      measured: cycle.locket,
      limit: cycle.bare && { value: cycle.bare, what: 'the same system calls in Rust' },
      others: othersOf(cycle),
    },
  ]
}

module.exports = { roles: { time }, run }
