'use strict'

// What cannot be locked is a clear error that leaves nothing behind: no descriptor, no thread, no
// place in a queue.

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const net = require('node:net')
const os = require('node:os')
const path = require('node:path')
const { describe, test } = require('node:test')
const { pathToFileURL } = require('node:url')
const { inspect } = require('node:util')
const { FileLock, LockGuard, acquireAll, lockFile } = require('..')
const { atEnd } = require('../tools/end')
const { lockPath, temporaryFolder } = require('../tools/folder')
const { startNode } = require('../tools/peer')
const { notOnWindows, rootOnly, symlinksOnly, windowsOnly } = require('../tools/platform')
const { resources, untilResourcesAre } = require('../tools/resources')
const { startOtherUser } = require('../tools/user')

const onWindows = process.platform === 'win32'
const fifosOnly = notOnWindows('Windows has no FIFOs in its file systems')

/** A proxy that throws whatever is asked of it. */
function unreadable() {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

test('the classes are not constructed, and read nothing of what they are given', async (t) => {
  const LockGuards = (await acquireAll([lockFile(lockPath(t))])).constructor
  for (const Class of [FileLock, LockGuard, LockGuards]) {
    for (let count = 0; count < 6; count += 1) {
      const args = Array.from({ length: count }, unreadable)
      assert.throws(() => new Class(...args), { code: 'ERR_ILLEGAL_CONSTRUCTOR' })
    }
  }
})

/** After `act`, this process has what it had before, and can lock. */
async function leavingNothing(t, act) {
  const good = lockFile(lockPath(t))
  good.tryAcquire().release()
  const before = await resources()
  await act()
  await untilResourcesAre(before)
  const guard = await good.acquire(0)
  guard.release()
}

/** Each way to acquire fails with that error, and works once `repair` has been done. */
async function failsUntil(t, file, expected, repair) {
  const lock = lockFile(file)
  await leavingNothing(t, async () => {
    await assert.rejects(lock.acquire(), expected)
    await assert.rejects(lock.acquire(0), expected)
    await assert.rejects(lock.acquire(5), expected)
    await assert.rejects(Promise.all([lock.acquire(), lock.acquire(), lock.acquire()]), expected)
    assert.throws(() => lock.acquireSync(), expected)
    assert.throws(() => lock.tryAcquire(), expected)
    assert.throws(() => lock.release(), { code: 'ERR_LOCK_NOT_HELD' })
    assert.equal(lock.locked, false)
  })
  if (repair === undefined) return
  await leavingNothing(t, async () => {
    repair()
    const guard = await lock.acquire(5)
    guard.release()
  })
}

describe('a path', () => {
  const mistyped = [undefined, null, 1, true, {}, ['a'], Symbol('a'), () => {}, 1n]
  for (const value of mistyped) {
    test(`of a wrong type is a TypeError: ${inspect(value)}`, async (t) => {
      await leavingNothing(t, () => {
        assert.throws(() => lockFile(value), { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' })
      })
    })
  }

  const urlWithNul = new URL(`${pathToFileURL('a')}%00b`)
  for (const value of ['', Buffer.alloc(0), 'a\0b', Buffer.from('a\0b'), urlWithNul]) {
    const shown = value === urlWithNul ? '…/a%00b' : inspect(String(value))
    test(`that is empty or has a NUL byte is a TypeError: ${value.constructor.name} ${shown}`, async (t) => {
      await leavingNothing(t, () => {
        assert.throws(() => lockFile(value), { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' })
      })
    })
  }

  test('that is a URL of another scheme is a TypeError', async (t) => {
    await leavingNothing(t, () => {
      for (const url of ['http://example.org/a', 'data:,a']) {
        assert.throws(() => lockFile(new URL(url)), { name: 'TypeError', code: 'ERR_INVALID_URL_SCHEME' })
      }
    })
  })

  test('that is a folder is EISDIR', async (t) => {
    const folder = path.join(temporaryFolder(t), 'folder')
    fs.mkdirSync(folder)
    await failsUntil(t, folder, { code: 'EISDIR', syscall: 'open', path: folder }, () => fs.rmdirSync(folder))
  })

  test('that is a FIFO is EINVAL, and does not hang', fifosOnly, async (t) => {
    const fifo = lockPath(t)
    execFileSync('mkfifo', [fifo])
    await failsUntil(t, fifo, { code: 'EINVAL', syscall: 'open', path: fifo }, () => fs.unlinkSync(fifo))
  })

  test(
    'that is a FIFO with a reader and a writer is EINVAL, and takes nothing from it',
    fifosOnly,
    async (t) => {
      const fifo = lockPath(t)
      execFileSync('mkfifo', [fifo])
      const both = fs.openSync(fifo, fs.constants.O_RDWR)
      atEnd(t, () => fs.closeSync(both))
      fs.writeSync(both, 'message')
      await failsUntil(t, fifo, { code: 'EINVAL' })
      const buffer = Buffer.alloc(20)
      assert.equal(buffer.toString('latin1', 0, fs.readSync(both, buffer)), 'message')
    },
  )

  test('that is a socket is ENXIO, on macOS EOPNOTSUPP, and a named pipe of Windows EINVAL', async (t) => {
    const socket = onWindows ? `\\\\.\\pipe\\locket-${process.pid}` : lockPath(t)
    const server = net.createServer()
    await new Promise((resolve) => server.listen(socket, resolve))
    atEnd(t, () => new Promise((resolve) => server.close(resolve)))
    const code = { darwin: 'EOPNOTSUPP', win32: 'EINVAL' }[process.platform] ?? 'ENXIO'
    await failsUntil(t, socket, { code, syscall: 'open', path: socket })
  })

  test('that is a device is EINVAL', async (t) => {
    const device = path.resolve(os.devNull)
    await failsUntil(t, device, { code: 'EINVAL', syscall: 'open', path: device })
  })

  test('whose name Windows keeps for other things is EINVAL', windowsOnly, async (t) => {
    const folder = temporaryFolder(t)
    for (const name of ['nul', 'CON', 'aux.lock', 'Com1.lock', 'lpt²', 'a.lock:stream', 'a.lock::$DATA']) {
      const file = path.join(folder, name)
      // Some of them are no files of that folder for Windows.
      await failsUntil(t, file, { code: 'EINVAL', syscall: 'open', path: lockFile(file).path })
    }
    assert.deepEqual(fs.readdirSync(folder), [])
  })

  test('without its parent folder is ENOENT', async (t) => {
    const file = path.join(temporaryFolder(t), 'missing', 'a.lock')
    await failsUntil(t, file, { code: 'ENOENT', syscall: 'open', path: file }, () =>
      fs.mkdirSync(path.dirname(file)),
    )
  })

  test('with a file for a parent folder is ENOTDIR, on Windows ENOENT', async (t) => {
    const parent = lockPath(t)
    fs.writeFileSync(parent, '')
    const file = path.join(parent, 'a.lock')
    const code = onWindows ? 'ENOENT' : 'ENOTDIR'
    await failsUntil(t, file, { code, syscall: 'open', path: file }, () => {
      fs.unlinkSync(parent)
      fs.mkdirSync(parent)
    })
  })

  test('that is a symbolic link into a missing folder is ENOENT', symlinksOnly, async (t) => {
    const folder = temporaryFolder(t)
    const link = path.join(folder, 'link')
    fs.symlinkSync(path.join(folder, 'missing', 'target'), link)
    await failsUntil(t, link, { code: 'ENOENT', syscall: 'open', path: link }, () => {
      assert.deepEqual(fs.readdirSync(folder), ['link'])
      fs.mkdirSync(path.join(folder, 'missing'))
    })
  })

  test('that is a circle of symbolic links is ELOOP', symlinksOnly, async (t) => {
    const link = lockPath(t)
    fs.symlinkSync(link, link)
    await failsUntil(t, link, { code: 'ELOOP', syscall: 'open', path: link }, () => fs.unlinkSync(link))
  })

  // Windows takes more than that, but finds no such folders, and calls a name that is too long a wrong one.
  const tooLong = onWindows ? 'ENOENT' : 'ENAMETOOLONG'

  test(`with a name of 300 characters is ${tooLong}`, async (t) => {
    const file = path.join(temporaryFolder(t), 'n'.repeat(300))
    await failsUntil(t, file, { code: tooLong, syscall: 'open', path: file })
  })

  test(`of more than 4096 characters is ${tooLong}`, async (t) => {
    const file = path.join(temporaryFolder(t), 'n/'.repeat(2100), 'a')
    await failsUntil(t, file, { code: tooLong, syscall: 'open', path: file })
  })
})

describe('permission', rootOnly, () => {
  /** What the acquires of that user come to, and whether they leave anything. */
  function attempt(peer, file) {
    return peer.run(async ({ lockFile, resources, untilResourcesAre }, file) => {
      const before = await resources()
      const lock = lockFile(file)
      const outcomes = []
      for (const acquire of [
        () => lock.acquire(),
        async () => lock.acquireSync(),
        async () => lock.tryAcquire(),
      ]) {
        try {
          const guard = await acquire()
          outcomes.push('granted')
          guard.release()
        } catch ({ code, syscall, path }) {
          outcomes.push(`${code} ${syscall} ${path === file}`)
        }
      }
      await untilResourcesAre(before)
      return [...new Set(outcomes)]
    }, file)
  }

  /** A folder that everybody may enter. */
  function openFolder(t, mode) {
    const folder = temporaryFolder(t)
    fs.chmodSync(folder, mode)
    return folder
  }

  test("another user's private file is EACCES, until it is opened to all", async (t) => {
    const file = path.join(openFolder(t, 0o755), 'a.lock')
    fs.writeFileSync(file, '', { mode: 0o600 })
    const other = await startOtherUser(t)
    assert.deepEqual(await attempt(other, file), ['EACCES open true'])
    fs.chmodSync(file, 0o644)
    assert.deepEqual(await attempt(other, file), ['granted'])
  })

  test("another user's private folder is EACCES", async (t) => {
    const file = path.join(openFolder(t, 0o700), 'a.lock')
    assert.deepEqual(await attempt(await startOtherUser(t), file), ['EACCES open true'])
  })

  test("to create a file in another user's folder is EACCES", async (t) => {
    const folder = openFolder(t, 0o755)
    const other = await startOtherUser(t)
    assert.deepEqual(await attempt(other, path.join(folder, 'a.lock')), ['EACCES open true'])
    assert.deepEqual(fs.readdirSync(folder), [])
  })

  test("another user's read-only file can be locked, and is excluded by it", async (t) => {
    const file = path.join(openFolder(t, 0o755), 'a.lock')
    fs.writeFileSync(file, 'content', { mode: 0o444 })
    const other = await startOtherUser(t)
    await other.acquire(file)
    assert.equal(lockFile(file).tryAcquire(), null)
    await other.release(file)
    const guard = lockFile(file).tryAcquire()
    assert.equal(await other.tryAcquire(file), false)
    guard.release()
  })
})

describe('descriptors', () => {
  const handlesRunOut = notOnWindows('Windows sets no limit to the handles of a process')
  test('acquire() without a descriptor left is EMFILE, and the next one works', handlesRunOut, async (t) => {
    const file = lockPath(t)
    const peer = await startNode(t, { prefix: ['sh', '-c', 'ulimit -n 64; exec "$@"', 'sh'] })
    const codes = await peer.run(async ({ lockFile }, file) => {
      const { resources, untilResourcesAre, useUpDescriptors } = require('./tools/resources')
      const lock = lockFile(file)
      const before = await resources()
      const giveBack = useUpDescriptors()
      const codes = await Promise.all(
        [
          () => lock.acquire(),
          () => lock.acquire(5),
          async () => lock.acquireSync(),
          async () => lock.tryAcquire(),
        ].map(async (acquire) => acquire().then(String, (error) => `${error.code} ${error.syscall}`)),
      )
      giveBack()
      await untilResourcesAre(before)
      const guard = await lock.acquire(0)
      guard.release()
      await untilResourcesAre(before)
      return codes
    }, file)
    assert.deepEqual(codes, Array(4).fill('EMFILE open'))
  })

  test('a lock that this process holds is waited for without a descriptor left', handlesRunOut, async (t) => {
    const peer = await startNode(t, { prefix: ['sh', '-c', 'ulimit -n 64; exec "$@"', 'sh'] })
    const outcomes = await peer.run(async ({ lockFile }, file) => {
      const { useUpDescriptors } = require('./tools/resources')
      const lock = lockFile(file)
      const guard = await lock.acquire()
      const giveBack = useUpDescriptors()
      const { signal } = new AbortController()
      const told = (guard) => guard.release() ?? 'granted'
      const late = await lock.acquire({ timeout: 0.01, signal }).then(told, ({ code }) => code)
      const noticed = []
      const acquires = [
        { signal },
        { timeout: 60 },
        { onWait: (holder) => noticed.push(holder?.sameProcess) },
      ]
      const granted = acquires.map((options) => lock.acquire(options).then(told, String))
      guard.release()
      const all = [late, ...(await Promise.all(granted)), ...noticed]
      giveBack()
      return all
    }, lockPath(t))
    assert.deepEqual(outcomes, ['ERR_LOCK_TIMEOUT', 'granted', 'granted', 'granted', true])
  })
})

describe('a timeout', () => {
  const type = { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' }
  const range = { name: 'RangeError', code: 'ERR_OUT_OF_RANGE' }

  for (const [value, expected] of [
    [Number.NaN, range],
    [-1, range],
    [-Number.MIN_VALUE, range],
    [Number.NEGATIVE_INFINITY, range],
    ['3', type],
    [true, type],
    [1n, type],
    [[], type],
    [{}, type],
  ]) {
    test(`of ${inspect(value)} is a ${expected.name}`, async (t) => {
      const file = lockPath(t)
      await leavingNothing(t, async () => {
        assert.throws(() => lockFile(file, { timeout: value }), expected)
        const lock = lockFile(file)
        await assert.rejects(lock.acquire({ timeout: value }), expected)
        assert.throws(() => lock.acquireSync({ timeout: value }), expected)
        if (typeof value === 'object') return
        await assert.rejects(lock.acquire(value), expected)
        assert.throws(() => lock.acquireSync(value), expected)
      })
      assert.equal(fs.existsSync(file), false, 'refused before anything is opened')
    })
  }

  for (const value of [undefined, null, 0, -0, 3, 2 ** 53, Number.MAX_VALUE, Number('1e309')]) {
    test(`of ${inspect(value)} is taken`, async (t) => {
      const file = lockPath(t)
      await leavingNothing(t, async () => {
        for (const acquire of [
          () => lockFile(file, { timeout: value }).acquire(),
          () => lockFile(file).acquire(value),
          () => lockFile(file).acquire({ timeout: value }),
          () => lockFile(file).acquireSync({ timeout: value }),
        ]) {
          const guard = await acquire()
          guard.release()
        }
      })
    })
  }
})

describe('options', () => {
  for (const value of [
    [],
    [5],
    new Date(),
    Object(5),
    Object('5'),
    new Map(),
    Promise.resolve(),
    new AbortController().signal,
  ]) {
    test(`that are an object of another kind are a TypeError: ${inspect(value)}`, async (t) => {
      const expected = { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' }
      const file = lockPath(t)
      assert.throws(() => lockFile(file, value), expected)
      await assert.rejects(lockFile(file).acquire(value), expected)
      assert.throws(() => lockFile(file).acquireSync(value), expected)
      await assert.rejects(
        lockFile(file).runExclusive(() => assert.fail('not without the lock'), value),
        expected,
      )
      assert.equal(fs.existsSync(file), false, 'refused before anything is opened')
    })
  }

  class Settings {
    timeout = 0
  }

  for (const value of [Object.create(null), Object.create({ timeout: 0 }), new Settings()]) {
    test(`can be ${inspect(value)}`, async (t) => {
      const guard = await lockFile(lockPath(t), value).acquire(value)
      guard.release()
    })
  }

  for (const value of [null, 1, 'a', true]) {
    test(`of lockFile() that are no object are a TypeError: ${inspect(value)}`, (t) => {
      const file = lockPath(t)
      assert.throws(() => lockFile(file, value), { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' })
    })
  }
})
