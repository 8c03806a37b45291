'use strict'

// Every signal and every status, as flock(1) has them. A Python starts the wrappers: Node cannot tell
// which real-time signal has ended a child.

const assert = require('node:assert/strict')
const { constants } = require('node:os')
const { test } = require('node:test')
const { run } = require('../tools/child')
const { nativeOnly } = require('../tools/platform')
const { fixture, flock, locket, needs } = require('../tools/wrapper')

const flockOnly = needs('flock', 'python3')
/** An emulator keeps some signals for itself, or numbers them in its own way. */
const allSignalsOnly = { skip: flockOnly.skip || nativeOnly.skip }
const { SIGCHLD, SIGCONT, SIGURG, SIGWINCH } = constants.signals
const DO_NOTHING = [SIGCHLD, SIGCONT, SIGURG, SIGWINCH]

async function tableOf(t, table, wrapper) {
  const { status, out, err } = await run(t, 'python3', [fixture('wrapper.py'), table, ...wrapper])
  assert.equal(status, 0, err)
  return JSON.parse(out)
}

/** Runs both, and returns locket's table. */
async function sameTable(t, table) {
  const ours = await tableOf(t, table, locket)
  assert.deepEqual(ours, await tableOf(t, table, flock))
  return ours
}

test('each status of the command is the status of locket', flockOnly, async (t) => {
  const statuses = await sameTable(t, 'statuses')
  assert.equal(Object.keys(statuses).length, 256)
  for (const [wanted, status] of Object.entries(statuses)) assert.equal(status, Number(wanted))
})

test('each signal that kills the command gives 128 plus its number', allSignalsOnly, async (t) => {
  const statuses = await sameTable(t, 'killed')
  assert.equal(Object.keys(statuses).length, 60)
  for (const [signal, status] of Object.entries(statuses)) {
    assert.equal(status, DO_NOTHING.includes(Number(signal)) ? 0 : 128 + Number(signal))
  }
})

test(
  'each signal sent to locket ends the command first, and locket by the same signal',
  allSignalsOnly,
  async (t) => {
    const ours = await tableOf(t, 'dying', locket)
    assert.equal(Object.keys(ours).length, 56)
    for (const [signal, [status, command]] of Object.entries(ours)) {
      assert.equal(status, -Number(signal))
      // Of SIGKILL nothing can be passed on.
      assert.equal(command, Number(signal) === constants.signals.SIGKILL ? 'runs' : 'ended', signal)
    }
    const flocks = await tableOf(t, 'dying', flock)
    assert.deepEqual(
      Object.values(ours).map(([status]) => status),
      Object.values(flocks).map(([status]) => status),
    )
  },
)

test('each signal sent to locket reaches the command once while the lock is held', flockOnly, async (t) => {
  const { status, rest, ...signals } = await tableOf(t, 'caught', locket)
  assert.equal(Object.keys(signals).length, 53)
  for (const [sent, [received, taken]] of Object.entries(signals)) {
    assert.deepEqual([sent, received, taken], [sent, Number(sent), true])
  }
  assert.deepEqual({ status, rest }, { status: 9, rest: '' })
})
