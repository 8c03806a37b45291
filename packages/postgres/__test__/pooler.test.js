'use strict'

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { Client, Pool } = require('pg')
const { atEnd } = require('../../../tools/end')
const { postgresLock, transactionLock } = require('..')
const { poolerOnly, startPooler } = require('./support/pooler')
const { startServer } = require('./support/server')

const server = startServer({ skip: poolerOnly.skip })

const REFUSED = { code: 'ERR_LOCK_POOLER' }

for (const settings of [
  { pool_mode: 'transaction' },
  { pool_mode: 'transaction', default_pool_size: 1 },
  { pool_mode: 'transaction', server_round_robin: 1, min_pool_size: 3 },
  { pool_mode: 'statement' },
]) {
  test(`a pooler with ${JSON.stringify(settings)} is refused`, poolerOnly, async (t) => {
    const target = await startPooler(t, server, settings)
    const lock = postgresLock(target, t.name)
    await assert.rejects(lock.acquire(), REFUSED)
    await assert.rejects(lock.tryAcquire(), REFUSED)
    const pool = new Pool(target)
    atEnd(t, () => pool.end())
    await assert.rejects(postgresLock(pool, t.name).acquire(), REFUSED)
    const client = new Client(target)
    await client.connect()
    atEnd(t, () => client.end())
    await assert.rejects(postgresLock(client, t.name).acquire(), REFUSED)
    await server.untilFree()
  })
}

test('a busy pooler in transaction mode is refused', poolerOnly, async (t) => {
  const target = await startPooler(t, server, { pool_mode: 'transaction', default_pool_size: 8 })
  const pool = new Pool({ ...target, max: 16 })
  let isDone = false
  const load = Array.from({ length: 16 }, async () => {
    while (!isDone) await pool.query('SELECT pg_sleep(0.001)')
  })
  for (let round = 0; round < 20; round += 1) {
    // Each has its own connections, and looks anew.
    const lock = postgresLock(target, t.name, { keepAlive: 30 + round })
    await assert.rejects(lock.acquire(), REFUSED)
  }
  isDone = true
  await Promise.all(load)
  await pool.end()
})

test('a pooler in session mode holds locks', poolerOnly, async (t) => {
  const target = await startPooler(t, server, { pool_mode: 'session' })
  const pooled = postgresLock(target, t.name)
  const direct = postgresLock(server.url, t.name)
  const guard = await pooled.acquire()
  assert.equal(await direct.tryAcquire(), null)
  await assert.rejects(direct.acquire(0.05), { code: 'ERR_LOCK_TIMEOUT' })
  await guard.release()
  const held = await direct.acquire()
  await assert.rejects(pooled.acquire(0.05), { code: 'ERR_LOCK_TIMEOUT' })
  await held.release()
})

test('transactionLock works through a pooler in transaction mode', poolerOnly, async (t) => {
  const target = await startPooler(t, server, { pool_mode: 'transaction' })
  const client = new Client(target)
  await client.connect()
  atEnd(t, () => client.end())
  await client.query('BEGIN')
  await transactionLock(client, t.name).acquire(5)
  assert.equal(await postgresLock(server.url, t.name).tryAcquire(), null)
  await client.query('COMMIT')
  await postgresLock(server.url, t.name).runExclusive(() => {})
})
