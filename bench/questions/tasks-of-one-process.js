'use strict'

// What does a section cost when 1,000 tasks of one process come for one lock at once? A mutex that is
// no file lock at all, async-mutex, is what the promises alone cost.

const { POLL, names } = require('../support/libraries')
const { answerOf } = require('../support/processes')
const { mapValues, othersOf, rounds } = require('../support/rounds')
const { median } = require('../support/statistics')

const TASKS = 1000
/** Those that poll get slower with the square of their number. */
const TASKS_POLLED = 50
const SECONDS = 1

async function time({ library, open, parent }) {
  const lock = open()
  const tasks = POLL.has(library) ? TASKS_POLLED : TASKS
  const section = async () => {
    const held = await lock.acquire()
    await held.release()
  }
  const batches = []
  const end = performance.now() + SECONDS * 1000
  do {
    const begin = performance.now()
    await Promise.all(Array.from({ length: tasks }, section))
    batches.push(((performance.now() - begin) * 1000) / tasks)
  } while (performance.now() < end)
  parent.send(median(batches))
}

async function run({ count, present }) {
  const answers = await rounds(count, present(names), (name) => answerOf(__filename, 'time', name))
  const section = mapValues(answers, median)
  return [
    {
      id: 'tasks-of-one-process',
      what: '1,000 tasks of one process, a section',
      unit: 'µs',
      goal: { atMost: 3 },
      measured: section.locket,
      limit: section['async-mutex'] && { value: section['async-mutex'], what: 'async-mutex: no file' },
      others: othersOf(section),
      note: `proper-lockfile and lockfile with ${TASKS_POLLED} tasks`,
    },
  ]
}

module.exports = { roles: { time }, run }
