'use strict'

// Where the locks of the operating system cannot be used, the lock is a folder, as in proper-lockfile.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { test } = require('node:test')
const memfs = require('memfs')
const old = require('proper-lockfile')
const { Child } = require('../../../tools/child')
const { CALLS, prepareFaults, whyNoFaults } = require('../../../tools/faulty')
const { lockFileWith, temporaryFolder } = require('../../../tools/folder')
const { until } = require('../../../tools/until')
const lockfile = require('..')

const OURS = JSON.stringify(path.join(__dirname, '..'))

/** A process that takes the lock of FILE by a folder, and says what it sees. */
const USER = `
  const fs = require('node:fs')
  const lockfile = require(${OURS})
  const file = process.argv[1]
  const look = () => fs.statSync(file + '.lock', { throwIfNoEntry: false })?.isDirectory()
  const answers = []
  lockfile.lock(file).then(async (release) => {
    answers.push(look(), await lockfile.check(file), lockfile.checkSync(file))
    answers.push(await lockfile.lock(file).catch(({ code }) => code))
    await release()
    answers.push(look() ?? 'absent')
    lockfile.lockSync(file)
    answers.push(look())
    lockfile.unlockSync(file)
    answers.push(look() ?? 'absent', await release().catch(({ code }) => code))
    await lockfile.lock(file)
    process.stdout.write(JSON.stringify(answers))
  })
`
const ANSWERS = [true, true, true, 'ELOCKED', 'absent', true, 'absent', 'ERELEASED']

async function useFolders(t, { args = [], env = {} }) {
  const file = lockFileWith(t)
  const child = new Child(process.execPath, [...args, '-e', USER, file], {
    env: { ...process.env, NODE_DEBUG: 'proper-lockfile', ...env },
  })
  const { status, out, err } = await child.ended
  assert.equal(status, 0, err)
  assert.deepEqual(JSON.parse(out), ANSWERS)
  assert.deepEqual(fs.readdirSync(path.dirname(file)), [path.basename(file)], 'nothing is left at exit')
  return err
}

test('without a binary for the platform the lock is a folder, and NODE_DEBUG tells why', async (t) => {
  const preload = path.join(temporaryFolder(t), 'preload.cjs')
  fs.writeFileSync(preload, "Object.defineProperty(process, 'arch', { value: 'pdp11' })")
  const err = await useFolders(t, { args: ['--require', preload] })
  assert.match(err, /PROPER-LOCKFILE \d+: without locks of the system: .*pdp11/)
})

const faultsOnly = { skip: whyNoFaults() }

for (const code of ['ENOLCK', 'EOPNOTSUPP', 'ENOSYS']) {
  test(`on a file system that answers ${code} the lock is a folder`, faultsOnly, async (t) => {
    const fault = { call: CALLS.flock, error: os.constants.errno[code], times: 2 ** 30 }
    const err = await useFolders(t, { env: prepareFaults(temporaryFolder(t), fault) })
    assert.match(err, /PROPER-LOCKFILE \d+: without locks of the system: /)
  })
}

test('a file system of the caller has the folder, and the disk has nothing', async (t) => {
  const file = lockFileWith(t)
  const volume = memfs.createFsFromVolume(memfs.Volume.fromJSON({ [file]: '' }))
  const release = await lockfile.lock(file, { fs: volume })
  assert.equal(volume.statSync(`${file}.lock`).isDirectory(), true)
  assert.equal(fs.existsSync(`${file}.lock`), false)
  await assert.rejects(old.lock(file, { fs: volume }), { code: 'ELOCKED' })
  await release()
  await (await old.lock(file, { fs: volume }))()
})

test('a folder is renewed for as long as it is held', async () => {
  const volume = memfs.createFsFromVolume(memfs.Volume.fromJSON({ '/some/file': '' }))
  const time = () => volume.statSync('/some/file.lock').mtimeMs
  const release = await lockfile.lock('/some/file', { fs: volume, update: 1000 })
  const first = time()
  await until(() => time() > first, 'the time of the folder to change')
  await release()
})

test('of a file system of the caller only the documented functions are called', async () => {
  const volume = memfs.createFsFromVolume(memfs.Volume.fromJSON({ '/some/file': '' }))
  const called = new Set()
  const names = ['mkdir', 'realpath', 'stat', 'rmdir', 'utimes'].flatMap((name) => [name, `${name}Sync`])
  const few = Object.fromEntries(
    names.map((name) => [
      name,
      (...args) => {
        called.add(name)
        return volume[name](...args)
      },
    ]),
  )
  await (await lockfile.lock('/some/file', { fs: few }))()
  lockfile.lockSync('/some/file', { fs: few })()
  assert.equal(await lockfile.check('/some/file', { fs: few }), false)
  assert.ok(called.has('mkdir') && called.has('rmdirSync'))
})
