'use strict'

// A peer whose system calls can be made to fail, and the reasons why there is none.

const { execFileSync } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const path = require('node:path')
const { Peer } = require('./peer')

const PROGRAMS = path.join(__dirname, 'programs')

/** The numbers of faults.c. */
const CALLS = { open: 1, fstat: 2, flock: 3, stat: 4, close: 5, pthread_create: 6 }

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

/** Compiles the shim into the folder; answers the variables of a process that runs under it. */
function prepareFaults(folder, { call, error, times } = { call: 0, error: 0, times: 0 }) {
  const shim = path.join(folder, 'faults.so')
  const source = path.join(PROGRAMS, 'faults.c')
  execFileSync('cc', ['-O1', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC', '-o', shim, source])
  const control = path.join(folder, 'control')
  fs.writeFileSync(control, Buffer.from(Int32Array.of(call, error, 0, times, 0).buffer))
  return { LD_PRELOAD: shim, LOCKET_FAULTS: control }
}

class Faulty extends Peer {
  /** Starts a peer whose calls all go well until a fault is ordered. */
  static async start(folder) {
    const env = { ...process.env, ...prepareFaults(folder) }
    const faulty = new Faulty(process.execPath, [path.join(PROGRAMS, 'faulty.js')], { env })
    await faulty.send('warmUp')
    return faulty
  }

  /** `call` fails with `errno`, `times` times after `skip` that go well. */
  acquire(parameters, { call, errno, skip = 0, times = 1 }) {
    return this.send('acquire', { ...parameters, fault: { call: CALLS[call], error: errno, skip, times } })
  }

  /** Resolves when the acquire that is in progress waits, or is over. */
  waits(acquire) {
    return Promise.race([acquire, once(this, 'waiting')])
  }
}

module.exports = { CALLS, Faulty, prepareFaults, whyNoFaults }
