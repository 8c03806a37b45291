'use strict'

// Keeps one peer running: when it is ended, the next one is started.

const path = require('node:path')
const { Worker } = require('node:worker_threads')
const { Child } = require('../tools/child')
const { recordEnd } = require('./claim')

class Supervisor {
  counts = {}
  started = 0
  #kind
  #options
  #peer
  #ended
  #expected
  #failed

  /** `failed(error)` is called when one ends that nobody has ended. */
  constructor(kind, options, failed) {
    this.#kind = kind
    this.#options = options
    this.#failed = failed
    this.#start()
  }

  get #name() {
    return `${this.#options.name}.${this.started}`
  }

  #start() {
    this.started += 1
    this.#expected = false
    const peer = KINDS[this.#kind].start({ ...this.#options, name: this.#name })
    this.#peer = peer
    peer.on('message', (counts) => add(this.counts, counts))
    peer.on('error', (error) => this.#failed(error))
    this.#ended = new Promise((resolve) => {
      peer.once('exit', (code, signal) => {
        if (!this.#expected) this.#failed(new Error(`${this.#name} ended by itself: ${signal ?? code}`))
        resolve()
      })
    })
  }

  /** Whatever it is doing. */
  async kill() {
    this.#expected = true
    recordEnd(this.#options.folder, this.#name)
    KINDS[this.#kind].kill(this.#peer)
    await this.#ended
  }

  /** When it has finished what it is doing. */
  async leave() {
    this.#expected = true
    KINDS[this.#kind].dismiss(this.#peer)
    await this.#ended
  }

  async replace(gently) {
    await (gently ? this.leave() : this.kill())
    this.#start()
  }
}

const KINDS = {
  worker: {
    start: (workerData) => new Worker(path.join(__dirname, 'peer-thread.js'), { workerData }),
    kill: (worker) => worker.terminate(),
    dismiss: (worker) => worker.postMessage('leave'),
  },
  process: {
    start(options) {
      const args = [path.join(__dirname, 'peer-process.js')]
      const { process: child } = new Child(process.execPath, args, {
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      })
      child.send(options)
      return child
    },
    kill: (child) => child.kill('SIGKILL'),
    dismiss: (child) => child.send('leave'),
  },
}

function add(total, more) {
  for (const [key, count] of Object.entries(more)) total[key] = (total[key] ?? 0) + count
}

module.exports = { Supervisor, add }
