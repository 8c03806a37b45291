'use strict'

// What ends a session ends its locks: the next holder goes on, and the old one is told.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { startNode } = require('../../../tools/peer')
const { until, within } = require('../../../tools/until')
const { postgresLock } = require('..')
const { startHolder } = require('./support/holder')
const { serverOnly, startServer } = require('./support/server')

const server = startServer()

test('SIGKILL of the holder lets the next one in', serverOnly, async (t) => {
  const holder = await startHolder(t, server.url, t.name)
  const waiting = postgresLock(server.url, t.name).acquire()
  await server.untilWaiting(1)
  await holder.kill()
  await (await waiting).release()
})

test('SIGKILL of a waiter does not stop the queue', serverOnly, async (t) => {
  const lock = postgresLock(server.url, t.name)
  const guard = await lock.acquire()
  const peer = await startNode(t)
  const refused = assert.rejects(
    peer.run(
      ({ require }, url, name) => require('@locket/postgres').postgresLock(url, name).acquire(),
      server.url,
      t.name,
    ),
  )
  await server.untilWaiting(1)
  await peer.kill()
  await refused
  await guard.release()
  await lock.runExclusive(() => {})
  await server.untilFree()
})

test('pg_terminate_backend of the holder tells it and lets the next one in', serverOnly, async (t) => {
  const holder = await startHolder(t, server.url, t.name)
  const lock = postgresLock(server.url, t.name)
  const waiting = lock.acquire()
  await server.untilWaiting(1)
  const { holders } = await lock.inspect()
  await server.query('SELECT pg_terminate_backend($1)', [holders[0].pid])
  assert.deepEqual(await within(holder.lost, 'the holder to be told'), {
    code: 'ERR_LOCK_LOST',
    cause: '57P01',
    released: true,
  })
  await (await waiting).release()
  // The process that lost it can have it again.
  await holder.run(({ kept }) => kept.guard.release())
})

test('pg_terminate_backend of a waiter does not end its wait', serverOnly, async (t) => {
  const holder = await startHolder(t, server.url, t.name)
  const waiting = postgresLock(server.url, t.name).acquire()
  await server.untilWaiting(1)
  const [pid] = await server.waiting()
  await server.query('SELECT pg_terminate_backend($1)', [pid])
  await until(async () => (await server.waiting()).some((other) => other !== pid), 'another wait')
  await holder.run(({ kept }) => kept.guard.release())
  await (await waiting).release()
})

test(
  'pg_cancel_backend of a waiter rejects its acquire with the error of the server',
  serverOnly,
  async (t) => {
    await startHolder(t, server.url, t.name)
    const refused = assert.rejects(postgresLock(server.url, t.name).acquire(), {
      code: '57014',
      severity: 'ERROR',
    })
    await server.untilWaiting(1)
    const [pid] = await server.waiting()
    await server.query('SELECT pg_cancel_backend($1)', [pid])
    await refused
  },
)

/** Stops the server. The holder's session ends last: one that ended sooner would let a waiter in. */
async function stopBeforeHolder(lock, signal) {
  const { holders } = await lock.inspect()
  const [{ pid }] = holders
  const text = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> $1"
  const others = await server.query(text, [pid])
  process.kill(pid, 'SIGSTOP')
  const stopped = server.stop(signal)
  await until(() => !others.some((other) => isAlive(other.pid)), 'the other sessions to end')
  process.kill(pid, 'SIGCONT')
  await stopped
}

function isAlive(pid) {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

for (const [how, signal] of Object.entries({ restart: 'SIGINT', crash: 'SIGQUIT' })) {
  test(`a ${how} of the server tells the holder and keeps the waiters`, serverOnly, async (t) => {
    const holder = await startHolder(t, server.url, t.name)
    const lock = postgresLock(server.url, t.name)
    const waiting = [lock.acquire(), lock.acquire()]
    await server.untilWaiting(1)
    await stopBeforeHolder(lock, signal)
    assert.equal((await within(holder.lost, 'the holder to be told')).code, 'ERR_LOCK_LOST')
    const late = await lock.acquire(0.2).catch((error) => error)
    assert.equal(late.code, 'ERR_LOCK_TIMEOUT')
    await server.start()
    for (const acquire of waiting) await (await acquire).release()
    await server.untilFree()
  })
}

test('a waiter behind a holder of its process goes on when the server is back', serverOnly, async (t) => {
  const lock = postgresLock(server.url, t.name)
  const guard = await lock.acquire()
  const waiting = lock.acquire()
  await server.stop()
  await until(() => guard.released, 'the holder to be told')
  await server.start()
  await (await waiting).release()
  await server.untilFree()
})

test('an acquire that nothing waits for rejects at once while the server is away', serverOnly, async (t) => {
  const lock = postgresLock(server.url, t.name)
  await lock.runExclusive(() => {})
  await server.stop()
  await assert.rejects(lock.acquire(), { code: 'ECONNREFUSED' })
  await server.start()
  await lock.runExclusive(() => {})
})
