// What Python's locket promises in its own tests, kept here: the same sixteen situations.

'use strict'

const assert = require('node:assert/strict')
const { describe, test } = require('node:test')
const { lockFile } = require('..')
const { lockPath } = require('../tools/folder')
const { startNode } = require('../tools/peer')

const refused = { name: 'LockError', code: 'ERR_LOCK_TIMEOUT' }

async function twoLockers(t) {
  const path = lockPath(t)
  const [first, second] = await Promise.all([startNode(t), startNode(t)])
  return { path, first, second }
}

/** Returns `true` if another process could acquire the lock now. */
function isFree(path) {
  const guard = lockFile(path).tryAcquire()
  guard?.release()
  return guard !== null
}

describe('in one process', () => {
  test('an uncontested lock is obtained', async (t) => {
    const path = lockPath(t)
    let ran = false
    await lockFile(path).runExclusive(() => {
      ran = true
    })
    assert.equal(ran, true)
  })

  test('a free lock is obtained with a timeout of zero', async (t) => {
    let ran = false
    await lockFile(lockPath(t), { timeout: 0 }).runExclusive(() => {
      ran = true
    })
    assert.equal(ran, true)
  })

  test('the end of a scope releases, though the lock object lives on', async (t) => {
    const path = lockPath(t)
    const lock = lockFile(path, { timeout: 0 })
    await lock.runExclusive(() => {})
    await lockFile(path, { timeout: 0 }).runExclusive(() => {})
    assert.equal(lock.locked, false)
  })

  test('acquire() and release() control the lock', async (t) => {
    const lock = lockFile(lockPath(t))
    await lock.acquire()
    assert.equal(lock.locked, true)
    lock.release()
    assert.equal(lock.locked, false)
  })

  test('the same object cannot be acquired twice without a release', async (t) => {
    const lock = lockFile(lockPath(t), { timeout: 0 })
    await lock.acquire()
    await assert.rejects(lock.acquire(), refused)
  })

  test('the same path cannot be acquired twice without a release', async (t) => {
    const path = lockPath(t)
    await lockFile(path, { timeout: 0 }).acquire()
    await assert.rejects(lockFile(path, { timeout: 0 }).acquire(), refused)
  })

  test('the same path with other options cannot be acquired twice without a release', async (t) => {
    const path = lockPath(t)
    await lockFile(path, { timeout: null }).acquire()
    await assert.rejects(lockFile(path, { timeout: 0 }).acquire(), refused)
  })

  test('release() of an unlocked lock says: cannot release unlocked lock', (t) => {
    assert.throws(() => lockFile(lockPath(t)).release(), {
      name: 'LockError',
      message: 'cannot release unlocked lock',
    })
  })

  test('two objects of one path are one lock', async (t) => {
    const path = lockPath(t)
    const [one, other] = [lockFile(path), lockFile(path)]
    await one.acquire()
    assert.equal(other.locked, true)
    other.release()
    assert.equal(one.locked, false)
  })

  test('two objects of one path with different options are one lock', async (t) => {
    const path = lockPath(t)
    const [one, other] = [lockFile(path, { timeout: null }), lockFile(path, { timeout: 0 })]
    await one.acquire()
    assert.equal(other.locked, true)
    other.release()
    assert.equal(one.locked, false)
  })

  test('objects of different paths are different locks', async (t) => {
    const path = lockPath(t)
    const [one, other] = [lockFile(path), lockFile(`${path}-2`)]
    await one.acquire()
    assert.equal(other.locked, false)
    await other.acquire(0)
    one.release()
    assert.equal(other.locked, true)
  })
})

describe('between processes', () => {
  test('an acquire blocks until the lock is available', async (t) => {
    const { path, first, second } = await twoLockers(t)
    await first.acquire(path)
    let granted = false
    const pending = second.acquire(path).then(() => {
      granted = true
    })
    await second.waiting()
    assert.equal(granted, false)
    await first.release(path)
    await pending
    await assert.rejects(first.acquire(path, 0), refused)
    await second.release(path)
    assert.equal(isFree(path), true)
  })

  test('a lock is released when its holder is brutally killed', async (t) => {
    const { path, first, second } = await twoLockers(t)
    await first.acquire(path)
    const pending = second.acquire(path)
    await second.waiting()
    first.signal('SIGKILL')
    await pending
    await second.release(path)
  })

  test('a timeout of zero raises at once when the lock is taken', async (t) => {
    const { path, first, second } = await twoLockers(t)
    await first.acquire(path)
    await assert.rejects(second.acquire(path, 0), refused)
    await first.release(path)
    assert.equal(isFree(path), true)
  })

  test('an error is raised when the timeout has expired, and not before', async (t) => {
    const { path, first, second } = await twoLockers(t)
    await first.acquire(path)
    const begin = performance.now()
    await assert.rejects(second.acquire(path, 0.5), refused)
    assert.ok(performance.now() - begin >= 500)
    assert.equal(await second.tryAcquire(path), false)
    await first.release(path)
  })

  test('a lock that comes free before the timeout is acquired', async (t) => {
    const { path, first, second } = await twoLockers(t)
    await first.acquire(path)
    const pending = second.acquire(path, 20)
    await second.waiting()
    await first.release(path)
    await pending
    assert.equal(await first.tryAcquire(path), false)
    await second.release(path)
  })
})
