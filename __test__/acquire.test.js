'use strict'

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { lockFile } = require('..')
const { lockPath } = require('../tools/folder')
const { startNode } = require('../tools/peer')

test('acquire() of a free lock returns a guard that releases it', async (t) => {
  const lock = lockFile(lockPath(t))
  assert.equal(lock.locked, false)
  const guard = await lock.acquire()
  assert.equal(lock.locked, true)
  guard.release()
  assert.equal(lock.locked, false)
})

test('acquire(30) and acquire({ timeout: 30 }) are the same', async (t) => {
  const lock = lockFile(lockPath(t))
  for (const options of [30, { timeout: 30 }]) {
    const guard = await lock.acquire(options)
    guard.release()
  }
})

test('the timeout of lockFile() applies to each acquire without one', async (t) => {
  const path = lockPath(t)
  const lock = lockFile(path, { timeout: 0 })
  await lock.acquire()
  await assert.rejects(lock.acquire(), { code: 'ERR_LOCK_TIMEOUT' })
  await assert.rejects(lock.acquire({}), { code: 'ERR_LOCK_TIMEOUT' })
  const patient = lock.acquire(null)
  lock.release()
  await patient
  lock.release()
})

test('a held lock excludes another process until it is released', async (t) => {
  const path = lockPath(t)
  const [first, second] = await Promise.all([startNode(t), startNode(t)])
  await first.acquire(path)
  assert.equal(await second.tryAcquire(path), false)
  await first.release(path)
  assert.equal(await second.tryAcquire(path), true)
})

test('a held lock excludes another FileLock of its process', async (t) => {
  const path = lockPath(t)
  const guard = await lockFile(path).acquire()
  assert.equal(lockFile(path).tryAcquire(), null)
  guard.release()
  lockFile(path).tryAcquire().release()
})

test('a second acquire in the same process waits like any other', async (t) => {
  const lock = lockFile(lockPath(t))
  const first = await lock.acquire()
  let granted = false
  const second = lock.acquire().then((guard) => {
    granted = true
    return guard
  })
  await assert.rejects(lock.acquire(0.05), { code: 'ERR_LOCK_TIMEOUT' })
  assert.equal(granted, false)
  first.release()
  const guard = await second
  guard.release()
})

test('release() wakes a process that waits', async (t) => {
  const path = lockPath(t)
  const [holder, waiter] = await Promise.all([startNode(t), startNode(t)])
  await holder.acquire(path)
  const granted = waiter.acquire(path)
  await waiter.waiting()
  await holder.release(path)
  await granted
  assert.equal(await holder.tryAcquire(path), false)
})

test('acquires of one process are granted in order of arrival', async (t) => {
  const path = lockPath(t)
  const holder = await startNode(t)
  await holder.acquire(path)
  const order = []
  const pending = Array.from({ length: 50 }, async (_, number) => {
    const guard = await lockFile(path).acquire()
    order.push(number)
    guard.release()
  })
  await holder.release(path)
  await Promise.all(pending)
  assert.deepEqual(
    order,
    [...order].sort((a, b) => a - b),
  )
  assert.equal(order.length, 50)
})

test('locks of different files do not exclude each other', async (t) => {
  const one = await lockFile(lockPath(t)).acquire()
  const other = await lockFile(lockPath(t)).acquire(0)
  one.release()
  other.release()
})
