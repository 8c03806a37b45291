'use strict'

// Child processes: what they write, and how they end.

const { spawn } = require('node:child_process')
const { EventEmitter, on } = require('node:events')
const path = require('node:path')
const readline = require('node:readline')
const { within } = require('./until')

/** A started program. `ended` resolves with `{ status, signal, out, err }`. */
class Child extends EventEmitter {
  #changed = new EventEmitter()
  #group
  out = ''
  err = ''

  /**
   * Options as of `spawn`, by default with a pipe each for input, output and errors. `onLine` is
   * called with each line of the output, which is then not kept. With `detached`, signals go to the
   * whole process group.
   */
  constructor(command, args = [], { onLine, ...options } = {}) {
    super()
    const child = spawn(command, args, options)
    this.process = child
    this.#group = options.detached === true
    // A process that has just ended may still be written to.
    child.stdin?.on('error', () => {})
    if (onLine === undefined) this.#keep('out', child.stdout)
    else readline.createInterface({ input: child.stdout }).on('line', onLine)
    this.#keep('err', child.stderr)
    this.ended = new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (status, signal) => {
        this.#changed.emit('changed')
        resolve({ status, signal, out: this.out, err: this.err })
      })
    })
    // Not every caller waits for the end.
    this.ended.catch(() => {})
  }

  get pid() {
    return this.process.pid
  }

  get stdin() {
    return this.process.stdin
  }

  /** Resolves when the program has written something that matches; rejects when it ends before. */
  async says(pattern, where = 'out') {
    const changes = on(this.#changed, 'changed')
    const heard = async () => {
      while (!pattern.test(this[where])) {
        // Once it is given up, there is always a next change, and nothing else would ever run.
        if ((await changes.next()).done) return
      }
    }
    const failed = this.ended.then(({ status, signal, err }) => {
      if (!pattern.test(this[where])) throw new Error(`ended with ${signal ?? status}: ${err}`)
    })
    try {
      await within(Promise.race([heard(), failed]), `${pattern} in ${where}`)
    } finally {
      await changes.return()
    }
  }

  /** Sends the signal; a process that has ended gets none. */
  signal(name) {
    if (!this.#group) return this.process.kill(name)
    try {
      return process.kill(-this.pid, name)
    } catch (error) {
      if (error.code !== 'ESRCH') throw error
      return false
    }
  }

  /** Kills the process, and resolves when it has ended. */
  kill() {
    this.signal('SIGKILL')
    return this.ended
  }

  #keep(name, stream) {
    stream?.setEncoding('utf8').on('data', (text) => {
      this[name] += text
      this.#changed.emit('changed')
    })
  }
}

/** Starts a program that is killed at the end of the test at the latest. */
function start(t, command, args, options) {
  const started = new Child(command, args, options)
  t.after(() => started.signal('SIGKILL'))
  return started
}

/** Runs a program to its end. */
function run(t, command, args, options) {
  const { ended } = start(t, command, args, options)
  return within(ended, `${command} ${args.join(' ')} to end`)
}

const LOCKET = path.join(__dirname, '..', 'bin', 'locket.js')

/** The command line of this package. */
const startLocket = (t, args, options) => start(t, process.execPath, [LOCKET, ...args], options)
const runLocket = (t, args, options) => run(t, process.execPath, [LOCKET, ...args], options)

module.exports = { Child, LOCKET, run, runLocket, start, startLocket }
