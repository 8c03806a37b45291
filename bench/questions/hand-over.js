'use strict'

// How long after another process's release do we have the lock, when we have waited for it?

const { BETWEEN_PROCESSES, POLL } = require('../support/libraries')
const { user, waits } = require('../support/hand-over')
const { hasBare, startBare, startChild, withFile } = require('../support/processes')
const { mapValues, othersOf, rounds } = require('../support/rounds')
const { median, quantile } = require('../support/statistics')

const HAND_OVERS = 150
const HAND_OVERS_POLLED = 25
/** Those who wait in the kernel are told apart by a few microseconds, and two processes by more. */
const ROUNDS_IN_THE_KERNEL = 4

function sample(library) {
  const start = (file) =>
    library === 'bare' ? startBare('lock', file) : startChild(__filename, 'user', library, file)
  return withFile(async (file) => {
    const sides = [start(file), start(file)]
    const samples = []
    const number = POLL.has(library) ? HAND_OVERS_POLLED : HAND_OVERS
    await sides[0].ask('acquire')
    for (let i = 0; i < number; i += 1) {
      const [holder, waiter] = i % 2 === 0 ? sides : sides.toReversed()
      waiter.send('acquire')
      await waits(library, waiter)
      const released = await holder.ask('release')
      const acquired = await waiter.next()
      samples.push((acquired - released) / 1000)
    }
    for (const side of sides) await side.kill()
    // The first ones compile the code.
    return samples.slice(Math.floor(number / 5))
  })
}

async function run({ count, present }) {
  const libraries = present(BETWEEN_PROCESSES)
  const inKernel = libraries.filter((name) => !POLL.has(name))
  if (hasBare()) inKernel.push('bare')
  const polled = libraries.filter((name) => POLL.has(name))
  const samples = {
    ...(await rounds(count * ROUNDS_IN_THE_KERNEL, inKernel, sample)),
    ...(await rounds(count, polled, sample)),
  }
  const middle = mapValues(samples, (all) => median(all.map(median)))
  const tail = mapValues(samples, (all) => quantile(all.flat(), 0.99))
  const rivals = ['fs-native-extensions', 'fs-ext'].map((name) => middle[name]).filter(Boolean)
  return [
    {
      id: 'hand-over',
      what: 'release in one process → acquire in another, p50',
      unit: 'µs',
      goal: rivals.length > 0 && {
        atMost: Math.min(...rivals),
        what: 'below fs-native-extensions and fs-ext',
      },
      measured: middle.locket,
      limit: middle.bare && { value: middle.bare, what: 'a blocked flock in Rust' },
      others: othersOf(middle),
    },
    {
      id: 'hand-over-tail',
      what: 'the same, p99',
      unit: 'µs',
      measured: tail.locket,
      limit: tail.bare && { value: tail.bare, what: 'a blocked flock in Rust' },
      others: othersOf(tail),
    },
  ]
}

module.exports = { roles: { user }, run }
