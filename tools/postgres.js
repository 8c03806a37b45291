'use strict'

// A PostgreSQL server with Debian's programs, on a free port of the loopback and in a separate folder.
// It ends with the process that started it.

const { spawn, spawnSync } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const net = require('node:net')
const os = require('node:os')
const path = require('node:path')
const { Client } = require('pg')
const { until } = require('./until')

/** Where Debian keeps the programs of each version; elsewhere they are in PATH. */
const DEBIAN = '/usr/lib/postgresql'

/** The server refuses to run as root. */
const USER = 65534
const isRoot = process.getuid?.() === 0

const programs = findPrograms()

function findPrograms() {
  // Under wine, those of Linux are seen.
  if (process.platform === 'win32') return undefined
  const versions = fs.existsSync(DEBIAN) ? fs.readdirSync(DEBIAN) : []
  const newestFirst = versions.sort((a, b) => Number(b) - Number(a))
  const folders = [...newestFirst.map((version) => path.join(DEBIAN, version, 'bin')), ...inPath()]
  return folders.find((folder) => fs.existsSync(path.join(folder, 'postgres')))
}

function inPath() {
  return (process.env.PATH ?? '').split(path.delimiter)
}

class PostgresServer {
  #folder
  #process
  #prefix

  /** `prefix` is a command that starts a command. */
  constructor(prefix = []) {
    this.#prefix = prefix
  }

  /** Makes the server's folder, and starts it. */
  async create() {
    if (programs === undefined) throw new Error('there is no PostgreSQL server')
    this.#folder = fs.mkdtempSync(path.join(os.tmpdir(), 'locket-postgres-'))
    if (isRoot) fs.chownSync(this.#folder, USER, USER)
    const data = path.join(this.#folder, 'data')
    const options = ['--no-sync', '--no-instructions', '--auth=trust', '--username=postgres', '--locale=C']
    const [command, args] = asUser([path.join(programs, 'initdb'), ...options, `--pgdata=${data}`])
    const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', env: environment() })
    if (status !== 0) throw new Error(`initdb failed: ${stdout}${stderr}`)
    this.port = await freePort()
    await this.start()
  }

  async remove() {
    if (this.#folder === undefined) return
    await this.stop()
    fs.rmSync(this.#folder, { recursive: true, force: true })
  }

  /** How to connect, for pg: through a socket in the file system, which every network reaches. */
  get options() {
    return { host: this.#folder, port: this.port, user: 'postgres', database: 'postgres' }
  }

  get url() {
    return `postgres://postgres@127.0.0.1:${this.port}/postgres`
  }

  async start() {
    const options = ['-c', 'listen_addresses=127.0.0.1', '-c', 'fsync=off']
    const args = ['-D', path.join(this.#folder, 'data'), '-p', String(this.port), '-k', this.#folder]
    const log = fs.openSync(path.join(this.#folder, 'log'), 'a')
    const [command, rest] = asUser([path.join(programs, 'postgres'), ...args, ...options])
    const [first, ...others] = [...this.#prefix, command, ...rest]
    this.#process = spawn(first, others, { stdio: ['ignore', log, log], env: environment() })
    fs.closeSync(log)
    await until(() => this.#answers(), 'PostgreSQL to start')
  }

  async #answers() {
    if (this.#process.exitCode !== null) {
      throw new Error(`PostgreSQL has ended: ${fs.readFileSync(path.join(this.#folder, 'log'), 'utf8')}`)
    }
    return this.query('SELECT 1').then(
      () => true,
      () => false,
    )
  }

  /** Ends all sessions, and the server. */
  async stop(signal = 'SIGINT') {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const exited = once(this.#process, 'exit')
    this.#process.kill(signal)
    await exited
  }

  /** Resolves to the rows, through a connection of its own. */
  async query(text, values) {
    const client = new Client(this.options)
    client.on('error', () => {})
    await client.connect()
    try {
      return (await client.query(text, values)).rows
    } finally {
      await client.end()
    }
  }

  /** The backends that wait for an advisory lock. */
  async waiting() {
    const rows = await this.query("SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    return rows.map(({ pid }) => pid)
  }

  /** Resolves when so many backends wait for advisory locks. */
  async untilWaiting(count) {
    await until(async () => (await this.waiting()).length === count, `${count} backends to wait`)
  }

  /** Resolves when no advisory lock is held. */
  async untilFree() {
    const text = "SELECT FROM pg_locks WHERE locktype = 'advisory'"
    await until(async () => (await this.query(text)).length === 0, 'all locks to be free')
  }
}

/**
 * The command of another user, where this one is root. It ends with this process, however that ends,
 * where setpriv is there to see to it.
 */
function asUser(command) {
  if (!hasSetpriv()) return [command[0], command.slice(1)]
  const user = isRoot ? [`--reuid=${USER}`, `--regid=${USER}`, '--clear-groups'] : []
  return ['setpriv', ['--pdeathsig=INT', ...user, ...command]]
}

function hasSetpriv() {
  return inPath().some((folder) => fs.existsSync(path.join(folder, 'setpriv')))
}

/** Nothing of the user's own: PGPORT and its like change what the programs do. */
function environment() {
  return { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' }
}

async function freePort() {
  const probe = net.createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address()
  probe.close()
  await once(probe, 'close')
  return port
}

module.exports = { PostgresServer, USER, asUser, freePort, hasPostgres: programs !== undefined, isRoot }
