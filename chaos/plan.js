'use strict'

// What happens in a round, and when: the seed alone decides.

const { Random } = require('../tools/random')

const ROUND = 10_000
/** The mean time between two events, in milliseconds. */
const BETWEEN = 120
const LONGEST_TROUBLE = 600

/** How often each event comes, beside the others. */
const WEIGHTS = {
  kill: 6,
  crash: 6,
  abort: 1,
  exit: 2,
  stop: 5,
  terminate: 8,
  exhaust: 3,
  rename: 3,
  fill: 3,
  readonly: 3,
  replace: 8,
  clock: 4,
}

const NEEDS_NODE = ['crash', 'abort', 'exit', 'terminate', 'exhaust']
const LASTS = ['stop', 'exhaust', 'rename', 'fill', 'readonly']

/** Where in its section a process ends. */
const PHASES = ['before writing', 'after writing', 'after leaving', 'reading', 'downgraded']

/** Who takes part. `files` are shared by all; the others are for those who look whether a file was replaced. */
const SETUPS = [
  { node: 3, workers: 2, tasks: 2, python: 1, flock: 1, shared: 1, deleted: 1, small: 1, replaced: 1 },
  { node: 2, workers: 1, tasks: 4, python: 2, flock: 1, shared: 4, deleted: 3, small: 2, replaced: 2 },
  { node: 2, workers: 2, tasks: 8, python: 1, flock: 1, shared: 40, deleted: 20, small: 10, replaced: 10 },
]

/** The rounds of so many minutes; `can` names the events that this machine allows. */
function makePlan(seed, minutes, can) {
  const rounds = Math.max(1, Math.round((minutes * 60_000) / ROUND))
  return Array.from({ length: rounds }, (_, number) => makeRound(seed, number, can))
}

function makeRound(seed, number, can) {
  const random = Random.of(seed, `round ${number}`)
  const setup = SETUPS[number % SETUPS.length]
  const lots = Object.entries(WEIGHTS).flatMap(([kind, weight]) => Array(weight).fill(kind))
  const events = []
  for (let at = 500; at < ROUND; at += random.between(1, 2 * BETWEEN)) {
    const kind = random.pick(lots)
    const event = { at, kind }
    if (NEEDS_NODE.includes(kind)) event.target = `node${random.between(0, setup.node - 1)}`
    else if (kind === 'kill' || kind === 'stop') event.target = random.pick(peersOf(setup))
    if (kind === 'rename') event.folder = random.pick(['shared', 'deleted', 'replaced'])
    if (kind === 'readonly') event.folder = random.pick(['deleted', 'replaced', 'small'])
    if (LASTS.includes(kind)) event.lasts = random.between(10, LONGEST_TROUBLE)
    if (kind === 'terminate') event.index = random.between(0, setup.workers - 1)
    if (kind === 'crash') event.phase = random.pick(PHASES)
    if (kind === 'replace') event.file = random.between(0, setup.replaced - 1)
    if (kind === 'replace') event.how = random.pick(['delete', 'rename over'])
    if (kind === 'clock') event.offset = random.pick(['+1d', '-1d', '+2h', '-2h', '+30s', '-30s', '+0'])
    if (can.includes(kind)) events.push(event)
  }
  return { seed, number, length: ROUND, setup, events }
}

function peersOf(setup) {
  return ['node', 'python', 'flock'].flatMap((kind) =>
    Array.from({ length: setup[kind] }, (_, i) => `${kind}${i}`),
  )
}

module.exports = { EVENTS: Object.keys(WEIGHTS), makePlan, peersOf }
