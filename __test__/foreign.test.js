// Other programs on the same file: they exclude us, we exclude them, and each wakes the other.

'use strict'

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const { once } = require('node:events')
const path = require('node:path')
const { describe, test } = require('node:test')
const { lockFile } = require('..')
const { Child } = require('../tools/child')
const { atEnd } = require('../tools/end')
const { lockPath } = require('../tools/folder')
const { untilQueued } = require('../tools/kernel')
const { startNode, startForeign } = require('../tools/peer')
const { findPython } = require('../tools/python')
const { within } = require('../tools/until')

const FIXTURES = path.join(__dirname, 'fixtures')

const wanted = process.env.CI === 'true'

const { python, reason } = findPython()
const hasFlock = spawnSync('flock', ['--version'], { stdio: 'ignore' }).status === 0

/** flock(1) holds the lock while the command it starts runs, here until its input ends. */
class FlockCommand {
  #child

  constructor(t) {
    atEnd(t, () => this.#child?.kill())
  }

  async acquire(file) {
    this.#start([file])
    await this.#child.says(/^held\n$/)
  }

  async tryAcquire(file) {
    this.#start(['--nonblock', file])
    const taken = this.#child.ended.then(() => false)
    return Promise.race([taken, once(this.#child.process.stdout, 'data').then(() => true)])
  }

  async release() {
    this.#child.stdin.end()
    await this.#child.ended
  }

  kill() {
    return this.#child.kill()
  }

  get pid() {
    return this.#child.pid
  }

  #start(args) {
    // A process group, because the command that it starts has the descriptor too.
    this.#child = new Child('flock', [...args, 'sh', '-c', 'echo held; read line'], { detached: true })
  }
}

const fixture = path.join(FIXTURES, 'foreign.py')
const inKernel = (program, file) => untilQueued(file, program.pid)

const programs = [
  {
    name: "Python's locket",
    start: (t) => startForeign(t, python, [fixture, 'locket']),
    untilWaiting: inKernel,
    missing: reason,
  },
  {
    name: "Python's filelock",
    start: (t) => startForeign(t, python, [fixture, 'filelock']),
    untilWaiting: (program) => program.waiting(),
    missing: reason,
  },
  {
    name: 'flock(1)',
    start: async (t) => new FlockCommand(t),
    untilWaiting: inKernel,
    missing: hasFlock ? undefined : 'there is no flock(1)',
  },
]

for (const { name, start, untilWaiting, missing } of programs) {
  // Where there is a python3, CI takes no excuse.
  if (missing !== undefined && wanted && missing !== 'there is no python3') {
    test(`${name} is installed`, () => assert.fail(missing))
    continue
  }

  describe(name, { skip: missing }, () => {
    test(`${name} excludes us until it releases`, async (t) => {
      const file = lockPath(t)
      const program = await start(t)
      await program.acquire(file)
      assert.equal(lockFile(file).tryAcquire(), null)
      await assert.rejects(lockFile(file).acquire(0.05), { code: 'ERR_LOCK_TIMEOUT' })
      await program.release(file)
      lockFile(file).tryAcquire().release()
    })

    test(`we exclude ${name} until we release`, async (t) => {
      const file = lockPath(t)
      const program = await start(t)
      const guard = await lockFile(file).acquire()
      assert.equal(await program.tryAcquire(file), false)
      guard.release()
      assert.equal(await program.tryAcquire(file), true)
      await program.release(file)
    })

    test(`a release by ${name} wakes us`, async (t) => {
      const file = lockPath(t)
      const program = await start(t)
      await program.acquire(file)
      const pending = lockFile(file).acquire()
      await untilQueued(file)
      await program.release(file)
      const guard = await within(pending, 'our acquire')
      assert.equal(await program.tryAcquire(file), false)
      guard.release()
    })

    test(`our release wakes ${name}`, async (t) => {
      const file = lockPath(t)
      const program = await start(t)
      const guard = await lockFile(file).acquire()
      const waiting = untilWaiting === inKernel ? undefined : untilWaiting(program)
      const pending = program.acquire(file)
      await (waiting ?? untilWaiting(program, file))
      guard.release()
      await pending
      assert.equal(lockFile(file).tryAcquire(), null)
      await program.release(file)
    })

    test(`the death of ${name} frees the lock for us, and ours for it`, async (t) => {
      const file = lockPath(t)
      const [program, holder] = [await start(t), await startNode(t)]
      await holder.acquire(file)
      const pending = program.acquire(file)
      await holder.kill()
      await pending
      const ours = lockFile(file).acquire()
      await untilQueued(file)
      await program.kill()
      const guard = await within(ours, 'our acquire')
      guard.release()
    })
  })
}
