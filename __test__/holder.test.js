'use strict'

// Rule 20: who holds the lock. What the system does not tell is absent.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { lockFile } = require('..')
const { works } = require('../scripts/mounts')
const { runLocket, start } = require('./support/command')
const { knownHoldersOnly, namedHoldersOnly } = require('./support/filesystem')
const { lockPath } = require('./support/folder')
const { startNode } = require('./support/peer')
const { linuxOnly, nativeOnly } = require('./support/platform')
const { startThread } = require('./support/thread')

async function timeoutOf(lock, timeout = 0.01) {
  try {
    await lock.acquire(timeout)
  } catch (error) {
    return error
  }
  assert.fail('the lock is not taken')
}

const knownCommandsOnly = { skip: knownHoldersOnly.skip || nativeOnly.skip }

test('a timeout names the process that holds the lock and its command', knownCommandsOnly, async (t) => {
  const file = lockPath(t)
  const holder = await startNode(t, { args: ['--title=a title'] })
  await holder.acquire(file)
  const error = await timeoutOf(lockFile(file), 0.05)
  assert.deepEqual(error.holder, { pid: holder.pid, sameProcess: false })
  assert.ok(error.message.startsWith(`the lock '${file}' was not to be had within 0.05 s`), error.message)
  assert.match(error.message, new RegExp(`: process ${holder.pid} holds it \\(a title\\)$`))
  const once = await timeoutOf(lockFile(file), 0)
  assert.ok(once.message.startsWith(`the lock '${file}' is taken: process ${holder.pid} `), once.message)
  assert.throws(() => lockFile(file).acquireSync(0.01), { holder: { pid: holder.pid, sameProcess: false } })
})

test('a timeout says so when this process holds the lock itself', async (t) => {
  const file = lockPath(t)
  const guard = await lockFile(file).acquire()
  for (const timeout of [0, 0.01]) {
    const error = await timeoutOf(lockFile(file), timeout)
    assert.deepEqual(error.holder, { pid: process.pid, sameProcess: true })
    assert.match(error.message, /: this process holds it$/)
  }
  guard.release()
})

test('a lock that a worker holds is held by this process', async (t) => {
  const file = lockPath(t)
  const hold = async ({ lockFile, tell, stay }, file) => {
    await lockFile(file).acquire()
    stay()
    tell('holds')
  }
  await startThread(t, hold, file)
  const { holder } = await timeoutOf(lockFile(file))
  assert.deepEqual(holder, { pid: process.pid, sameProcess: true })
})

test('onWait is told once who holds the lock, through many hand-overs', namedHoldersOnly, async (t) => {
  const file = lockPath(t)
  const lock = lockFile(file)
  const holder = await startNode(t)
  await holder.acquire(file)
  const calls = []
  const acquires = ['a', 'b', 'c'].map((name) => {
    return lock.acquire({ onWait: (process) => calls.push([name, process]) })
  })
  let released
  const onWait = () => {
    released = holder.release(file)
  }
  const told = lock.acquire({ timeout: 60, onWait })
  for (const acquire of [...acquires, told]) {
    const guard = await acquire
    guard.release()
  }
  await released
  const known = process.platform === 'linux' ? { pid: holder.pid, sameProcess: false } : null
  assert.deepEqual(calls, [
    ['a', known],
    ['b', known],
    ['c', known],
  ])
})

test('onWait is told when this process holds the lock', async (t) => {
  const lock = lockFile(lockPath(t))
  const guard = await lock.acquire()
  let holder
  const waits = lock.acquire({
    onWait(process) {
      holder = process
      guard.release()
    },
  })
  const next = await waits
  assert.deepEqual(holder, { pid: process.pid, sameProcess: true })
  next.release()
})

test('onWait is not called when there is no wait', async (t) => {
  const lock = lockFile(lockPath(t))
  const guard = await lock.acquire({ onWait: assert.fail })
  await assert.rejects(lock.acquire({ timeout: 0, onWait: assert.fail }), { code: 'ERR_LOCK_TIMEOUT' })
  guard.release()
})

test('a process that took the lock and left it to its children is not named', linuxOnly, async (t) => {
  const file = lockPath(t)
  // The kernel goes on naming flock(1), which has ended by then.
  const script = 'exec 9>"$0"; flock 9; echo locked; exec sleep 600'
  const shell = start(t, 'sh', ['-c', script, file])
  await shell.says(/locked/)
  const error = await timeoutOf(lockFile(file))
  assert.equal('holder' in error, false)
  assert.equal(error.message, `the lock '${file}' was not to be had within 0.01 s`)
  const { status, out } = await runLocket(t, ['--who', file])
  assert.deepEqual({ status, out }, { status: 0, out: 'unknown\n' })
})

test('a holder outside of the pid namespace is absent', { skip: whyNoNamespace() }, async (t) => {
  const file = lockPath(t)
  const guard = await lockFile(file).acquire()
  const inside = await startNode(t, {
    prefix: ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'],
  })
  const look = async ({ lockFile }, file) => {
    const lock = lockFile(file)
    const controller = new AbortController()
    const seen = []
    const onWait = (holder) => {
      seen.push(holder)
      controller.abort()
    }
    await lock.acquire({ signal: controller.signal, onWait }).catch(() => {})
    const error = await lock.acquire(0.01).catch((error) => error)
    return { seen, code: error.code, names: 'holder' in error, message: error.message }
  }
  assert.deepEqual(await inside.run(look, file), {
    seen: [null],
    code: 'ERR_LOCK_TIMEOUT',
    names: false,
    message: `the lock '${file}' was not to be had within 0.01 s`,
  })
  guard.release()
})

function whyNoNamespace() {
  if (process.platform !== 'linux') return 'namespaces are of Linux'
  return !works('unshare', '--pid', '--fork', '--mount-proc', 'true') && 'no pid namespace is to be had here'
}
