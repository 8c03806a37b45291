'use strict'

// Programs that run to their end, and what they said.

const { spawn } = require('node:child_process')
const { EventEmitter, on } = require('node:events')
const path = require('node:path')
const { within } = require('./until')

const LOCKET = path.join(__dirname, '..', '..', 'bin', 'locket.js')

/** A running program. `ended` resolves with `{ status, signal, out, err }`. */
class Command {
  #changed = new EventEmitter()
  out = ''
  err = ''

  constructor(command, args, options) {
    this.child = spawn(command, args, options)
    for (const [name, stream] of [
      ['out', this.child.stdout],
      ['err', this.child.stderr],
    ]) {
      stream.setEncoding('utf8').on('data', (text) => {
        this[name] += text
        this.#changed.emit('changed')
      })
    }
    this.ended = new Promise((resolve, reject) => {
      this.child.on('error', reject)
      this.child.on('close', (status, signal) => {
        this.#changed.emit('changed')
        resolve({ status, signal, out: this.out, err: this.err })
      })
    })
  }

  get pid() {
    return this.child.pid
  }

  /** Resolves when the program has written something that matches. */
  async says(pattern, where = 'out') {
    const changes = on(this.#changed, 'changed')
    const heard = async () => {
      while (!pattern.test(this[where])) await changes.next()
    }
    await within(heard(), `${pattern} in ${where}`)
    await changes.return()
  }
}

/** Starts a program that is killed at the end of the test at the latest. */
function start(t, command, args, options) {
  const started = new Command(command, args, options)
  t.after(() => started.child.kill('SIGKILL'))
  return started
}

/** Runs a program to its end. */
function run(t, command, args, options) {
  const { ended } = start(t, command, args, options)
  return within(ended, `${command} ${args.join(' ')} to end`)
}

/** The command line of this package. */
const startLocket = (t, args, options) => start(t, process.execPath, [LOCKET, ...args], options)
const runLocket = (t, args, options) => run(t, process.execPath, [LOCKET, ...args], options)

module.exports = { LOCKET, run, runLocket, start, startLocket }
