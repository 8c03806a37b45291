'use strict'

// Four processes with eight tasks each want one lock all the time: how many sections a second, how
// evenly are they shared out, and how long does the unluckiest wait?

const { BETWEEN_PROCESSES } = require('../support/libraries')
const { startChild, withFile } = require('../support/processes')
const { mediansOf, othersOf, rounds } = require('../support/rounds')
const { jain } = require('../support/statistics')

const PROCESSES = 4
const TASKS = 8

async function contend({ open, parent }) {
  const lock = open()
  parent.send('ready')
  const seconds = await parent.next()
  const end = performance.now() + seconds * 1000
  const tasks = Array.from({ length: TASKS }, async () => {
    let sections = 0
    let longest = 0
    for (let asked = performance.now(); asked < end; ) {
      const held = await lock.acquire()
      const now = performance.now()
      // A section in progress at the end is not counted, its wait is.
      longest = Math.max(longest, now - asked)
      if (now < end) sections += 1
      await held.release()
      asked = performance.now()
    }
    return { sections, longest }
  })
  parent.send(await Promise.all(tasks))
}

function contest(library, seconds) {
  return withFile(async (file) => {
    const start = () => startChild(__filename, 'contend', library, file)
    const children = Array.from({ length: PROCESSES }, start)
    for (const child of children) await child.next()
    for (const child of children) child.send(seconds)
    const tasks = (await Promise.all(children.map((child) => child.next()))).flat()
    for (const child of children) await child.kill()
    const sections = tasks.map((task) => task.sections)
    return {
      rate: sections.reduce((sum, n) => sum + n, 0) / seconds,
      fairness: jain(sections),
      longest: Math.max(...tasks.map((task) => task.longest)),
    }
  })
}

async function run({ count, quick, present }) {
  const seconds = quick ? 1 : 2
  const answers = await rounds(count, present(BETWEEN_PROCESSES), (name) => contest(name, seconds))
  const rate = mediansOf(answers, 'rate')
  const fairness = mediansOf(answers, 'fairness')
  const longest = mediansOf(answers, 'longest')
  const rival = rate['fs-native-extensions']
  return [
    {
      id: 'several-processes',
      what: '4 processes × 8 tasks',
      unit: 'sections/s',
      goal: rival && { atLeast: 2 * rival, what: '2 × fs-native-extensions' },
      measured: rate.locket,
      others: othersOf(rate),
    },
    {
      id: 'several-processes-fairness',
      what: "the same, Jain's index over the 32 tasks",
      unit: '',
      goal: { atLeast: 0.95 },
      measured: fairness.locket,
      limit: { value: 1, what: 'all have the same' },
      others: othersOf(fairness),
    },
    {
      id: 'several-processes-longest-wait',
      what: 'the same, longest wait',
      unit: 'ms',
      goal: { atMost: 100 },
      measured: longest.locket,
      others: othersOf(longest),
    },
  ]
}

module.exports = { roles: { contend }, run }
