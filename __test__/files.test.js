// What an acquire does to the file, and what it never does.

'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { lockFile } = require('..')
const { works } = require('../tools/mounts')
const { start } = require('../tools/child')
const { atEnd } = require('../tools/end')
const { lockFileWith, lockPath, temporaryFolder } = require('../tools/folder')
const { startNode } = require('../tools/peer')
const { linuxOnly, notOnWindows, rootOnly } = require('../tools/platform')
const { descriptorsOf } = require('../tools/resources')
const { startOtherUser } = require('../tools/user')

/** What can be seen of the file while it is locked: Windows refuses each read then. */
function facts(file) {
  const { mode, uid, gid, size, ino, nlink, mtimeMs, ctimeMs } = fs.statSync(file)
  return { mode, uid, gid, size, ino, nlink, mtimeMs, ctimeMs }
}

const umaskOnly = notOnWindows('Windows has no umask')

for (const [umask, mode] of [
  [0o022, 0o644],
  [0o027, 0o640],
  [0, 0o666],
]) {
  test(`a missing file is created with 0666 less the umask, ${umask.toString(8)}`, umaskOnly, async (t) => {
    const file = lockPath(t)
    const peer = await startNode(t)
    await peer.run((_, umask) => void process.umask(umask), umask)
    await peer.acquire(file)
    const found = fs.statSync(file)
    assert.equal((found.mode & 0o7777).toString(8), mode.toString(8))
    assert.equal(found.size, 0)
  })
}

test('content, mode and times of a file stay as they were, through a wait too', async (t) => {
  const file = lockFileWith(t, 'something of worth')
  fs.chmodSync(file, 0o640)
  fs.utimesSync(file, 1e9, 1e9)
  const before = facts(file)
  const holder = await startNode(t)
  await holder.acquire(file)
  const pending = lockFile(file).acquire()
  await assert.rejects(lockFile(file).acquire(0), { code: 'ERR_LOCK_TIMEOUT' })
  await holder.release(file)
  const guard = await pending
  assert.deepEqual(facts(file), before)
  guard.release()
  assert.deepEqual(facts(file), before)
  assert.equal(fs.readFileSync(file, 'utf8'), 'something of worth')
})

test('a release leaves the file where it is', async (t) => {
  const file = lockPath(t)
  const guard = await lockFile(file).acquire()
  const before = facts(file)
  guard.release()
  assert.deepEqual(facts(file), before)
})

const advisoryOnly = notOnWindows('a lock of Windows bars others from what it covers')

test('the holder and others can write and read the file while it is locked', advisoryOnly, async (t) => {
  const file = lockFileWith(t, 'old')
  const guard = await lockFile(file).acquire()
  fs.writeFileSync(file, 'new')
  const peer = await startNode(t)
  assert.equal(await peer.run((_, file) => require('node:fs').readFileSync(file, 'utf8'), file), 'new')
  guard.release()
})

test('a child process does not inherit the lock', async (t) => {
  const file = lockPath(t)
  const holder = await startNode(t)
  await holder.acquire(file)
  const child = await holder.run(({ kept }) => {
    const { spawn } = require('node:child_process')
    const idle = ['-e', 'setTimeout(() => {}, 600_000)']
    kept.child = spawn(process.execPath, idle, { stdio: 'ignore', detached: true })
    return kept.child.pid
  })
  atEnd(t, () => process.kill(child, 'SIGKILL'))
  await holder.kill()
  process.kill(child, 0)
  lockFile(file).tryAcquire().release()
})

test('the descriptor of a lock is closed on exec', linuxOnly, async (t) => {
  const file = lockPath(t)
  const guard = await lockFile(file).acquire()
  const [descriptor] = descriptorsOf(file)
  const [, flags] = /flags:\s+(\d+)/.exec(fs.readFileSync(`/proc/self/fdinfo/${descriptor}`, 'latin1'))
  assert.equal(Number.parseInt(flags, 8) & 0o2000000, 0o2000000)
  guard.release()
})

test("another user's file in a sticky folder that all may write to can be locked", rootOnly, async (t) => {
  const folder = temporaryFolder(t)
  fs.chmodSync(folder, 0o1777)
  const file = path.join(folder, 'a.lock')
  fs.writeFileSync(file, '', { mode: 0o666 })
  fs.chmodSync(file, 0o666)
  fs.chownSync(file, 65533, 65533)
  const other = await startOtherUser(t)
  await other.acquire(file)
  assert.equal(lockFile(file).tryAcquire(), null)
  await other.release(file)
  lockFile(file).tryAcquire().release()
})

test('concurrent first acquires create one file and exclude each other', async (t) => {
  const file = lockPath(t)
  const peers = await Promise.all(Array.from({ length: 4 }, () => startNode(t)))
  for (let round = 0; round < 20; round += 1) {
    const got = await Promise.all(peers.map((peer) => peer.tryAcquire(file)))
    assert.equal(got.filter(Boolean).length, 1, `round ${round}`)
    fs.unlinkSync(file)
    await peers[got.indexOf(true)].release(file)
  }
})

const canMount = works('unshare', '--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt')
const ownMountsOnly = { skip: !canMount && 'needs Linux and root, for mounts of its own' }

test(
  "a missing file is created where another process's root leads, and not where it seems to lead",
  ownMountsOnly,
  async (t) => {
    const file = lockPath(t)
    const folder = path.dirname(file)
    const script = 'mount -t tmpfs tmpfs "$1" && echo ready && cat'
    const other = start(t, 'unshare', ['--mount', 'sh', '-c', script, 'sh', folder])
    await other.says(/ready/)
    const there = path.join('/proc', String(other.pid), 'root', file)
    ;(await lockFile(there).acquire()).release()
    assert.ok(fs.existsSync(there))
    assert.ok(!fs.existsSync(file))
  },
)
