'use strict'

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { setImmediate: nextTurn } = require('node:timers/promises')
const { lockFile } = require('..')
const { lockPath } = require('../tools/folder')
const { peerTakesFree, takeFree } = require('../tools/free')
const { startNode } = require('../tools/peer')
const { notOnWindows } = require('../tools/platform')
const { blockPool } = require('../tools/pool')
const { resources, untilResourcesAre } = require('../tools/resources')
const { within } = require('../tools/until')

const pipesOnly = notOnWindows('Windows has no named pipes among its files')

const timedOut = { name: 'LockError', code: 'ERR_LOCK_TIMEOUT' }

/** Holds the lock of a new file in another process. */
async function held(t) {
  const path = lockPath(t)
  const holder = await startNode(t)
  await holder.acquire(path)
  return { path, holder }
}

test('acquire(1) on a lock of another process rejects after one second and no earlier', async (t) => {
  const { path } = await held(t)
  const before = await resources()
  const begin = performance.now()
  await assert.rejects(lockFile(path).acquire(1), { ...timedOut, path })
  assert.ok(performance.now() - begin >= 1000)
  await untilResourcesAre(before)
})

test('acquire(1) on a lock of this process rejects after one second and no earlier', async (t) => {
  const lock = lockFile(lockPath(t))
  await lock.acquire()
  const begin = performance.now()
  await assert.rejects(lock.acquire(1), { ...timedOut, path: lock.path })
  assert.ok(performance.now() - begin >= 1000)
  lock.release()
})

test('a timeout of zero is one attempt: granted when free, refused when taken', async (t) => {
  const { path, holder } = await held(t)
  const lock = lockFile(path)
  await assert.rejects(lock.acquire(0), timedOut)
  await holder.release(path)
  await lock.acquire(0)
  await assert.rejects(lock.acquire(0), timedOut)
  lock.release()
})

test('the deadline is one for the whole acquire, not one for each stage', async (t) => {
  const { path, holder } = await held(t)
  const lock = lockFile(path)
  const first = lock.acquire()
  const outcome = assert.rejects(lock.acquire(1), timedOut)
  // Two timers of one event loop fire in order, however late: a deadline that began anew with the
  // second stage would come after this.
  let tooLate = false
  const reference = setTimeout(() => {
    tooLate = true
  }, 1600)
  await new Promise((resolve) => setTimeout(resolve, 800))
  // So far behind another process, from here on behind an acquire of this one.
  await holder.release(path)
  await first
  await outcome
  clearTimeout(reference)
  assert.equal(tooLate, false)
  lock.release()
})

test('a timeout that no timer can count to does not end at once', async (t) => {
  const { path, holder } = await held(t)
  const pending = [3e6, 1e12, Number.MAX_VALUE, Number.POSITIVE_INFINITY].map((timeout) =>
    lockFile(path).acquire(timeout),
  )
  await assert.rejects(lockFile(path).acquire(0.1), timedOut)
  await holder.release(path)
  for (const acquired of pending) {
    const guard = await acquired
    guard.release()
  }
})

test('a timeout removes its acquire from the queue and keeps the order', async (t) => {
  const { path, holder } = await held(t)
  const lock = lockFile(path)
  const order = []
  const acquire = async (name, timeout) => {
    const guard = await lock.acquire(timeout)
    order.push(name)
    guard.release()
  }
  const first = acquire('first')
  const impatient = [0.01, 0.02, 0.03].map((timeout) => assert.rejects(acquire('never', timeout), timedOut))
  const second = acquire('second')
  await Promise.all(impatient)
  await holder.release(path)
  await Promise.all([first, second])
  assert.deepEqual(order, ['first', 'second'])
})

test('thousands of timeouts leave no descriptor, no thread and no queue entry', async (t) => {
  const { path, holder } = await held(t)
  const lock = lockFile(path)
  const before = await resources()
  for (let round = 0; round < 300; round += 1) await assert.rejects(lock.acquire(0.0001), timedOut)
  const acquires = Array.from({ length: 3000 }, (_, n) => assert.rejects(lock.acquire(n / 30_000), timedOut))
  await Promise.all(acquires)
  await untilResourcesAre(before)
  await holder.release(path)
  const guard = await takeFree(lock)
  guard.release()
})

test('a timed-out acquire never holds the lock', async (t) => {
  const path = lockPath(t)
  const other = await startNode(t)
  const done = other.run(async ({ lockFile }, path) => {
    const { setTimeout: sleep } = require('node:timers/promises')
    for (let round = 0; round < 300; round += 1) {
      const guard = await lockFile(path).acquire()
      await sleep(1)
      guard.release()
      await sleep(1)
    }
  }, path)
  let running = true
  done.finally(() => {
    running = false
  })
  const lock = lockFile(path)
  const count = { granted: 0, refused: 0 }
  while (running) {
    try {
      const guard = await lock.acquire(0.01 * Math.random())
      assert.equal(lock.locked, true)
      count.granted += 1
      guard.release()
    } catch (error) {
      assert.equal(error.code, 'ERR_LOCK_TIMEOUT')
      count.refused += 1
    }
    assert.equal(lock.locked, false)
  }
  await done
  assert.ok(count.granted > 0 && count.refused > 0, JSON.stringify(count))
  await peerTakesFree(other, path)
})

test('a free lock is granted with every timeout', async (t) => {
  const lock = lockFile(lockPath(t))
  for (const timeout of [0, 1e-300, 1e-9, 1e-6, 1e-4, 1e-3, 2 ** 31, 1e308, Infinity]) {
    lock.acquireSync(timeout).release()
    const guard = await lock.acquire(timeout)
    guard.release()
  }
})

test('a free lock is granted with every timeout while the pool stands still', pipesOnly, async (t) => {
  const before = await resources()
  const free = blockPool(t)
  for (const shared of [false, true]) {
    for (const timeout of [0, 1e-300, 0.001, 0.05, 0.3]) {
      const lock = lockFile(lockPath(t))
      const guard = await within(lock.acquire({ timeout, shared }), 'a free lock')
      assert.equal(lock.tryAcquire(), null)
      guard.release()
      lock.tryAcquire().release()
    }
  }
  // At once for all, and none is left on the pool.
  const locks = Array.from({ length: 100 }, () => lockFile(lockPath(t)))
  const guards = await within(Promise.all(locks.map((lock) => lock.acquire(0.05))), '100 locks')
  for (const guard of guards) guard.release()
  await free()
  await untilResourcesAre(before)
})

test('an acquire behind one that waits for the pool is answered when that one is', pipesOnly, async (t) => {
  blockPool(t)
  const uses = [
    (lock) => assert.equal(lock.tryAcquire(), null),
    (lock) => assert.rejects(lock.acquire(0), timedOut),
    (lock) => assert.rejects(lock.acquire(0.05), timedOut),
    (lock) => assert.throws(() => lock.acquireSync(0.05), timedOut),
  ]
  for (const use of uses) {
    const lock = lockFile(lockPath(t))
    const first = lock.acquire()
    await within(use(lock), 'a refusal')
    const guard = await within(first, 'the lock')
    guard.release()
  }
})

test('an acquire that is over leaves no timer', pipesOnly, async (t) => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
  const free = blockPool(t)
  const before = timers()
  const locks = Array.from({ length: 300 }, () => lockFile(lockPath(t)))
  for (let round = 0; round < 10; round += 1) {
    const guards = await within(Promise.all(locks.map((lock) => lock.acquire(0.02))), 'the locks')
    for (const guard of guards) guard.release()
    await nextTurn()
    assert.ok(timers() <= before)
  }
  await free()
})

test('a lock that is held is refused in time while the pool stands still', pipesOnly, async (t) => {
  const { path, holder } = await held(t)
  const free = blockPool(t)
  const lock = lockFile(path)
  for (const timeout of [0, 0.001, 0.05]) {
    await assert.rejects(within(lock.acquire(timeout), 'a refusal'), timedOut)
  }
  const first = lock.acquire()
  await assert.rejects(within(lock.acquire(0.05), 'a refusal behind another'), timedOut)
  await holder.release(path)
  await free()
  const guard = await within(first, 'the lock')
  guard.release()
})
