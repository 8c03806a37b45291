'use strict'

const assert = require('node:assert/strict')
const { test } = require('node:test')
const fc = require('fast-check')
const retry = require('retry')
const { parseLockOptions } = require('../lib/options.js')

const waitLimit = (retries) => parseLockOptions({ retries }, false).waitLimit
const sum = (delays) => delays.reduce((total, delay) => total + delay, 0)

const options = fc.record(
  {
    retries: fc.integer({ min: 0, max: 30 }),
    factor: fc.double({ min: 0.5, max: 3, noNaN: true }),
    minTimeout: fc.integer({ min: 0, max: 5000 }),
    maxTimeout: fc.integer({ min: 5000, max: 60_000 }),
  },
  { requiredKeys: [] },
)

test('the deadline is the sum of the delays of the package retry', () => {
  fc.assert(
    fc.property(options, (given) => assert.equal(waitLimit(given), sum(retry.timeouts(given)))),
    { numRuns: 500 },
  )
  for (const count of [1, 3, 10]) assert.equal(waitLimit(count), sum(retry.timeouts({ retries: count })))
  assert.equal(waitLimit([5, 20, 10]), 35)
})

test('an object without retries means ten of them, from one second, doubling', () => {
  assert.equal(waitLimit({}), 1_023_000)
  assert.equal(waitLimit({ maxTimeout: 1000 }), 10_000)
})

test('a random factor makes each delay up to twice as long', () => {
  for (let round = 0; round < 100; round += 1) {
    const time = waitLimit({ retries: 3, minTimeout: 100, factor: 1, randomize: true })
    assert.ok(time >= 300 && time <= 600, `${time}`)
  }
})

test('no retries mean no time', () => {
  for (const none of [0, undefined, null, false, '', Number.NaN, -1, [], { retries: 0 }]) {
    assert.equal(waitLimit(none), 0, JSON.stringify(none))
  }
})

test('forever and Infinity have no end but maxRetryTime', () => {
  assert.equal(waitLimit(Number.POSITIVE_INFINITY), Number.POSITIVE_INFINITY)
  assert.equal(waitLimit({ retries: Number.POSITIVE_INFINITY, factor: 1 }), Number.POSITIVE_INFINITY)
  assert.equal(waitLimit({ forever: true }), Number.POSITIVE_INFINITY)
  assert.equal(waitLimit({ forever: true, retries: 0 }), Number.POSITIVE_INFINITY)
  assert.equal(waitLimit({ forever: true, maxRetryTime: 70 }), 70)
  assert.equal(waitLimit({ retries: 5, maxRetryTime: 70 }), 70)
  assert.equal(waitLimit({ retries: 1, minTimeout: 50, maxRetryTime: 70 }), 50)
  assert.equal(waitLimit({ retries: 1, minTimeout: 50, maxRetryTime: 0 }), 50)
})

test('a million retries are added up at once', () => {
  assert.equal(waitLimit({ retries: 1e6, minTimeout: 10, factor: 1 }), 1e7)
})
