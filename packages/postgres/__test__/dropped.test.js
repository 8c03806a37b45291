'use strict'

// A connection whose packets are dropped: neither end is told, and each finds out by itself.

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const { test, before, after } = require('node:test')
const { startNode } = require('../../../tools/peer')
const { within } = require('../../../tools/until')
const { postgresLock } = require('..')
const { startHolder } = require('./support/holder')
const { mustRun, serverOnly, startServer } = require('./support/server')

/** In seconds: the shortest that is allowed. */
const KEEP_ALIVE = 4
/** In milliseconds; a server under load has its processes look late. */
const BOUND = 60_000

/** A network of this test's own, where it can drop packets. */
const network = `locket-${process.pid}`
const inNetwork = ['ip', 'netns', 'exec', network]

const hasTools = ['ip', 'iptables'].every((tool) => spawnSync(tool, ['-V'], { stdio: 'ignore' }).status === 0)
const dropsOnly = {
  skip:
    serverOnly.skip ||
    (process.getuid?.() !== 0 && 'needs root, for a network of its own') ||
    (!mustRun && !hasTools && 'there is no ip or no iptables'),
}

if (!dropsOnly.skip) {
  before(() => {
    run('ip', 'netns', 'add', network)
    run(...inNetwork, 'ip', 'link', 'set', 'lo', 'up')
  })
}

const server = startServer({ prefix: inNetwork, skip: dropsOnly.skip })

if (!dropsOnly.skip) after(() => run('ip', 'netns', 'delete', network))

function run(command, ...args) {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  assert.equal(status, 0, `${command} ${args.join(' ')}: ${stderr}${error ?? ''}`)
}

/** Drops every packet of the connection with that port of the client's. */
function drop(port) {
  for (const end of ['--sport', '--dport']) {
    run(...inNetwork, 'iptables', '-A', 'INPUT', '-p', 'tcp', end, String(port), '-j', 'DROP')
  }
}

function portOf({ address }) {
  return address.split(':').at(-1)
}

test('a holder whose packets are dropped is told, then the next one is let in', dropsOnly, async (t) => {
  const options = { prefix: inNetwork, lock: { keepAlive: KEEP_ALIVE } }
  const holder = await startHolder(t, server.url, t.name, options)
  const lock = postgresLock(server.options, t.name)
  let isGranted = false
  const waiting = lock.acquire().then((guard) => {
    isGranted = true
    return guard
  })
  await server.untilWaiting(1)
  const { holders } = await lock.inspect()
  drop(portOf(holders[0]))
  const { cause } = await within(holder.lost, 'the holder to be told', BOUND)
  assert.equal(cause, 'ETIMEDOUT')
  assert.equal(isGranted, false)
  const guard = await within(waiting, 'the next holder', BOUND)
  await guard.release()
})

test('a waiter whose packets are dropped waits again through another connection', dropsOnly, async (t) => {
  const lock = postgresLock(server.options, t.name)
  const guard = await lock.acquire()
  const peer = await startNode(t, { prefix: inNetwork })
  const waiting = peer.run(
    async ({ require }, url, name, options) => {
      const guard = await require('@locket/postgres').postgresLock(url, name, options).acquire()
      await guard.release()
    },
    server.url,
    t.name,
    { keepAlive: KEEP_ALIVE },
  )
  await server.untilWaiting(1)
  const [{ client_port: port }] = await server.query(
    'SELECT client_port FROM pg_stat_activity WHERE pid = ANY($1)',
    [await server.waiting()],
  )
  drop(port)
  await guard.release()
  await within(waiting, 'the waiter to be granted the lock', BOUND)
})
