'use strict'

// Rule 13: a pending acquire keeps the process alive, a held lock does not, and a process that wants to
// leave leaves at once.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const path = require('node:path')
const { test } = require('node:test')
const { lockFile } = require('..')
const { start } = require('../tools/child')
const { lockPath } = require('../tools/folder')
const { startNode } = require('../tools/peer')
const { within } = require('../tools/until')

const FIXTURES = path.join(__dirname, 'fixtures')

const WAITERS = 1000

/** Runs a fixture as `node FIXTURE ARGUMENT`. */
function run(t, fixture, argument) {
  const stdio = ['ignore', 'inherit', 'pipe', 'ipc']
  return start(t, process.execPath, [path.join(FIXTURES, fixture), argument], { stdio })
}

/** Resolves with how the process ended, once it has and all that it printed is here. */
async function end(child) {
  const { status, signal } = await within(child.ended, 'the process to end')
  return { code: status, signal }
}

/** Resolves with the first message of the process. */
function message(child) {
  return within(once(child.process, 'message'), 'a message of the process')
}

/** Calls `act` and resolves with how the process ended; reports how long after the call. */
async function leaving(t, child, act) {
  const begin = performance.now()
  child.process.once('exit', () => t.diagnostic(`gone after ${(performance.now() - begin).toFixed(0)} ms`))
  const ended = end(child)
  act()
  return ended
}

/** Each with a word that must be on standard error. */
const WAYS = {
  exit: { code: 7, said: /^$/ },
  exitInMicrotask: { code: 7, said: /^$/ },
  throw: { code: 1, said: /Error: uncaught/ },
  reject: { code: 1, said: /Error: unhandled/ },
  abort: { code: 5, said: /^$/ },
}

const SITUATIONS = {
  'in its queue': { waiters: WAITERS },
  'in its queue, each with a timeout': { waiters: WAITERS, timeout: 3600 },
  'in the queue of a worker': { waiters: WAITERS, thread: true },
  'and a worker blocked in acquireSync()': { sync: true, thread: true },
}

for (const [situation, options] of Object.entries(SITUATIONS)) {
  for (const [way, expected] of Object.entries(WAYS)) {
    // The signal that all wait with is of their own thread.
    if (way === 'abort' && options.thread) continue
    test(`with ${options.waiters ?? 'one'} pending ${situation}, a process that ends by ${way} is gone at once`, async (t) => {
      const file = lockPath(t)
      const lock = lockFile(file)
      await lock.acquire()
      const child = run(t, 'leaver.js', JSON.stringify({ file, ...options }))
      await message(child)
      const how = await leaving(t, child, () => child.process.send(way))
      assert.deepEqual(how, { code: expected.code, signal: null })
      assert.match(child.err, expected.said)
      lock.release()
      assert.notEqual(lock.tryAcquire(), null)
    })
  }

  const title = `with ${options.waiters ?? 'one'} pending ${situation}, a process is gone at once by SIGTERM`
  test(title, async (t) => {
    const file = lockPath(t)
    await lockFile(file).acquire()
    const child = run(t, 'leaver.js', JSON.stringify({ file, ...options }))
    await message(child)
    const how = await leaving(t, child, () => child.signal('SIGTERM'))
    assert.deepEqual(how, { code: null, signal: 'SIGTERM' })
  })
}

test('a pending acquire keeps the process alive until it is granted', async (t) => {
  const file = lockPath(t)
  const lock = lockFile(file)
  await lock.acquire()
  const child = run(t, 'idler.js', file)
  // It says so from a timer that does not keep it alive.
  await message(child)
  const how = await leaving(t, child, () => lock.release())
  assert.deepEqual(how, { code: 0, signal: null })
  assert.equal(child.err, 'granted\n')
  // It ended by itself while it held the lock: that kept it no longer, and freed the lock.
  assert.notEqual(lock.tryAcquire(), null)
})

test('the timeout of an acquire that was granted keeps no process alive', async (t) => {
  const file = lockPath(t)
  const peer = await startNode(t)
  const before = await peer.run(() => process.getActiveResourcesInfo().length)
  await peer.acquire(file, 3600)
  await peer.release(file)
  assert.equal(await peer.run(() => process.getActiveResourcesInfo().length), before)
})

test('locks can be used in exit handlers', async (t) => {
  const file = lockPath(t)
  const child = run(t, 'last-words.js', file)
  assert.deepEqual(await end(child), { code: 0, signal: null })
  assert.equal(child.err, 'true false true\n')
  assert.notEqual(lockFile(file).tryAcquire(), null)
})

test('no handle is open while no acquire is pending', async (t) => {
  const peer = await startNode(t, { args: ['--expose-gc'] })
  const open = await peer.run(async ({ lockFile }, file) => {
    const { createHook } = require('node:async_hooks')
    const { setImmediate: turn } = require('node:timers/promises')
    // As what shows open handles does: jest --detectOpenHandles, why-is-node-running.
    const active = new Map()
    const hook = createHook({
      init(id, type, _trigger, resource) {
        if (type === 'PROMISE') return
        const weak = new WeakRef(resource)
        const isActive = 'hasRef' in resource ? () => weak.deref()?.hasRef() ?? false : () => true
        active.set(id, { type, isActive })
      },
      destroy(id) {
        active.delete(id)
      },
    }).enable()
    const types = async () => {
      for (let count = 0; count < 5; count += 1) {
        await turn()
        globalThis.gc()
      }
      return [...active.values()].filter(({ isActive }) => isActive()).map(({ type }) => type)
    }
    const lock = lockFile(file)
    const guard = await lock.acquire({ onWait() {} })
    await lock.acquire({ timeout: 0.01, onWait() {}, signal: new AbortController().signal }).catch(() => {})
    const idle = await types()
    const pending = lock.acquire()
    const waiting = await types()
    guard.release()
    const next = await pending
    next.release()
    const after = await types()
    hook.disable()
    return { idle, waiting, after }
  }, lockPath(t))
  assert.deepEqual(open, { idle: [], waiting: ['locket'], after: [] })
})
