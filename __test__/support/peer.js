'use strict'

// Another process, told what to do with locks: a JSON line for each command, a JSON line for each
// answer and for each event.

const { spawn } = require('node:child_process')
const { EventEmitter, once } = require('node:events')
const path = require('node:path')
const readline = require('node:readline')
const { atEnd } = require('./end')
const { within } = require('./until')

const FIXTURES = path.join(__dirname, '..', 'fixtures')

class Peer extends EventEmitter {
  #child
  #answers = new Map()
  #last = 0

  constructor(command, args, options) {
    super()
    const child = spawn(command, args, { ...options, stdio: ['pipe', 'pipe', 'inherit'] })
    this.#child = child
    this.exited = new Promise((resolve) => {
      child.once('error', (error) => this.#gone(error, resolve))
      child.once('close', (code, signal) => this.#gone({ code, signal }, resolve))
    })
    // What is written to a process that has just died.
    child.stdin.on('error', () => {})
    readline.createInterface({ input: child.stdout }).on('line', (line) => this.#receive(JSON.parse(line)))
  }

  get pid() {
    return this.#child.pid
  }

  /** Answers what the command returned, or rejects as it threw. */
  send(command, ...args) {
    this.#last += 1
    const id = this.#last
    const answer = new Promise((resolve, reject) => this.#answers.set(id, { resolve, reject }))
    this.#child.stdin.write(`${JSON.stringify({ id, command, args })}\n`)
    return within(answer, `process ${this.pid} to answer ${command} ${args.join(' ')}`)
  }

  acquire(file, timeout) {
    return this.send('acquire', file, timeout)
  }

  /** Whether it got the lock. */
  tryAcquire(file) {
    return this.send('tryAcquire', file)
  }

  release(file) {
    return this.send('release', file)
  }

  /** Resolves when its next acquire has found the lock taken. */
  async waiting() {
    await within(once(this, 'waiting'), `process ${this.pid} to wait`)
  }

  /** Sends the signal; with one that ends the process, `exited` tells when. */
  signal(name) {
    this.#child.kill(name)
  }

  async kill() {
    this.signal('SIGKILL')
    await this.exited
  }

  #receive({ id, value, error, event }) {
    if (event !== undefined) {
      this.emit(event, value)
      return
    }
    const { resolve, reject } = this.#answers.get(id)
    this.#answers.delete(id)
    if (error === undefined) resolve(value)
    else reject(Object.assign(new Error(error.message), error))
  }

  #gone(how, resolve) {
    for (const { reject } of this.#answers.values()) {
      reject(new Error(`process ${this.pid} ended without an answer: ${JSON.stringify(how)}`))
    }
    this.#answers.clear()
    resolve(how)
  }
}

class NodePeer extends Peer {
  /** Calls `fn` over there with its tools (see fixtures/peer.js) and the arguments. */
  run(fn, ...args) {
    return this.send('run', String(fn), ...args)
  }
}

/** Ends the peer with the test, and waits until it can be told what to do. */
async function ready(t, peer) {
  atEnd(t, () => peer.kill())
  await peer.send('hello')
  return peer
}

/** A Node process. Options: `args` for Node, `env` to add, `prefix`: a command that starts it. */
function startNode(t, { args = [], env = {}, prefix = [], cwd } = {}) {
  const [command, ...rest] = [...prefix, process.execPath, ...args, path.join(FIXTURES, 'peer.js')]
  return ready(t, new NodePeer(command, rest, { cwd, env: { ...process.env, ...env } }))
}

/** A process that a fixture in another language describes. */
function startStranger(t, command, args) {
  return ready(t, new Peer(command, args))
}

module.exports = { FIXTURES, startNode, startStranger }
