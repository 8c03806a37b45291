'use strict'

// guard.signal: aborts when another caller ends the acquisition, and never by its own release.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const { test } = require('node:test')
const { Worker } = require('node:worker_threads')
const { acquireAll, lockFile, updateFile } = require('..')
const { run } = require('../tools/child')
const { lockPath } = require('../tools/folder')
const { resources, untilResourcesAre } = require('../tools/resources')

const turn = () => new Promise(setImmediate)

test('the signal of a guard aborts when another caller releases the lock', async (t) => {
  const file = lockPath(t)
  for (const acquire of ['acquire', 'acquireSync', 'tryAcquire']) {
    const guard = await lockFile(file)[acquire]()
    const { signal } = guard
    assert.equal(signal, guard.signal)
    assert.equal(signal.aborted, false)
    lockFile(file).release()
    if (!signal.aborted) await once(signal, 'abort')
    assert.equal(signal.reason.code, 'ERR_LOCK_LOST')
    assert.equal(signal.reason.path, file)
    assert.equal(guard.released, true)
  }
})

test('the signal of a guard that was released by itself never aborts', async (t) => {
  const file = lockPath(t)
  const guard = await lockFile(file).acquire()
  const { signal } = guard
  guard.release()
  const next = await lockFile(file).acquire()
  lockFile(file).release()
  await turn()
  assert.equal(signal.aborted, false)
  assert.equal(next.signal.aborted, true)
  const late = await lockFile(file).acquire()
  late.release()
  await turn()
  assert.equal(late.signal.aborted, false)
})

test('a signal asked for after the loss is aborted', async (t) => {
  const file = lockPath(t)
  const guard = await lockFile(file).acquire()
  lockFile(file).release()
  const { signal } = guard
  if (!signal.aborted) await once(signal, 'abort')
  assert.equal(signal.reason.code, 'ERR_LOCK_LOST')
})

test('a release by a worker aborts the signal of the main thread, and the other way round', async (t) => {
  const file = lockPath(t)
  const source = `
    const { parentPort, workerData } = require('node:worker_threads')
    const { lockFile } = require(workerData.locket)
    // A lock that is held keeps no thread alive.
    parentPort.on('message', () => {})
    lockFile(workerData.file).release()
    lockFile(workerData.file).acquire().then(({ signal }) => {
      signal.addEventListener('abort', () => parentPort.postMessage(signal.reason.code))
      parentPort.postMessage('holds')
    })
  `
  const guard = await lockFile(file).acquire()
  const lost = once(guard.signal, 'abort')
  const workerData = { file, locket: require.resolve('..') }
  const worker = new Worker(source, { eval: true, workerData })
  // On a busy machine the message comes together with the loss, or before it.
  const holds = once(worker, 'message')
  await lost
  assert.deepEqual(await holds, ['holds'])
  const told = once(worker, 'message')
  lockFile(file).release()
  assert.deepEqual(await told, ['ERR_LOCK_LOST'])
  await worker.terminate()
})

test('the signals of a worker that ends with its lock held leave nothing behind', async (t) => {
  const file = lockPath(t)
  const source = `
    const { workerData } = require('node:worker_threads')
    require(workerData.locket).lockFile(workerData.file).acquireSync().signal.addEventListener('abort', () => {})
  `
  lockFile(file).tryAcquire().release()
  const before = await resources()
  for (let i = 0; i < 5; i += 1) {
    const worker = new Worker(source, { eval: true, workerData: { file, locket: require.resolve('..') } })
    await once(worker, 'exit')
    lockFile(file).tryAcquire().release()
  }
  await untilResourcesAre(before)
})

test('a watched lock does not keep the process alive', async (t) => {
  const code = `require('${require.resolve('..').replaceAll('\\', '\\\\')}').lockFile(process.argv[1]).acquireSync().signal`
  const { status } = await run(t, process.execPath, ['-e', code, lockPath(t)])
  assert.equal(status, 0)
})

test('the signal of acquireAll() aborts when one of the locks is lost', async (t) => {
  const [a, b] = [lockFile(lockPath(t)), lockFile(lockPath(t))]
  const guards = await acquireAll([a, b])
  const { signal } = guards
  assert.equal(signal.aborted, false)
  b.release()
  if (!signal.aborted) await once(signal, 'abort')
  assert.equal(signal.reason.path, b.path)
  assert.equal(guards.released, true)
  guards.release()
  assert.equal(a.locked, false)
})

test('the signal that fn of an update gets aborts when the lock is lost', async (t) => {
  const file = lockPath(t, 'data.json')
  const fn = async (_now, { signal }) => {
    setImmediate(() => lockFile(`${file}.lock`).release())
    await once(signal, 'abort')
    throw signal.reason
  }
  await assert.rejects(updateFile(file, fn), { code: 'ERR_LOCK_LOST', path: `${file}.lock` })
})
