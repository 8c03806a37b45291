'use strict'

// A peer: another process that takes locks, and is told what to do. A JSON line for each command, a
// JSON line for each answer and for each event.

const { once } = require('node:events')
const path = require('node:path')
const { Child } = require('./child')
const { atEnd } = require('./end')
const { within } = require('./until')

const PROGRAM = path.join(__dirname, 'programs', 'peer.js')

class Peer extends Child {
  #answers = new Map()
  #last = 0

  constructor(command, args, options) {
    const onLine = (line) => this.#receive(JSON.parse(line))
    super(command, args, { ...options, stdio: ['pipe', 'pipe', 'inherit'], onLine })
    this.ended.then(
      (how) => this.#gone(how),
      (error) => this.#gone(error),
    )
  }

  /** Answers what the command returned, or rejects as it threw. */
  send(command, ...args) {
    this.#last += 1
    const id = this.#last
    const answer = new Promise((resolve, reject) => this.#answers.set(id, { resolve, reject }))
    this.stdin.write(`${JSON.stringify({ id, command, args })}\n`)
    return within(answer, `process ${this.pid} to answer ${command} ${args.join(' ')}`)
  }

  acquire(file, timeout) {
    return this.send('acquire', file, timeout)
  }

  /** Returns whether it got the lock. */
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

  #gone(how) {
    for (const { reject } of this.#answers.values()) {
      reject(new Error(`process ${this.pid} ended without an answer: ${JSON.stringify(how)}`))
    }
    this.#answers.clear()
  }
}

class NodePeer extends Peer {
  acquireShared(file, timeout) {
    return this.send('acquire', file, timeout, 'shared')
  }

  /** Returns whether it got the lock. */
  tryAcquireShared(file) {
    return this.send('tryAcquire', file, 'shared')
  }

  /** Calls `fn` over there with its tools (see programs/peer.js) and the arguments. */
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
  const [command, ...rest] = [...prefix, process.execPath, ...args, PROGRAM]
  return ready(t, new NodePeer(command, rest, { cwd, env: { ...process.env, ...env } }))
}

/** A program that takes locks with other software, and obeys the same commands. */
function startForeign(t, command, args) {
  return ready(t, new Peer(command, args))
}

module.exports = { Peer, startForeign, startNode }
