'use strict'

// Rules 8 and 12: a lock belongs to the process, and what a worker has of it ends with the worker.

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const { once } = require('node:events')
const path = require('node:path')
const { test } = require('node:test')
const { lockFile } = require('..')
const { lockPath } = require('../tools/folder')
const { startNode } = require('../tools/peer')
const { occupyPool } = require('../tools/pool')
const { resources, untilResourcesAre } = require('../tools/resources')
const { startThread } = require('../tools/thread')
const { within } = require('../tools/until')

const FIXTURES = path.join(__dirname, 'fixtures')

/** How often each moment to terminate a worker is tried. */
const ROUNDS = Number(process.env.LOCKET_ROUNDS ?? 25)

/** Acquires and releases the lock: no ended thread holds it. */
async function assertFree(lock) {
  const guard = await within(lock.acquire(), 'a free lock')
  guard.release()
  assert.equal(lock.locked, false)
}

/** Terminates the worker; tells how many milliseconds that took. */
async function terminate(worker) {
  const begin = performance.now()
  await within(worker.terminate(), 'the worker to be terminated')
  return performance.now() - begin
}

/** Runs `round` as often as asked; it answers how long terminate() took. */
async function rounds(t, round) {
  const before = await resources()
  const times = []
  for (let count = 0; count < ROUNDS; count += 1) times.push(await round(count))
  await untilResourcesAre(before)
  times.sort((a, b) => a - b)
  const [median, longest] = [times[times.length >> 1], times.at(-1)].map((time) => time.toFixed(1))
  t.diagnostic(`terminate() took ${median} ms (median) and at most ${longest} ms in ${ROUNDS} rounds`)
}

async function acquireAndStay({ lockFile, tell, stay }, file) {
  await lockFile(file).acquire()
  tell('held')
  stay()
}

async function queue({ lockFile, tell, stay }, file) {
  await lockFile(file).acquire({ onWait: () => tell('waiting') })
  stay()
}

function queueSync({ lockFile, tell }, file) {
  lockFile(file).acquireSync({ onWait: () => tell('waiting') })
}

test('release() ends an acquisition of another thread', async (t) => {
  const file = lockPath(t)
  const lock = lockFile(file)
  const worker = await startThread(
    t,
    async ({ lockFile, tell, told }, file) => {
      const lock = lockFile(file)
      const guard = await lock.acquire()
      tell('held')
      await told()
      tell(guard.released)
      await told()
      lock.release()
      tell('released')
    },
    file,
  )
  assert.equal(lock.locked, true)
  lock.release()
  const guard = await lock.acquire()
  worker.postMessage('is yours released?')
  assert.deepEqual(await once(worker, 'message'), [true])
  const next = lock.acquire()
  worker.postMessage('release ours')
  assert.deepEqual(await once(worker, 'message'), ['released'])
  await within(next, 'the lock that the worker released')
  assert.equal(guard.released, true)
  lock.release()
})

test('release() grants the lock to a waiter in another thread', async (t) => {
  const file = lockPath(t)
  const lock = lockFile(file)
  const guard = await lock.acquire()
  const worker = await startThread(
    t,
    async ({ lockFile, tell, told }, file) => {
      await lockFile(file).acquire({ onWait: () => tell('waiting') })
      tell('held')
      await told()
    },
    file,
  )
  const next = lock.acquire()
  guard.release()
  assert.deepEqual(await once(worker, 'message'), ['held'])
  assert.equal(lock.locked, true)
  worker.postMessage('end')
  ;(await within(next, 'what the worker held when it ended')).release()
})

test('a lock or guard sent to another thread arrives as a plain object', async (t) => {
  const lock = lockFile(lockPath(t))
  const guard = await lock.acquire()
  for (const sent of [lock, guard]) {
    const copy = structuredClone(sent)
    assert.equal(Object.getPrototypeOf(copy), Object.prototype)
    assert.throws(() => sent.release.call(copy), TypeError)
  }
  guard.release()
})

test('a worker terminated while it waits for its process leaves the queue', async (t) => {
  const file = lockPath(t)
  const lock = lockFile(file)
  await rounds(t, async () => {
    const guard = await lock.acquire()
    const worker = await startThread(null, queue, file)
    const next = lock.acquire()
    const time = await terminate(worker)
    guard.release()
    ;(await within(next, 'the lock, behind a worker that is gone')).release()
    await assertFree(lock)
    return time
  })
})

test('a worker terminated while it waits for another process leaves the queue', async (t) => {
  const file = lockPath(t)
  const lock = lockFile(file)
  const holder = await startNode(t)
  await rounds(t, async () => {
    await holder.acquire(file)
    const worker = await startThread(null, queue, file)
    const time = await terminate(worker)
    const next = lock.acquire()
    await holder.release(file)
    ;(await within(next, 'the lock that the other process released')).release()
    await assertFree(lock)
    return time
  })
})

for (const place of ['its own process', 'another process']) {
  test(`a worker terminated in acquireSync() while it waits for ${place} leaves the queue`, async (t) => {
    const file = lockPath(t)
    const lock = lockFile(file)
    const holder = await startNode(t)
    const own = place === 'its own process'
    await rounds(t, async () => {
      if (own) await lock.acquire()
      else await holder.acquire(file)
      const time = await terminate(await startThread(null, queueSync, file))
      if (own) lock.release()
      else await holder.release(file)
      await assertFree(lock)
      return time
    })
  })
}

test('a worker terminated while its attempt is on the pool leaves nothing', async (t) => {
  const file = lockPath(t)
  const lock = lockFile(file)
  await rounds(t, async () => {
    const worker = await startThread(
      null,
      async ({ lockFile, tell, told, stay }, file) => {
        tell('ready')
        await told()
        lockFile(file).acquire()
        tell('asked')
        stay()
      },
      file,
    )
    const busy = occupyPool(3000)
    worker.postMessage('ask')
    await once(worker, 'message')
    const time = await terminate(worker)
    await busy
    await assertFree(lock)
    return time
  })
})

test('a worker terminated at the grant leaves the lock to the next waiter', async (t) => {
  const file = lockPath(t)
  const lock = lockFile(file)
  await rounds(t, async (count) => {
    const guard = await lock.acquire()
    const worker = await startThread(null, queue, file)
    const next = lock.acquire()
    // Before, with, and some microseconds after the release.
    let end
    if (count % 4 === 0) end = terminate(worker)
    guard.release()
    const until = performance.now() + (count % 4) * Math.random() * 0.1
    while (performance.now() < until);
    end ??= terminate(worker)
    ;(await within(next, 'the lock that the worker was granted at its end')).release()
    const time = await end
    await assertFree(lock)
    return time
  })
})

test('a worker terminated at the release of another process leaves the lock to the next waiter', async (t) => {
  const file = lockPath(t)
  const lock = lockFile(file)
  const holder = await startNode(t)
  await rounds(t, async (count) => {
    await holder.acquire(file)
    const worker = await startThread(null, queue, file)
    const released = holder.release(file)
    if (count % 2) await released
    const time = await terminate(worker)
    await released
    await assertFree(lock)
    return time
  })
})

test('a worker terminated while it holds frees the lock for the next waiter', async (t) => {
  const file = lockPath(t)
  const lock = lockFile(file)
  const other = await startNode(t)
  await rounds(t, async (count) => {
    const worker = await startThread(null, acquireAndStay, file)
    assert.equal(lock.tryAcquire(), null)
    const elsewhere = count % 2 === 1
    const next = elsewhere ? other.acquire(file) : lock.acquire()
    const time = await terminate(worker)
    await within(next, 'the lock that the terminated worker held')
    if (elsewhere) await other.release(file)
    else lock.release()
    await assertFree(lock)
    return time
  })
})

/** bun tells of an error by the event alone. */
const CRASHED = process.versions.bun === undefined ? 1 : 0

const ENDINGS = {
  'by itself': { end: () => {}, code: 0 },
  'by an uncaught error': {
    end: () => {
      throw new Error('uncaught')
    },
    code: CRASHED,
    error: 'uncaught',
  },
  'by an unhandled rejection': {
    end: () => Promise.reject(new Error('unhandled')),
    code: CRASHED,
    error: 'unhandled',
  },
  'by process.exit()': { end: () => process.exit(7), code: 7 },
  'by process.exit() in a microtask': { end: () => queueMicrotask(() => process.exit(8)), code: 8 },
}

/** Lets the worker end, checks how it does, and tells once it has. */
async function ending(worker, { code, error }) {
  const failed = error === undefined ? [] : [once(worker, 'error')]
  const exited = new Promise((resolve) => worker.once('exit', resolve))
  worker.postMessage('end')
  for (const [{ message }] of await Promise.all(failed)) assert.equal(message, error)
  assert.equal(await within(exited, 'the worker to end'), code)
}

for (const [how, { end, ...expected }] of Object.entries(ENDINGS)) {
  test(`a worker ended ${how} frees what it holds`, async (t) => {
    const file = lockPath(t)
    const lock = lockFile(file)
    const worker = await startThread(
      t,
      async ({ lockFile, tell, told }, file, end) => {
        await lockFile(file).acquire()
        tell('held')
        await told()
        return end()
      },
      file,
      end,
    )
    const next = lock.acquire()
    await ending(worker, expected)
    ;(await within(next, 'the lock of the worker that ended')).release()
    await assertFree(lock)
  })

  if (how === 'by itself') continue
  for (const place of ['its own process', 'another process']) {
    test(`a worker ended ${how} while it waits for ${place} leaves the queue`, async (t) => {
      const file = lockPath(t)
      const lock = lockFile(file)
      const holder = place === 'its own process' ? null : await startNode(t)
      if (holder) await holder.acquire(file)
      else await lock.acquire()
      const worker = await startThread(
        t,
        async ({ lockFile, tell, told }, file, end) => {
          lockFile(file).acquire({ onWait: () => tell('waiting') })
          await told()
          return end()
        },
        file,
        end,
      )
      await ending(worker, expected)
      if (holder) await holder.release(file)
      else lock.release()
      await assertFree(lock)
    })
  }
}

test('a pending acquire keeps a worker alive, a held lock does not', async (t) => {
  const file = lockPath(t)
  const lock = lockFile(file)
  await lock.acquire()
  const worker = await startThread(
    t,
    async ({ lockFile, tell }, file) => {
      await lockFile(file).acquire({ onWait: () => tell('waiting') })
      tell('held')
    },
    file,
  )
  // A worker's last message and its end can come together.
  const [told, ended] = [once(worker, 'message'), once(worker, 'exit')]
  lock.release()
  assert.deepEqual(await within(told, 'a worker with nothing else to do'), ['held'])
  await within(ended, 'the worker that holds the lock to end')
  await assertFree(lock)
})

test('threads that start and end never hold the lock at the same time', async (t) => {
  const file = lockPath(t)
  const lock = lockFile(file)
  // What a holder finds in `inside` when it leaves is itself, unless another was let in.
  const shared = new Int32Array(new SharedArrayBuffer(12))
  const [INSIDE, SECTIONS, CLASHES] = [0, 1, 2]
  const thread = async ({ lockFile, tell }, file, shared, id) => {
    const lock = lockFile(file)
    for (let section = 0; ; section += 1) {
      const guard = await lock.acquire()
      shared[0] = id
      const until = performance.now() + 0.02
      while (performance.now() < until);
      if (Atomics.load(shared, 0) !== id) Atomics.add(shared, 2, 1)
      Atomics.add(shared, 1, 1)
      if (section === 20) tell('busy')
      // Every other one ends by itself, with the lock.
      if (section === 200 && id % 2) process.exit()
      guard.release()
    }
  }
  let started = 0
  const succession = async () => {
    while (started < ROUNDS) {
      started += 1
      const worker = await startThread(null, thread, file, shared, started)
      await terminate(worker)
    }
  }
  const before = await resources()
  await Promise.all([succession(), succession(), succession(), succession()])
  assert.equal(shared[CLASHES], 0, 'no two inside')
  assert.ok(shared[SECTIONS] >= ROUNDS && shared[INSIDE] > 0)
  await assertFree(lock)
  await untilResourcesAre(before)
})

test('a worker can be the only thread that ever loads the package', () => {
  const output = execFileSync(process.execPath, [path.join(FIXTURES, 'workers-only.js')], {
    encoding: 'utf8',
  })
  assert.equal(output, 'ended\n'.repeat(3))
})
