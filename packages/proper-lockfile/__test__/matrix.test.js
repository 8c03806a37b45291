'use strict'

// A short run of `npm run matrix`, and what it takes for a fault.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { temporaryFolder } = require('../../../tools/folder')
const { kindsOf, runMatrix } = require('../../../tools/matrix')
const { judge } = require('../../../tools/matrix-judge')
const { signalsOnly } = require('../../../tools/platform')

test(
  'old copies and this one, killed and stopped at random, never share the lock',
  signalsOnly,
  async (t) => {
    const result = await runMatrix({
      folder: temporaryFolder(t),
      kinds: kindsOf('proper-lockfile'),
      copies: 2,
      seconds: 10,
    })
    t.diagnostic(JSON.stringify(result))
    assert.deepEqual(result.faults, {})
    for (const { done } of Object.values(result.counts)) assert.ok(done > 0, 'each kind has had sections')
  },
)

const [old, ours] = kindsOf('proper-lockfile')
const member = (kind, { stops = [], killed = Infinity } = {}) => ({ kind, stops, killed })

test('two of this package in a section at once are a fault, also of one that was stopped', () => {
  const members = new Map([
    [1, member(ours, { stops: [{ from: 1000, to: 9000 }] })],
    [2, member(ours)],
    [3, member(old)],
  ])
  const overlaps = [
    { by: 2, other: 1, at: 5000 },
    { by: 3, other: 1, at: 5000 },
  ]
  const { faults } = judge({ ledger: '', overlaps, members })
  assert.deepEqual(faults, { 'new overlaps new': 1, 'old overlaps new': 1 })
})

test('the witness of a process that is being killed is no fault, and that of one killed later is', () => {
  const members = new Map([
    [1, member(ours, { killed: 1000 })],
    [2, member(ours)],
  ])
  const overlap = (at) => judge({ ledger: '', overlaps: [{ by: 2, other: 1, at }], members })
  assert.deepEqual(overlap(1000).robbed, {})
  assert.deepEqual(overlap(1001).faults, {})
  assert.deepEqual(overlap(999).faults, { 'new overlaps new': 1 })
})

test('a lost update is a fault unless it is one of an old copy that was stopped', () => {
  const ledger = '1 1 1000\n2 1 2000\n2 2 2001\n'
  const judged = (first) =>
    judge({
      ledger,
      overlaps: [],
      members: new Map([
        [1, first],
        [2, member(ours)],
      ]),
    })
  const lost = { 'new loses an update of new': 1 }
  assert.deepEqual(judged(member(ours)).faults, lost)
  assert.deepEqual(judged(member(ours, { stops: [{ from: 0, to: 1900 }] })).faults, lost)
  const { lost: told, faults } = judged(member(old, { stops: [{ from: 0, to: 1900 }] }))
  assert.deepEqual({ told, faults }, { told: { 'new loses an update of old': 1 }, faults: {} })
})
