'use strict'

// npm run chaos -- [--seed NUMBER] [--minutes NUMBER] [--round NUMBER]

const { parseArgs } = require('node:util')
const { findPython } = require('../tools/python')
const { enterOwnMounts, hasOwnMounts } = require('../tools/mounts')
const { setUp } = require('../tools/setup')
const machine = require('./machine')
const { EVENTS, makePlan } = require('./plan')

async function main() {
  const { values } = parseArgs({
    options: { seed: { type: 'string' }, minutes: { type: 'string' }, round: { type: 'string' } },
  })
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 32))
  const minutes = Number(values.minutes ?? 1)
  if (!Number.isInteger(seed) || !(minutes > 0)) {
    throw new Error('usage: npm run chaos -- [--seed WHOLE-NUMBER] [--minutes NUMBER] [--round NUMBER]')
  }
  enterOwnMounts()
  setUp()
  console.log(`seed ${seed}, ${minutes} min; to repeat: npm run chaos -- --seed ${seed} --minutes ${minutes}`)

  const tools = {
    python: findPython().python,
    clockLibrary: machine.clockLibrary(),
    flock: machine.hasFlock(),
  }
  const can = EVENTS.filter((kind) => kind !== 'clock' || tools.clockLibrary !== undefined)
  if (!hasOwnMounts()) can.splice(can.indexOf('fill'), 1)
  const missing = [
    tools.python === undefined && "Python's locket",
    !tools.flock && 'flock(1)',
    ...EVENTS.filter((kind) => !can.includes(kind)).map((kind) => `event ${kind}`),
  ].filter(Boolean)
  if (missing.length > 0) console.log(`not available here: ${missing.join(', ')}`)

  // Only now: the addon belongs to the process that stays.
  const { Round } = require('./round')
  const total = { counts: {}, events: {} }
  const plan = makePlan(seed, minutes, can)
  for (const round of plan.filter(({ number }) => [undefined, String(number)].includes(values.round))) {
    const result = await new Round(round, tools).run()
    add(total.counts, result.counts)
    add(total.events, result.events)
    const { enter, read, readTogether, heldWhenKilled, readWhenKilled } = result.counts
    console.log(
      `round ${round.number}: ${enter} sections, ${read} shared ones, ${readTogether} of them beside others; ${heldWhenKilled} holders killed and ${readWhenKilled} shared ones; ${result.violations.length} violations`,
    )
    if (result.violations.length > 0) {
      console.log(JSON.stringify(result.violations.slice(0, 20), portrait, 1))
      console.log(result.said.join('\n').slice(0, 5000))
      console.log(`the journal is in ${result.folder}`)
      process.exitCode = 1
    }
  }
  console.log(JSON.stringify(total, undefined, 2))
}

function portrait(_key, value) {
  return typeof value === 'bigint' ? String(value) : value
}

function add(total, more) {
  for (const [key, value] of Object.entries(more)) {
    if (typeof value === 'object') {
      total[key] ??= {}
      add(total[key], value)
    } else {
      total[key] = (total[key] ?? 0) + value
    }
  }
}

main()
