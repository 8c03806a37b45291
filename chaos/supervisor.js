'use strict'

// Keeps one peer running: when its process ends, the next one is started.

const { Child } = require('../tools/child')
const { modestly } = require('./machine')

class Supervisor {
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
    const stdio = ['ignore', 'ignore', 'pipe', ...(ipc ? ['ipc'] : [])]
    // A process group, because flock(1) has a child that holds the lock too.
    this.#child = new Child(file, rest, { stdio, detached: true, env: { ...process.env, ...env } })
    // When the pipe is closed, every process of the group has ended.
    this.#child.ended.then((end) => this.#ended(end))
  }

  #ended({ status, signal, err }) {
    this.stderr += err
    if (!this.#expected && (status !== 0 || !this.isFinishing())) {
      // A peer that kills itself has written that to the journal.
      if (signal !== 'SIGKILL') this.#journal.write('ended', this.#who, signal ?? status)
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
    this.end(() => this.#child.signal('SIGKILL'))
  }

  /** Stops it; the answer lets it go on. */
  stop() {
    const child = this.#child
    child.signal('SIGSTOP')
    return () => child.signal('SIGCONT')
  }

  order(order) {
    const { process } = this.#child
    if (process.connected) process.send(order, () => {})
  }
}

module.exports = { Supervisor }
