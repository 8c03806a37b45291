'use strict'

// A child process whose system calls can be made to fail, and the reasons why there is none.
const { execFileSync, fork } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const path = require('node:path')

const SOURCE = path.join(__dirname, '..', 'fixtures', 'faults.c')
const CHILD = path.join(__dirname, '..', 'fixtures', 'faulty.js')

/** The numbers of faults.c. */
const CALLS = { open: 1, fstat: 2, flock: 3, stat: 4, close: 5, pthread_create: 6 }
const CONTROL_SIZE = 5 * 4

/** Why faults cannot be injected here; undefined where they can. */
function whyNoFaults() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'the shim is for Linux on x64'
  if (process.report.getReport().header.glibcVersionRuntime === undefined) return 'the shim is for glibc'
  try {
    execFileSync('cc', ['--version'], { stdio: 'ignore' })
  } catch {
    return 'no cc: install a C compiler'
  }
}

class Faulty {
  #child

  /** Compiles the shim into the folder and starts a child under it. */
  static async start(folder) {
    const shim = path.join(folder, 'faults.so')
    execFileSync('cc', ['-O1', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC', '-o', shim, SOURCE])
    const control = path.join(folder, 'control')
    fs.writeFileSync(control, Buffer.alloc(CONTROL_SIZE))
    const faulty = new Faulty()
    const env = { ...process.env, LD_PRELOAD: shim, LOCKET_FAULTS: control }
    faulty.#child = fork(CHILD, { env, execArgv: [] })
    await faulty.#message((message) => message.ready)
    return faulty
  }

  /** `call` fails with `errno`, `times` times after `skip` that go well. */
  acquire(parameters, { call, errno, skip = 0, times = 1 }) {
    const fault = { call: CALLS[call], error: errno, skip, times }
    this.#child.send({ order: 'acquire', ...parameters, fault })
    return this.#answer()
  }

  /** Resolves when the acquire that is under way waits for somebody or is over. */
  waits(acquire) {
    return Promise.race([acquire, this.#message((message) => message.waits)])
  }

  order(order) {
    this.#child.send({ order })
    return this.#answer()
  }

  async end() {
    const exit = once(this.#child, 'exit')
    this.#child.disconnect()
    await exit
  }

  async #answer() {
    return (await this.#message((message) => message.answer)).answer
  }

  #message(wanted) {
    return new Promise((resolve, reject) => {
      const child = this.#child
      const onMessage = (message) => {
        if (wanted(message)) finish(resolve, message)
      }
      const onExit = (code, signal) => finish(reject, new Error(`the child ended: ${signal ?? code}`))
      const finish = (settle, value) => {
        child.off('message', onMessage)
        child.off('exit', onExit)
        settle(value)
      }
      child.on('message', onMessage)
      child.on('exit', onExit)
    })
  }
}

module.exports = { Faulty, whyNoFaults }
