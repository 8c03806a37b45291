'use strict'

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { Client } = require('pg')
const { postgresLock, transactionLock } = require('..')
const { serverOnly, startServer } = require('./support/server')

const server = startServer()

async function connect(t) {
  const client = new Client(server.options)
  await client.connect()
  t.after(() => client.end())
  return client
}

test('the end of the transaction releases the lock', serverOnly, async (t) => {
  const client = await connect(t)
  const others = postgresLock(server.url, t.name)
  for (const end of ['COMMIT', 'ROLLBACK']) {
    await client.query('BEGIN')
    await transactionLock(client, t.name).acquire()
    assert.equal(await others.tryAcquire(), null)
    await client.query(end)
    await others.runExclusive(() => {})
  }
})

test('acquire outside of a transaction is refused and locks nothing', serverOnly, async (t) => {
  const client = await connect(t)
  const lock = transactionLock(client, t.name)
  await assert.rejects(lock.acquire(), { code: 'ERR_LOCK_NO_TRANSACTION' })
  await assert.rejects(lock.acquire(1), { code: 'ERR_LOCK_NO_TRANSACTION' })
  await assert.rejects(lock.tryAcquire(), { code: 'ERR_LOCK_NO_TRANSACTION' })
  await server.untilFree()
})

test('an acquire that times out or is aborted leaves the transaction usable', serverOnly, async (t) => {
  const client = await connect(t)
  const guard = await postgresLock(server.url, t.name).acquire()
  const lock = transactionLock(client, t.name)
  await client.query("BEGIN; SET LOCAL lock_timeout = '7s'; SET LOCAL statement_timeout = '9s'")
  await assert.rejects(lock.acquire(0), { name: 'LockError', code: 'ERR_LOCK_TIMEOUT' })
  await assert.rejects(lock.acquire(0.05), ({ code, holder }) => {
    assert.equal(code, 'ERR_LOCK_TIMEOUT')
    return holder.application === 'locket'
  })
  assert.equal(await lock.tryAcquire(), false)
  const controller = new AbortController()
  const refused = assert.rejects(lock.acquire({ signal: controller.signal }), { name: 'AbortError' })
  await server.untilWaiting(1)
  controller.abort()
  await refused
  const holders = []
  const waiting = lock.acquire({ onWait: (holder) => holders.push(holder.application) })
  await server.untilWaiting(1)
  await guard.release()
  await waiting
  assert.deepEqual(holders, ['locket'])
  const { rows } = await client.query(
    "SELECT current_setting('lock_timeout') || current_setting('statement_timeout') s",
  )
  assert.equal(rows[0].s, '7s9s')
  await client.query('COMMIT')
  await server.untilFree()
})

test('shared transaction locks exclude an exclusive one', serverOnly, async (t) => {
  const [one, two] = [await connect(t), await connect(t)]
  await one.query('BEGIN')
  await two.query('BEGIN')
  await transactionLock(one, t.name).acquire({ mode: 'shared' })
  assert.equal(await transactionLock(two, t.name).tryAcquire({ mode: 'shared' }), true)
  assert.equal(await transactionLock(two, t.name).tryAcquire(), false)
  await one.query('COMMIT')
  await two.query('COMMIT')
})

test('a session lock that times out inside a transaction leaves it usable', serverOnly, async (t) => {
  const client = await connect(t)
  const guard = await postgresLock(server.url, t.name).acquire()
  await client.query('BEGIN')
  await assert.rejects(postgresLock(client, t.name).acquire(0.05), { code: 'ERR_LOCK_TIMEOUT' })
  await client.query('SELECT 1')
  await client.query('COMMIT')
  await guard.release()
})

test('a session lock that is aborted inside a transaction leaves it usable', serverOnly, async (t) => {
  const client = await connect(t)
  const guard = await postgresLock(server.url, t.name).acquire()
  await client.query('BEGIN')
  const controller = new AbortController()
  const onWait = () => controller.abort()
  const acquiring = postgresLock(client, t.name).acquire({ signal: controller.signal, onWait })
  await assert.rejects(acquiring, { name: 'AbortError' })
  await client.query('SELECT 1')
  await client.query('COMMIT')
  await guard.release()
})

test('release in a failed transaction rejects, and works after its end', serverOnly, async (t) => {
  const client = await connect(t)
  const guard = await postgresLock(client, t.name).acquire()
  await client.query('BEGIN')
  await assert.rejects(client.query('SELECT 1 / 0'))
  await assert.rejects(guard.release(), { code: '25P02' })
  assert.equal(guard.released, false)
  await client.query('ROLLBACK')
  await guard.release()
  await postgresLock(server.url, t.name).runExclusive(() => {})
})
