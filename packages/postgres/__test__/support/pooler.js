'use strict'

// A pgbouncer of the tests' own, in front of their server.

const { spawn, spawnSync } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { Client } = require('pg')
const { atEnd } = require('../../../../tools/end')
const { until } = require('../../../../tools/until')
const { USER, asUser, freePort, isRoot } = require('../../../../tools/postgres')
const { mustRun, serverOnly } = require('./server')

const hasPooler = spawnSync('pgbouncer', ['--version'], { stdio: 'ignore' }).status === 0

const poolerOnly = {
  skip: serverOnly.skip || (!mustRun && !hasPooler && 'there is no pgbouncer'),
}

/** Resolves to how to connect, for pg. `settings` are lines of pgbouncer.ini. */
async function startPooler(t, server, settings) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'locket-pgbouncer-'))
  if (isRoot) fs.chownSync(folder, USER, USER)
  const port = await freePort()
  const lines = {
    listen_addr: '127.0.0.1',
    listen_port: port,
    unix_socket_dir: '',
    auth_type: 'any',
    ...settings,
  }
  const file = path.join(folder, 'pgbouncer.ini')
  const databases = `[databases]\npostgres = host=127.0.0.1 port=${server.port} user=postgres\n`
  const options = Object.entries(lines).map(([name, value]) => `${name} = ${value}`)
  fs.writeFileSync(file, `${databases}[pgbouncer]\n${options.join('\n')}\n`)
  const log = fs.openSync(path.join(folder, 'log'), 'w')
  const [command, args] = asUser(['pgbouncer', file])
  const pooler = spawn(command, args, { stdio: ['ignore', log, log] })
  fs.closeSync(log)
  atEnd(t, async () => {
    if (pooler.exitCode === null) {
      pooler.kill('SIGKILL')
      await once(pooler, 'exit')
    }
    fs.rmSync(folder, { recursive: true })
  })
  const target = { host: '127.0.0.1', port, user: 'postgres', database: 'postgres' }
  await until(() => answers(pooler, target, folder), 'pgbouncer to start')
  return target
}

async function answers(pooler, target, folder) {
  if (pooler.exitCode !== null) {
    throw new Error(`pgbouncer has ended: ${fs.readFileSync(path.join(folder, 'log'), 'utf8')}`)
  }
  const client = new Client(target)
  client.on('error', () => {})
  try {
    await client.connect()
    await client.end()
    return true
  } catch {
    return false
  }
}

module.exports = { poolerOnly, startPooler }
