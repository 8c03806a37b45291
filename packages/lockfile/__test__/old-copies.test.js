'use strict'

// Programs with the old package and programs with this one use the same path.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { promisify } = require('node:util')
const old = require('lockfile')
const { lockPath, temporaryFolder } = require('../../../tools/folder')
const { kindsOf, runMatrix } = require('../../../tools/matrix')
const { startNode } = require('../../../tools/peer')
const { signalsOnly } = require('../../../tools/platform')
const { until } = require('../../../tools/until')
const lockfile = require('..')

const OURS = path.join(__dirname, '..')
const lock = promisify(lockfile.lock)
const oldLock = promisify(old.lock)

/** In milliseconds. */
const STALE = 2000
const PATIENTLY = { wait: 1e9, pollPeriod: 10 }

test('an old copy does not acquire what this one holds', async (t) => {
  const file = lockPath(t)
  await lock(file)
  await assert.rejects(oldLock(file), { code: 'EEXIST' })
  assert.equal(old.checkSync(file), true)
  lockfile.unlockSync(file)
  await oldLock(file)
  old.unlockSync(file)
})

test('an old copy does not acquire what is held for longer than stale', async (t) => {
  const file = lockPath(t)
  await lock(file)
  const begin = Date.now()
  await until(() => Date.now() > begin + STALE + 500, 'the lock to be older than stale')
  await assert.rejects(oldLock(file, { stale: STALE }), { code: 'EEXIST' })
  lockfile.unlockSync(file)
})

test('this one does not acquire what an old copy holds', async (t) => {
  const file = lockPath(t)
  await oldLock(file)
  await assert.rejects(lock(file), { code: 'EEXIST' })
  await assert.rejects(lock(file, { wait: 30 }), { code: 'EEXIST' })
  assert.throws(() => lockfile.lockSync(file), { code: 'EEXIST' })
  assert.equal(lockfile.checkSync(file), true)
  const waiting = lock(file, PATIENTLY)
  old.unlockSync(file)
  await waiting
  lockfile.unlockSync(file)
  assert.deepEqual(fs.readdirSync(path.dirname(file)), [])
})

test('what an old copy has left is taken once it is stale, by one of those who wait', async (t) => {
  const file = lockPath(t)
  fs.writeFileSync(file, '')
  const peers = await Promise.all([startNode(t), startNode(t), startNode(t)])
  const acquire = ({ require, kept }, ours, file, options) =>
    new Promise((resolve, reject) => {
      kept.lockfile = require(ours)
      kept.lockfile.lock(file, options, (error) => (error ? reject(error) : resolve()))
    })
  let holders = 0
  const rounds = peers.map(async (peer) => {
    await peer.run(acquire, OURS, file, { ...PATIENTLY, stale: 300 })
    holders += 1
    assert.equal(holders, 1)
    await peer.run(() => new Promise(setImmediate))
    holders -= 1
    await peer.run(({ kept }, file) => kept.lockfile.unlockSync(file), file)
  })
  await Promise.all(rounds)
  assert.deepEqual(fs.readdirSync(path.dirname(file)), [])
})

test(
  'what a crash of this one has left is taken at once by this one, and once stale by an old copy',
  signalsOnly,
  async (t) => {
    const file = lockPath(t)
    for (const next of ['this one', 'an old copy']) {
      const holder = await startNode(t)
      await holder.run(({ require }, ours, file) => require(ours).lockSync(file), OURS, file)
      await holder.kill()
      if (next === 'this one') await lock(file)
      else {
        await assert.rejects(oldLock(file, { stale: STALE }), { code: 'EEXIST' })
        await oldLock(file, { stale: 100, ...PATIENTLY })
        await assert.rejects(lock(file), { code: 'EEXIST' })
        old.unlockSync(file)
      }
      lockfile.unlockSync(file)
    }
  },
)

test(
  'old copies and this one, killed and stopped at random, never share the lock',
  signalsOnly,
  async (t) => {
    const result = await runMatrix({
      folder: temporaryFolder(t),
      kinds: kindsOf('lockfile'),
      copies: 2,
      seconds: 10,
    })
    t.diagnostic(JSON.stringify(result))
    assert.deepEqual(result.faults, {})
    assert.ok(result.counts.new.done > 0)
  },
)
