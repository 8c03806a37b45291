'use strict'

// Places for members that come and go: when one is ended, the next one takes its place.

const { fork } = require('node:child_process')
const path = require('node:path')
const { Worker } = require('node:worker_threads')
const { recordEnd } = require('./claim')

class Place {
  counts = {}
  started = 0
  #kind
  #options
  #member
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
    const member = KINDS[this.#kind].start({ ...this.#options, name: this.#name })
    this.#member = member
    member.on('message', (counts) => add(this.counts, counts))
    member.on('error', (error) => this.#failed(error))
    this.#ended = new Promise((resolve) => {
      member.once('exit', (code, signal) => {
        if (!this.#expected) this.#failed(new Error(`${this.#name} ended by itself: ${signal ?? code}`))
        resolve()
      })
    })
  }

  /** Whatever it is doing. */
  async kill() {
    this.#expected = true
    recordEnd(this.#options.folder, this.#name)
    KINDS[this.#kind].kill(this.#member)
    await this.#ended
  }

  /** When it has finished what it is doing. */
  async leave() {
    this.#expected = true
    KINDS[this.#kind].dismiss(this.#member)
    await this.#ended
  }

  async replace(gently) {
    await (gently ? this.leave() : this.kill())
    this.#start()
  }
}

const KINDS = {
  worker: {
    start: (workerData) => new Worker(path.join(__dirname, 'member-thread.js'), { workerData }),
    kill: (worker) => worker.terminate(),
    dismiss: (worker) => worker.postMessage('leave'),
  },
  process: {
    start(options) {
      const child = fork(path.join(__dirname, 'member-process.js'))
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

module.exports = { Place, add }
