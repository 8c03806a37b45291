'use strict'

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { Client } = require('pg')
const { codeBlocks, readDocument } = require('../../../tools/documents')
const { postgresLock, transactionLock } = require('..')
const { serverOnly, startServer } = require('./support/server')

const server = startServer()

/** The formula of the README. */
const HASH = "('x' || left(encode(sha256(convert_to($1, 'UTF8')), 'hex'), 16))::bit(64)::int8"

test('a name is the key that the documented formula makes', serverOnly, async () => {
  for (const name of ['nightly report', 'ümläut 🔒', 'x'.repeat(10_000)]) {
    await postgresLock(server.url, name).runExclusive(async () => {
      const [{ free }] = await server.query(`SELECT pg_try_advisory_lock(${HASH}) AS free`, [name])
      assert.equal(free, false)
    })
  }
})

test('the SQL of README.md makes the key of the name', serverOnly, async () => {
  const blocks = codeBlocks(readDocument('packages/postgres/README.md'))
  const { code } = blocks.find(({ language }) => language === 'sql')
  await postgresLock(server.url, 'nightly report').runExclusive(async () => {
    const [{ free }] = await server.query(
      code.replace('pg_advisory_lock', 'pg_try_advisory_lock').replace(/\n$/, ' AS free'),
    )
    assert.equal(free, false)
  })
})

for (const [name, call] of [
  [42, 'pg_try_advisory_lock(42)'],
  [-1n, 'pg_try_advisory_lock(-1)'],
  [2n ** 63n - 1n, 'pg_try_advisory_lock(9223372036854775807)'],
  [-(2n ** 63n), 'pg_try_advisory_lock(-9223372036854775808)'],
  [[1, 2], 'pg_try_advisory_lock(1, 2)'],
  [[-(2 ** 31), 2n ** 31n - 1n], "pg_try_advisory_lock('-2147483648'::int4, 2147483647)"],
]) {
  test(`the key ${name} is the lock of ${call}`, serverOnly, async () => {
    const lock = postgresLock(server.url, name)
    await lock.runExclusive(async () => {
      const [{ free }] = await server.query(`SELECT ${call} AS free`)
      assert.equal(free, false)
      const { holders } = await lock.inspect()
      assert.equal(holders.length, 1)
    })
  })
}

test('a pair and a single key with the same bits are two locks', serverOnly, async () => {
  const guard = await postgresLock(server.url, 2n ** 32n + 2n).acquire()
  await postgresLock(server.url, [1, 2]).runExclusive(() => {})
  await guard.release()
})

test('wrong arguments are refused before anything is connected', () => {
  const type = { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' }
  const value = { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' }
  const range = { name: 'RangeError', code: 'ERR_OUT_OF_RANGE' }
  const nowhere = 'postgres://127.0.0.1:1/none'
  for (const name of [undefined, null, true, {}, Symbol('a')]) {
    assert.throws(() => postgresLock(nowhere, name), type)
  }
  for (const name of ['', [], [1], [1, 2, 3]]) assert.throws(() => postgresLock(nowhere, name), value)
  for (const name of [1.5, NaN, 2 ** 53, 2n ** 63n, [2 ** 31, 0], [0, -(2n ** 31n) - 1n]]) {
    assert.throws(() => postgresLock(nowhere, name), range)
  }
  assert.throws(() => postgresLock(nowhere, [1, 'a']), type)
  for (const target of [undefined, null, 5]) assert.throws(() => postgresLock(target, 'a'), type)
  for (const client of [undefined, null, {}, nowhere]) assert.throws(() => transactionLock(client, 'a'), type)
  assert.throws(() => postgresLock(nowhere, 'a', { timeout: -1 }), range)
  assert.throws(() => postgresLock(nowhere, 'a', { keepAlive: 1 }), range)
  assert.throws(() => postgresLock(nowhere, 'a', { keepAlive: '30' }), type)
})

test('wrong options of an acquire reject', async () => {
  const lock = postgresLock('postgres://127.0.0.1:1/none', 'a')
  await assert.rejects(lock.acquire({ mode: 'both' }), { code: 'ERR_INVALID_ARG_VALUE' })
  await assert.rejects(lock.acquire(-1), { code: 'ERR_OUT_OF_RANGE' })
  await assert.rejects(lock.acquire({ signal: {} }), { code: 'ERR_INVALID_ARG_TYPE' })
  await assert.rejects(lock.runExclusive(), { code: 'ERR_INVALID_ARG_TYPE' })
  await assert.rejects(transactionLock(new Client(), 'a').acquire(-1), { code: 'ERR_OUT_OF_RANGE' })
})
