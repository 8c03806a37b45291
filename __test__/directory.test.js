'use strict'

// The lock of a folder itself, which flock(1) takes as well.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { describe, test } = require('node:test')
const { acquireAll, lockFile } = require('..')
const { start } = require('../tools/child')
const { atEnd } = require('../tools/end')
const { lockPath, temporaryFolder } = require('../tools/folder')
const { untilQueued } = require('../tools/kernel')
const { startNode } = require('../tools/peer')
const { linuxOnly, notOnWindows, symlinksOnly, windowsOnly } = require('../tools/platform')
const { locket, needs } = require('../tools/wrapper')

const lockFolder = (folder, options) => lockFile(folder, { ...options, directory: true })

test('a directory on Windows is an error at once', windowsOnly, (t) => {
  assert.throws(() => lockFolder(temporaryFolder(t)), {
    name: 'TypeError',
    code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
  })
  lockFile(temporaryFolder(t), { directory: false })
})

test('a directory that is no boolean is a TypeError', () => {
  for (const directory of [null, 1, 'true']) {
    assert.throws(() => lockFile('folder', { directory }), {
      name: 'TypeError',
      code: 'ERR_INVALID_ARG_TYPE',
    })
  }
})

describe('the lock of a folder', notOnWindows('Windows locks no folder'), () => {
  test('excludes, waits in order and is released as that of a file', async (t) => {
    const folder = temporaryFolder(t)
    const lock = lockFolder(folder)
    const guard = await lock.acquire()
    assert.equal(lock.locked, true)
    assert.equal(lock.tryAcquire(), null)
    assert.throws(() => lockFolder(`${folder}/`).acquireSync(0), { code: 'ERR_LOCK_TIMEOUT' })
    const order = []
    const waits = [1, 2].map((number) => lock.runExclusive(() => order.push(number)))
    guard.release()
    await Promise.all(waits)
    assert.deepEqual(order, [1, 2])
    assert.equal(lock.locked, false)
  })

  test('excludes another process, which waits until it is released', async (t) => {
    const folder = temporaryFolder(t)
    const guard = lockFolder(folder).acquireSync()
    const peer = await startNode(t)
    const tryThere = () =>
      peer.run(({ lockFile }, path) => lockFile(path, { directory: true }).tryAcquire() !== null, folder)
    assert.equal(await tryThere(), false)
    const granted = peer.run(async ({ lockFile }, path) => {
      await lockFile(path, { directory: true }).acquire()
    }, folder)
    await untilQueued(folder, peer.pid)
    guard.release()
    await granted
    assert.equal(lockFolder(folder).tryAcquire(), null)
  })

  test('is another than that of a file in it', async (t) => {
    const folder = temporaryFolder(t)
    const outer = await lockFolder(folder).acquire()
    const inner = await lockFile(path.join(folder, 'a.lock')).acquire(0)
    inner.release()
    outer.release()
  })

  test('is one with flock(1) and the command line', needs('flock'), async (t) => {
    const folder = temporaryFolder(t)
    for (const wrapper of [['flock'], locket]) {
      const guard = lockFolder(folder).acquireSync()
      const refused = start(t, wrapper[0], [...wrapper.slice(1), '-n', '-E', '7', folder, 'true'])
      assert.equal((await refused.ended).status, 7)
      guard.release()
      const held = start(t, wrapper[0], [...wrapper.slice(1), folder, 'sh', '-c', 'echo held; read line'], {
        stdio: ['pipe', 'pipe', 'inherit'],
      })
      await held.says(/held/)
      assert.equal(lockFolder(folder).tryAcquire(), null)
      held.stdin.end()
      await lockFolder(folder).runExclusive(() => {})
    }
  })

  test('has its holder named by the system', linuxOnly, async (t) => {
    const folder = temporaryFolder(t)
    const peer = await startNode(t)
    await peer.run(({ lockFile }, path) => {
      lockFile(path, { directory: true, label: 'a label' }).acquireSync()
    }, folder)
    const error = await lockFolder(folder)
      .acquire(0)
      .catch((refusal) => refusal)
    assert.equal(error.holder.pid, peer.pid)
    const { locked, holders } = await lockFolder(folder).inspect()
    assert.equal(locked, true)
    assert.equal(holders[0].pid, peer.pid)
  })

  test('follows the path to the folder that has replaced the locked one', async (t) => {
    const folder = path.join(temporaryFolder(t), 'folder')
    fs.mkdirSync(folder)
    const peer = await startNode(t)
    await peer.run(({ lockFile }, path) => void lockFile(path, { directory: true }).acquireSync(), folder)
    const pending = lockFolder(folder).acquire()
    await untilQueued(folder)
    fs.renameSync(folder, `${folder}.old`)
    fs.mkdirSync(folder)
    peer.signal('SIGKILL')
    const guard = await pending
    assert.equal(lockFolder(`${folder}.old`).tryAcquire() !== null, true)
    assert.equal(lockFolder(folder).tryAcquire(), null)
    guard.release()
  })

  test('by a link is that of the folder where it leads', symlinksOnly, async (t) => {
    const folder = temporaryFolder(t)
    const link = lockPath(t)
    fs.symlinkSync(folder, link)
    const guard = lockFolder(link).acquireSync()
    assert.equal(lockFolder(folder).tryAcquire(), null)
    guard.release()
  })

  test('is not given without the option: EISDIR, while it is held too', async (t) => {
    const folder = temporaryFolder(t)
    const guard = await lockFolder(folder).acquire()
    const refusal = { code: 'EISDIR', syscall: 'open', path: folder }
    await assert.rejects(lockFile(folder).acquire(), refusal)
    assert.throws(() => lockFile(folder).acquireSync(), refusal)
    guard.release()
  })

  test('of a file is ENOTDIR, of nothing ENOENT, and neither creates anything', async (t) => {
    const folder = temporaryFolder(t)
    const file = path.join(folder, 'file')
    const missing = path.join(folder, 'missing')
    fs.writeFileSync(file, '')
    for (const [path, code] of [
      [file, 'ENOTDIR'],
      [missing, 'ENOENT'],
    ]) {
      const refusal = { code, syscall: 'open', path }
      await assert.rejects(lockFolder(path).acquire(), refusal)
      assert.throws(() => lockFolder(path).tryAcquire(), refusal)
      await assert.rejects(acquireAll([lockFolder(path)]), { code })
    }
    assert.deepEqual(fs.readdirSync(folder), ['file'])
  })

  test('is taken together with those of files', async (t) => {
    const folder = temporaryFolder(t)
    const file = path.join(folder, 'a.lock')
    const guards = await acquireAll([lockFile(file), lockFolder(folder)])
    atEnd(t, () => guards.release())
    assert.deepEqual([...guards.paths].sort(), [folder, file])
    assert.equal(lockFolder(folder).tryAcquire(), null)
  })
})
