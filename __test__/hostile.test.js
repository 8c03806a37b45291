'use strict'

// What the fuzzer found (fuzz.test.js), each fault by its name.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { lockFile } = require('..')
const { lockPath } = require('../tools/folder')
const { Hostile, oddities, refuse } = require('../tools/hostile')

/** A signal that is not Node's. */
const signalWith = (own) => ({ aborted: false, addEventListener() {}, removeEventListener() {}, ...own })

test('a signal whose addEventListener() throws rejects the acquire, which leaves the queue', async (t) => {
  const lock = lockFile(lockPath(t))
  const holder = lock.tryAcquire()
  await assert.rejects(lock.acquire({ signal: signalWith({ addEventListener: refuse }) }), Hostile)
  holder.release()
  assert.equal(lock.locked, false, 'the refused one got the lock')
  const free = lock.acquire({ signal: signalWith({ addEventListener: refuse }) })
  await assert.rejects(free, Hostile)
  assert.equal(lock.locked, false)
})

test('a signal whose removeEventListener() throws does not change the outcome', async (t) => {
  const lock = lockFile(lockPath(t))
  const holder = lock.tryAcquire()
  const signal = signalWith({ removeEventListener: refuse })
  const acquires = [lock.acquire({ signal }), lock.acquire()]
  holder.release()
  for (const acquire of acquires) (await acquire).release()
  assert.equal(lock.locked, false)
})

test('a signal without a reason aborts with an AbortError', async (t) => {
  const lock = lockFile(lockPath(t))
  const holder = lock.tryAcquire()
  const refusal = { name: 'AbortError' }
  await assert.rejects(lock.acquire({ signal: { aborted: true, addEventListener() {} } }), refusal)
  const addEventListener = (_type, listener) => setImmediate(listener)
  await assert.rejects(lock.acquire({ signal: signalWith({ addEventListener }) }), refusal)
  holder.release()
})

test('a file: URL that cannot be decoded is refused with a code', () => {
  assert.throws(() => lockFile(new URL('file:///%E0%A4%A')), { code: 'ERR_INVALID_ARG_VALUE' })
})

test('a value that throws when it is read is refused with a code', async (t) => {
  const lock = lockFile(lockPath(t))
  for (const make of oddities.slice(0, 8)) {
    await assert.rejects(
      lock.acquire({ onWait: {}, signal: make() }).then((guard) => guard.release()),
      (error) => typeof error.code === 'string',
    )
  }
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  assert.throws(() => lockFile(proxy), { code: 'ERR_INVALID_ARG_TYPE' })
  assert.throws(() => lockFile('x', proxy), { code: 'ERR_INVALID_ARG_VALUE' })
  await assert.rejects(lock.acquire(proxy), { code: 'ERR_INVALID_ARG_VALUE' })
})
