'use strict'

// What locks are made with, and what of it they share.

const assert = require('node:assert/strict')
const { EventEmitter } = require('node:events')
const { test } = require('node:test')
const { Client, Pool } = require('pg')
const { atEnd } = require('../../../tools/end')
const { postgresLock, transactionLock } = require('..')
const { serverOnly, startServer } = require('./support/server')

const server = startServer()

async function sessionOf(target, name) {
  const lock = postgresLock(target, name)
  return lock.runExclusive(async () => (await lock.inspect()).holders[0])
}

test('options that are made anew at each call share a connection', serverOnly, async (t) => {
  const options = () => ({
    ...server.options,
    application_name: 'same',
    password: () => 'secret',
    ssl: false,
  })
  const first = await sessionOf(options(), t.name)
  assert.equal((await sessionOf(options(), t.name)).pid, first.pid)
})

test('a string and options that connect in the same way are one lock', serverOnly, async (t) => {
  const { hostname, port, username } = new URL(server.url)
  const options = { host: hostname, port, user: username, database: 'postgres' }
  assert.equal((await sessionOf(server.url, t.name)).pid, (await sessionOf(options, t.name)).pid)
})

test('options with another application_name have a connection with that name', serverOnly, async (t) => {
  for (const application of ['one', 'two']) {
    const holder = await sessionOf({ ...server.options, application_name: application }, t.name)
    assert.equal(holder.application, application)
  }
})

test('options that ask for TLS never use a connection without it', serverOnly, async (t) => {
  await sessionOf(server.url, t.name)
  for (const target of [`${server.url}?sslmode=verify-full`, `${server.url}?sslmode=no-verify`]) {
    await assert.rejects(postgresLock(target, t.name).acquire(), {
      message: 'The server does not support SSL connections',
    })
  }
})

test('a search_path and temporary tables put nothing in front of the functions', serverOnly, async (t) => {
  await server.query(`CREATE SCHEMA other;
    CREATE FUNCTION other.pg_try_advisory_lock(int8) RETURNS bool LANGUAGE sql AS 'SELECT true';
    CREATE FUNCTION other.pg_advisory_unlock(int8) RETURNS bool LANGUAGE sql AS 'SELECT true';
    CREATE FUNCTION other.pg_backend_pid() RETURNS int4 LANGUAGE sql AS 'SELECT 1'`)
  const pool = new Pool({ ...server.options, options: '-c search_path=other,pg_catalog' })
  const client = await pool.connect()
  atEnd(t, async () => {
    client.release()
    await pool.end()
  })
  await client.query('CREATE TEMP TABLE pg_locks (pid int4); CREATE TEMP TABLE pg_database (oid oid)')
  const direct = postgresLock(server.url, t.name)
  for (const target of [pool, client]) {
    const lock = postgresLock(target, t.name)
    const guard = await lock.acquire()
    assert.equal(await direct.tryAcquire(), null)
    assert.equal((await lock.inspect()).holders.length, 1)
    await guard.release()
    const held = await direct.acquire()
    await assert.rejects(lock.acquire(0.05), { code: 'ERR_LOCK_TIMEOUT' })
    await held.release()
  }
  await client.query('BEGIN')
  await transactionLock(client, t.name).acquire()
  assert.equal(await direct.tryAcquire(), null)
  await client.query('ROLLBACK')
})

test('clients and pools of pg.native are refused', () => {
  class Native extends EventEmitter {
    connect() {}
    query() {}
  }
  const refused = { code: 'ERR_INVALID_ARG_VALUE', message: /pg\.native/ }
  assert.throws(() => postgresLock(new Pool({ Client: Native }), 'a'), refused)
  assert.throws(() => postgresLock(new Native(), 'a'), refused)
  assert.throws(() => transactionLock(new Native(), 'a'), refused)
  assert.ok(postgresLock(new Pool(), 'a'))
  assert.ok(postgresLock(new Client(), 'a'))
})
