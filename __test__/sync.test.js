'use strict'

// acquireSync(): the calling thread waits (rule 19). tryAcquire(): nobody waits.

const assert = require('node:assert/strict')
const path = require('node:path')
const { test } = require('node:test')
const { lockFile } = require('..')
const { lockPath } = require('./support/folder')
const { peerTakesFree } = require('./support/free')
const { startNode } = require('./support/peer')
const { startThread } = require('./support/thread')

/** Ends a test that would hang for ever, while this thread waits; in seconds. */
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

test('acquireSync() gives up after its timeout, and has used next to no CPU', async (t) => {
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

test('without a timeout, a thread that holds the lock itself does not wait for itself', async (t) => {
  const file = lockPath(t)
  const guard = await lockFile(file).acquire()
  for (const options of [undefined, null, Infinity, {}, { timeout: null, onWait: assert.fail }]) {
    assert.throws(() => lockFile(file).acquireSync(options), {
      name: 'LockError',
      code: 'ERR_LOCK_DEADLOCK',
      path: file,
      holder: { pid: process.pid, sameProcess: true },
      message: `this thread holds the lock '${file}' itself and would wait for ever`,
    })
  }
  assert.equal(guard.released, false)
  guard.release()
  lockFile(file).acquireSync().release()
})

test('with a timeout, a thread that holds the lock itself times out', async (t) => {
  const lock = lockFile(lockPath(t))
  const guard = lock.acquireSync()
  for (const timeout of [0, 0.02]) {
    assert.throws(() => lock.acquireSync(timeout), { name: 'LockError', code: 'ERR_LOCK_TIMEOUT' })
  }
  guard.release()
  assert.equal(lock.locked, false)
})

test('the timeout of lockFile() holds for acquireSync() too', (t) => {
  const lock = lockFile(lockPath(t), { timeout: 0.01 })
  lock.tryAcquire()
  assert.throws(() => lock.acquireSync(), { code: 'ERR_LOCK_TIMEOUT' })
  assert.throws(() => lock.acquireSync(null), { code: 'ERR_LOCK_DEADLOCK' })
  lock.release()
})

test('a lock that goes to the thread’s own earlier acquire is a deadlock then', async (t) => {
  const file = lockPath(t)
  const worker = await startHolder(t, file)
  const lock = lockFile(file)
  const earlier = lock.acquire()
  const sync = () => lock.acquireSync({ onWait: () => worker.postMessage('release') })
  assert.throws(sync, { code: 'ERR_LOCK_DEADLOCK' })
  const guard = await earlier
  guard.release()
})

test('acquires that wait already come before acquireSync()', async (t) => {
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

test('what onWait throws, acquireSync() throws, and it holds nothing', (t) => {
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

test('acquireSync() takes no signal: nothing could abort it', (t) => {
  const lock = lockFile(lockPath(t))
  const signal = AbortSignal.timeout(1)
  assert.throws(() => lock.acquireSync({ signal }), { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' })
})

test('acquireSync() and tryAcquire() throw what the operating system says', (t) => {
  const file = path.join(lockPath(t, 'none'), 'a.lock')
  const error = { code: 'ENOENT', syscall: 'open', path: file }
  const lock = lockFile(file)
  assert.throws(() => lock.acquireSync(), error)
  assert.throws(() => lock.tryAcquire(), error)
})

test('tryAcquire() answers null when the lock is taken, whoever has it', async (t) => {
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
