'use strict'

const assert = require('node:assert/strict')
const { execFile, fork } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { promisify } = require('node:util')
const { lockFile } = require('..')
const { start } = require('../tools/child')
const { lockFileWith, temporaryFolder } = require('../tools/folder')
const { untilQueued } = require('../tools/kernel')
const { startNode } = require('../tools/peer')
const { linuxOnly, rootOnly } = require('../tools/platform')
const { resources, untilResourcesAre } = require('../tools/resources')

const FIXTURES = path.join(__dirname, 'fixtures')

const run = promisify(execFile)
const STRANGER = '12345'
/** Acquires under attack, at least; and so many of them have met something that is no lock file. */
const ROUNDS = 3000
const REFUSALS = 10

/** Everything that can be seen of the files of a folder. */
function contentsOf(folder) {
  return fs.readdirSync(folder).map((name) => {
    const file = path.join(folder, name)
    const { ino, mode, uid, gid, nlink, size, mtimeNs, ctimeNs } = fs.lstatSync(file, { bigint: true })
    const content = fs.readFileSync(file, 'utf8')
    return { name, ino, mode, uid, gid, nlink, size, mtimeNs, ctimeNs, content }
  })
}

/** A folder like /tmp, and one of the victim's own with something precious in it. */
function battlefield(t, mode) {
  const folder = temporaryFolder(t)
  const open = path.join(folder, 'open')
  const own = path.join(folder, 'own')
  fs.chmodSync(folder, 0o755)
  fs.mkdirSync(open)
  fs.chmodSync(open, mode)
  fs.mkdirSync(own, { mode: 0o700 })
  fs.writeFileSync(path.join(own, 'precious'), 'as it was', { mode: 0o600 })
  return { open, own }
}

/** Acquires beside the attacker; tells how often each outcome came. */
async function underAttack(t, args, file) {
  const attacker = start(t, process.execPath, [path.join(FIXTURES, 'attacker.js'), ...args])
  await attacker.says(/./)
  const outcomes = await acquireAgainAndAgain(file)
  t.diagnostic(`acquires: ${JSON.stringify(outcomes)}`)
  const { signal } = await attacker.kill()
  assert.equal(signal, 'SIGKILL', `the attacker ran until it was killed: ${attacker.err}`)
  assert.ok(outcomes.granted > 0)
  return outcomes
}

/** Acquires in every way; tells how often each outcome came. */
async function acquireAgainAndAgain(file) {
  const lock = lockFile(file)
  const outcomes = {}
  const ways = [() => lock.acquire(5), () => lock.tryAcquire(), () => lock.acquireSync(5)]
  let refused = 0
  for (let round = 0; round < ROUNDS || refused < REFUSALS; round += 1) {
    let outcome = 'granted'
    try {
      const guard = await ways[round % ways.length]()
      guard.release()
    } catch (error) {
      assert.ok(error.code, error)
      outcome = error.code
      refused += 1
    }
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
  }
  return outcomes
}

for (const [attack, where, mode] of [
  ['file of mine', 'a sticky folder', 0o1777],
  ['file', 'a folder that everybody may write', 0o777],
]) {
  test(
    `in ${where}, nothing is created or changed through a link swapped in for the file`,
    rootOnly,
    async (t) => {
      const { open, own } = battlefield(t, mode)
      const file = path.join(open, 'some.lock')
      const before = contentsOf(own)
      const had = await resources()
      const targets = [path.join(own, 'precious'), path.join(own, 'missing'), '/dev/null', file]
      const outcomes = await underAttack(t, [attack, file, STRANGER, ...targets], file)
      assert.deepEqual(contentsOf(own), before)
      const known = ['granted', 'EACCES', 'ENOENT', 'ELOOP', 'EISDIR', 'EINVAL', 'ENXIO']
      const unknown = Object.keys(outcomes).filter((outcome) => !known.includes(outcome))
      assert.deepEqual(unknown, [])
      await untilResourcesAre(had)
    },
  )
}

test('nothing is changed through a link swapped in for the folder', rootOnly, async (t) => {
  const { open, own } = battlefield(t, 0o1777)
  const taken = path.join(own, 'some.lock')
  fs.writeFileSync(taken, 'as it was')
  const before = contentsOf(own)
  const folder = path.join(open, 'folder')
  const attack = ['folder', folder, STRANGER, own, path.join(own, 'missing')]
  await underAttack(t, attack, path.join(folder, 'some.lock'))
  assert.deepEqual(contentsOf(own), before)
})

const linuxRootOnly = { skip: linuxOnly.skip || rootOnly.skip }

test(
  'in a sticky folder, nothing is created through a link swapped in for the folder',
  linuxRootOnly,
  async (t) => {
    const { open, own } = battlefield(t, 0o1777)
    const before = contentsOf(own)
    const had = await resources()
    const folder = path.join(open, 'folder')
    const outcomes = await underAttack(t, ['folder', folder, STRANGER, own], path.join(folder, 'some.lock'))
    assert.deepEqual(contentsOf(own), before)
    assert.ok(outcomes.EACCES > 0, 'a link was met')
    await untilResourcesAre(had)
  },
)

test('the file keeps its content, its mode and its times', async (t) => {
  const file = lockFileWith(t, 'as it was')
  if (process.platform !== 'win32') fs.chmodSync(file, 0o640)
  const before = contentsOf(path.dirname(file))
  const holder = await startNode(t)
  await holder.acquire(file)
  assert.equal(lockFile(file).tryAcquire(), null)
  const waiting = lockFile(file).acquire()
  await holder.release(file)
  ;(await waiting).release()
  assert.deepEqual(contentsOf(path.dirname(file)), before)
})

test('an acquire reads nothing from the file', async (t) => {
  const file = lockFileWith(t, 'content')
  const never = new Date(0)
  const unread = () => fs.utimesSync(file, never, new Date())
  const readAt = () => fs.statSync(file).atimeMs
  unread()
  if (readAt() !== 0) return t.skip('the time of the last reading cannot be set here')
  fs.readFileSync(file)
  if (readAt() === 0) return t.skip('the file system keeps no time of the last reading')
  unread()
  const holder = await startNode(t)
  await holder.acquire(file)
  assert.equal(lockFile(file).tryAcquire(), null)
  const waiting = lockFile(file).acquire()
  await holder.release(file)
  ;(await waiting).release()
  assert.equal(readAt(), 0)
})

test('no child process gets a descriptor of a lock: spawn, fork, a shell', linuxOnly, async (t) => {
  const [held, waited] = [lockFileWith(t), lockFileWith(t)]
  const guard = await lockFile(held).acquire()
  const holder = await startNode(t)
  await holder.acquire(waited)
  const waiting = lockFile(waited).acquire()
  await untilQueued(waited)

  const script = path.join(FIXTURES, 'descriptors.js')
  const lists = []
  lists.push((await run(process.execPath, [script])).stdout)
  lists.push((await run('/bin/sh', ['-c', `"${process.execPath}" "${script}"`])).stdout)
  const forked = fork(script, { silent: true })
  const [data] = await once(forked.stdout, 'data')
  lists.push(String(data))
  assert.deepEqual(lists.map(JSON.parse), [[], [], []])

  await holder.release(waited)
  ;(await waiting).release()
  guard.release()
})

test(
  'no child process gets a descriptor, however its start falls together with an acquire',
  linuxOnly,
  async (t) => {
    const file = lockFileWith(t)
    let going = true
    const busy = (async () => {
      while (going) (await lockFile(file).acquire()).release()
    })()
    const list = () => run('/bin/ls', ['-l', '/proc/self/fd'])
    for (let round = 0; round < 25; round += 1) {
      for (const { stdout } of await Promise.all([list(), list(), list(), list()])) {
        assert.ok(!stdout.includes('.lock'), stdout)
      }
    }
    going = false
    await busy
  },
)

test('execve releases the lock', linuxOnly, async (t) => {
  if (process.execve === undefined) return t.skip('this Node has no process.execve')
  const file = lockFileWith(t)
  const source = `
    const { lockFile } = require(process.argv[1])
    lockFile(process.argv[2]).acquireSync()
    process.execve('/bin/ls', ['ls', '-l', '/proc/self/fd'])`
  const { stdout } = await run(process.execPath, ['-e', source, path.join(__dirname, '..'), file])
  assert.match(stdout, /\d/)
  assert.ok(!stdout.includes('.lock'), stdout)
  lockFile(file).tryAcquire().release()
})
