'use strict'

// acquireAll(): several locks, all or none.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { inspect } = require('node:util')
const { acquireAll, lockFile } = require('..')
const { temporaryFolder } = require('../tools/folder')
const { startNode } = require('../tools/peer')
const { notOnWindows, symlinksOnly } = require('../tools/platform')
const { until, within } = require('../tools/until')

function locksOf(t, ...names) {
  const folder = temporaryFolder(t)
  return names.map((name) => lockFile(path.join(folder, name)))
}

const isFree = (lock) => {
  const guard = lock.tryAcquire()
  guard?.release()
  return guard !== null
}

test('acquireAll() holds all locks until its guard is released', async (t) => {
  const locks = locksOf(t, 'a', 'b', 'c')
  const guard = await acquireAll(locks)
  assert.deepEqual(guard.paths.toSorted(), locks.map(({ path }) => path).toSorted())
  assert.ok(locks.every(({ locked }) => locked))
  assert.equal(guard.released, false)
  guard.release()
  guard.release()
  assert.equal(guard.released, true)
  assert.ok(locks.every(isFree))
  assert.match(inspect(guard), /^LockGuards \{\s+paths: .*released: true\s+\}$/s)
})

test('the guard of acquireAll() ends with its scope', async (t) => {
  const locks = locksOf(t, 'a', 'b')
  ;(await acquireAll(locks))[Symbol.dispose]()
  assert.ok(locks.every(isFree))
  await (await acquireAll(new Set(locks)))[Symbol.asyncDispose]()
  assert.ok(locks.every(isFree))
})

test('acquireAll() of no locks holds none', async () => {
  const guard = await acquireAll([])
  assert.deepEqual(guard.paths, [])
  guard.release()
})

test('acquireAll() holds none after a timeout, and one deadline bounds all of it', async (t) => {
  const locks = locksOf(t, 'a', 'b', 'c')
  for (const taken of locks) {
    const guard = await taken.acquire()
    for (const options of [0, 0.05, { timeout: 0.05 }]) {
      await assert.rejects(acquireAll(locks, options), { code: 'ERR_LOCK_TIMEOUT', path: taken.path })
    }
    assert.ok(locks.filter((lock) => lock !== taken).every(isFree))
    guard.release()
  }
})

test('acquireAll() holds none after an abort', async (t) => {
  const locks = locksOf(t, 'a', 'b')
  const reason = new Error('the reason')
  const isReason = (error) => error === reason
  await assert.rejects(acquireAll(locks, { signal: AbortSignal.abort(reason) }), isReason)
  assert.ok(!fs.existsSync(locks[0].path))
  const guard = await locks[1].acquire()
  const controller = new AbortController()
  const { signal } = controller
  await assert.rejects(acquireAll(locks, { signal, onWait: () => controller.abort(reason) }), isReason)
  assert.ok(isFree(locks[0]))
  guard.release()
})

test('acquireAll() holds none where one cannot be opened', async (t) => {
  const locks = locksOf(t, 'a', 'none/b')
  await assert.rejects(acquireAll(locks), { code: 'ENOENT', path: locks[1].path })
  assert.ok(isFree(locks[0]))
})

test('one file under several names counts once', symlinksOnly, async (t) => {
  const [lock, link] = locksOf(t, 'a', 'link')
  fs.writeFileSync(lock.path, '')
  fs.symlinkSync('a', link.path)
  fs.linkSync(lock.path, `${lock.path}.hard`)
  const relative = lockFile(path.relative(process.cwd(), lock.path))
  const guard = await acquireAll([lock, link, relative, lock, lockFile(`${lock.path}.hard`)], 1)
  assert.equal(guard.paths.length, 1)
  guard.release()
  assert.ok(isFree(lock))
})

test('acquireAll() creates the file that a dangling link leads to', symlinksOnly, async (t) => {
  const [lock, link, other] = locksOf(t, 'a', 'link', 'other')
  fs.symlinkSync('a', link.path)
  fs.symlinkSync('a', other.path)
  const guard = await acquireAll([link, other, lock], 1)
  assert.equal(guard.paths.length, 1)
  assert.ok(fs.lstatSync(lock.path).isFile())
  guard.release()
})

test('processes that name the same locks in another order never wait in a circle', async (t) => {
  const locks = locksOf(t, 'a', 'b', 'c', 'd')
  const names = locks.map(({ path }) => path)
  const peers = await Promise.all([startNode(t), startNode(t), startNode(t), startNode(t)])
  const work = async ({ require, lockFile }, names, turns) => {
    const { acquireAll } = require('.')
    const locks = names.map((name) => lockFile(name))
    for (let i = 0; i < 100; i += 1) {
      const chosen = [...locks.slice(i % turns), ...locks.slice(0, i % turns)].slice(0, 2 + (i % 3))
      const guard = await acquireAll(i % 2 === 0 ? chosen : chosen.toReversed())
      await new Promise(setImmediate)
      guard.release()
    }
  }
  await Promise.all(peers.map((peer, i) => peer.run(work, names, i + 1)))
  assert.ok(locks.every(isFree))
})

test(
  'a file that is replaced during the wait is locked as the file that it is then',
  notOnWindows('an open file is replaced'),
  async (t) => {
    const locks = locksOf(t, 'a', 'b')
    for (const { path } of locks) fs.writeFileSync(path, '')
    const guards = await acquireAll(locks)
    let isWaiting = false
    const onWait = () => {
      isWaiting = true
    }
    const pending = acquireAll(locks, { onWait })
    await until(() => isWaiting, 'the second to wait')
    for (const { path } of locks) {
      fs.writeFileSync(`${path}.new`, '')
      fs.renameSync(`${path}.new`, path)
    }
    guards.release()
    const second = await pending
    assert.equal(second.released, false)
    const peer = await startNode(t)
    for (const { path } of locks) assert.equal(await peer.tryAcquire(path), false)
    second.release()
  },
)

for (const how of ['a link is pointed to the other file', 'the files are swapped']) {
  test(`acquireAll() does not wait for itself where ${how}`, symlinksOnly, async (t) => {
    const [link, ...files] = locksOf(t, 'link', 'a', 'b').map(({ path }) => path)
    for (const file of files) fs.writeFileSync(file, '')
    // The one that is acquired first.
    const [first, last] = files.sort((a, b) => fs.statSync(a).ino - fs.statSync(b).ino)
    fs.symlinkSync(last, link)
    const peer = await startNode(t)
    await peer.acquire(last)
    let isWaiting = false
    const onWait = () => {
      isWaiting = true
    }
    const pending = acquireAll([lockFile(first), lockFile(link)], { onWait })
    await until(() => isWaiting, 'the wait')
    if (how.startsWith('a link')) {
      fs.unlinkSync(link)
      fs.symlinkSync(first, link)
    } else {
      fs.renameSync(last, `${last}.away`)
      fs.renameSync(first, last)
      fs.renameSync(`${last}.away`, first)
      await peer.release(last)
    }
    const guards = await within(pending, 'the locks')
    for (const file of new Set([first, link].map((path) => fs.realpathSync(path)))) {
      assert.equal(await peer.tryAcquire(file), false)
    }
    guards.release()
  })
}

test('acquireAll() of what is no lock is a TypeError', async (t) => {
  const [lock] = locksOf(t, 'a')
  const wrong = { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' }
  for (const locks of [undefined, lock, 'a', ['a'], [lock, null], 5]) {
    await assert.rejects(acquireAll(locks), wrong)
  }
  await assert.rejects(acquireAll([lock], 'soon'), wrong)
  assert.ok(!fs.existsSync(lock.path))
})
