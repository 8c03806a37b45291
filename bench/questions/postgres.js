'use strict'

// Locks that a PostgreSQL server holds. Four processes with eight tasks each want one lock all the
// time: how many sections a second, and with how many connections? How many take 32 free locks?
// `bare` is a connection for each task, with pg_advisory_lock() and pg_advisory_unlock().

const { PostgresServer, hasPostgres } = require('../../tools/postgres')
const { load } = require('../support/libraries')
const { startChild } = require('../support/processes')
const { mediansOf, othersOf, rounds } = require('../support/rounds')

const PROCESSES = 4
const TASKS = 8
const NAMES = ['locket', 'bare', 'advisory-lock']

/** By library: resolves to a function that acquires, which resolves to one that releases. */
const OPEN = {
  async locket(url, name) {
    const lock = require('@locket/postgres').postgresLock(url, name)
    return async () => {
      const guard = await lock.acquire()
      return () => guard.release()
    }
  },

  async bare(url, name) {
    const { Client } = require('pg')
    const client = new Client(url)
    await client.connect()
    const key = [...name].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) | 0, 7)
    return async () => {
      await client.query(`SELECT pg_advisory_lock(${key})`)
      return () => client.query(`SELECT pg_advisory_unlock(${key})`)
    }
  },

  async 'advisory-lock'(url, name) {
    const { lock } = load('advisory-lock').default(url)(name)
    return lock
  },
}

async function contend({ library, file: url, parent }) {
  const tasks = await Promise.all(Array.from({ length: TASKS }, () => OPEN[library](url, 'one')))
  parent.send('ready')
  const end = performance.now() + (await parent.next()) * 1000
  const work = async (acquire) => {
    let sections = 0
    while (performance.now() < end) {
      const release = await acquire()
      if (performance.now() < end) sections += 1
      await release()
    }
    return sections
  }
  parent.send(await Promise.all(tasks.map(work)))
}

async function hold({ library, file: url, parent }) {
  for (let number = 0; number < PROCESSES * TASKS; number += 1) {
    const acquire = await OPEN[library](url, `name ${number}`)
    await acquire()
  }
  parent.send('held')
  await parent.next()
}

async function contest(server, library, seconds) {
  const children = Array.from({ length: PROCESSES }, () =>
    startChild(__filename, 'contend', library, server.url),
  )
  for (const child of children) await child.next()
  for (const child of children) child.send(seconds)
  const answers = children.map((child) => child.next())
  await new Promise((resolve) => setTimeout(resolve, seconds * 500))
  const connections = await connectionsOf(server)
  const sections = (await Promise.all(answers)).flat()
  for (const child of children) await child.kill()
  const holder = startChild(__filename, 'hold', library, server.url)
  await holder.next()
  const held = await connectionsOf(server)
  await holder.kill()
  return { rate: sections.reduce((sum, n) => sum + n, 0) / seconds, connections, held }
}

/** Those of clients, without the one that asks. */
async function connectionsOf(server) {
  const [{ count }] = await server.query(
    "SELECT count(*)::int4 FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
  )
  return count
}

async function run({ count, quick }) {
  if (!hasPostgres) return []
  const server = new PostgresServer()
  await server.create()
  try {
    const answers = await rounds(count, NAMES, (name) => contest(server, name, quick ? 1 : 2))
    const row = (id, what, unit, part, goal) => {
      const { bare, ...values } = mediansOf(answers, part)
      return {
        id: `postgres-${id}`,
        what,
        unit,
        goal: goal(bare),
        measured: values.locket,
        limit: { value: bare, what: 'a connection for each task' },
        others: othersOf(values),
      }
    }
    return [
      row('rate', 'PostgreSQL: 4 processes × 8 tasks', 'sections/s', 'rate', (bare) => ({ atLeast: bare })),
      row('connections', 'the same, connections', '', 'connections', () => ({ atMost: 2 * PROCESSES })),
      row('held', 'PostgreSQL: 32 free locks held, connections', '', 'held', () => ({ atMost: 1 })),
    ]
  } finally {
    await server.remove()
  }
}

module.exports = { roles: { contend, hold }, run }
