'use strict'

// acquireSync(): the calling thread waits (rule 19). tryAcquire(): no wait.

const assert = require('node:assert/strict')
const { pbkdf2 } = require('node:crypto')
const path = require('node:path')
const { test } = require('node:test')
const { promisify } = require('node:util')
const { lockFile } = require('..')
const { lockPath } = require('../tools/folder')
const { peerTakesFree } = require('../tools/free')
const { startNode } = require('../tools/peer')
const { startThread } = require('../tools/thread')
const { within } = require('../tools/until')

/** Ends a test that would hang while this thread waits; in seconds. */
const HANGING = 30

/** A worker that holds the lock of the file until it is told anything. */
function startHolder(t, file) {
  const hold = async ({ lockFile, tell, told }, file) => {
    const guard = await lockFile(file).acquire()
    tell('holds')
    await told()
    guard.release()
  }
  return startThread(t, hold, file)
}

/** Acquires in the peer's own thread; answers how that ended, and what it cost. */
function acquireSyncIn(peer, file, timeout) {
  const work = ({ lockFile, tell }, file, timeout) => {
    const before = process.cpuUsage()
    const onWait = (holder) => tell('waiting', holder)
    const end = { acquired: false }
    try {
      lockFile(file).acquireSync({ timeout, onWait })
      end.acquired = true
    } catch (error) {
      end.code = error.code
    }
    const { user, system } = process.cpuUsage(before)
    return { ...end, cpu: (user + system) / 1e6 }
  }
  return peer.run(work, file, timeout ?? null)
}

test('acquireSync() acquires a free lock, with the timeout or the options that acquire() takes', (t) => {
  const lock = lockFile(lockPath(t))
  for (const options of [undefined, null, 0, 1, {}, { timeout: null }, { timeout: 0, onWait: assert.fail }]) {
    const guard = lock.acquireSync(options)
    assert.equal(lock.locked, true)
    guard.release()
    assert.equal(lock.locked, false)
  }
})

test('acquireSync() waits for another process, without spinning', async (t) => {
  const file = lockPath(t)
  const [holder, waiter] = await Promise.all([startNode(t), startNode(t)])
  await holder.acquire(file)
  const waits = waiter.waiting()
  const acquired = acquireSyncIn(waiter, file)
  await waits
  await holder.release(file)
  const { acquired: has } = await acquired
  assert.equal(has, true)
  assert.equal(await holder.tryAcquire(file), false)
})

test('acquireSync() times out without CPU time', async (t) => {
  const file = lockPath(t)
  const [holder, waiter] = await Promise.all([startNode(t), startNode(t)])
  await holder.acquire(file)
  const { acquired, code, cpu } = await acquireSyncIn(waiter, file, 2)
  assert.deepEqual({ acquired, code }, { acquired: false, code: 'ERR_LOCK_TIMEOUT' })
  // Spinning would have cost what it waited, or half of that on a busy machine.
  assert.ok(cpu < 0.5, `${cpu} s of CPU`)
  await holder.release(file)
  await peerTakesFree(holder, file)
})

test('a worker releases while the main thread waits in acquireSync()', async (t) => {
  const file = lockPath(t)
  const worker = await startHolder(t, file)
  const lock = lockFile(file)
  let holder
  const guard = lock.acquireSync({
    timeout: HANGING,
    onWait(process) {
      holder = process
      worker.postMessage('release')
    },
  })
  assert.deepEqual(holder, { pid: process.pid, sameProcess: true })
  guard.release()
})

test('a worker waits in acquireSync() while the main thread holds the lock', async (t) => {
  const file = lockPath(t)
  const guard = await lockFile(file).acquire()
  const work = ({ lockFile, tell }, file) => {
    const onWait = () => tell('waits')
    const own = lockFile(file).acquireSync({ onWait })
    tell('holds')
    own.release()
    tell('freed')
  }
  const worker = await startThread(t, work, file)
  const said = []
  const freed = new Promise((resolve) => {
    worker.on('message', (message) => said.push(message) === 2 && resolve())
  })
  assert.equal(lockFile(file).locked, true)
  guard.release()
  await freed
  assert.deepEqual(said, ['holds', 'freed'])
})

test('acquireSync() without a timeout in the thread that holds the lock is a deadlock', async (t) => {
  const file = lockPath(t)
  const guard = await lockFile(file).acquire()
  for (const options of [undefined, null, Infinity, {}, { timeout: null, onWait: assert.fail }]) {
    assert.throws(() => lockFile(file).acquireSync(options), {
      name: 'LockError',
      code: 'ERR_LOCK_DEADLOCK',
      path: file,
      holder: { pid: process.pid, sameProcess: true },
      message: `deadlock: lock '${file}' is already held by this thread, and no timeout is set`,
    })
  }
  assert.equal(guard.released, false)
  guard.release()
  lockFile(file).acquireSync().release()
})

test('acquireSync() with a timeout in the thread that holds the lock times out', async (t) => {
  const lock = lockFile(lockPath(t))
  const guard = lock.acquireSync()
  for (const timeout of [0, 0.02]) {
    assert.throws(() => lock.acquireSync(timeout), { name: 'LockError', code: 'ERR_LOCK_TIMEOUT' })
  }
  guard.release()
  assert.equal(lock.locked, false)
})

test('the timeout of lockFile() applies to acquireSync()', (t) => {
  const lock = lockFile(lockPath(t), { timeout: 0.01 })
  lock.tryAcquire()
  assert.throws(() => lock.acquireSync(), { code: 'ERR_LOCK_TIMEOUT' })
  assert.throws(() => lock.acquireSync(null), { code: 'ERR_LOCK_DEADLOCK' })
  lock.release()
})

test('acquireSync() is a deadlock once the lock is granted to an earlier acquire of its thread', async (t) => {
  const file = lockPath(t)
  const worker = await startHolder(t, file)
  const lock = lockFile(file)
  const earlier = lock.acquire()
  const sync = () => lock.acquireSync({ onWait: () => worker.postMessage('release') })
  assert.throws(sync, { code: 'ERR_LOCK_DEADLOCK' })
  const guard = await earlier
  guard.release()
})

test('acquires that already wait are granted before acquireSync()', async (t) => {
  const file = lockPath(t)
  const worker = await startHolder(t, file)
  const lock = lockFile(file)
  const earlier = lock.acquire()
  const sync = () => lock.acquireSync({ timeout: 0.2, onWait: () => worker.postMessage('release') })
  assert.throws(sync, { code: 'ERR_LOCK_TIMEOUT' })
  const guard = await earlier
  guard.release()
})

test('onWait of acquireSync() may free the lock', (t) => {
  const lock = lockFile(lockPath(t))
  lock.acquireSync()
  const guard = lock.acquireSync({ timeout: HANGING, onWait: () => lock.release() })
  assert.equal(guard.released, false)
  guard.release()
})

test('acquireSync() whose onWait throws holds nothing', (t) => {
  const lock = lockFile(lockPath(t))
  const guard = lock.acquireSync()
  const error = new Error('from onWait')
  const onWait = () => {
    throw error
  }
  assert.throws(
    () => lock.acquireSync({ timeout: HANGING, onWait }),
    (thrown) => thrown === error,
  )
  const freesFirst = () => {
    lock.release()
    throw error
  }
  assert.throws(
    () => lock.acquireSync({ timeout: HANGING, onWait: freesFirst }),
    (thrown) => thrown === error,
  )
  assert.equal(guard.released, true)
  assert.equal(lock.locked, false)
})

test('acquireSync() with a signal is a TypeError', (t) => {
  const lock = lockFile(lockPath(t))
  const signal = AbortSignal.timeout(1)
  assert.throws(() => lock.acquireSync({ signal }), { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' })
})

test('acquireSync() and tryAcquire() throw errors of the operating system', (t) => {
  const file = path.join(lockPath(t, 'none'), 'a.lock')
  const error = { code: 'ENOENT', syscall: 'open', path: file }
  const lock = lockFile(file)
  assert.throws(() => lock.acquireSync(), error)
  assert.throws(() => lock.tryAcquire(), error)
})

test('tryAcquire() returns null if the lock is held by any process or thread', async (t) => {
  const file = lockPath(t)
  const lock = lockFile(file, { timeout: 60 })
  const guard = await lock.acquire()
  assert.equal(lock.tryAcquire(), null)
  guard.release()
  const worker = await startHolder(t, file)
  assert.equal(lock.tryAcquire(), null)
  await worker.terminate()
  const holder = await startNode(t)
  await holder.acquire(file)
  assert.equal(lock.tryAcquire(), null)
  await holder.release(file)
  lock.tryAcquire().release()
})

test('acquireSync() of a lock that an acquire on a busy pool asks for waits for the lock alone', async (t) => {
  const file = lockPath(t)
  const holder = await startNode(t)
  await holder.acquire(file)
  // Work that takes the pool a while.
  const busy = Array.from({ length: 8 }, () => promisify(pbkdf2)('a', 'b', 50_000, 64, 'sha512'))
  const pending = lockFile(file).acquire()
  let noticed = 0
  const error = { code: 'ERR_LOCK_TIMEOUT' }
  const onWait = () => {
    noticed += 1
  }
  assert.throws(() => lockFile(file).acquireSync({ timeout: 0.05, onWait }), error)
  assert.equal(noticed, 1)
  await holder.release(file)
  const guard = await within(pending, 'the lock')
  guard.release()
  // What was abandoned on the pool is in the way of no acquire.
  const controller = new AbortController()
  const aborted = lockFile(file).acquire({ signal: controller.signal })
  controller.abort()
  lockFile(file).acquireSync().release()
  await assert.rejects(aborted, { name: 'AbortError' })
  await Promise.all(busy)
})
