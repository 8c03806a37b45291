'use strict'

// Eight processes each add one to a number in a JSON file, 500 times, while another one reads it: how
// many additions are lost, how many reads see no whole file, and how many additions a second are kept?

const fs = require('node:fs')
const path = require('node:path')
const { startChild, withFile } = require('../support/processes')
const { mapValues, mediansOf, othersOf, rounds } = require('../support/rounds')
const { openUpdater, presentUpdaters } = require('../support/updaters')

const PROCESSES = 8
const EACH = 500
const EACH_QUICK = 50

/** Something to tear: a settings file of some kilobytes. */
const REST = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`setting ${i}`, `value ${i}`]))

async function write({ library, file, parent }) {
  const addOne = await openUpdater(library, file)
  parent.send('ready')
  const times = await parent.next()
  let errors = 0
  for (let i = 0; i < times; i += 1) await addOne().catch(() => (errors += 1))
  parent.send({ errors })
}

async function read({ file, parent }) {
  let isOver = false
  let reads = 0
  let torn = 0
  parent.send('ready')
  parent.next().then(() => {
    isOver = true
  })
  while (!isOver) {
    reads += 1
    if (!isWhole(await fs.promises.readFile(file, 'utf8').catch(() => ''))) torn += 1
  }
  parent.send({ reads, torn })
}

function isWhole(text) {
  try {
    return Object.keys(JSON.parse(text)).length > 0
  } catch {
    return false
  }
}

function contest(library, each) {
  return withFile(async (_file, folder) => {
    const file = path.join(folder, 'data.json')
    fs.writeFileSync(file, `${JSON.stringify({ count: 0, ...REST }, null, 2)}\n`)
    const reader = startChild(__filename, 'read', library, file)
    const writers = Array.from({ length: PROCESSES }, () => startChild(__filename, 'write', library, file))
    for (const child of [reader, ...writers]) await child.next()
    const begin = performance.now()
    for (const writer of writers) writer.send(each)
    for (const writer of writers) await writer.next()
    const seconds = (performance.now() - begin) / 1000
    const { reads, torn } = await reader.ask('over')
    for (const child of [reader, ...writers]) await child.kill()
    const kept = countIn(file)
    return { lost: PROCESSES * each - kept, torn, tornShare: (1e6 * torn) / reads, rate: kept / seconds }
  })
}

/** What is left in the end may be no JSON. */
function countIn(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8')).count ?? 0
  } catch {
    return 0
  }
}

async function run({ count, quick }) {
  const each = quick ? EACH_QUICK : EACH
  // Each takes seconds, and what is counted differs by thousands.
  const answers = await rounds(Math.min(count, 3), presentUpdaters(), (name) => contest(name, each))
  const part = (name) => {
    const medians = mediansOf(answers, name)
    return { measured: medians.locket, others: othersOf(medians) }
  }
  const worst = (name) => {
    const most = mapValues(answers, (all) => Math.max(...all.map((answer) => answer[name])))
    return { measured: most.locket, others: othersOf(most) }
  }
  return [
    {
      id: 'json-updates-lost',
      what: `8 processes × ${each} updates of a JSON file: lost`,
      unit: '',
      goal: { atMost: 0 },
      ...worst('lost'),
    },
    {
      id: 'json-updates-torn',
      what: 'the same, reads that saw no whole file, of a million',
      unit: '',
      goal: { atMost: 0 },
      ...worst('tornShare'),
    },
    {
      id: 'json-updates-rate',
      what: 'the same, updates that were kept',
      unit: 'updates/s',
      ...part('rate'),
      note: 'locket, write-file-atomic and conf fsync each one; the others do not',
    },
  ]
}

module.exports = { roles: { read, write }, run }
