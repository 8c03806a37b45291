// What it does to a process to load the package, and to use it a little.

'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { execFileSync } = require('node:child_process')
const { test } = require('node:test')
const { lockFile } = require('..')
const { lockPath, temporaryFolder } = require('./support/folder')
const { untilQueued } = require('./support/kernel')
const { startNode } = require('./support/peer')
const { linuxOnly } = require('./support/platform')

const root = path.join(__dirname, '..')

/** Runs the program in a new process; answers what it writes as JSON. */
function runProgram(program, { args = [], cwd } = {}) {
  const output = execFileSync(process.execPath, [...args, '-e', program], { cwd, encoding: 'utf8' })
  return JSON.parse(output)
}

const look = `
  const fs = require('node:fs')
  const look = () => ({
    threads: fs.readdirSync('/proc/self/task').length,
    descriptors: fs.readdirSync('/proc/self/fd').length,
    signals: /SigCgt:\\s+(\\w+)/.exec(fs.readFileSync('/proc/self/status', 'latin1'))[1],
    listeners: process.eventNames().map(String),
  })
`

test('to load it starts no thread, opens no file, takes no signal, adds no listener', linuxOnly, () => {
  const { before, after } = runProgram(`${look}
    const before = look()
    require(${JSON.stringify(root)})
    console.log(JSON.stringify({ before, after: look() }))
  `)
  assert.deepEqual(after, before)
})

test('a free lock takes no signal and leaves no thread behind', linuxOnly, async (t) => {
  const { before, after } = runProgram(`${look}
    const { lockFile } = require(${JSON.stringify(root)})
    fs.promises.stat('.').then(async () => {
      const before = look()
      const guard = await lockFile(${JSON.stringify(lockPath(t))}).acquire()
      guard.release()
      console.log(JSON.stringify({ before, after: look() }))
    })
  `)
  assert.deepEqual(after, before)
})

test('lockFile() alone opens and creates nothing', async (t) => {
  const file = lockPath(t)
  const lock = lockFile(file)
  assert.equal(lock.locked, false)
  assert.equal(fs.existsSync(file), false)
})

test('a wait takes one signal, and none that the program handles', linuxOnly, async (t) => {
  const file = lockPath(t)
  const [holder, peer] = await Promise.all([startNode(t), startNode(t)])
  await holder.acquire(file)
  const caught = (pid) => {
    const [, mask] = /SigCgt:\s+(\w+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'latin1'))
    return BigInt(`0x${mask}`)
  }
  const before = caught(peer.pid)
  const pending = peer.acquire(file)
  await untilQueued(file, peer.pid)
  const added = caught(peer.pid) ^ before
  assert.equal(added & (added - 1n), 0n, 'one signal at most')
  assert.equal(added & before, 0n, 'none that was handled before')
  await holder.release(file)
  await pending
})

test('it loads with require and with import, under the same names', (t) => {
  const names = ['FileLock', 'LockError', 'LockGuard', 'lockFile']
  const required = runProgram(`console.log(JSON.stringify(Object.keys(require(${JSON.stringify(root)}))))`)
  assert.deepEqual(required.sort(), names)
  const module = path.join(temporaryFolder(t), 'program.mjs')
  const specifier = JSON.stringify(require('node:url').pathToFileURL(require.resolve('..')))
  fs.writeFileSync(
    module,
    `import * as all from ${specifier}
     import { FileLock, LockError, LockGuard, lockFile } from ${specifier}
     console.log(JSON.stringify([FileLock, LockError, LockGuard, lockFile].map((value) => value.name)))`,
  )
  const imported = JSON.parse(execFileSync(process.execPath, [module], { encoding: 'utf8' }))
  assert.deepEqual(imported, names)
})

/** Another installed copy of the package, with a native part of its own. */
function installCopy(t) {
  const copy = path.join(temporaryFolder(t), 'node_modules', 'locket')
  const { files } = require('../package.json')
  const addons = fs.readdirSync(root).filter((name) => name.endsWith('.node'))
  for (const name of ['package.json', ...files, ...addons]) {
    const source = path.join(root, name)
    if (fs.existsSync(source)) fs.cpSync(source, path.join(copy, name), { recursive: true })
  }
  return require(copy)
}

test('two installed copies in one process exclude each other, and wake each other', async (t) => {
  const file = lockPath(t)
  const copy = installCopy(t)
  assert.notEqual(copy.lockFile, lockFile)
  for (const [one, other] of [
    [lockFile(file), copy.lockFile(file)],
    [copy.lockFile(file), lockFile(file)],
  ]) {
    const guard = await one.acquire()
    assert.equal(other.locked, false, 'each knows its own')
    assert.equal(other.tryAcquire(), null)
    assert.throws(() => other.release(), { code: 'ERR_LOCK_NOT_HELD' })
    const pending = other.acquire()
    await assert.rejects(other.acquire(0.05), { code: 'ERR_LOCK_TIMEOUT' })
    guard.release()
    const next = await pending
    assert.equal(one.tryAcquire(), null)
    next.release()
  }
})

test('garbage collection frees nothing', async (t) => {
  const file = lockPath(t)
  const peer = await startNode(t, { args: ['--expose-gc'] })
  await peer.run(async ({ lockFile, kept }, file) => {
    await lockFile(file).acquire()
    const finalized = new Promise((resolve) => {
      kept.registry = new FinalizationRegistry(resolve)
      // A witness: once it is gone, so is what became garbage before it.
      ;(() => kept.registry.register({}, 'gone'))()
    })
    const timer = setInterval(() => globalThis.gc(), 5)
    await finalized
    for (let round = 0; round < 20; round += 1) {
      globalThis.gc()
      await new Promise(setImmediate)
    }
    clearInterval(timer)
  }, file)
  assert.equal(lockFile(file).tryAcquire(), null)
  await peer.release(file)
  lockFile(file).tryAcquire().release()
})
