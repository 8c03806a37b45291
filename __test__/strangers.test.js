// Other programs on the same file: they exclude us, we exclude them, and each wakes the other.

'use strict'

const assert = require('node:assert/strict')
const { spawn, spawnSync } = require('node:child_process')
const { once } = require('node:events')
const { describe, test } = require('node:test')
const { lockFile } = require('..')
const { atEnd } = require('./support/end')
const { lockPath } = require('./support/folder')
const { untilQueued } = require('./support/kernel')
const { FIXTURES, startNode, startStranger } = require('./support/peer')
const { findPython } = require('./support/python')
const { within } = require('./support/until')

const wanted = process.env.CI === 'true'

const { python, reason } = findPython()
const hasFlock = spawnSync('flock', ['--version'], { stdio: 'ignore' }).status === 0

/** flock(1) holds the lock while the command it starts runs, here until its input ends. */
class FlockCommand {
  #child

  constructor(t) {
    atEnd(t, () => this.kill())
  }

  async acquire(file) {
    this.#start([file])
    const [line] = await within(once(this.#child.stdout, 'data'), 'flock(1) to get the lock')
    assert.equal(String(line), 'held\n')
  }

  async tryAcquire(file) {
    this.#start(['--nonblock', file])
    const taken = once(this.#child, 'exit').then(() => false)
    return Promise.race([taken, once(this.#child.stdout, 'data').then(() => true)])
  }

  async release() {
    const gone = once(this.#child, 'exit')
    this.#child.stdin.end()
    await gone
  }

  async kill() {
    if (this.#child === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = once(this.#child, 'close')
    // The whole group: the command it started has the descriptor too.
    process.kill(-this.#child.pid, 'SIGKILL')
    await gone
  }

  get pid() {
    return this.#child.pid
  }

  #start(args) {
    this.#child = spawn('flock', [...args, 'sh', '-c', 'echo held; read line'], {
      stdio: ['pipe', 'pipe', 'inherit'],
      detached: true,
    })
    this.#child.stdin.on('error', () => {})
  }
}

const fixture = `${FIXTURES}/stranger.py`
const inKernel = (stranger, file) => untilQueued(file, stranger.pid)

const strangers = [
  {
    name: "Python's locket",
    start: (t) => startStranger(t, python, [fixture, 'locket']),
    untilWaiting: inKernel,
    missing: reason,
  },
  {
    name: "Python's filelock",
    start: (t) => startStranger(t, python, [fixture, 'filelock']),
    untilWaiting: (stranger) => stranger.waiting(),
    missing: reason,
  },
  {
    name: 'flock(1)',
    start: async (t) => new FlockCommand(t),
    untilWaiting: inKernel,
    missing: hasFlock ? undefined : 'there is no flock(1)',
  },
]

for (const { name, start, untilWaiting, missing } of strangers) {
  // Where there is a python3, CI takes no excuse.
  if (missing !== undefined && wanted && missing !== 'there is no python3') {
    test(`${name} is there to be tested with`, () => assert.fail(missing))
    continue
  }

  describe(name, { skip: missing }, () => {
    test(`${name} excludes us until it releases`, async (t) => {
      const file = lockPath(t)
      const stranger = await start(t)
      await stranger.acquire(file)
      assert.equal(lockFile(file).tryAcquire(), null)
      await assert.rejects(lockFile(file).acquire(0.05), { code: 'ERR_LOCK_TIMEOUT' })
      await stranger.release(file)
      lockFile(file).tryAcquire().release()
    })

    test(`we exclude ${name} until we release`, async (t) => {
      const file = lockPath(t)
      const stranger = await start(t)
      const guard = await lockFile(file).acquire()
      assert.equal(await stranger.tryAcquire(file), false)
      guard.release()
      assert.equal(await stranger.tryAcquire(file), true)
      await stranger.release(file)
    })

    test(`a release by ${name} wakes us`, async (t) => {
      const file = lockPath(t)
      const stranger = await start(t)
      await stranger.acquire(file)
      const pending = lockFile(file).acquire()
      await untilQueued(file)
      await stranger.release(file)
      const guard = await within(pending, 'our acquire')
      assert.equal(await stranger.tryAcquire(file), false)
      guard.release()
    })

    test(`our release wakes ${name}`, async (t) => {
      const file = lockPath(t)
      const stranger = await start(t)
      const guard = await lockFile(file).acquire()
      const waiting = untilWaiting === inKernel ? undefined : untilWaiting(stranger)
      const pending = stranger.acquire(file)
      await (waiting ?? untilWaiting(stranger, file))
      guard.release()
      await pending
      assert.equal(lockFile(file).tryAcquire(), null)
      await stranger.release(file)
    })

    test(`the death of ${name} frees the lock for us, and ours for it`, async (t) => {
      const file = lockPath(t)
      const [stranger, holder] = [await start(t), await startNode(t)]
      await holder.acquire(file)
      const pending = stranger.acquire(file)
      await holder.kill()
      await pending
      const ours = lockFile(file).acquire()
      await untilQueued(file)
      await stranger.kill()
      const guard = await within(ours, 'our acquire')
      guard.release()
    })
  })
}
