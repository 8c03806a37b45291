// Errors of the operating system are Node's own in shape, and point at the caller.

'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { LockError, lockFile } = require('..')
const { temporaryFolder, lockPath } = require('../tools/folder')
const { startNode } = require('../tools/peer')

/** The error of the promise, or of the call. */
async function errorOf(act) {
  try {
    await act()
  } catch (error) {
    return error
  }
  return assert.fail('no error')
}

function missing(t) {
  return path.join(temporaryFolder(t), 'missing', 'a.lock')
}

test('an error of the operating system has the text and the properties of fs.open', async (t) => {
  const file = missing(t)
  const expected = await errorOf(() => fs.promises.open(file, 'r+'))
  for (const act of [
    () => lockFile(file).acquire(),
    () => lockFile(file).acquireSync(),
    () => lockFile(file).tryAcquire(),
    () => lockFile(file).runExclusive(() => assert.fail('not without the lock')),
  ]) {
    const error = await errorOf(act)
    assert.equal(error.message, expected.message)
    assert.deepEqual({ ...error }, { ...expected })
    assert.equal(Object.getPrototypeOf(error), Error.prototype)
    assert.ok(!(error instanceof LockError))
  }
})

test('the stack of an error reaches the await of the caller', async (t) => {
  const file = missing(t)
  async function theCaller(act) {
    await act()
  }
  const holder = await startNode(t)
  const taken = lockPath(t)
  await holder.acquire(taken)
  for (const act of [
    () => lockFile(file).acquire(),
    () => lockFile(file).acquireSync(),
    () => lockFile(taken).acquire(0),
    () => lockFile(taken).acquire(0.01),
    () => lockFile(file).runExclusive(() => {}),
  ]) {
    const { stack } = await errorOf(() => theCaller(act))
    assert.match(stack, /theCaller .*errors\.test\.js/)
  }
})

test('a LockError is an Error with name, code and path, and its stack begins with them', async (t) => {
  const file = lockPath(t)
  const lock = lockFile(file)
  await lock.acquire()
  const error = await errorOf(() => lock.acquire(0))
  assert.ok(error instanceof LockError && error instanceof Error)
  assert.equal(error.name, 'LockError')
  assert.equal(String(error), `LockError: ${error.message}`)
  assert.equal(error.code, 'ERR_LOCK_TIMEOUT')
  assert.equal(error.path, file)
  assert.ok(error.message.includes(file))
  assert.ok(error.stack.includes(error.message))
  lock.release()
})

test('instanceof LockError holds across copies of the package, and not for other classes', async (t) => {
  const folder = path.join(temporaryFolder(t), 'common')
  fs.cpSync(path.join(__dirname, '../lib/common'), folder, { recursive: true })
  const other = require(folder).LockError
  assert.notEqual(other, LockError)
  const lock = lockFile(lockPath(t))
  const error = await errorOf(() => lock.release())
  assert.ok(error instanceof other && new other('ERR_LOCK_TIMEOUT', 'text', 'a.lock') instanceof LockError)
  class Narrower extends LockError {}
  assert.ok(new Narrower() instanceof Narrower && new Narrower() instanceof LockError)
  for (const value of [undefined, null, 7, 'text', new Error('text'), { ...error }]) {
    assert.equal(value instanceof LockError, false)
  }
  assert.equal(error instanceof Narrower, false)
})

test('each failed acquire has a separate error', async (t) => {
  const lock = lockFile(missing(t))
  const [one, other] = await Promise.all([errorOf(() => lock.acquire()), errorOf(() => lock.acquire())])
  assert.notEqual(one, other)
})
