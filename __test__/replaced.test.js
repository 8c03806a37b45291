'use strict'

const assert = require('node:assert/strict')
const { once } = require('node:events')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { lockFile } = require('..')
const { replacedFilesOnly } = require('../tools/filesystem')
const { lockPath, replaceFile, temporaryFolder } = require('../tools/folder')
const { untilQueued } = require('../tools/kernel')
const { startNode } = require('../tools/peer')
const { linuxOnly, notOnWindows } = require('../tools/platform')
const { resources, untilResourcesAre } = require('../tools/resources')
const { startThread } = require('../tools/thread')
const { within } = require('../tools/until')

/** Resolves with an object that has the acquire, when that waits for the holder. */
async function startWaiting(file, timeout) {
  let outcome
  const noticed = new Promise((onWait) => {
    outcome = lockFile(file).acquire({ timeout, onWait })
  })
  await within(noticed, 'the acquire to find the lock taken')
  await untilQueued(file)
  return { outcome }
}

/** An acquire of this process stands in the kernel's queue behind another one. */
async function waitBehind(t, timeout) {
  const file = lockPath(t)
  const [holder, other] = await Promise.all([startNode(t), startNode(t)])
  await holder.acquire(file)
  const before = await resources()
  const { outcome } = await startWaiting(file, timeout)
  return { file, holder, other, outcome, before }
}

test('a file replaced while it is waited for: the wait goes on for the new one', linuxOnly, async (t) => {
  const { file, holder, other, outcome } = await waitBehind(t)
  replaceFile(file)
  await other.acquire(file)
  await holder.release(file)
  // Granted the old file just now; it must not count.
  await untilQueued(file)
  await other.release(file)
  const guard = await outcome
  assert.equal(await other.tryAcquire(file), false)
  guard.release()
  assert.equal(await other.tryAcquire(file), true)
})

test('a file replaced while it is waited for: the deadline stays the same', linuxOnly, async (t) => {
  const { file, holder, other, outcome, before } = await waitBehind(t, 1)
  const rejection = assert.rejects(outcome, { code: 'ERR_LOCK_TIMEOUT' })
  replaceFile(file)
  await other.acquire(file)
  await holder.release(file)
  await rejection
  await untilResourcesAre(before)
})

test('a file deleted while it is waited for is made anew, and locked', async (t) => {
  const { file, holder, other, outcome } = await waitBehind(t)
  fs.unlinkSync(file)
  await holder.release(file)
  const guard = await outcome
  assert.equal(await other.tryAcquire(file), false)
  guard.release()
  assert.equal(await other.tryAcquire(file), true)
})

const linksOnly = notOnWindows('a link needs a privilege there')
const foldersGo = notOnWindows('Windows deletes no folder with an open file in it')

test('a folder deleted while a file in it is waited for is an error', foldersGo, async (t) => {
  const folder = path.join(temporaryFolder(t), 'sub')
  fs.mkdirSync(folder)
  const file = path.join(folder, 'a.lock')
  const holder = await startNode(t)
  await holder.acquire(file)
  const before = await resources()
  const { outcome } = await startWaiting(file)
  const rejection = assert.rejects(outcome, { code: 'ENOENT', syscall: 'open', path: file })
  fs.rmSync(folder, { recursive: true })
  await holder.release(file)
  await rejection
  await untilResourcesAre(before)
})

test('a file replaced while this process holds it: acquires that wait get the new one', async (t) => {
  const file = lockPath(t)
  const other = await startNode(t)
  const guard = await lockFile(file).acquire()
  const pending = lockFile(file).acquire()
  replaceFile(file)
  const next = await within(pending, 'the lock of the new file')
  assert.equal(guard.released, false, 'the lock of the old one is held as before')
  assert.equal(await other.tryAcquire(file), false)
  next.release()
  assert.equal(await other.tryAcquire(file), true)
  await other.release(file)
  guard.release()
})

for (const mode of ['exclusive', 'shared']) {
  test(`a file replaced while it is held, ${mode}: release() ends the hold of its own object`, async (t) => {
    const file = lockPath(t)
    const one = lockFile(file)
    const guard = await one.acquire({ mode })
    const pending = lockFile(file).acquire()
    replaceFile(file)
    const next = await within(pending, 'the lock of the new file')
    one.release()
    assert.equal(guard.released, true)
    assert.equal(next.released, false)
    one.release()
    assert.equal(next.released, true, 'it has no hold of its own any more')
    assert.throws(() => one.release(), { code: 'ERR_LOCK_NOT_HELD' })
  })

  test(`a file replaced while a worker holds it, ${mode}: release() ends none of the worker's`, async (t) => {
    const file = lockPath(t)
    const worker = await startThread(
      t,
      async ({ lockFile, tell, told }, file, mode) => {
        const lock = lockFile(file)
        const guard = await lock.acquire({ mode })
        tell('held')
        await told()
        lock.release()
        tell(guard.released)
      },
      file,
      mode,
    )
    const lock = lockFile(file)
    const pending = lock.acquire()
    replaceFile(file)
    const guard = await within(pending, 'the lock of the new file')
    const [[isReleased]] = await Promise.all([once(worker, 'message'), worker.postMessage('release')])
    assert.equal(isReleased, true)
    assert.equal(guard.released, false)
    lock.release()
    assert.equal(guard.released, true)
    assert.throws(() => lock.release(), { code: 'ERR_LOCK_NOT_HELD' })
  })
}

test('a link that is pointed elsewhere is another lock from then on', linksOnly, async (t) => {
  const folder = temporaryFolder(t)
  for (const name of ['1', '2']) fs.mkdirSync(path.join(folder, name))
  const current = path.join(folder, 'current')
  fs.symlinkSync('1', current)
  const one = lockFile(path.join(folder, '1/a.lock'))
  const byLink = lockFile(path.join(current, 'a.lock'))
  const guard = await one.acquire()
  assert.equal(byLink.tryAcquire(), null)
  assert.equal(byLink.locked, true)
  const waits = byLink.acquire()
  fs.unlinkSync(current)
  fs.symlinkSync('2', current)
  assert.equal(byLink.locked, false)
  assert.throws(() => byLink.release(), { code: 'ERR_LOCK_NOT_HELD' })
  const next = await within(waits, 'the lock of the new file')
  assert.equal(byLink.tryAcquire(), null)
  next.release()
  byLink.tryAcquire().release()
  byLink.acquireSync(1).release()
  assert.equal(guard.released, false)
  guard.release()
  assert.equal(one.locked, false)
})

test('acquires that wait for a deleted file move to the new one', linuxOnly, async (t) => {
  const { file, outcome } = await waitBehind(t)
  const worker = lockFile(file).acquire(60)
  fs.unlinkSync(file)
  const guard = await within(outcome, 'the lock of the new file')
  guard.release()
  const other = await within(worker, 'the lock of the new file')
  other.release()
})

/** Every way to ask for a lock without a wait. */
const SINGLE_ATTEMPTS = {
  'tryAcquire()': (lock) => lock.tryAcquire(),
  "tryAcquire({ mode: 'shared' })": (lock) => lock.tryAcquire({ mode: 'shared' }),
  'acquire(0)': (lock) => lock.acquire(0),
  "acquire({ timeout: 0, mode: 'shared' })": (lock) => lock.acquire({ timeout: 0, mode: 'shared' }),
  'acquireSync(0)': (lock) => lock.acquireSync(0),
}

for (const [name, attempt] of Object.entries(SINGLE_ATTEMPTS)) {
  test(`${name} of a file replaced while this process holds it gets the new one`, async (t) => {
    const file = lockPath(t)
    const lock = lockFile(file)
    const held = await lock.acquire()
    replaceFile(file)
    const guard = await attempt(lock)
    assert.equal(guard?.released, false)
    guard.release()
    held.release()
    assert.equal(lock.locked, false)
  })

  test(`${name} of a file replaced while it is waited for gets the new one`, linuxOnly, async (t) => {
    const { file, outcome } = await waitBehind(t)
    replaceFile(file)
    const guard = await attempt(lockFile(file))
    assert.equal(guard?.released, false)
    guard.release()
    ;(await within(outcome, 'the lock of the new file')).release()
  })
}

test(
  'a path that leads astray is an error, though this process holds what it named',
  linksOnly,
  async (t) => {
    const folder = path.join(temporaryFolder(t), 'folder')
    fs.mkdirSync(folder)
    const file = path.join(folder, 'a.lock')
    const lock = lockFile(file)
    const astray = {
      ELOOP: () => fs.symlinkSync(folder, folder),
      ENOTDIR: () => fs.writeFileSync(folder, ''),
    }
    for (const [code, lead] of Object.entries(astray)) {
      const guard = await lock.acquire()
      const rejection = assert.rejects(lock.acquire(), { code })
      fs.renameSync(folder, `${folder}.away`)
      lead()
      for (const [name, attempt] of Object.entries(SINGLE_ATTEMPTS)) {
        await assert.rejects(async () => attempt(lock), { code }, name)
      }
      assert.throws(() => lock.acquireSync(60), { code })
      await rejection
      fs.unlinkSync(folder)
      fs.renameSync(`${folder}.away`, folder)
      assert.equal(lock.tryAcquire(), null)
      guard.release()
    }
  },
)

test('a file deleted while it is held: release() ends the hold all the same', async (t) => {
  const file = lockPath(t)
  const before = await resources()
  const lock = lockFile(file)
  await lock.acquire()
  fs.unlinkSync(file)
  assert.equal(lock.locked, true)
  lock.release()
  assert.equal(lock.locked, false)
  assert.equal(fs.existsSync(file), false)
  await untilResourcesAre(before)
  lock.tryAcquire().release()
})

test(
  'processes that replace the file all the time never share the lock on it',
  replacedFilesOnly,
  async (t) => {
    const file = lockPath(t)
    const peers = await Promise.all([startNode(t), startNode(t), startNode(t)])
    // The holder of the lock replaces the file: each waiter has the old one open.
    const rounds = peers.map((peer) =>
      peer.run(async ({ lockFile }, file) => {
        const fs = require('node:fs')
        const { replaceFile } = require('./tools/folder')
        for (let round = 0; round < 100; round += 1) {
          const guard = await lockFile(file).acquire()
          fs.mkdirSync(`${file}.inside`)
          await new Promise(setImmediate)
          fs.rmdirSync(`${file}.inside`)
          replaceFile(file)
          guard.release()
        }
      }, file),
    )
    await Promise.all(rounds)
  },
)
