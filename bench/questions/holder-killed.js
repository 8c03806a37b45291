'use strict'

// How long after the SIGKILL of the holder do we have the lock? It has ended when the kernel has torn
// its process down: a bare flock that waits for the same holder is the limit.

const { user, waits } = require('../support/hand-over')
const { hasBare, startBare, startChild, withFile } = require('../support/processes')
const { mapValues, othersOf, rounds } = require('../support/rounds')
const { median } = require('../support/statistics')

const KILLS = 6
const RIVALS = ['locket', 'fs-native-extensions', 'fs-ext']

/** By default proper-lockfile takes a lock for dead whose time stamp is 10 s old. */
const STALE_PATIENCE_MS = 20_000
/** npm's lockfile never does. */
const NEVER_PATIENCE_MS = 3_000

/** The holder dies; in milliseconds, or undefined where the patience did not last. */
async function kill(library, holding, file, patience) {
  const bare = library === 'bare'
  const waiter = bare ? startBare('lock', file) : startChild(__filename, 'user', library, file)
  const holder = startChild(__filename, 'user', holding, file)
  await holder.ask('acquire')
  waiter.send('acquire')
  await waits(library, waiter)
  const killed = Number(process.hrtime.bigint())
  holder.kill()
  const acquired = await waiter.next(patience)
  await waiter.kill()
  await holder.kill()
  return acquired && (acquired - killed) / 1e6
}

async function run({ count, quick, present }) {
  const names = present(RIVALS)
  if (hasBare()) names.push('bare')
  const samples = await rounds(count * KILLS, names, (name) =>
    withFile((file) => kill(name, name === 'bare' ? 'locket' : name, file)),
  )
  const middle = mapValues(samples, median)
  const others = othersOf(middle)
  if (!quick) {
    for (const [name, patience] of [
      ['proper-lockfile', STALE_PATIENCE_MS],
      ['lockfile', NEVER_PATIENCE_MS],
    ]) {
      if (present([name]).length === 0) continue
      const took = await withFile((file) => kill(name, name, file, patience))
      others[name] = took ?? `not in ${patience / 1000} s`
    }
  }
  return [
    {
      id: 'holder-killed',
      what: 'SIGKILL of the holder → acquire, p50',
      unit: 'ms',
      goal: { atMost: 2 },
      measured: middle.locket,
      limit: middle.bare && { value: middle.bare, what: 'a blocked flock in Rust, the same holder' },
      others,
    },
  ]
}

module.exports = { roles: { user }, run }
