'use strict'

// What cannot be updated is refused before fn runs: what fn does can often not be done twice.

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const net = require('node:net')
const path = require('node:path')
const { test } = require('node:test')
const { lockFile, updateFile, updateFileSync } = require('..')
const { atEnd } = require('../tools/end')
const { temporaryFolder } = require('../tools/folder')
const { works } = require('../tools/mounts')
const { startNode } = require('../tools/peer')
const { notOnWindows, rootOnly, symlinksOnly } = require('../tools/platform')
const { until } = require('../tools/until')
const { startOtherUser } = require('../tools/user')

const posixOnly = notOnWindows('Windows has none')

const read = (file) => fs.readFileSync(file, 'utf8')

test('what is no regular file is refused, and no lock is created beside it', posixOnly, async (t) => {
  const folder = temporaryFolder(t)
  const at = (name) => path.join(folder, name)
  fs.mkdirSync(at('folder'))
  execFileSync('mkfifo', [at('fifo')])
  const server = net.createServer().listen(at('socket'))
  atEnd(t, () => server.close())
  await once(server, 'listening')
  fs.symlinkSync('fifo', at('link'))
  const names = fs.readdirSync(folder)
  for (const options of [{}, { inPlace: true }]) {
    for (const [name, code] of [
      ['folder', 'EISDIR'],
      ['fifo', 'EINVAL'],
      ['socket', 'EINVAL'],
      ['link', 'EINVAL'],
    ]) {
      await assert.rejects(updateFile(at(name), assert.fail, options), { code })
      assert.throws(() => updateFileSync(at(name), assert.fail, options), { code })
    }
  }
  await assert.rejects(updateFile('/dev/null', assert.fail), { code: 'EINVAL', path: '/dev/null' })
  assert.equal(fs.existsSync('/dev/null.lock'), false)
  assert.deepEqual(fs.readdirSync(folder), names)
})

test('a loop of links is refused', symlinksOnly, async (t) => {
  const folder = temporaryFolder(t)
  const [a, b] = [path.join(folder, 'a'), path.join(folder, 'b')]
  fs.symlinkSync('b', a)
  fs.symlinkSync('a', b)
  await assert.rejects(updateFile(a, assert.fail), { code: 'ELOOP', path: a })
  assert.throws(() => updateFileSync(b, assert.fail, { inPlace: true }), { code: 'ELOOP', path: b })
  assert.deepEqual(fs.readdirSync(folder), ['a', 'b'])
})

for (const inPlace of [false, true]) {
  const how = inPlace ? ' in place' : ''
  test(
    `an update${how} of a file that a link replaces during the wait goes where that leads`,
    symlinksOnly,
    async (t) => {
      const folder = temporaryFolder(t)
      const [file, other] = [path.join(folder, 'file'), path.join(folder, 'other')]
      fs.writeFileSync(file, 'first')
      fs.writeFileSync(other, 'second')
      const lock = `${file}.lock`
      const guard = await lockFile(lock).acquire()
      let isWaiting = false
      const onWait = () => {
        isWaiting = true
      }
      const update = updateFile(file, (now) => `${now} updated`, { inPlace, lock, onWait })
      await until(() => isWaiting, 'the update to wait')
      fs.unlinkSync(file)
      fs.symlinkSync('other', file)
      guard.release()
      await update
      assert.equal(read(other), 'second updated')
      assert.ok(fs.lstatSync(file).isSymbolicLink())
    },
  )
}

test('a file whose temporary file would have too long a name is refused', posixOnly, async (t) => {
  const folder = temporaryFolder(t)
  const lock = path.join(folder, 'lock')
  // With `.lock` it is as long as it can be.
  const file = path.join(folder, 'n'.repeat(250))
  for (const prepare of [() => {}, () => fs.writeFileSync(file, 'old')]) {
    prepare()
    const refused = { code: 'ENAMETOOLONG', path: `${file}.locket.tmp` }
    await assert.rejects(updateFile(file, assert.fail), refused)
  }
  await assert.rejects(updateFile(`${file}more`, assert.fail), { code: 'ENAMETOOLONG' })
  fs.writeFileSync(`${file}more`, 'old')
  await updateFile(`${file}more`, (now) => `${now}er`, { inPlace: true, lock })
  assert.equal(read(`${file}more`), 'older')
})

test('the longest name that has room for the temporary one is updated', posixOnly, async (t) => {
  const file = path.join(temporaryFolder(t), 'n'.repeat(255 - '.locket.tmp'.length))
  await updateFile(file, String)
  await updateFile(file, (now) => `${now}!`)
  assert.equal(read(file), 'null!')
})

test("another user's file whose owner cannot be kept is refused", rootOnly, async (t) => {
  const folder = temporaryFolder(t)
  const file = path.join(folder, 'data')
  fs.writeFileSync(file, 'old')
  fs.chmodSync(file, 0o666)
  fs.chmodSync(folder, 0o1777)
  const other = await startOtherUser(t)
  const update = async ({ updateFile }, file) => {
    let hasRun = false
    const { code } = await updateFile(file, () => (hasRun = true)).catch((error) => error)
    return { code, hasRun }
  }
  assert.deepEqual(await other.run(update, file), { code: 'EPERM', hasRun: false })
  assert.equal(read(file), 'old')
  assert.deepEqual(fs.readdirSync(folder), ['data', 'data.lock'])
})

const ownMountsOnly = {
  skip: !works('unshare', '--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt') && 'needs Linux and root',
}

test('a file of another device that is mounted by itself is refused', ownMountsOnly, async (t) => {
  const folder = temporaryFolder(t)
  const file = path.join(folder, 'a file')
  fs.writeFileSync(file, '')
  fs.mkdirSync(path.join(folder, 'tmpfs'))
  const mount = `mount -t tmpfs tmpfs "$0/tmpfs" && echo old > "$0/tmpfs/x" && mount --bind "$0/tmpfs/x" "$0/a file"`
  const prefix = ['unshare', '--mount', 'sh', '-c', `${mount} && exec "$@"`, folder]
  const peer = await startNode(t, { prefix })
  const update = async ({ updateFile, require }, file, inPlace) => {
    let seen = null
    const fn = (now) => {
      seen = String(now)
      return 'new\n'
    }
    const { code, path } = (await updateFile(file, fn, { inPlace }).catch((error) => error)) ?? {}
    return { code, path, seen, now: require('node:fs').readFileSync(file, 'utf8') }
  }
  assert.deepEqual(await peer.run(update, file, false), {
    code: 'EBUSY',
    path: file,
    seen: null,
    now: 'old\n',
  })
  assert.deepEqual(await peer.run(update, file, true), { seen: 'old\n', now: 'new\n' })
})
