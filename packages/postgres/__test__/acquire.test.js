'use strict'

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { Client, Pool } = require('pg')
const { startNode } = require('../../../tools/peer')
const { LockError, postgresLock } = require('..')
const { serverOnly, startServer } = require('./support/server')

const server = startServer()

/** Two targets: their locks exclude each other at the server alone. */
function bothOf(t) {
  const pool = new Pool({ ...server.options, host: '127.0.0.1' })
  t.after(() => pool.end())
  return { ours: postgresLock(server.url, t.name), theirs: postgresLock(pool, t.name), pool }
}

test('acquire of a free lock resolves to a guard', serverOnly, async (t) => {
  const { ours } = bothOf(t)
  const guard = await ours.acquire()
  assert.equal(guard.name, t.name)
  assert.equal(guard.mode, 'exclusive')
  assert.equal(guard.released, false)
  assert.equal(ours.locked, true)
  await guard.release()
  assert.equal(guard.released, true)
  assert.equal(ours.locked, false)
})

test('acquire of a held lock waits until the other session releases it', serverOnly, async (t) => {
  const { ours, theirs } = bothOf(t)
  const guard = await ours.acquire()
  let isGranted = false
  const waiting = theirs.acquire().then((granted) => {
    isGranted = true
    return granted
  })
  await server.untilWaiting(1)
  assert.equal(isGranted, false)
  await guard.release()
  await (await waiting).release()
})

test('acquires of one process are granted in order of arrival and wait once', serverOnly, async (t) => {
  const { ours, theirs } = bothOf(t)
  const guard = await theirs.acquire()
  const order = []
  const tasks = Array.from({ length: 20 }, async (_, number) => {
    const own = await ours.acquire()
    order.push(number)
    await own.release()
  })
  await server.untilWaiting(1)
  await guard.release()
  await Promise.all(tasks)
  assert.deepEqual(
    order,
    order.toSorted((a, b) => a - b),
  )
})

test('tryAcquire of a held lock resolves to null', serverOnly, async (t) => {
  const { ours, theirs } = bothOf(t)
  const guard = await ours.tryAcquire()
  assert.equal(await theirs.tryAcquire(), null)
  assert.equal(await ours.tryAcquire(), null)
  await guard.release()
  const next = await theirs.tryAcquire()
  await next.release()
})

test('acquire that times out rejects with the holder and leaves the queue', serverOnly, async (t) => {
  const { ours, theirs } = bothOf(t)
  const guard = await ours.acquire()
  for (const timeout of [0, 0.05]) {
    await assert.rejects(theirs.acquire(timeout), (error) => {
      assert.ok(error instanceof LockError)
      assert.equal(error.code, 'ERR_LOCK_TIMEOUT')
      assert.equal(error.path, t.name)
      assert.equal(error.holder.application, 'locket')
      assert.match(error.holder.address, /^127\.0\.0\.1:\d+$/)
      assert.ok(error.holder.since instanceof Date)
      return true
    })
  }
  await assert.rejects(ours.acquire(0.05), ({ message, holder }) => {
    assert.match(message, /^timed out after 0\.05 s waiting for lock '.*' \(held by this process\)$/)
    return holder.sameProcess
  })
  await server.untilWaiting(0)
  await guard.release()
  await server.untilFree()
})

test('acquire that is aborted rejects with the reason and leaves the queue', serverOnly, async (t) => {
  const { ours, theirs } = bothOf(t)
  const guard = await ours.acquire()
  const controller = new AbortController()
  const reason = new Error('enough')
  const waiting = theirs.acquire({ signal: controller.signal })
  const behind = theirs.acquire({ signal: controller.signal })
  await server.untilWaiting(1)
  controller.abort(reason)
  await assert.rejects(waiting, reason)
  await assert.rejects(behind, reason)
  await assert.rejects(theirs.acquire({ signal: controller.signal }), reason)
  await server.untilWaiting(0)
  await guard.release()
  await server.untilFree()
})

test('an acquire that ends at any moment never holds the lock', serverOnly, async (t) => {
  const { ours, theirs } = bothOf(t)
  const client = new Client(server.options)
  await client.connect()
  t.after(() => client.end())
  const ofClient = postgresLock(client, t.name)
  for (let round = 0; round < 300; round += 1) {
    const guard = await ours.acquire(5)
    const controller = new AbortController()
    const lock = round % 2 === 0 ? theirs : ofClient
    const timeout = (round % 7) * 0.002 + 0.001
    const waiting = lock.acquire({ signal: controller.signal, timeout }).then(
      (own) => own.release(),
      ({ name }) => assert.match(name, /^(Lock|Abort)Error$/),
    )
    await new Promise((resolve) => setTimeout(resolve, round % 11))
    // The release, the abort and the end of its time meet.
    const released = guard.release()
    if (round % 3 === 0) controller.abort()
    await Promise.all([released, waiting])
  }
  await server.untilFree()
})

test('onWait is called once with the holder, and what it throws ends the acquire', serverOnly, async (t) => {
  const { ours, theirs } = bothOf(t)
  const guard = await ours.acquire()
  const holders = []
  const waiting = theirs.acquire({ onWait: (holder) => holders.push(holder) })
  const fault = new Error('not now')
  const onWait = () => {
    throw fault
  }
  await assert.rejects(theirs.acquire({ onWait }), fault)
  await guard.release()
  await (await waiting).release()
  assert.equal(holders.length, 1)
  assert.equal(holders[0].application, 'locket')
  await theirs.runExclusive(() => {}, { onWait: () => assert.fail('the lock is free') })
})

test('shared acquires hold the lock together and exclude an exclusive one', serverOnly, async (t) => {
  const { ours, theirs } = bothOf(t)
  const readers = await Promise.all([
    ours.acquire({ mode: 'shared' }),
    ours.acquire({ mode: 'shared' }),
    theirs.acquire({ mode: 'shared' }),
  ])
  assert.equal(ours.mode, 'shared')
  assert.equal(await theirs.tryAcquire(), null)
  const more = await theirs.tryAcquire({ mode: 'shared' })
  await more.release()
  await Promise.all(readers.map((reader) => reader.release()))
  assert.equal(await ours.runExclusive(() => ours.mode), 'exclusive')
})

test('a reader behind a waiting writer of the process waits', serverOnly, async (t) => {
  const { ours } = bothOf(t)
  const reader = await ours.acquire({ mode: 'shared' })
  const order = []
  const writer = ours.runExclusive(() => order.push('writer'))
  const late = ours.runShared(() => order.push('reader'))
  assert.equal(await ours.tryAcquire({ mode: 'shared' }), null)
  await reader.release()
  await Promise.all([writer, late])
  assert.deepEqual(order, ['writer', 'reader'])
})

test('a writer of another process is not kept out by overlapping readers', serverOnly, async (t) => {
  const { ours, theirs } = bothOf(t)
  let isDone = false
  const readers = Array.from({ length: 4 }, async (_, number) => {
    await new Promise((resolve) => setTimeout(resolve, number * 10))
    while (!isDone) await ours.runShared(() => new Promise((resolve) => setTimeout(resolve, 40)))
  })
  await new Promise((resolve) => setTimeout(resolve, 50))
  for (let turn = 0; turn < 5; turn += 1) await theirs.runExclusive(() => {})
  isDone = true
  await Promise.all(readers)
})

test('release of the lock frees it by any object of the process', serverOnly, async (t) => {
  const { ours, theirs } = bothOf(t)
  const guard = await ours.acquire()
  const { signal } = guard
  await assert.rejects(theirs.release(), { name: 'LockError', code: 'ERR_LOCK_NOT_HELD' })
  await postgresLock(server.url, t.name).release()
  assert.equal(guard.released, true)
  assert.equal(signal.aborted, true)
  assert.equal(signal.reason.code, 'ERR_LOCK_LOST')
  await guard.release()
  await assert.rejects(ours.release(), { code: 'ERR_LOCK_NOT_HELD' })
})

test('release of a shared lock ends an acquisition of its own alone', serverOnly, async (t) => {
  const { ours } = bothOf(t)
  const guard = await ours.acquire({ mode: 'shared' })
  await assert.rejects(postgresLock(server.url, t.name).release(), { code: 'ERR_LOCK_NOT_HELD' })
  await ours.release()
  assert.equal(guard.released, true)
})

test('the signal of a guard that is released does not abort', serverOnly, async (t) => {
  const { ours } = bothOf(t)
  const guard = await ours.acquire()
  const { signal } = guard
  await guard.release()
  assert.equal(signal.aborted, false)
})

test('a thousand free locks are held by one connection', serverOnly, async (t) => {
  const locks = Array.from({ length: 1000 }, (_, number) => postgresLock(server.url, `${t.name} ${number}`))
  const guards = await Promise.all(locks.map((lock) => lock.acquire()))
  const rows = await server.query("SELECT DISTINCT pid FROM pg_locks WHERE locktype = 'advisory'")
  assert.equal(rows.length, 1)
  await Promise.all(guards.map((guard) => guard.release()))
  await server.untilFree()
})

test('sections that use the pool go on when all its connections are taken', serverOnly, async (t) => {
  const pool = new Pool({ ...server.options, max: 1 })
  t.after(() => pool.end())
  const sum = await postgresLock(pool, t.name).runExclusive(() => pool.query('SELECT 1 + 1 AS sum'))
  assert.equal(sum.rows[0].sum, 2)
})

test('a client of the caller holds the lock in its own session', serverOnly, async (t) => {
  const { ours } = bothOf(t)
  const client = new Client(server.options)
  await client.connect()
  const guard = await postgresLock(client, t.name).acquire()
  await assert.rejects(ours.acquire(0.05), ({ holder }) => holder.pid === client.processID)
  await guard.release()
  const held = await ours.acquire()
  await assert.rejects(postgresLock(client, t.name).acquire(0.05), { code: 'ERR_LOCK_TIMEOUT' })
  const controller = new AbortController()
  const waiting = postgresLock(client, t.name).acquire({ signal: controller.signal })
  await server.untilWaiting(1)
  controller.abort()
  await assert.rejects(waiting, { name: 'AbortError' })
  // Its settings are what they were.
  const { rows } = await client.query('SHOW lock_timeout')
  assert.equal(rows[0].lock_timeout, '0')
  await held.release()
  const last = await postgresLock(client, t.name).acquire()
  const { signal } = last
  await client.end()
  assert.equal(signal.aborted, true)
  await ours.runExclusive(() => {})
})

test('limits of the role do not end a wait', serverOnly, async (t) => {
  await server.query("CREATE ROLE limited LOGIN; ALTER ROLE limited SET statement_timeout = '50ms'")
  const limited = postgresLock({ ...server.options, user: 'limited', query_timeout: 50 }, t.name)
  const { ours } = bothOf(t)
  const guard = await ours.acquire()
  const waiting = limited.acquire()
  await server.untilWaiting(1)
  await new Promise((resolve) => setTimeout(resolve, 200))
  await guard.release()
  await (await waiting).release()
})

test("an error of the connection keeps pg's shape", serverOnly, async () => {
  const nowhere = postgresLock({ ...server.options, database: 'nowhere' }, 'a')
  await assert.rejects(nowhere.acquire(), { code: '3D000', severity: 'FATAL' })
  await assert.rejects(nowhere.tryAcquire(), { code: '3D000' })
  await assert.rejects(postgresLock({ host: '127.0.0.1', port: 1 }, 'a').acquire(), { code: 'ECONNREFUSED' })
})

test('a held lock does not keep the process alive, and a pending acquire does', serverOnly, async (t) => {
  const { ours } = bothOf(t)
  const free = await startNode(t)
  await free.run(
    async ({ require }, url, name) => {
      await require('@locket/postgres').postgresLock(url, name).acquire()
    },
    server.url,
    t.name,
  )
  const waiting = await startNode(t)
  await waiting.run(
    ({ require, tell }, url, name) => {
      require('@locket/postgres')
        .postgresLock(url, name)
        .acquire()
        .then(() => tell('granted'))
      process.stdin.unref()
    },
    server.url,
    t.name,
  )
  await server.untilWaiting(1)
  const granted = new Promise((resolve) => waiting.once('granted', resolve))
  await free.run(() => {
    process.stdin.unref()
  })
  free.stdin.destroy()
  await free.ended
  await granted
  await waiting.ended
  await ours.runExclusive(() => {})
})

test('inspect tells the holders and the number of waiters', serverOnly, async (t) => {
  const { ours, theirs } = bothOf(t)
  assert.deepEqual(await ours.inspect(), { locked: false, mode: null, holders: [], waiting: 0 })
  const guard = await ours.acquire()
  const waiting = theirs.acquire()
  await server.untilWaiting(1)
  const { holders, ...rest } = await ours.inspect()
  assert.deepEqual(rest, { locked: true, mode: 'exclusive', waiting: 1 })
  assert.deepEqual(
    holders.map(({ sameProcess, mode }) => ({ sameProcess, mode })),
    [{ sameProcess: true, mode: 'exclusive' }],
  )
  await guard.release()
  await (await waiting).release()
})
