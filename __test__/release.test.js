'use strict'

const assert = require('node:assert/strict')
const { once } = require('node:events')
const { test } = require('node:test')
const { Worker } = require('node:worker_threads')
const { LockError, lockFile } = require('..')
const { atEnd } = require('../tools/end')
const { lockPath } = require('../tools/folder')
const { startNode } = require('../tools/peer')

const notHeld = {
  name: 'LockError',
  code: 'ERR_LOCK_NOT_HELD',
  message: 'cannot release unlocked lock',
}

test('after release() returns, another process can have the lock', async (t) => {
  const path = lockPath(t)
  const other = await startNode(t)
  const lock = lockFile(path)
  for (let round = 0; round < 100; round += 1) {
    await lock.acquire()
    lock.release()
    assert.equal(await other.tryAcquire(path), true, `round ${round}`)
    await other.release(path)
  }
})

test('release() frees what another FileLock of the path acquired', async (t) => {
  const path = lockPath(t)
  const guard = await lockFile(path).acquire()
  lockFile(path).release()
  assert.equal(guard.released, true)
  lockFile(path).tryAcquire().release()
})

test('release() frees what another thread of the process acquired', async (t) => {
  const path = lockPath(t)
  const worker = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads')
     const { lockFile } = require(workerData.locket)
     lockFile(workerData.path).acquire().then(() => parentPort.postMessage('held'))
     parentPort.on('message', () => process.exit())`,
    { eval: true, workerData: { locket: require.resolve('..'), path } },
  )
  atEnd(t, () => worker.terminate())
  await once(worker, 'message')
  const lock = lockFile(path)
  assert.equal(lock.tryAcquire(), null)
  assert.equal(lock.locked, true)
  lock.release()
  lock.tryAcquire().release()
})

test('release() of a free lock throws the error of the original', (t) => {
  const path = lockPath(t)
  const release = () => lockFile(path).release()
  assert.throws(release, { ...notHeld, path })
  assert.throws(release, LockError)
  assert.throws(release, Error)
})

test('a second release() throws', async (t) => {
  const lock = lockFile(lockPath(t))
  await lock.acquire()
  lock.release()
  assert.throws(() => lock.release(), notHeld)
})

test('a process cannot release what another process holds', async (t) => {
  const path = lockPath(t)
  const holder = await startNode(t)
  await holder.acquire(path)
  assert.throws(() => lockFile(path).release(), notHeld)
  assert.equal(lockFile(path).tryAcquire(), null)
})

test('release() does not end an acquire that waits', async (t) => {
  const path = lockPath(t)
  const holder = await startNode(t)
  await holder.acquire(path)
  const pending = lockFile(path).acquire()
  assert.throws(() => lockFile(path).release(), notHeld)
  await holder.release(path)
  const guard = await pending
  guard.release()
})

test('a guard ends its own acquisition and no later one', async (t) => {
  const lock = lockFile(lockPath(t))
  const first = await lock.acquire()
  assert.equal(first.released, false)
  first.release()
  assert.equal(first.released, true)
  const second = await lock.acquire()
  first.release()
  assert.equal(lock.locked, true)
  assert.equal(second.released, false)
  second.release()
  assert.equal(lock.locked, false)
})
