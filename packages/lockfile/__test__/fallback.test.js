'use strict'

// Where the locks of the operating system cannot be used, the lock is a file that is made exclusively,
// as in lockfile.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { test } = require('node:test')
const { Child } = require('../../../tools/child')
const { CALLS, prepareFaults, whyNoFaults } = require('../../../tools/faulty')
const { lockPath, temporaryFolder } = require('../../../tools/folder')

const OURS = JSON.stringify(path.join(__dirname, '..'))

/** A process that takes the lock of FILE, and says what it sees. */
const USER = `
  const fs = require('node:fs')
  const { dirname } = require('node:path')
  const { promisify } = require('node:util')
  const lockfile = require(${OURS})
  const file = process.argv[1]
  const look = () => fs.readdirSync(dirname(file)).length
  const lock = promisify(lockfile.lock)
  const answers = []
  const run = async () => {
    await lock(file)
    answers.push(look(), lockfile.checkSync(file))
    answers.push(await lock(file).catch(({ code }) => code))
    await promisify(lockfile.unlock)(file)
    answers.push(look(), lockfile.checkSync(file))
    fs.writeFileSync(file, '')
    answers.push(await lock(file).catch(({ code }) => code))
    await lock(file, { stale: 20, wait: 60000, pollPeriod: 10 })
    answers.push(look())
    lockfile.unlockSync(file)
    answers.push(look())
    lockfile.lockSync(file)
    process.stdout.write(JSON.stringify(answers))
  }
  run()
`
const ANSWERS = [1, true, 'EEXIST', 0, false, 'EEXIST', 1, 0]

async function useFiles(t, { args = [], env = {} }) {
  const file = lockPath(t)
  const child = new Child(process.execPath, [...args, '-e', USER, file], {
    env: { ...process.env, NODE_DEBUG: 'lockfile', ...env },
  })
  const { status, out, err } = await child.ended
  assert.equal(status, 0, err)
  assert.deepEqual(JSON.parse(out), ANSWERS)
  assert.deepEqual(fs.readdirSync(path.dirname(file)), [], 'nothing is left at exit')
  return err
}

test('without a binary for the platform the lock is a file, and NODE_DEBUG tells why', async (t) => {
  const preload = path.join(temporaryFolder(t), 'preload.cjs')
  fs.writeFileSync(preload, "Object.defineProperty(process, 'arch', { value: 'pdp11' })")
  const err = await useFiles(t, { args: ['--require', preload] })
  assert.match(err, /LOCKFILE \d+: without locks of the system: .*pdp11/)
})

test('on a file system without locks the lock is a file', { skip: whyNoFaults() }, async (t) => {
  const fault = { call: CALLS.flock, error: os.constants.errno.ENOLCK, times: 2 ** 30 }
  const err = await useFiles(t, { env: prepareFaults(temporaryFolder(t), fault) })
  assert.match(err, /LOCKFILE \d+: without locks of the system: /)
})
