'use strict'

// The command line in a terminal: keys, a hang-up, modes.

const assert = require('node:assert/strict')
const { constants } = require('node:os')
const { test } = require('node:test')
const { run } = require('../tools/child')
const { fixture, flock, locket, needs } = require('../tools/wrapper')

const { SIGHUP, SIGINT, SIGQUIT } = constants.signals
const terminalOnly = needs('flock', 'python3', 'bash')

async function see(t, scene, wrapper = locket) {
  const { status, out, err } = await run(t, 'python3', [fixture('terminal.py'), scene, ...wrapper])
  assert.equal(status, 0, err)
  return JSON.parse(out)
}

test('Ctrl-C reaches a command that catches it once', terminalOnly, async (t) => {
  assert.deepEqual(await see(t, 'interrupt_caught'), { count: 1, status: 0 })
})

test('Ctrl-\\ reaches a command that catches it once', terminalOnly, async (t) => {
  assert.deepEqual(await see(t, 'quit_caught'), { count: 1, status: 0 })
})

test('Ctrl-\\ ends the command, and locket by the same signal', terminalOnly, async (t) => {
  assert.deepEqual(await see(t, 'quit'), { status: -SIGQUIT, taken: false })
})

test('Ctrl-C ends the loop of a script, as under flock(1)', terminalOnly, async (t) => {
  const seen = await see(t, 'interrupt_loop')
  assert.deepEqual(seen, { status: -SIGINT, rounds: 1, went_on: false })
  assert.deepEqual(seen, await see(t, 'interrupt_loop', flock))
})

test(
  'Ctrl-Z stops both while the lock is held, and fg goes on, as under flock(1)',
  terminalOnly,
  async (t) => {
    const seen = await see(t, 'stop_and_go_on')
    assert.deepEqual(seen, { taken: true, status: 7, free: true })
    assert.deepEqual(seen, await see(t, 'stop_and_go_on', flock))
  },
)

test('a command that survives a hang-up ends with its own status', terminalOnly, async (t) => {
  assert.deepEqual(await see(t, 'hang_up_survived'), { status: 7, taken: false })
})

test('a hang-up ends the command, and locket by the same signal', terminalOnly, async (t) => {
  assert.deepEqual(await see(t, 'hang_up_followed'), { status: -SIGHUP, taken: false })
})

test('the modes of the terminal are left as the command leaves them', terminalOnly, async (t) => {
  const seen = await see(t, 'modes')
  assert.deepEqual(seen, { given: true, left: true })
  assert.deepEqual(seen, await see(t, 'modes', flock))
})
