'use strict'

// label, info and lock.inspect(): which process holds a lock, and what it says of itself.

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const { hostname } = require('node:os')
const path = require('node:path')
const { test } = require('node:test')
const { lockFile } = require('..')
const { run } = require('../tools/child')
const { lockPath, makeFolder, removeFolder } = require('../tools/folder')
const { startNode } = require('../tools/peer')
const { linuxOnly, nativeOnly } = require('../tools/platform')
const { resources, untilResourcesAre } = require('../tools/resources')
const { until } = require('../tools/until')

/** What Linux tells of a free lock. */
const FREE = { locked: false, mode: null, holders: [], waiting: 0 }

/** The record beside the file as it is, without locket; null if there is none. */
function rawRecord(file) {
  const code = 'import os, sys; print(os.getxattr(sys.argv[1], "user.locket").decode())'
  const { status, stdout } = spawnSync('python3', ['-c', code, file], { encoding: 'utf8' })
  return status === 0 ? JSON.parse(stdout) : null
}

function writeRaw(file, record) {
  const code = 'import os, sys; os.setxattr(sys.argv[1], "user.locket", sys.argv[2].encode())'
  return spawnSync('python3', ['-c', code, file, JSON.stringify(record)]).status === 0
}

/** Why no record can be written or looked at here. */
function whyNoRecords() {
  if (process.platform !== 'linux') return 'Python has no calls for it there'
  const folder = makeFolder()
  try {
    const file = path.join(folder, 'some.lock')
    fs.writeFileSync(file, '')
    return writeRaw(file, {}) ? false : 'no python3, or a file system without attributes'
  } finally {
    removeFolder(folder)
  }
}

const recordsOnly = { skip: whyNoRecords() }

test(
  'inspect() of a free lock, and of one without a file, creates and takes nothing',
  linuxOnly,
  async (t) => {
    const file = lockPath(t)
    assert.deepEqual(await lockFile(file).inspect(), FREE)
    assert.equal(fs.existsSync(file), false)
    fs.writeFileSync(file, '')
    const peer = await startNode(t)
    const tries = peer.run(async ({ lockFile }, file) => {
      for (let i = 0; i < 2000; i += 1) {
        const guard = lockFile(file).tryAcquire()
        if (guard === null) return 'refused'
        guard.release()
        await null
      }
      return 'free'
    }, file)
    let isOver = false
    tries.finally(() => {
      isOver = true
    })
    while (!isOver) await lockFile(file).inspect()
    assert.equal(await tries, 'free')
  },
)

/** An emulator shows no start of another process, by which a record is known to be of the holder. */
const startsOnly = { skip: recordsOnly.skip || nativeOnly.skip }

test('inspect() names the holder, its label and its info', startsOnly, async (t) => {
  const file = lockPath(t)
  const peer = await startNode(t)
  const begin = Date.now()
  await peer.run(async ({ lockFile, kept }, file) => {
    kept.lock = lockFile(file, { label: 'nightly report', info: { port: 3000 } })
    kept.guard = await kept.lock.acquire()
  }, file)
  const { holders, ...state } = await lockFile(file).inspect()
  assert.deepEqual(state, { locked: true, mode: 'exclusive', waiting: 0 })
  assert.equal(holders.length, 1)
  const [{ since, command, ...holder }] = holders
  assert.deepEqual(holder, {
    pid: peer.pid,
    sameProcess: false,
    host: hostname(),
    label: 'nightly report',
    info: { port: 3000 },
  })
  assert.ok(since instanceof Date)
  assert.ok(since >= begin && since <= Date.now())
  assert.match(command, /peer\.js/)
  assert.equal(fs.readFileSync(file, 'utf8'), '')

  await peer.run(({ kept }) => kept.guard.release())
  assert.equal(rawRecord(file), null)
  assert.deepEqual(await lockFile(file).inspect(), FREE)
})

for (const acquire of ['acquire', 'acquireSync', 'tryAcquire']) {
  for (const [how, release] of [
    ['its guard', (guard) => guard.release()],
    ['another caller', (guard) => lockFile(guard.path).release()],
  ]) {
    test(`a record of ${acquire}() is gone when ${how} has released the lock`, recordsOnly, async (t) => {
      const lock = lockFile(lockPath(t), { label: 'mine' })
      const guard = await lock[acquire]()
      assert.equal(rawRecord(lock.path).label, 'mine')
      const { holders } = await lock.inspect()
      assert.equal(holders[0].label, 'mine')
      assert.equal(holders[0].sameProcess, true)
      release(guard)
      assert.equal(rawRecord(lock.path), null)
      const next = lockFile(lock.path).tryAcquire()
      const [{ label }] = (await lock.inspect()).holders
      assert.equal(label, undefined)
      next.release()
    })
  }
}

test('a hand-over inside the process changes the record', recordsOnly, async (t) => {
  const file = lockPath(t)
  const first = await lockFile(file, { label: 'first' }).acquire()
  const second = lockFile(file, { label: 'second' }).acquire()
  const third = lockFile(file).acquire()
  first.release()
  const guard = await second
  assert.equal(rawRecord(file).label, 'second')
  guard.release()
  const last = await third
  assert.equal(rawRecord(file), null)
  last.release()
})

test(
  'a record of a killed process is not believed, whichever process holds the lock',
  recordsOnly,
  async (t) => {
    const file = lockPath(t)
    const peer = await startNode(t)
    const hold = async ({ lockFile }, file) => void (await lockFile(file, { label: 'dead' }).acquire())
    await peer.run(hold, file)
    await peer.kill()
    const record = rawRecord(file)
    assert.equal(record.label, 'dead')
    assert.deepEqual(await lockFile(file).inspect(), FREE)
    const guard = await lockFile(file).acquire()
    assert.deepEqual(Object.keys((await lockFile(file).inspect()).holders[0]), [
      'pid',
      'sameProcess',
      'command',
    ])
    // A process with the number of the dead one, that has started at another time.
    assert.ok(writeRaw(file, { ...record, pid: process.pid }))
    assert.equal((await lockFile(file).inspect()).holders[0].label, undefined)
    guard.release()
  },
)

test('what is no record is ignored', recordsOnly, async (t) => {
  const lock = lockFile(lockPath(t))
  const guard = await lock.acquire()
  for (const record of [
    null,
    5,
    'text',
    {},
    { v: 2, pid: process.pid },
    { v: 1, pid: 'x', host: hostname() },
  ]) {
    assert.ok(writeRaw(lock.path, record))
    const { holders } = await lock.inspect()
    assert.deepEqual(Object.keys(holders[0]), ['pid', 'sameProcess', 'command'])
  }
  guard.release()
})

test('a worker that ends with its lock held leaves no record', recordsOnly, async (t) => {
  const { once } = require('node:events')
  const { Worker } = require('node:worker_threads')
  const file = lockPath(t)
  const source = `
    const { workerData } = require('node:worker_threads')
    require(workerData.locket).lockFile(workerData.file, { label: 'worker' }).acquireSync()
  `
  const worker = new Worker(source, { eval: true, workerData: { file, locket: require.resolve('..') } })
  await once(worker, 'exit')
  assert.equal(rawRecord(file), null)
})

test('inspect() counts the processes that wait', linuxOnly, async (t) => {
  const file = lockPath(t)
  const guard = await lockFile(file).acquire()
  const peers = await Promise.all([startNode(t), startNode(t)])
  const granted = peers.map((peer) => peer.acquire(file))
  await until(async () => (await lockFile(file).inspect()).waiting === 2, 'both to wait')
  guard.release()
  await Promise.race(granted)
})

test('inspect() names a holder that is not Node', linuxOnly, async (t) => {
  const file = lockPath(t)
  const { start } = require('../tools/child')
  const flock = start(t, 'flock', [file, 'sh', '-c', 'echo held; read line'])
  await flock.says(/held/)
  const { locked, mode, holders } = await lockFile(file).inspect()
  assert.deepEqual({ locked, mode }, { locked: true, mode: 'exclusive' })
  assert.equal(holders[0].pid, flock.pid)
  assert.match(holders[0].command, /^flock /)
})

test('label and info are checked when the lock is made', () => {
  const wrong = { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' }
  assert.throws(() => lockFile('a.lock', { label: 5 }), wrong)
  const circle = {}
  circle.circle = circle
  assert.throws(() => lockFile('a.lock', { info: circle }), { code: 'ERR_INVALID_ARG_VALUE' })
  assert.throws(() => lockFile('a.lock', { info: 'x'.repeat(4000) }), { code: 'ERR_OUT_OF_RANGE' })
})

test('info is what it was when the lock was made', recordsOnly, async (t) => {
  const info = { port: 1 }
  const lock = lockFile(lockPath(t), { info })
  info.port = 2
  const guard = await lock.acquire()
  assert.deepEqual((await lock.inspect()).holders[0].info, { port: 1 })
  guard.release()
})

test('records leave no descriptor behind, and none on exit', recordsOnly, async (t) => {
  const lock = lockFile(lockPath(t), { label: 'mine' })
  ;(await lock.acquire()).release()
  const before = await resources()
  for (let i = 0; i < 20; i += 1) {
    ;(await lock.acquire()).release()
    lock.tryAcquire()
    lock.release()
  }
  await untilResourcesAre(before)
  const code = `require(process.argv[1]).lockFile(process.argv[2], { label: 'exits' }).acquireSync()`
  const { status } = await run(t, process.execPath, ['-e', code, require.resolve('..'), lock.path])
  assert.equal(status, 0)
  assert.equal(rawRecord(lock.path), null)
})
