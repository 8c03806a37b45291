'use strict'

// A place for one process at a time: when it ends, the next one takes it.

const { spawn } = require('node:child_process')
const path = require('node:path')
const { modestly } = require('./machine')

const PARTICIPANTS = path.join(__dirname, 'participants')

class Slot {
  started = 0
  stderr = ''
  finished
  #child
  #expected = false
  #finish
  #journal

  /** `commandOf(who)` is what it starts, `isFinishing()` whether anything is started again. */
  constructor(name, journal, commandOf, isFinishing) {
    this.name = name
    this.commandOf = commandOf
    this.isFinishing = isFinishing
    this.#journal = journal
    this.finished = new Promise((resolve) => {
      this.#finish = resolve
    })
    this.#start()
  }

  get #who() {
    return `${this.name}.${this.started}`
  }

  #start() {
    this.started += 1
    this.#expected = false
    const { command, args, env, ipc } = this.commandOf(this.#who)
    const [file, ...rest] = modestly(command, args)
    const stdio = ['ignore', 'pipe', 'pipe', ...(ipc ? ['ipc'] : [])]
    // A process group of its own: flock(1) has a child that holds the lock too.
    const child = spawn(file, rest, { stdio, detached: true, env: { ...process.env, ...env } })
    this.#child = child
    child.on('error', () => {})
    child.stdout.resume()
    child.stderr.setEncoding('utf8').on('data', (text) => {
      this.stderr += text
    })
    // When the pipes are closed, every process of the group is gone.
    child.once('close', (code, signal) => this.#ended(code, signal))
  }

  #ended(code, signal) {
    if (!this.#expected && (code !== 0 || !this.isFinishing())) {
      // Those who crash by themselves have said so.
      if (signal !== 'SIGKILL') this.#journal.write('ended', this.#who, signal ?? code)
    }
    this.#journal.write('died', this.#who)
    if (this.isFinishing()) this.#finish()
    else this.#start()
  }

  /** Ends it in a way that starts with `act`. */
  end(act) {
    this.#expected = true
    this.#journal.write('killing', this.#who)
    act()
  }

  kill() {
    this.end(() => this.#signal(this.#child.pid, 'SIGKILL'))
  }

  /** Stops it; the answer lets it go on. */
  stop() {
    const { pid } = this.#child
    this.#signal(pid, 'SIGSTOP')
    return () => this.#signal(pid, 'SIGCONT')
  }

  order(order) {
    if (this.#child.connected) this.#child.send(order, () => {})
  }

  #signal(pid, signal) {
    try {
      process.kill(-pid, signal)
    } catch (error) {
      if (error.code !== 'ESRCH') throw error
    }
  }
}

module.exports = { PARTICIPANTS, Slot }
