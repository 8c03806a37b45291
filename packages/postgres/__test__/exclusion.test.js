'use strict'

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { startNode } = require('../../../tools/peer')
const { serverOnly, startServer } = require('./support/server')

const PROCESSES = 4
const TASKS = 8
const SECTIONS = 20_000

const server = startServer()

test(
  `${PROCESSES} processes of ${TASKS} tasks lose none of ${SECTIONS} updates of a row`,
  serverOnly,
  async (t) => {
    await server.query('CREATE TABLE counter (value int4 NOT NULL); INSERT INTO counter VALUES (0)')
    const peers = await Promise.all(Array.from({ length: PROCESSES }, () => startNode(t)))
    const work = async ({ require }, url, tasks, sections) => {
      const { Pool } = require('pg')
      const { postgresLock } = require('@locket/postgres')
      const pool = new Pool({ connectionString: url, max: 4 })
      const lock = postgresLock(pool, 'counter')
      const task = async () => {
        for (let section = 0; section < sections; section += 1) {
          await lock.runExclusive(async () => {
            const { rows } = await pool.query('SELECT value FROM counter')
            await pool.query('UPDATE counter SET value = $1', [rows[0].value + 1])
          })
        }
      }
      await Promise.all(Array.from({ length: tasks }, task))
      await pool.end()
    }
    await Promise.all(peers.map((peer) => peer.run(work, server.url, TASKS, SECTIONS / PROCESSES / TASKS)))
    const [{ value }] = await server.query('SELECT value FROM counter')
    assert.equal(value, SECTIONS)
  },
)

test('readers of several processes never see the middle of an update', serverOnly, async (t) => {
  await server.query('CREATE TABLE pair (id int4, value int4); INSERT INTO pair VALUES (1, 0), (2, 0)')
  const peers = await Promise.all(Array.from({ length: PROCESSES }, () => startNode(t)))
  const work = async ({ require }, url, tasks) => {
    const { Pool } = require('pg')
    const { postgresLock } = require('@locket/postgres')
    const pool = new Pool({ connectionString: url, max: 4 })
    const lock = postgresLock(pool, 'pair')
    const valueAt = async (id) =>
      (await pool.query('SELECT value FROM pair WHERE id = $1', [id])).rows[0].value
    const write = async () => {
      const value = (await valueAt(1)) + 1
      await pool.query('UPDATE pair SET value = $1 WHERE id = 1', [value])
      await pool.query('UPDATE pair SET value = $1 WHERE id = 2', [value])
    }
    const read = async () => {
      if ((await valueAt(1)) !== (await valueAt(2))) throw new Error('the reader saw half of an update')
    }
    const task = async (number) => {
      for (let section = 0; section < 50; section += 1) {
        if (number % 4 === 0) await lock.runExclusive(write)
        else await lock.runShared(read)
      }
    }
    await Promise.all(Array.from({ length: tasks }, (_, number) => task(number)))
    await pool.end()
  }
  await Promise.all(peers.map((peer) => peer.run(work, server.url, TASKS)))
  assert.deepEqual(await server.query('SELECT value FROM pair ORDER BY id'), [{ value: 400 }, { value: 400 }])
})
