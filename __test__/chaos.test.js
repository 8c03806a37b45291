'use strict'

// The chaos is run by `npm run chaos`; these are the tests of what judges it.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { Checker } = require('../chaos/checker')
const { parse } = require('../chaos/journal')
const { EVENTS, makePlan } = require('../chaos/plan')

/** What the checker finds wrong with a journal. */
function faults(...lines) {
  return new Checker().check(parse(lines.join('\n'))).violations.map(({ what }) => what)
}

test('one after the other is right, in every file for itself', () => {
  const found = faults(
    'enter node0.1.main 1 shared0 10 0 -',
    'enter node0.1.main 2 shared1 11 0 -',
    'leave node0.1.main 1 shared0 20 1 -',
    'enter flock0.1 1 shared0 - 1 -',
    'leave flock0.1 1 shared0 - 2 -',
    'leave node0.1.main 2 shared1 21 1 -',
    'timeout node0.1.main 0.05 0.051',
    'refused node0.1.main ENOENT',
  )
  assert.deepEqual(found, [])
})

test('two at once are found', () => {
  const found = faults('enter node0.1.main 1 shared0 10 0 -', 'enter node0.1.w0x1 1 shared0 11 0 -')
  assert.deepEqual(found, ['two at once'])
})

test('two at once are found where files are replaced, if it was the same file', () => {
  const entries = (first, second) => [
    `enter node0.1.main 1 replaced0 10 0 ${first}`,
    `enter node1.1.main 1 replaced0 11 0 ${second}`,
  ]
  assert.deepEqual(faults(...entries(77, 77)), ['two at once'])
  assert.deepEqual(faults(...entries(77, 78)), [])
})

test('two at once are found though one of them will be killed later', () => {
  const found = faults(
    'enter node0.1.main 1 shared0 10 0 -',
    'enter node1.1.main 1 shared0 11 0 -',
    'killing node0.1',
    'died node0.1',
  )
  assert.deepEqual(found, ['two at once'])
})

test('who is being killed may be followed, and has written or has not', () => {
  for (const value of [0, 1]) {
    const found = faults(
      'enter node0.1.w1x1 1 shared0 10 0 -',
      'killing node0.1',
      `enter python0.1.t0 1 shared0 12 ${value} -`,
      'died node0.1',
    )
    assert.deepEqual(found, [])
  }
})

test('who ended by itself is found, and may have been followed before that was known', () => {
  const journal = ['enter node0.1.main 1 shared0 10 0 -', 'enter node1.1.main 1 shared0 11 0 -']
  const ended = ['ended node0.1 SIGSEGV', 'died node0.1']
  assert.deepEqual(faults(...journal, ...ended), ['ended by itself'])
  const late = faults(...journal, 'leave node0.1.main 1 shared0 12 1 -', ...ended)
  assert.ok(late.includes('went on after its death'))
})

test('a dead holder that goes on is found', () => {
  const found = faults(
    'enter node0.1.w1x1 1 shared0 10 0 -',
    'killing node0.1.w1x1',
    'enter node0.1.main 1 shared0 12 0 -',
    'leave node0.1.w1x1 1 shared0 13 1 -',
  )
  assert.ok(found.includes('went on after its death'))
})

test('a lost update is found', () => {
  const first = ['enter node0.1.main 1 shared0 10 5 -', 'leave node0.1.main 1 shared0 20 6 -']
  assert.equal(faults(...first).length, 1, 'a counter begins at nothing')
  const found = faults(
    'enter node0.1.main 1 shared0 10 0 -',
    'leave node0.1.main 1 shared0 20 1 -',
    'enter node1.1.main 1 shared0 30 0 -',
  )
  assert.deepEqual(found, ['an update was lost: expected 1'])
})

test('several readers overlap, between writers', () => {
  const found = faults(
    'enter node0.1.main 1 shared0 10 0 -',
    'leave node0.1.main 1 shared0 20 1 -',
    'read node1.1.main 1 shared0 21 1 -',
    'read flock0.1 1 shared0 - 1 -',
    'read node1.1.main 2 shared0 22 1 -',
    'unread node1.1.main 1 shared0 30 1 -',
    'unread flock0.1 1 shared0 - 1 -',
    'unread node1.1.main 2 shared0 23 1 -',
    'enter python0.1.t0 1 shared0 31 1 -',
    'leave python0.1.t0 1 shared0 32 2 -',
  )
  assert.deepEqual(found, [])
})

test('a writer beside a reader is found, whoever comes first', () => {
  const read = 'read node0.1.main 1 shared0 10 0 -'
  const enter = 'enter node1.1.main 1 shared0 11 0 -'
  assert.deepEqual(faults(read, enter), ['a writer beside a reader'])
  assert.deepEqual(faults(enter, read), ['a reader beside a writer'])
})

test('a writer beside one reader of several is found', () => {
  const found = faults(
    'read node0.1.main 1 shared0 10 0 -',
    'read node0.1.main 2 shared0 11 0 -',
    'unread node0.1.main 2 shared0 12 0 -',
    'enter node1.1.main 1 shared0 13 0 -',
  )
  assert.deepEqual(found, ['a writer beside a reader'])
})

test('a writer that is not in the journal is found by what a reader reads', () => {
  const read = 'read node0.1.main 1 shared0 10 0 -'
  const found = faults(read, 'unread node0.1.main 1 shared0 20 1 -')
  assert.deepEqual(found, ['written beside a reader'])
  assert.deepEqual(faults('read node0.1.main 1 shared0 10 7 -'), ['an update was lost: expected 0'])
})

test('a reader that is being killed may be followed by a writer, and goes on no more', () => {
  const journal = [
    'read node0.1.main 1 shared0 10 0 -',
    'read node2.1.main 1 shared0 10 0 -',
    'unread node2.1.main 1 shared0 10 0 -',
    'killing node0.1',
    'enter node1.1.main 1 shared0 12 0 -',
    'leave node1.1.main 1 shared0 13 1 -',
  ]
  assert.deepEqual(faults(...journal, 'died node0.1'), [])
  assert.ok(faults(...journal, 'unread node0.1.main 1 shared0 14 0 -').includes('went on after its death'))
})

test('a killed reader leaves the others inside', () => {
  const found = faults(
    'read node0.1.main 1 shared0 10 0 -',
    'read node1.1.main 1 shared0 10 0 -',
    'killing node0.1',
    'died node0.1',
    'enter node2.1.main 1 shared0 12 0 -',
  )
  assert.deepEqual(found, ['a writer beside a reader'])
})

test('what the first reader finds after a killed writer, the others find too', () => {
  const found = faults(
    'enter node0.1.main 1 shared0 10 0 -',
    'killing node0.1',
    'read node1.1.main 1 shared0 12 1 -',
    'read node2.1.main 1 shared0 13 0 -',
    'died node0.1',
  )
  assert.deepEqual(found, ['an update was lost: expected 1'])
})

test('a downgraded writer is a reader before all others', () => {
  const lower = ['enter node0.1.main 1 shared0 10 0 -', 'lower node0.1.main 1 shared0 20 1 -']
  const read = 'read node1.1.main 1 shared0 19 1 -'
  assert.deepEqual(faults(...lower, read, 'unread node0.1.main 1 shared0 30 1 -'), [])
  const enter = 'enter node1.1.main 1 shared0 21 1 -'
  assert.deepEqual(faults(...lower, enter), ['a writer beside a reader'])
  assert.deepEqual(faults(...lower, 'unread node0.1.main 1 shared0 30 2 -'), ['written beside a reader'])
})

test('readers and writers whose times overlap are found, whatever the order of the lines', () => {
  const read = ['read node0.1.main 1 shared0 10 0 -', 'unread node0.1.main 1 shared0 20 0 -']
  assert.deepEqual(faults(...read, 'enter node1.1.main 1 shared0 19 0 -'), [
    'entered before a reader had left',
  ])
  const write = ['enter node0.1.main 1 shared0 10 0 -', 'leave node0.1.main 1 shared0 20 1 -']
  assert.deepEqual(faults(...write, 'read node1.1.main 1 shared0 19 1 -'), [
    'read before the writer had left',
  ])
})

test('who ends to read without having begun is found', () => {
  assert.deepEqual(faults('unread node0.1.main 1 shared0 10 0 -'), ['left without reading'])
})

test('times that overlap are found, whatever the order of the lines', () => {
  const found = faults(
    'enter node0.1.main 1 shared0 10 0 -',
    'leave node0.1.main 1 shared0 20 1 -',
    'enter node1.1.main 1 shared0 19 1 -',
  )
  assert.deepEqual(found, ['entered before the former had left'])
})

test('timeouts that come early or never, unknown errors and what is left behind are found', () => {
  assert.deepEqual(faults('timeout node0.1.main 0.5 0.4'), ['timed out too early'])
  assert.deepEqual(faults('timeout node0.1.main 0.5 86400'), ['timed out too late'])
  assert.deepEqual(faults('refused node0.1.main EBADF'), ['refused for no reason'])
  assert.deepEqual(faults('leak node0.1.main /some.lock'), ['something was left behind'])
})

test('a line that is no record is no silence', () => {
  assert.throws(() => faults('entr node0.1.main'), /no record/)
})

test('the same seed makes the same plan, another seed another', () => {
  const plan = (seed) => makePlan(seed, 1, EVENTS)
  assert.deepEqual(plan(7), plan(7))
  assert.notDeepEqual(plan(7), plan(8))
  const kinds = new Set(plan(7).flatMap(({ events }) => events.map(({ kind }) => kind)))
  assert.deepEqual([...kinds].toSorted(), EVENTS.toSorted())
})
