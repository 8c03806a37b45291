'use strict'

// Rules 6 and 7: an abort ends a wait with the signal's reason, and what it ended never holds.

const assert = require('node:assert/strict')
const { addAbortListener, getEventListeners, once } = require('node:events')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { setImmediate: turn } = require('node:timers/promises')
const { Worker } = require('node:worker_threads')
const { lockFile } = require('..')
const { lockPath, temporaryFolder } = require('../tools/folder')
const { startNode } = require('../tools/peer')
const { occupyPool } = require('../tools/pool')

const FIXTURES = path.join(__dirname, 'fixtures')

const RACES = 10_000

function listeners(signal) {
  return getEventListeners(signal, 'abort').length
}

test('an aborted signal rejects before a file is opened', async (t) => {
  const file = lockPath(t)
  const lock = lockFile(file)
  const reason = new Error('before')
  await assert.rejects(lock.acquire({ signal: AbortSignal.abort(reason) }), (error) => error === reason)
  await assert.rejects(lock.acquire({ signal: AbortSignal.abort() }), { name: 'AbortError' })
  await assert.rejects(lock.acquire({ signal: AbortSignal.abort(undefined), timeout: 0 }), {
    name: 'AbortError',
  })
  await assert.rejects(lock.runExclusive(assert.fail, { signal: AbortSignal.abort(reason) }), reason)
  assert.equal(fs.existsSync(file), false)
  assert.equal(lock.locked, false)
})

test('an abort rejects with any value that is the reason', async (t) => {
  const lock = lockFile(lockPath(t))
  const guard = await lock.acquire()
  for (const reason of [new Error('why'), 'a string', 0, null]) {
    const controller = new AbortController()
    const waiting = lock.acquire({ signal: controller.signal })
    controller.abort(reason)
    await assert.rejects(waiting, (error) => error === reason)
  }
  guard.release()
  assert.equal(lock.locked, false)
})

test('an abort ends a wait for another process, and the next acquire waits again', async (t) => {
  const file = lockPath(t)
  const lock = lockFile(file)
  const holder = await startNode(t)
  await holder.acquire(file)
  const controller = new AbortController()
  const waiting = lock.acquire({
    signal: controller.signal,
    onWait: () => setImmediate(() => controller.abort()),
  })
  await assert.rejects(waiting, { name: 'AbortError' })
  const next = lock.acquire()
  await holder.release(file)
  const guard = await next
  assert.equal(lock.locked, true)
  guard.release()
})

test('an abort while the first attempt is on the pool ends the acquire', async (t) => {
  const lock = lockFile(lockPath(t))
  const busy = occupyPool()
  const controller = new AbortController()
  const waiting = lock.acquire({ signal: controller.signal })
  controller.abort()
  await assert.rejects(waiting, { name: 'AbortError' })
  // The attempt may still be out. What it brings goes to a later acquire, or is let go.
  const guard = await lock.acquire()
  guard.release()
  assert.equal(lock.locked, false)
  await busy
})

test('no file is created after the rejection of an acquire that was aborted', async (t) => {
  const folder = temporaryFolder(t)
  const work = Array.from({ length: 8 }, () => folder)
  let created = 0
  for (let i = 0; i < 1000; i += 1) {
    const file = path.join(folder, String(i))
    const controller = new AbortController()
    const acquire = lockFile(file).acquire({ signal: controller.signal })
    // At any point of the attempt.
    const end = performance.now() + Math.random() * 0.15
    while (performance.now() < end) {}
    controller.abort()
    await assert.rejects(acquire, { name: 'AbortError' })
    const isCreated = fs.existsSync(file)
    // What was on the pool has run after this.
    await Promise.all(work.map((folder) => fs.promises.stat(folder)))
    assert.equal(fs.existsSync(file), isCreated)
    if (isCreated) created += 1
  }
  assert.ok(created > 0, 'no attempt had begun')
})

test('an abort inside onWait ends the acquire', async (t) => {
  const file = lockPath(t)
  const lock = lockFile(file)
  const abortInOnWait = () => {
    const controller = new AbortController()
    const acquire = lock.acquire({ signal: controller.signal, onWait: () => controller.abort() })
    return { acquire, signal: controller.signal }
  }
  const guard = await lock.acquire()
  const own = abortInOnWait()
  await assert.rejects(own.acquire, { name: 'AbortError' })
  assert.equal(listeners(own.signal), 0)
  guard.release()
  const holder = await startNode(t)
  await holder.acquire(file)
  const foreign = abortInOnWait()
  await assert.rejects(foreign.acquire, { name: 'AbortError' })
  assert.equal(listeners(foreign.signal), 0)
  await holder.release(file)
})

test('AbortSignal.timeout() and AbortSignal.any() end a wait', async (t) => {
  const lock = lockFile(lockPath(t))
  const guard = await lock.acquire()
  await assert.rejects(lock.acquire({ signal: AbortSignal.timeout(5) }), { name: 'TimeoutError' })
  if (AbortSignal.any !== undefined) {
    const controller = new AbortController()
    const waiting = lock.acquire({
      signal: AbortSignal.any([controller.signal, AbortSignal.timeout(3_600_000)]),
    })
    controller.abort('either')
    await assert.rejects(waiting, (error) => error === 'either')
    // Held here, because Node 20 collects a timeout that only any() refers to, and it never comes.
    const timeout = AbortSignal.timeout(5)
    const late = lock.acquire({ signal: AbortSignal.any([new AbortController().signal, timeout]) })
    await assert.rejects(late, (error) => error === timeout.reason)
  }
  guard.release()
})

test('an abort that another listener stops ends the acquire all the same', async (t) => {
  const lock = lockFile(lockPath(t))
  const guard = await lock.acquire()
  const controller = new AbortController()
  controller.signal.addEventListener('abort', (event) => event.stopImmediatePropagation())
  const waiting = lock.acquire({ signal: controller.signal })
  controller.abort()
  // Before Node 20.5 no listener can resist: the abort is found when the lock would be granted.
  if (addAbortListener === undefined) guard.release()
  await assert.rejects(waiting, { name: 'AbortError' })
  guard.release()
  assert.equal(lock.locked, false)
})

test('an acquire whose signal aborted unheard does not get the lock', async (t) => {
  const lock = lockFile(lockPath(t))
  const guard = await lock.acquire()
  const signal = { aborted: false, reason: 'unheard', addEventListener() {}, removeEventListener() {} }
  const waiting = lock.acquire({ signal })
  const next = lock.acquire()
  signal.aborted = true
  guard.release()
  await assert.rejects(waiting, (error) => error === 'unheard')
  const granted = await next
  granted.release()
  assert.equal(lock.locked, false)
})

const anyOnly = { skip: AbortSignal.any === undefined && 'this Node has no AbortSignal.any()' }

test('a timeout that only AbortSignal.any() refers to ends a wait', anyOnly, async (t) => {
  const peer = await startNode(t, { args: ['--expose-gc'] })
  const run = async ({ lockFile }, file) => {
    const lock = lockFile(file)
    await lock.acquire()
    const any = () => AbortSignal.any([new AbortController().signal, AbortSignal.timeout(100)])
    const waiting = lock.acquire({ signal: any() })
    const collecting = setInterval(() => globalThis.gc(), 10)
    const { name } = await waiting.catch((error) => error)
    clearInterval(collecting)
    return name
  }
  assert.equal(await peer.run(run, lockPath(t)), 'TimeoutError')
})

test('an acquire that has settled leaves no listener', async (t) => {
  const file = lockPath(t)
  const lock = lockFile(file)
  const { signal } = new AbortController()
  const free = await lock.acquire({ signal })
  assert.equal(listeners(signal), 0)
  const handedOver = lock.acquire({ signal })
  assert.equal(listeners(signal), 1)
  await assert.rejects(lock.acquire({ signal, timeout: 0.001 }), { code: 'ERR_LOCK_TIMEOUT' })
  await assert.rejects(lock.acquire({ signal, timeout: 0 }), { code: 'ERR_LOCK_TIMEOUT' })
  free.release()
  const guard = await handedOver
  assert.equal(listeners(signal), 0)
  await assert.rejects(lockFile(`${file}/missing`).acquire({ signal }), {
    code: process.platform === 'win32' ? 'ENOENT' : 'ENOTDIR',
  })
  assert.equal(listeners(signal), 0)
  const controller = new AbortController()
  const aborted = lock.acquire({ signal: controller.signal })
  controller.abort()
  assert.equal(listeners(controller.signal), 0)
  await assert.rejects(aborted)
  guard.release()
})

test("the user's own onabort and listeners are called", async (t) => {
  const lock = lockFile(lockPath(t))
  const guard = await lock.acquire()
  const controller = new AbortController()
  const called = []
  controller.signal.onabort = () => called.push('onabort')
  const waiting = lock.acquire({ signal: controller.signal })
  controller.signal.addEventListener('abort', () => called.push('listener'))
  controller.abort()
  await assert.rejects(waiting, { name: 'AbortError' })
  assert.deepEqual(called, ['onabort', 'listener'])
  assert.equal(typeof controller.signal.onabort, 'function')
  guard.release()
})

test('a thousand acquires that share a signal cause no warning, and an abort ends each of them', async (t) => {
  const lock = lockFile(lockPath(t))
  const warnings = []
  const warned = (warning) => warnings.push(warning)
  process.on('warning', warned)
  t.after(() => process.off('warning', warned))
  const guard = await lock.acquire()
  const controller = new AbortController()
  const { signal } = controller
  const waiting = Array.from({ length: 1000 }, () => lock.acquire({ signal }))
  const rejected = Promise.all(waiting.map((acquire) => assert.rejects(acquire, { name: 'AbortError' })))
  controller.abort()
  await rejected
  await turn()
  assert.deepEqual(warnings, [])
  assert.equal(listeners(signal), 0)
  guard.release()
})

/** The acquire must either hold, or have been refused and not hold. Answers which. */
async function holdsOrNever(lock, acquire, signal) {
  let guard
  try {
    guard = await acquire
  } catch (error) {
    assert.equal(error, signal.reason)
  }
  assert.equal(listeners(signal), 0)
  if (guard === undefined) return false
  assert.equal(guard.released, false)
  assert.equal(lock.locked, true)
  guard.release()
  return true
}

test('an abort that races a hand-over in one thread rejects or holds, never both', async (t) => {
  const lock = lockFile(lockPath(t))
  const granted = { yes: 0, no: 0 }
  const now = (call) => call()
  const moments = [now, process.nextTick, queueMicrotask, setImmediate]
  const orders = moments.flatMap((first) => moments.map((second) => [first, second]))
  for (let round = 0; round < RACES; round += 1) {
    const guard = await lock.acquire()
    const controller = new AbortController()
    const acquire = lock.acquire({ signal: controller.signal })
    const calls = [() => controller.abort(), () => guard.release()]
    if (round % 2) calls.reverse()
    const order = orders[(round >> 1) % orders.length]
    order.forEach((moment, at) => {
      moment(calls[at])
    })
    granted[(await holdsOrNever(lock, acquire, controller.signal)) ? 'yes' : 'no'] += 1
    // After an abort that came first the holder may not even have released yet.
    await turn()
    assert.equal(lock.locked, false)
  }
  assert.ok(granted.yes > 0 && granted.no > 0, JSON.stringify(granted))
})

/** Acquires with aborts at random moments while a peer acquires and releases in a loop. */
async function race(lock, rounds) {
  const granted = { yes: 0, no: 0 }
  // The moment to abort creeps to where the grant comes, so that both are met about equally often.
  let delay = 50
  for (let round = 0; round < rounds; round += 1) {
    const controller = new AbortController()
    const acquire = lock.acquire({ signal: controller.signal })
    const holds = holdsOrNever(lock, acquire, controller.signal)
    const until = performance.now() + (delay * Math.random()) / 1000
    while (performance.now() < until) await turn()
    controller.abort()
    const won = await holds
    granted[won ? 'yes' : 'no'] += 1
    delay = Math.max(1, delay * (won ? 0.95 : 1.05))
  }
  return granted
}

async function raceForIt(t, file) {
  const lock = lockFile(file)
  const granted = await race(lock, RACES)
  t.diagnostic(`granted ${granted.yes}, aborted ${granted.no}`)
  assert.ok(granted.yes > 100 && granted.no > 100, JSON.stringify(granted))
  const guard = await lock.acquire()
  guard.release()
}

test('an abort that races the release of another thread rejects or holds, never both', async (t) => {
  let worker
  t.after(() => worker.terminate())
  const file = lockPath(t)
  worker = new Worker(path.join(FIXTURES, 'contention.js'), { workerData: file })
  await once(worker, 'message')
  await raceForIt(t, file)
})

test('an abort that races the release of another process rejects or holds, never both', async (t) => {
  // In this order: it is ended before the folder goes.
  const peer = await startNode(t)
  const file = lockPath(t)
  await peer.run(({ require }, file) => require('./__test__/fixtures/contention').contend(file), file)
  await raceForIt(t, file)
})
