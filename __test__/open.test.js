'use strict'

// How the lock file is opened: as gently as flock(1) opens it, through no link of a stranger.

const assert = require('node:assert/strict')
const { execFileSync, spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { lockFile } = require('..')
const { start } = require('../tools/child')
const { lockFileWith, temporaryFolder } = require('../tools/folder')
const { works } = require('../tools/mounts')
const { startNode } = require('../tools/peer')
const { linuxOnly, notOnWindows, rootOnly, symlinksOnly } = require('../tools/platform')
const { descriptorsOf } = require('../tools/resources')
const { until } = require('../tools/until')

const FIXTURES = path.join(__dirname, 'fixtures')
/** Users without a name. */
const STRANGER = 12345
const OWNER = 54321

const linuxRootOnly = { skip: linuxOnly.skip || rootOnly.skip }
const leasesOnly = {
  skip: linuxOnly.skip || (spawnSync('python3', ['--version']).status !== 0 && 'needs python3'),
}

/** With the rights of the one user that it maps. */
const IN_A_NAMESPACE = ['unshare', '--user', '--map-current-user']

function whyNoUserNamespace() {
  if (linuxRootOnly.skip) return linuxRootOnly.skip
  return !works(...IN_A_NAMESPACE, 'true') && 'no user namespace can be made here'
}

/** Another program has a lease on the file, and gives it up some time after it is asked to. */
async function startLease(t, file, ...way) {
  const holder = start(t, 'python3', [path.join(FIXTURES, 'lease.py'), file, ...way])
  await holder.says(/leased/)
  return holder
}

const linksFollowed = notOnWindows('Windows leaves it to CreateFile')

test('a link whose target is missing creates the target, as flock(1) does', linksFollowed, async (t) => {
  const folder = temporaryFolder(t)
  const link = path.join(folder, 'link.lock')
  const target = path.join(folder, 'target.lock')
  for (const acquire of [
    (lock) => lock.acquire(),
    (lock) => lock.tryAcquire(),
    (lock) => lock.acquireSync(),
  ]) {
    fs.symlinkSync('target.lock', link)
    const guard = await acquire(lockFile(link))
    assert.equal(lockFile(target).locked, true)
    guard.release()
    fs.unlinkSync(link)
    fs.unlinkSync(target)
  }
})

test(
  "in a folder that others may write, a stranger's link creates nothing: EACCES",
  linuxRootOnly,
  async (t) => {
    const folder = temporaryFolder(t)
    const link = path.join(folder, 'link.lock')
    fs.symlinkSync('target.lock', link)
    fs.lchownSync(link, STRANGER, STRANGER)
    for (const mode of [0o777, 0o1777]) {
      fs.chmodSync(folder, mode)
      const expected = { code: 'EACCES', syscall: 'open', path: link }
      await assert.rejects(lockFile(link).acquire(), expected)
      assert.throws(() => lockFile(link).tryAcquire(), expected)
      assert.deepEqual(fs.readdirSync(folder), ['link.lock'])
    }
  },
)

test('a link to a folder creates nothing: EISDIR', symlinksOnly, async (t) => {
  const folder = temporaryFolder(t)
  const link = path.join(folder, 'link.lock')
  fs.symlinkSync('.', link)
  await assert.rejects(lockFile(link).acquire(), { code: 'EISDIR' })
  assert.throws(() => lockFile(link).tryAcquire(), { code: 'EISDIR' })
  assert.deepEqual(fs.readdirSync(folder), ['link.lock'])
})

test('in a user namespace, unmapped users are not taken for one', {
  skip: whyNoUserNamespace(),
}, async (t) => {
  const folder = temporaryFolder(t)
  const [open, own] = ['open', 'own'].map((name) => path.join(folder, name))
  fs.chmodSync(folder, 0o755)
  fs.mkdirSync(open)
  fs.mkdirSync(own)
  fs.chownSync(open, OWNER, OWNER)
  fs.chmodSync(open, 0o1777)
  // Neither the owner of the folder nor that of the link is mapped: both are shown as one number.
  fs.symlinkSync('../own', path.join(open, 'link'))
  fs.lchownSync(path.join(open, 'link'), STRANGER, STRANGER)
  const inside = await startNode(t, { prefix: IN_A_NAMESPACE })
  await assert.rejects(inside.tryAcquire(path.join(open, 'link', 'a.lock')), { code: 'EACCES' })
  assert.deepEqual(fs.readdirSync(own), [])
})

test('a lock file is opened for reading: nothing is seen to be written', linuxOnly, async (t) => {
  const file = lockFileWith(t, '#!/bin/sh\necho started\n')
  fs.chmodSync(file, 0o755)
  const lock = lockFile(file)
  for (const acquire of [() => lock.acquire(), () => lock.tryAcquire(), () => lock.acquireSync()]) {
    const guard = await acquire()
    const flags = descriptorsOf(file).map((descriptor) => {
      const info = fs.readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8')
      return Number.parseInt(/flags:\s*(\d+)/.exec(info)[1], 8) & 3
    })
    assert.deepEqual(flags, [fs.constants.O_RDONLY])
    assert.equal(execFileSync(file, { encoding: 'utf8' }), 'started\n', 'what is locked can be run')
    guard.release()
  }
})

test('a running program can be locked', linuxOnly, async (t) => {
  const program = path.join(temporaryFolder(t), 'sleep')
  fs.copyFileSync(execFileSync('sh', ['-c', 'command -v sleep'], { encoding: 'utf8' }).trim(), program)
  fs.chmodSync(program, 0o755)
  const running = start(t, program, ['600'])
  // It has begun once its own name is its command.
  await until(() => fs.readlinkSync(`/proc/${running.pid}/exe`) === program)
  const guard = await lockFile(program).acquire(0)
  guard.release()
})

test('a lease of another program is waited out by an acquire that may wait', leasesOnly, async (t) => {
  const file = lockFileWith(t)
  const lock = lockFile(file)
  for (const acquire of [() => lock.acquire(), () => lock.acquire(30), () => lock.acquireSync(30)]) {
    const holder = await startLease(t, file)
    assert.equal(lock.tryAcquire(), null)
    await assert.rejects(lock.acquire(0), { code: 'ERR_LOCK_TIMEOUT' })
    const guard = await acquire()
    guard.release()
    await holder.ended
  }
})

test('an acquire that waits for a lease can time out and be aborted', leasesOnly, async (t) => {
  const file = lockFileWith(t)
  await startLease(t, file, 'keep')
  await assert.rejects(lockFile(file).acquire(0.05), { code: 'ERR_LOCK_TIMEOUT' })
  const controller = new AbortController()
  const aborted = lockFile(file).acquire({ signal: controller.signal })
  controller.abort(new Error('enough'))
  await assert.rejects(aborted, { message: 'enough' })
})
