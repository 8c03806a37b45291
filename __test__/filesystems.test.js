'use strict'

// What a file system can make of a lock. `npm run test:filesystems` runs this and the rest of the
// suite on each of those that this machine can mount.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const os = require('node:os')
const path = require('node:path')
const { test } = require('node:test')
const { Worker } = require('node:worker_threads')
const { lockFile } = require('..')
const { temporaryFolder } = require('../tools/folder')
const { fuseOnly, mountFuse } = require('../tools/fuse')
const { startNode } = require('../tools/peer')
const { linuxOnly } = require('../tools/platform')
const { resources, untilResourcesAre } = require('../tools/resources')

test('a holder is named rightly or not at all, among many', linuxOnly, async (t) => {
  const folder = temporaryFolder(t)
  const peers = await Promise.all([startNode(t), startNode(t), startNode(t)])
  const names = Array.from({ length: 60 }, (_, i) => path.join(folder, `${i}.lock`))
  await Promise.all(names.map((name, i) => peers[i % peers.length].acquire(name)))
  let named = 0
  for (const [i, name] of names.entries()) {
    const error = await lockFile(name)
      .acquire(0)
      .catch((refusal) => refusal)
    assert.equal(error.code, 'ERR_LOCK_TIMEOUT')
    if (error.holder === undefined) continue
    named += 1
    assert.deepEqual(error.holder, { pid: peers[i % peers.length].pid, sameProcess: false })
  }
  t.diagnostic(`${named} of ${names.length} holders are known here`)
})

const REFUSALS = ['ENOLCK', 'EOPNOTSUPP', 'ENOSYS', 'EIO', 'EACCES', 'EBADF']

for (const name of REFUSALS) {
  test(`each way to acquire reports ${name} of a file system's flock`, fuseOnly, async (t) => {
    const folder = await mountFuse(t, 'refuse', String(os.constants.errno[name]))
    const file = path.join(folder, 'some.lock')
    const lock = lockFile(file)
    const before = await resources()
    const code = name === 'EOPNOTSUPP' ? 'ENOTSUP' : name
    const refusal = { code, syscall: 'flock', path: file, errno: -os.constants.errno[name] }
    await assert.rejects(lock.acquire(), refusal)
    await assert.rejects(lock.acquire(5), refusal)
    assert.throws(() => lock.acquireSync(5), refusal)
    assert.throws(() => lock.tryAcquire(), refusal)
    await assert.rejects(
      lock.runExclusive(() => assert.fail('it ran without the lock')),
      refusal,
    )
    assert.equal(lock.locked, false)
    await untilResourcesAre(before)
  })
}

test('a file system that leaves flock to the kernel excludes on this machine', fuseOnly, async (t) => {
  const file = path.join(await mountFuse(t, 'local'), 'some.lock')
  const peer = await startNode(t)
  await peer.acquire(file)
  assert.equal(lockFile(file).tryAcquire(), null)
  const waiting = lockFile(file).acquire()
  await peer.release(file)
  await waiting
  assert.equal(await peer.tryAcquire(file), false)
  lockFile(file).release()
  assert.equal(await peer.tryAcquire(file), true)
})

test('a file is opened for writing where the file system locks no other', fuseOnly, async (t) => {
  const file = path.join(await mountFuse(t, 'writers'), 'some.lock')
  const lock = lockFile(file)
  const peer = await startNode(t)
  for (const acquire of [() => lock.acquire(), () => lock.tryAcquire(), () => lock.acquireSync()]) {
    const guard = await acquire()
    assert.equal(await peer.tryAcquire(file), false)
    guard.release()
  }
  await peer.acquire(file)
  const waiting = lock.acquire()
  await peer.release(file)
  const guard = await waiting
  guard.release()
})

test('a file whose identity changes at each look is an error that says so', fuseOnly, async (t) => {
  const file = path.join(await mountFuse(t, 'changing'), 'some.lock')
  const lock = lockFile(file)
  const expected = {
    code: 'ESTALE',
    syscall: 'stat',
    message: `ESTALE: the path names another file each time it is looked up, stat '${file}'`,
  }
  await assert.rejects(lock.acquire(), expected)
  await assert.rejects(lock.acquire(30), expected)
  assert.throws(() => lock.acquireSync(), expected)
  assert.throws(() => lock.tryAcquire(), expected)
  assert.equal(lock.locked, false)
})

test(
  'a wait that the kernel cannot interrupt times out all the same, and is taken over',
  fuseOnly,
  async (t) => {
    const file = path.join(await mountFuse(t, 'stubborn'), 'some.lock')
    const holder = await startNode(t)
    await holder.acquire(file)
    const before = await resources()
    const lock = lockFile(file)
    for (let round = 0; round < 3; round += 1) {
      await assert.rejects(lock.acquire(0.05), { code: 'ERR_LOCK_TIMEOUT' })
      assert.throws(() => lock.acquireSync(0.05), { code: 'ERR_LOCK_TIMEOUT' })
    }
    // No thread but that of the abandoned wait and one that may be sending to it.
    const { threads } = await resources()
    assert.ok(threads <= before.threads + 2, `${threads} threads, before ${before.threads}`)
    const taken = lock.acquire()
    await holder.release(file)
    const guard = await taken
    assert.equal(await holder.tryAcquire(file), false)
    guard.release()
    assert.equal(await holder.tryAcquire(file), true)
    await untilResourcesAre(before)
  },
)

test('an abandoned wait that no acquire takes over lets go when it is granted', fuseOnly, async (t) => {
  const file = path.join(await mountFuse(t, 'stubborn'), 'some.lock')
  const [holder, next] = await Promise.all([startNode(t), startNode(t)])
  await holder.acquire(file)
  const before = await resources()
  await assert.rejects(lockFile(file).acquire(0.05), { code: 'ERR_LOCK_TIMEOUT' })
  const granted = next.acquire(file)
  await next.waiting()
  await holder.release(file)
  await granted
  await untilResourcesAre(before)
})

test('the end of a worker is not held up by a wait that cannot be interrupted', fuseOnly, async (t) => {
  const file = path.join(await mountFuse(t, 'stubborn'), 'some.lock')
  const holder = await startNode(t)
  await holder.acquire(file)
  const before = await resources()
  const source = `
    const { parentPort, workerData } = require('node:worker_threads')
    const { lockFile } = require(workerData.addon)
    lockFile(workerData.file).acquire({ onWait: () => parentPort.postMessage('waits') })`
  const workerData = { addon: path.join(__dirname, '..'), file }
  const worker = new Worker(source, { eval: true, workerData })
  await once(worker, 'message')
  await worker.terminate()
  assert.equal(await holder.tryAcquire(file), false, 'it is the holder still')
  await holder.release(file)
  lockFile(file).acquireSync(20).release()
  await untilResourcesAre(before)
})
