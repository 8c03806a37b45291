'use strict'

// A guard is one acquisition: it ends by release(), by a scope, by runExclusive(), and no other with it.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const vm = require('node:vm')
const { lockFile, LockGuard } = require('..')
const { run } = require('../tools/child')
const { lockPath, temporaryFolder } = require('../tools/folder')
const { startNode } = require('../tools/peer')
const { compiled, tsc } = require('../tools/typescript')

test('release() twice is once', async (t) => {
  const lock = lockFile(lockPath(t))
  const guard = await lock.acquire()
  assert.equal(guard.released, false)
  guard.release()
  assert.equal(guard.released, true)
  guard.release()
  assert.equal(lock.locked, false)
})

test('release() of an ended guard does not end a later acquisition', async (t) => {
  const file = lockPath(t)
  const former = await lockFile(file).acquire()
  lockFile(file).release()
  const later = await lockFile(file).acquire()
  assert.equal(former.released, true)
  former.release()
  former[Symbol.dispose]()
  await former[Symbol.asyncDispose]()
  assert.equal(later.released, false)
  assert.equal(lockFile(file).locked, true)
  later.release()
})

test('release() of a guard grants the lock to the next waiter only', async (t) => {
  const lock = lockFile(lockPath(t))
  const first = await lock.acquire()
  const [second, third] = [lock.acquire(), lock.acquire()]
  first.release()
  first.release()
  const guard = await second
  assert.equal(guard.released, false)
  guard.release()
  const last = await third
  last.release()
})

test('release() ends the acquisition of acquireSync() and of tryAcquire()', (t) => {
  const lock = lockFile(lockPath(t))
  for (const take of [() => lock.acquireSync(), () => lock.tryAcquire()]) {
    const guard = take()
    assert.ok(guard instanceof LockGuard)
    assert.equal(guard.path, lock.path)
    assert.equal(lock.locked, true)
    guard.release()
    assert.equal(lock.locked, false)
  }
})

test('Symbol.dispose and Symbol.asyncDispose free the lock', async (t) => {
  const lock = lockFile(lockPath(t))
  const guard = await lock.acquire()
  assert.equal(guard[Symbol.dispose](), undefined)
  assert.equal(lock.locked, false)
  const other = await lock.acquire()
  const disposed = other[Symbol.asyncDispose]()
  assert.ok(disposed instanceof Promise)
  assert.equal(await disposed, undefined)
  assert.equal(lock.locked, false)
})

test('runExclusive() holds the lock until what fn returns has settled, and passes the value on', async (t) => {
  const lock = lockFile(lockPath(t))
  const steps = []
  const task = (name) => async () => {
    steps.push(`${name} begins`)
    assert.equal(lock.locked, true)
    await new Promise(setImmediate)
    steps.push(`${name} ends`)
    return name
  }
  const values = await Promise.all([lock.runExclusive(task('a')), lock.runExclusive(task('b'))])
  assert.deepEqual(values, ['a', 'b'])
  assert.deepEqual(steps, ['a begins', 'a ends', 'b begins', 'b ends'])
  assert.equal(lock.locked, false)
})

test('runExclusive() and runShared() pass the guard to fn', async (t) => {
  const lock = lockFile(lockPath(t))
  const modes = [
    await lock.runExclusive(({ mode, released }) => [mode, released]),
    await lock.runShared(({ mode, released }) => [mode, released]),
  ]
  assert.deepEqual(modes, [
    ['exclusive', false],
    ['shared', false],
  ])
})

/** In a process with --expose-gc: what becomes of acquires and guards whose lock object is not kept. */
const dropLocks = async ({ lockFile }, file) => {
  const collect = async () => {
    let isCollected = false
    const registry = new FinalizationRegistry(() => {
      isCollected = true
    })
    registry.register({})
    // What was registered before is told no later.
    while (!isCollected) {
      globalThis.gc()
      await new Promise(setImmediate)
    }
  }
  const holder = await lockFile(file).acquire()
  const shared = await lockFile(`${file}.other`).acquire()
  const timed = lockFile(file).acquire({ timeout: 0.2, onWait: () => {} })
  const waiting = lockFile(file).acquire()
  await collect()
  const { code } = await timed.catch((error) => error)
  shared.downgrade()
  const { aborted } = shared.signal
  await collect()
  holder.release()
  const guard = await waiting
  await collect()
  const was = guard.released
  guard.release()
  shared.release()
  return { aborted, code, path: guard.path, was, locked: lockFile(file).locked }
}

test('an acquire and a guard need no lock object that is kept', async (t) => {
  const peer = await startNode(t, { args: ['--expose-gc'] })
  const file = lockPath(t)
  const found = await peer.run(dropLocks, file)
  assert.deepEqual(found, { aborted: false, code: 'ERR_LOCK_TIMEOUT', path: file, was: false, locked: false })
})

test('runExclusive() takes a function that is not async, and any thenable', async (t) => {
  const lock = lockFile(lockPath(t))
  assert.equal(await lock.runExclusive(() => 1), 1)
  // biome-ignore lint/suspicious/noThenProperty: that is what a thenable has
  const thenable = { then: (resolve) => resolve(lock.locked) }
  assert.equal(await lock.runExclusive(() => thenable), true)
  assert.equal(lock.locked, false)
})

test('runExclusive() frees the lock when fn throws or rejects, and passes the error on', async (t) => {
  const lock = lockFile(lockPath(t))
  const error = new Error('from fn')
  const thrower = () => {
    throw error
  }
  for (const fn of [thrower, async () => thrower()]) {
    await assert.rejects(lock.runExclusive(fn), (thrown) => thrown === error)
    assert.equal(lock.locked, false)
  }
})

test('runExclusive() that cannot acquire the lock does not call fn', async (t) => {
  const lock = lockFile(lockPath(t))
  const guard = await lock.acquire()
  await assert.rejects(lock.runExclusive(assert.fail, 0), { code: 'ERR_LOCK_TIMEOUT' })
  await assert.rejects(lock.runExclusive(assert.fail, { timeout: 0 }), { code: 'ERR_LOCK_TIMEOUT' })
  guard.release()
})

test('runExclusive() whose fn released the lock itself does not free the next holder’s', async (t) => {
  const lock = lockFile(lockPath(t))
  let next
  await lock.runExclusive(async () => {
    lock.release()
    next = await lock.acquire()
  })
  assert.equal(next.released, false)
  next.release()
})

test('runExclusive() without a function is a TypeError, and nothing is acquired', async (t) => {
  const lock = lockFile(lockPath(t))
  for (const fn of [undefined, null, 'fn', {}, Promise.resolve()]) {
    await assert.rejects(lock.runExclusive(fn), { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' })
  }
  assert.equal(fs.existsSync(lock.path), false)
})

test('TypeScript’s output of using and await using runs on this Node', compiled, async (t) => {
  const folder = temporaryFolder(t)
  tsc('--project', path.join(__dirname, 'fixtures', 'tsconfig.using.json'), '--outDir', folder)
  const output = path.join(folder, 'using.js')
  assert.doesNotMatch(fs.readFileSync(output, 'utf8'), /^\s*(await )?using /m)
  fs.mkdirSync(path.join(folder, 'node_modules'))
  fs.symlinkSync(path.join(__dirname, '..'), path.join(folder, 'node_modules', 'locket'), 'junction')
  const { status, out, err } = await run(t, process.execPath, [output, path.join(folder, 'using.lock')])
  assert.deepEqual({ status, out, err }, { status: 0, out: 'held, free, held, free, free\n', err: '' })
})

const SOURCE = `(async () => {
  const seen = []
  {
    using guard = await lock.acquire()
    seen.push(lock.locked, guard.released)
  }
  seen.push(lock.locked)
  {
    await using guard = await lock.acquire()
    seen.push(lock.locked, guard.released)
  }
  seen.push(lock.locked)
  return seen
})()`

test('using and await using free the lock at the end of the scope', { skip: whyNoUsing() }, async (t) => {
  const lock = lockFile(lockPath(t))
  const seen = await vm.runInNewContext(SOURCE, { lock })
  assert.deepEqual([...seen], [true, false, false, true, false, false])
})

function whyNoUsing() {
  try {
    new vm.Script('async () => { await using a = null; using b = null }')
    return false
  } catch {
    return `Node ${process.versions.node} does not know the syntax`
  }
}
