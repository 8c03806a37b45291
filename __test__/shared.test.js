'use strict'

// Rule 26: any number of readers, or one writer, and neither side starves.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const fs = require('node:fs')
const { test } = require('node:test')
const { acquireAll, lockFile } = require('..')
const { lockPath, temporaryFolder } = require('../tools/folder')
const { untilQueued } = require('../tools/kernel')
const { startNode } = require('../tools/peer')
const {
  endedWaitsOnly,
  isWine,
  linuxOnly,
  rootOnly,
  signalsOnly,
  symlinksOnly,
} = require('../tools/platform')
const { startThread } = require('../tools/thread')
const { until, within, withResolvers } = require('../tools/until')
const { startOtherUser } = require('../tools/user')

const SHARED = { mode: 'shared' }

/** Starts an acquire that has to wait, and resolves, once it does, to its promise in an object. */
async function waiting(lock, options) {
  const { promise, resolve } = withResolvers()
  const granted = lock.acquire({ ...options, onWait: resolve })
  await within(promise, 'the acquire to wait')
  return { granted }
}

test('readers share the lock and exclude a writer', async (t) => {
  const lock = lockFile(lockPath(t))
  assert.equal(lock.mode, null)
  const guards = [await lock.acquire(SHARED), lock.acquireSync(SHARED), lock.tryAcquire(SHARED)]
  assert.deepEqual([lock.locked, lock.mode], [true, 'shared'])
  assert.equal(lock.tryAcquire(), null)
  for (const guard of guards) {
    assert.deepEqual([guard.mode, guard.released], ['shared', false])
    assert.equal(lock.locked, true)
    guard.release()
    assert.equal(guard.released, true)
  }
  assert.deepEqual([lock.locked, lock.mode], [false, null])
  const guard = lock.tryAcquire()
  assert.deepEqual([guard.mode, lock.mode], ['exclusive', 'exclusive'])
  assert.equal(lock.tryAcquire(SHARED), null)
  guard.release()
})

test('readers of several processes and threads share the lock', async (t) => {
  const file = lockPath(t)
  const lock = lockFile(file)
  const [one, other] = await Promise.all([startNode(t), startNode(t)])
  await Promise.all([one.acquireShared(file), other.acquireShared(file)])
  const read = async ({ lockFile, tell, stay }, file) => {
    await lockFile(file).acquire({ mode: 'shared' })
    stay()
    tell('reads')
  }
  const guard = await lock.acquire(SHARED)
  const worker = await startThread(t, read, file)
  assert.equal(await one.tryAcquire(file), false)
  guard.release()
  assert.equal(lock.mode, 'shared', 'by the worker')
  await worker.terminate()
  assert.equal(lock.mode, null, 'what a worker holds ends with it')
  await one.release(file)
  assert.equal(await one.tryAcquire(file), false)
  await other.release(file)
  assert.equal(await one.tryAcquire(file), true)
})

test('inside a process, readers that stand next to each other go in together', async (t) => {
  const lock = lockFile(lockPath(t))
  const served = []
  let inside = 0
  let most = 0
  const section = (name, mode) => async () => {
    inside += 1
    most = Math.max(most, mode === 'shared' ? inside : 0)
    if (mode === 'exclusive') assert.equal(inside, 1, 'a writer is alone')
    served.push(name)
    await new Promise(setImmediate)
    inside -= 1
  }
  const read = (name) => lock.runShared(section(name, 'shared'))
  const write = (name) => lock.runExclusive(section(name, 'exclusive'))
  const first = await lock.acquire(SHARED)
  const all = [write('w1'), read('r1'), read('r2'), read('r3'), write('w2'), read('r4'), write('w3')]
  first.release()
  await within(Promise.all(all), 'all to be served')
  assert.deepEqual(served, ['w1', 'r1', 'r2', 'r3', 'w2', 'r4', 'w3'])
  assert.equal(most, 3)
})

/** More than the stack of a thread that waits could look at one inside the other. */
const SPELLINGS = 500

test('readers by many spellings go in together, but for those that lead astray', symlinksOnly, async (t) => {
  const file = lockPath(t)
  const holder = await startNode(t)
  await holder.acquire(file)
  const links = Array.from({ length: SPELLINGS }, (_, index) => `${file}.${index}`)
  for (const link of links) fs.symlinkSync(file, link)
  const acquires = Promise.allSettled(links.map((link) => lockFile(link).acquire(SHARED)))
  const writer = await waiting(lockFile(file))
  const isAstray = (_, index) => index % 3 === 0
  for (const link of links.filter(isAstray)) {
    fs.unlinkSync(link)
    fs.symlinkSync(link, link)
  }
  await holder.release(file)
  const outcomes = await within(acquires, 'all readers to be told')
  for (const [index, { value, reason }] of outcomes.entries()) {
    assert.equal(reason?.code, isAstray(null, index) ? 'ELOOP' : undefined)
    value?.release()
  }
  ;(await within(writer.granted, 'the lock')).release()
})

test('a reader waits behind a writer of its process that waits', async (t) => {
  const lock = lockFile(lockPath(t))
  const reader = await lock.acquire(SHARED)
  const writer = await waiting(lock)
  assert.equal(lock.tryAcquire(SHARED), null)
  const next = await waiting(lock, SHARED)
  reader.release()
  const guard = await within(writer.granted, 'the writer')
  assert.equal(lock.mode, 'exclusive')
  guard.release()
  const last = await within(next.granted, 'the reader behind it')
  last.release()
})

test('a reader behind a writer that gives up goes in', endedWaitsOnly, async (t) => {
  const lock = lockFile(lockPath(t))
  const reader = await lock.acquire(SHARED)
  const controller = new AbortController()
  const writer = await waiting(lock, { signal: controller.signal })
  const next = await waiting(lock, SHARED)
  controller.abort()
  await assert.rejects(writer.granted, { name: 'AbortError' })
  const guard = await within(next.granted, 'the reader')
  reader.release()
  guard.release()
  assert.equal(lock.locked, false)
})

test('a thousand readers and writers of one process never meet', async (t) => {
  const lock = lockFile(lockPath(t))
  let readers = 0
  let writers = 0
  const enter = (number) =>
    number % 3 === 0
      ? lock.runExclusive(async () => {
          assert.equal(writers + readers, 0)
          writers += 1
          await null
          writers -= 1
        })
      : lock.runShared(async () => {
          assert.equal(writers, 0)
          readers += 1
          await new Promise(setImmediate)
          readers -= 1
        })
  await within(Promise.all(Array.from({ length: 1000 }, (_, number) => enter(number))), 'all of them')
  assert.equal(lock.locked, false)
})

test('a writer that waits is not passed by readers of other processes', linuxOnly, async (t) => {
  const file = lockPath(t)
  const [reader, writer, late] = await Promise.all([startNode(t), startNode(t), startNode(t)])
  await reader.acquireShared(file)
  const written = writer.acquire(file)
  await untilQueued(file, writer.pid)
  assert.equal(await late.tryAcquireShared(file), false, 'it does not get in')
  let isLateIn = false
  const read = late.acquireShared(file).then(() => {
    isLateIn = true
  })
  await late.waiting()
  await reader.release(file)
  await within(written, 'the writer')
  assert.equal(isLateIn, false)
  await writer.release(file)
  await within(read, 'the late reader')
})

test(
  'a lock that is shared is not passed on while a writer of another process waits',
  linuxOnly,
  async (t) => {
    const file = lockPath(t)
    const lock = lockFile(file)
    const reader = await lock.acquire(SHARED)
    const writer = await startNode(t)
    const written = writer.acquire(file)
    await untilQueued(file, writer.pid)
    // Its turn is over by then: the writer's process took longer to say anything.
    const next = await waiting(lock, SHARED)
    reader.release()
    await within(written, 'the writer')
    await writer.release(file)
    const guard = await within(next.granted, 'the next reader')
    guard.release()
  },
)

/** Reads without a pause, each time for so long that the next one has begun. */
function readWithoutPause({ lockFile, kept }, file) {
  kept.reads = 0
  const read = async () => {
    for (;;) {
      const guard = await lockFile(file).acquire({ mode: 'shared' })
      await new Promise((resolve) => setTimeout(resolve, 5))
      kept.reads += 1
      guard.release()
    }
  }
  for (let count = 0; count < 2; count += 1) read()
}

test('a writer gets its turn among readers that overlap', linuxOnly, async (t) => {
  const file = lockPath(t)
  const peers = await Promise.all([startNode(t), startNode(t), startNode(t)])
  for (const peer of peers) await peer.run(readWithoutPause, file)
  const lock = lockFile(file)
  for (let turn = 0; turn < 20; turn += 1) {
    const guard = await within(lock.acquire(), 'a turn')
    guard.release()
    // And so do the readers.
    const reader = await within(lock.acquire(SHARED), 'a read')
    reader.release()
  }
  for (const peer of peers) assert.ok((await peer.run(({ kept }) => kept.reads)) > 0)
})

test('the death of a reader lets the writer in', async (t) => {
  const file = lockPath(t)
  const [reader, writer] = await Promise.all([startNode(t), startNode(t)])
  await reader.acquireShared(file)
  const written = writer.acquire(file)
  await writer.waiting()
  await reader.kill()
  await within(written, 'the writer')
})

for (const end of ['SIGKILL', 'timeout']) {
  test(`a writer at the gate that ends by ${end} opens it`, { ...linuxOnly, ...signalsOnly }, async (t) => {
    const file = lockPath(t)
    const [reader, writer, next, late] = await Promise.all(Array.from({ length: 4 }, () => startNode(t)))
    await reader.acquireShared(file)
    const failed = assert.rejects(writer.acquire(file, end === 'timeout' ? 1 : undefined))
    await untilQueued(file, writer.pid)
    const read = next.acquireShared(file)
    await next.waiting()
    if (end === 'SIGKILL') await writer.kill()
    await failed
    await within(read, 'the reader behind it')
    assert.equal(await late.tryAcquireShared(file), true, 'the gate is open')
    assert.equal(await late.tryAcquire(file), false)
  })
}

test(
  'a reader that was refused for a writer of another process goes in once that gave up',
  linuxOnly,
  async (t) => {
    const file = lockPath(t)
    const lock = lockFile(file)
    const goesIn = () => {
      const guard = lock.tryAcquire(SHARED)
      guard?.release()
      return guard !== null
    }
    const guard = await lock.acquire(SHARED)
    const other = await startNode(t)
    const rejected = assert.rejects(other.acquire(file, 1), { code: 'ERR_LOCK_TIMEOUT' })
    await until(() => !goesIn(), 'a reader is refused')
    await rejected
    await until(goesIn, 'a reader goes in')
    guard.release()
  },
)

test('a reader at the gate that is killed lets the others go on', linuxOnly, async (t) => {
  const file = lockPath(t)
  const [writer, killed, next] = await Promise.all(Array.from({ length: 3 }, () => startNode(t)))
  await writer.acquire(file)
  const never = assert.rejects(killed.acquireShared(file), /ended without an answer/)
  await killed.waiting()
  const read = next.acquireShared(file)
  await next.waiting()
  await killed.kill()
  await never
  await writer.release(file)
  await within(read, 'the next reader')
  assert.equal(lockFile(file).tryAcquire(), null)
})

test('guard.downgrade() lets readers in and no writer', async (t) => {
  const file = lockPath(t)
  const lock = lockFile(file)
  const other = await startNode(t)
  const guard = await lock.acquire()
  const reader = await waiting(lock, SHARED)
  guard.downgrade()
  assert.deepEqual([guard.mode, lock.mode, guard.released], ['shared', 'shared', false])
  const read = await within(reader.granted, 'the reader')
  assert.equal(await other.tryAcquireShared(file), true)
  await other.release(file)
  read.release()
  assert.equal(await other.tryAcquire(file), false)
  guard.downgrade()
  guard.release()
  assert.equal(await other.tryAcquire(file), true)
  const message = `cannot downgrade lock '${file}': it was released`
  assert.throws(() => guard.downgrade(), { code: 'ERR_LOCK_NOT_HELD', message })
})

/** Counts in the file, as fast as it can. */
function writeWithoutPause({ lockFile, require, kept }, file, until) {
  const fs = require('node:fs')
  const lock = lockFile(file)
  kept.writing = (async () => {
    let writes = 0
    while (fs.existsSync(until)) {
      await lock.runExclusive(() => fs.writeFileSync(file, `${process.pid} ${writes}`))
      writes += 1
    }
    return writes
  })()
}

const DOWNGRADES = isWine ? 1000 : 10_000

test(`of ${DOWNGRADES} downgrades among contending writers none lets a writer slip in`, async (t) => {
  const file = lockPath(t)
  const until = `${file}.until`
  fs.writeFileSync(until, '')
  const writers = await Promise.all([startNode(t), startNode(t)])
  for (const writer of writers) await writer.run(writeWithoutPause, file, until)
  const lock = lockFile(file)
  for (let number = 0; number < DOWNGRADES; number += 1) {
    const guard = lock.acquireSync()
    const text = `own ${number}`
    fs.writeFileSync(file, text)
    guard.downgrade()
    assert.equal(fs.readFileSync(file, 'latin1'), text)
    guard.release()
  }
  fs.unlinkSync(until)
  const writes = await Promise.all(writers.map((writer) => writer.run(({ kept }) => kept.writing)))
  assert.ok(
    writes.every((count) => count > 100),
    `they contended: ${writes}`,
  )
})

test('lock.release() ends the only acquisition, or one of its own', async (t) => {
  const file = lockPath(t)
  const [mine, yours, theirs] = [lockFile(file), lockFile(file), lockFile(file)]
  const [first, second] = [mine.acquireSync(SHARED), mine.acquireSync(SHARED)]
  const other = yours.acquireSync(SHARED)
  assert.throws(() => theirs.release(), {
    code: 'ERR_LOCK_NOT_HELD',
    message: `cannot release lock '${file}': several share it, and none by this FileLock. Release the guard`,
  })
  yours.release()
  assert.equal(other.released, true)
  mine.release()
  assert.deepEqual([first.released, second.released], [true, false])
  theirs.release()
  assert.equal(second.released, true)
  assert.throws(() => theirs.release(), { message: 'cannot release unlocked lock' })
})

test('a guard whose shared acquisition another ends hears of it', async (t) => {
  const lock = lockFile(lockPath(t))
  const guard = await lock.acquire(SHARED)
  const aborted = once(guard.signal, 'abort')
  lockFile(lock.path).release()
  await within(aborted, 'the signal')
  assert.equal(guard.signal.reason.code, 'ERR_LOCK_LOST')
})

test('a thread that would wait for its own shared lock is told', endedWaitsOnly, async (t) => {
  const lock = lockFile(lockPath(t))
  const guard = lock.acquireSync(SHARED)
  assert.throws(() => lock.acquireSync(), { code: 'ERR_LOCK_DEADLOCK' })
  assert.throws(() => lock.acquireSync(0.01), { code: 'ERR_LOCK_TIMEOUT' })
  lock.acquireSync(SHARED).release()
  const writer = await waiting(lock)
  // It would wait behind the writer, which waits for this thread.
  assert.throws(() => lock.acquireSync(SHARED), { code: 'ERR_LOCK_DEADLOCK' })
  guard.release()
  const written = await writer.granted
  written.release()
})

test('a wait and a timeout name one of the readers and how many there are', linuxOnly, async (t) => {
  const file = lockPath(t)
  const lock = lockFile(file)
  const [one, other] = await Promise.all([startNode(t), startNode(t)])
  await one.acquireShared(file)
  await other.acquireShared(file)
  const pids = [one.pid, other.pid]
  const onWait = withResolvers()
  const error = await lock.acquire({ timeout: 0.5, onWait: onWait.resolve }).catch((error) => error)
  for (const { pid, ...holder } of [error.holder, await onWait.promise]) {
    assert.ok(pids.includes(pid))
    assert.deepEqual(holder, { sameProcess: false, mode: 'shared', count: 2 })
  }
  assert.match(error.message, /\(held by process \d+: .* and 1 other\)$/)
  const guard = lock.acquireSync(SHARED)
  const own = { pid: process.pid, sameProcess: true, mode: 'shared', count: 3 }
  for (const timeout of [0, 0.01]) {
    const error = await lock.acquire(timeout).catch((error) => error)
    assert.deepEqual(error.holder, own)
    assert.match(error.message, /held by this process and 2 others/)
    assert.throws(() => lock.acquireSync(timeout), { holder: own })
  }
  const state = await lock.inspect()
  assert.deepEqual([state.locked, state.mode, state.holders.length], [true, 'shared', 3])
  guard.release()
})

test('a file that may only be read can be shared', { ...linuxOnly, ...rootOnly }, async (t) => {
  const file = lockPath(t)
  fs.chmodSync(temporaryFolder(t), 0o755)
  fs.chmodSync(require('node:path').dirname(file), 0o755)
  fs.writeFileSync(file, '', { mode: 0o444 })
  const [reader, other] = await Promise.all([startOtherUser(t), startOtherUser(t)])
  await reader.acquireShared(file)
  assert.equal(await other.tryAcquireShared(file), true)
  assert.equal(lockFile(file).tryAcquire(), null)
})

test('several locks are shared at once', async (t) => {
  const folder = temporaryFolder(t)
  const locks = ['a', 'b'].map((name) => lockFile(`${folder}/${name}.lock`))
  const guards = [await acquireAll(locks, SHARED), await acquireAll(locks, { timeout: 5, ...SHARED })]
  assert.deepEqual(
    locks.map(({ mode }) => mode),
    ['shared', 'shared'],
  )
  for (const guard of guards) guard.release()
})

test('runShared() passes on what its function does, and the options', async (t) => {
  const lock = lockFile(lockPath(t))
  assert.equal(await lock.runShared(() => lock.mode, 5), 'shared')
  assert.equal(await lock.runShared(async () => lock.mode, { timeout: 5 }), 'shared')
  await assert.rejects(
    lock.runShared(() => Promise.reject(new Error('its own'))),
    { message: 'its own' },
  )
  assert.equal(lock.locked, false)
  const guard = await lock.acquire()
  await assert.rejects(
    lock.runShared(() => {}, 0.01),
    { code: 'ERR_LOCK_TIMEOUT' },
  )
  guard.release()
})

test('readers whose file is replaced are served where the path leads', linuxOnly, async (t) => {
  const file = lockPath(t)
  const lock = lockFile(file)
  const old = await lock.acquire(SHARED)
  fs.writeFileSync(`${file}.new`, '')
  fs.renameSync(`${file}.new`, file)
  const other = await startNode(t)
  const read = await within(lock.acquire(SHARED), 'the reader of the new file')
  assert.equal(await other.tryAcquire(file), false)
  read.release()
  assert.equal(await other.tryAcquire(file), true)
  old.release()
})
