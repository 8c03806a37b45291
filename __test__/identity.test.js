'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { pathToFileURL } = require('node:url')
const { inspect } = require('node:util')
const { lockFile } = require('..')
const { hardLinksOnly } = require('../tools/filesystem')
const { lockPath, temporaryFolder } = require('../tools/folder')
const { startNode } = require('../tools/peer')
const { linuxOnly, notOnWindows, symlinksOnly, windowsOnly } = require('../tools/platform')

const onWindows = process.platform === 'win32'

/** The two spellings exclude each other, in this process and between two. */
async function assertOneLock(t, one, other) {
  const peer = await startNode(t)
  for (const [first, second] of [
    [one, other],
    [other, one],
  ]) {
    const guard = await lockFile(first).acquire()
    assert.equal(lockFile(second).locked, true, 'locked is seen by the other name')
    assert.equal(lockFile(second).tryAcquire(), null, 'excluded in the same process')
    if (typeof second === 'string') assert.equal(await peer.tryAcquire(second), false, 'excluded elsewhere')
    const pending = lockFile(second).acquire()
    await assert.rejects(lockFile(second).acquire(0.05), { code: 'ERR_LOCK_TIMEOUT' })
    guard.release()
    await pending
    assert.equal(guard.released, true)
    lockFile(first).release()
    assert.equal(lockFile(second).locked, false, 'released by the other name')
  }
}

test('a relative path and an absolute one are one lock', async (t) => {
  const absolute = lockPath(t)
  await assertOneLock(t, absolute, path.relative(process.cwd(), absolute))
})

test('a path with . and .. and double slashes is the lock of the plain path', async (t) => {
  const folder = temporaryFolder(t)
  fs.mkdirSync(path.join(folder, 'sub'))
  await assertOneLock(t, path.join(folder, 'a.lock'), `${folder}//sub/./..//a.lock`)
})

test('a symbolic link to the file is the lock of the file', symlinksOnly, async (t) => {
  const file = lockPath(t)
  fs.writeFileSync(file, '')
  fs.symlinkSync(file, `${file}.link`)
  await assertOneLock(t, file, `${file}.link`)
})

test('a path through a symbolic link to the folder is the lock of the file', symlinksOnly, async (t) => {
  const folder = temporaryFolder(t)
  fs.mkdirSync(path.join(folder, 'real'))
  fs.symlinkSync('real', path.join(folder, 'alias'))
  await assertOneLock(t, path.join(folder, 'real', 'a.lock'), path.join(folder, 'alias', 'a.lock'))
})

const dotsFollow = notOnWindows('Windows takes the .. away before it looks for the link')

test('.. after a symbolic link leads where the operating system says', dotsFollow, async (t) => {
  const folder = temporaryFolder(t)
  fs.mkdirSync(path.join(folder, 'far', 'inner'), { recursive: true })
  fs.symlinkSync(path.join(folder, 'far', 'inner'), path.join(folder, 'link'))
  await assertOneLock(t, path.join(folder, 'far', 'a.lock'), `${folder}/link/../a.lock`)
})

test('a hard link is the lock of the file', hardLinksOnly, async (t) => {
  const file = lockPath(t)
  fs.writeFileSync(file, '')
  fs.linkSync(file, `${file}.hard`)
  await assertOneLock(t, file, `${file}.hard`)
})

test(
  'on Windows, spellings that differ in case, slashes, dots at the end or a prefix are one lock',
  windowsOnly,
  async (t) => {
    const file = lockPath(t)
    const [drive, ...rest] = path.dirname(file).split(path.sep)
    for (const other of [
      file.toUpperCase(),
      file.replaceAll('\\', '/'),
      `${file}.`,
      `${file}. .`,
      `\\\\?\\${file}`,
      `\\\\.\\${file}`,
      path.join(drive, ...rest.map((name) => name.toLowerCase()), 'SOME.lock'),
    ]) {
      await assertOneLock(t, file, other)
    }
    assert.deepEqual(fs.readdirSync(path.dirname(file)), [path.basename(file)])
  },
)

test('spellings that the file system treats as equal are one lock: letter case, accents', async (t) => {
  const file = lockPath(t, 'Käse.lock'.normalize('NFC'))
  fs.writeFileSync(file, '')
  const folder = path.dirname(file)
  const names = ['KÄSE.LOCK', 'Käse.lock'].map((name) => path.join(folder, name.normalize('NFD')))
  names.push(path.join(folder, 'KÄSE.lock'.normalize('NFC')))
  const same = names.filter((name) => fs.existsSync(name))
  if (same.length === 0) return t.skip('this file system tells them apart')
  for (const name of same) await assertOneLock(t, file, name)
})

test('a string, a Buffer and a URL are one lock', async (t) => {
  const file = lockPath(t, 'some lock äß%20.lock')
  await assertOneLock(t, file, Buffer.from(file))
  await assertOneLock(t, file, pathToFileURL(file))
})

test('a name that is not UTF-8 is a separate lock', linuxOnly, async (t) => {
  const folder = temporaryFolder(t)
  const bytes = (...name) => Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name)])
  const one = await lockFile(bytes(0x61, 0xff)).acquire()
  const other = await lockFile(bytes(0x61, 0xfe)).acquire(0)
  assert.equal(lockFile(bytes(0x61, 0xff)).tryAcquire(), null)
  const names = fs.readdirSync(folder, { encoding: 'buffer' }).map((name) => name.toString('latin1'))
  assert.deepEqual(names.sort(), ['aþ', 'aÿ'])
  one.release()
  other.release()
})

test('the path is made absolute at once: a later chdir changes nothing', async (t) => {
  const [before, after] = [temporaryFolder(t), temporaryFolder(t)]
  const peer = await startNode(t)
  const shown = await peer.run(
    async ({ lockFile, kept }, before, after) => {
      process.chdir(before)
      kept.lock = lockFile('a.lock')
      process.chdir(after)
      await kept.lock.acquire()
      return kept.lock.path
    },
    before,
    after,
  )
  assert.equal(shown, path.join(before, 'a.lock'))
  assert.deepEqual(fs.readdirSync(before), ['a.lock'])
  assert.deepEqual(fs.readdirSync(after), [])
  assert.equal(lockFile(path.join(before, 'a.lock')).tryAcquire(), null)
})

test('lock.path is the absolute path of the file that is locked', symlinksOnly, async (t) => {
  const folder = temporaryFolder(t)
  fs.mkdirSync(path.join(folder, 'far', 'inner'), { recursive: true })
  fs.symlinkSync(path.join(folder, 'far', 'inner'), path.join(folder, 'link'))
  const lock = lockFile(`${folder}/link/../a.lock`)
  const guard = await lock.acquire()
  const locked = onWindows ? path.join(folder, 'a.lock') : path.join(folder, 'far', 'a.lock')
  assert.equal(fs.statSync(lock.path).ino, fs.statSync(locked).ino)
  assert.equal(guard.path, lock.path)
  guard.release()
})

test('lock.path of a relative path begins at the working directory', () => {
  for (const given of ['a.lock', './a.lock', './/a.lock', Buffer.from('a.lock'), pathToFileURL('a.lock')]) {
    assert.equal(lockFile(given).path, path.resolve('a.lock'), inspect(given))
  }
})

test('a path with a slash at its end is no file: ENOTDIR', notOnWindows('there it is ENOENT'), async (t) => {
  const file = lockPath(t)
  fs.writeFileSync(file, '')
  for (const end of ['/', '/.', '/./', '/..', '/../a.lock']) {
    const lock = lockFile(file + end)
    assert.throws(() => lock.tryAcquire(), { code: 'ENOTDIR', syscall: 'open', path: lock.path }, end)
    await assert.rejects(lock.acquire(), { code: 'ENOTDIR' }, end)
    assert.equal(lock.locked, false)
  }
})

test('a relative path in a deleted working directory is the error of process.cwd()', linuxOnly, async (t) => {
  const folder = temporaryFolder(t)
  const peer = await startNode(t, { cwd: folder })
  fs.rmSync(folder, { recursive: true })
  const [relative, absolute] = await peer.run(({ lockFile }) => {
    const attempt = (path) => {
      try {
        return { path: lockFile(path).path }
      } catch ({ message, code, errno, syscall }) {
        return { message, code, errno, syscall }
      }
    }
    return [attempt('a.lock'), attempt('/a.lock')]
  })
  assert.deepEqual(relative, {
    message: 'ENOENT: no such file or directory, uv_cwd',
    code: 'ENOENT',
    errno: -2,
    syscall: 'uv_cwd',
  })
  assert.deepEqual(absolute, { path: '/a.lock' })
})

test(
  'a relative path begins at the working directory even if its name is not UTF-8',
  linuxOnly,
  async (t) => {
    const parent = temporaryFolder(t)
    const folder = Buffer.concat([Buffer.from(`${parent}/`), Buffer.of(0xff)])
    fs.mkdirSync(folder)
    const enter = 'cd "$0/$(printf "\\377")" && exec "$@"'
    const peer = await startNode(t, { prefix: ['sh', '-c', enter, parent] })
    await peer.run(({ lockFile }) => lockFile('a.lock').acquireSync().release())
    assert.deepEqual(fs.readdirSync(folder), ['a.lock'])
  },
)
