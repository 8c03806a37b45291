'use strict'

// Programs with the old package and programs with this one use the same path.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const old = require('proper-lockfile')
const { lockFileWith } = require('../../../tools/folder')
const { untilQueued } = require('../../../tools/kernel')
const { startNode } = require('../../../tools/peer')
const { linuxOnly, signalsOnly } = require('../../../tools/platform')
const { until } = require('../../../tools/until')
const lockfile = require('..')

const OURS = path.join(__dirname, '..')

/** In milliseconds: the least there is. */
const STALE = 2000
const UPDATE = 1000

/** Tries of an old copy or of ours, without an end that a test could reach. */
const PATIENTLY = { retries: 10_000, minTimeout: 20, factor: 1 }

test('an old copy does not acquire what this one holds', async (t) => {
  const file = lockFileWith(t)
  const release = await lockfile.lock(file)
  await assert.rejects(old.lock(file), { code: 'ELOCKED', file })
  assert.throws(() => old.lockSync(file), { code: 'ELOCKED', file })
  assert.equal(await old.check(file), true)
  await release()
  assert.equal(await old.check(file), false)
  await (await old.lock(file))()
})

test('this one does not acquire what an old copy holds', async (t) => {
  const file = lockFileWith(t)
  const release = await old.lock(file)
  await assert.rejects(lockfile.lock(file), { code: 'ELOCKED', file })
  assert.throws(() => lockfile.lockSync(file), { code: 'ELOCKED', file })
  assert.equal(await lockfile.check(file), true)
  assert.equal(lockfile.checkSync(file), true)
  await release()
  assert.equal(await lockfile.check(file), false)
  await (await lockfile.lock(file))()
})

test('an old copy waits for a lock that is held for longer than stale', async (t) => {
  const file = lockFileWith(t)
  const release = await lockfile.lock(file, { update: UPDATE })
  let isReleased = false
  const waiting = old.lock(file, { stale: STALE, retries: PATIENTLY }).then((next) => {
    assert.ok(isReleased, 'acquired while it was held')
    return next
  })
  const begin = Date.now()
  await until(() => Date.now() > begin + STALE + UPDATE, 'the lock to be older than stale')
  await assert.rejects(old.lock(file, { stale: STALE }), { code: 'ELOCKED' }, 'the file is kept fresh')
  isReleased = true
  await release()
  await (await waiting)()
})

test('an old copy never acquires a file that no holder keeps fresh', signalsOnly, async (t) => {
  const file = lockFileWith(t)
  const holder = await startNode(t)
  await holder.run(async ({ require }, ours, file) => void (await require(ours).lock(file)), OURS, file)
  holder.signal('SIGSTOP')
  const before = new Date(Date.now() - 60_000)
  fs.utimesSync(`${file}.lock`, before, before)
  await assert.rejects(old.lock(file), { code: 'ENOTDIR' })
  await assert.rejects(old.lock(file, { stale: STALE, retries: [10, 10] }), { code: 'ENOTDIR' })
  assert.equal(fs.statSync(`${file}.lock`).isFile(), true)
  holder.signal('SIGCONT')
})

test('after a crash of this one an old copy waits for the next release', signalsOnly, async (t) => {
  const file = lockFileWith(t)
  const holder = await startNode(t)
  await holder.run(async ({ require }, ours, file) => void (await require(ours).lock(file)), OURS, file)
  await holder.kill()
  await assert.rejects(old.lock(file), { code: 'ELOCKED' })
  const waiting = old.lock(file, { retries: PATIENTLY })
  await (await lockfile.lock(file))()
  await (await waiting)()
})

test('this one waits for an old copy, and acquires when it releases', async (t) => {
  const file = lockFileWith(t)
  const release = await old.lock(file)
  const waiting = lockfile.lock(file, { retries: PATIENTLY })
  let isReleased = false
  const acquired = waiting.then((next) => {
    assert.ok(isReleased, 'acquired while it was held')
    return next
  })
  await assert.rejects(lockfile.lock(file), { code: 'ELOCKED' })
  isReleased = true
  await release()
  await (await acquired)()
})

test('this one fails with ELOCKED when an old copy does not release in time', async (t) => {
  const file = lockFileWith(t)
  const release = await old.lock(file)
  await assert.rejects(lockfile.lock(file, { retries: [20, 20] }), { code: 'ELOCKED', file })
  await release()
})

test('a lock of an old copy that was killed is taken once it is stale', signalsOnly, async (t) => {
  const file = lockFileWith(t)
  const holder = await startNode(t)
  await holder.run(async ({ require }, file) => void (await require('proper-lockfile').lock(file)), file)
  await holder.kill()
  await assert.rejects(lockfile.lock(file, { stale: STALE }), { code: 'ELOCKED' })
  const release = await lockfile.lock(file, { stale: STALE, retries: PATIENTLY })
  assert.equal(fs.statSync(`${file}.lock`).isFile(), true)
  await release()
  assert.deepEqual(fs.readdirSync(path.dirname(file)), [path.basename(file)])
})

test('a waiter of this one that was in the queue goes on behind an old copy', linuxOnly, async (t) => {
  const file = lockFileWith(t)
  const holder = await startNode(t)
  const run = (fn) => holder.run(fn, OURS, file)
  await run(async ({ require, kept }, ours, file) => {
    kept.release = await require(ours).lock(file)
  })
  const waiting = lockfile.lock(file, { retries: PATIENTLY })
  await untilQueued(`${file}.lock`)
  // The holder's file is removed, and an old copy is the next to come: all before the lock is let go.
  fs.unlinkSync(`${file}.lock`)
  const releaseOld = await old.lock(file)
  await run(({ kept }) => kept.release())
  await assert.rejects(lockfile.lock(file), { code: 'ELOCKED' })
  await releaseOld()
  await (await waiting)()
})
