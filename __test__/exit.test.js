'use strict'

// Rule 13: a pending acquire keeps the process alive, a held lock does not, and whoever wants to
// leave leaves at once.

const assert = require('node:assert/strict')
const { spawn } = require('node:child_process')
const { once } = require('node:events')
const path = require('node:path')
const { test } = require('node:test')
const { lockFile } = require('..')
const { lockPath } = require('./support/folder')
const { FIXTURES, startNode } = require('./support/peer')
const { within } = require('./support/until')

const WAITERS = 1000

/** Runs a fixture as `node FIXTURE ARGUMENT`; what it prints on standard error is in `said`. */
function run(t, fixture, argument) {
  const child = spawn(process.execPath, [path.join(FIXTURES, fixture), argument], {
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  })
  t.after(() => child.kill('SIGKILL'))
  child.said = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    child.said += text
  })
  return child
}

/** Resolves with how the process ended, once it has and all that it printed is here. */
async function end(child) {
  const [code, signal] = await within(once(child, 'close'), 'the process to be gone')
  return { code, signal }
}

/** Calls `act` and resolves with how the process ended; reports how long after the call. */
async function leaving(t, child, act) {
  const begin = performance.now()
  child.once('exit', () => t.diagnostic(`gone after ${(performance.now() - begin).toFixed(0)} ms`))
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
      await within(once(child, 'message'), 'the process to be ready')
      const how = await leaving(t, child, () => child.send(way))
      assert.deepEqual(how, { code: expected.code, signal: null })
      assert.match(child.said, expected.said)
      lock.release()
      assert.notEqual(lock.tryAcquire(), null)
    })
  }

  const title = `with ${options.waiters ?? 'one'} pending ${situation}, a process is gone at once by SIGTERM`
  test(title, async (t) => {
    const file = lockPath(t)
    await lockFile(file).acquire()
    const child = run(t, 'leaver.js', JSON.stringify({ file, ...options }))
    await within(once(child, 'message'), 'the process to be ready')
    const how = await leaving(t, child, () => child.kill('SIGTERM'))
    assert.deepEqual(how, { code: null, signal: 'SIGTERM' })
  })
}

test('a pending acquire keeps the process alive until it is granted', async (t) => {
  const file = lockPath(t)
  const lock = lockFile(file)
  await lock.acquire()
  const child = run(t, 'idler.js', file)
  // It says so from a timer that does not keep it alive.
  await within(once(child, 'message'), 'the idle process to be alive')
  const how = await leaving(t, child, () => lock.release())
  assert.deepEqual(how, { code: 0, signal: null })
  assert.equal(child.said, 'granted\n')
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
  assert.equal(child.said, 'true false true\n')
  assert.notEqual(lockFile(file).tryAcquire(), null)
})
