'use strict'

// What console.log shows.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { inspect } = require('node:util')
const { lockFile } = require('..')
const { lockPath } = require('../tools/folder')

const plain = { breakLength: Infinity }

test('a lock shows its path and its state', async (t) => {
  const file = lockPath(t)
  const lock = lockFile(file)
  assert.equal(inspect(lock, plain), `FileLock { path: ${inspect(file)}, locked: false }`)
  const guard = await lock.acquire()
  assert.equal(inspect(lock, plain), `FileLock { path: ${inspect(file)}, locked: true }`)
  assert.equal(
    inspect(guard, plain),
    `LockGuard { path: ${inspect(file)}, mode: 'exclusive', released: false }`,
  )
  guard.release()
  assert.equal(
    inspect({ guard }, plain),
    `{ guard: LockGuard { path: ${inspect(file)}, mode: 'exclusive', released: true } }`,
  )
})

test('an error shows its code, the path and the holder', async (t) => {
  const file = lockPath(t)
  const lock = lockFile(file)
  const guard = await lock.acquire()
  const error = await lock.acquire(0).catch((error) => error)
  const shown = inspect(error, plain)
  assert.ok(shown.startsWith(`LockError: lock '${file}' is already held by this process\n    at `), shown)
  assert.ok(shown.includes("code: 'ERR_LOCK_TIMEOUT'"), shown)
  assert.ok(shown.includes(`path: ${inspect(file)}`), shown)
  assert.ok(shown.includes(`holder: { pid: ${process.pid}, sameProcess: true }`), shown)
  assert.deepEqual(JSON.parse(JSON.stringify(error)), {
    code: 'ERR_LOCK_TIMEOUT',
    path: file,
    holder: { pid: process.pid, sameProcess: true },
  })
  guard.release()
})

test('an error of release() shows no holder where there is none', (t) => {
  const lock = lockFile(lockPath(t))
  assert.throws(
    () => lock.release(),
    (error) => error.code === 'ERR_LOCK_NOT_HELD' && !inspect(error).includes('holder'),
  )
})
