'use strict'

// An update that fn of another update makes: one that would wait for itself is a deadlock.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { setTimeout: sleep } = require('node:timers/promises')
const { lockFile, updateFile, updateFileSync, updateJson, updateJsonSync } = require('..')
const { temporaryFolder } = require('../tools/folder')
const { symlinksOnly } = require('../tools/platform')

function dataFile(t, content = '0') {
  const file = path.join(temporaryFolder(t), 'data.json')
  fs.writeFileSync(file, content)
  return file
}

const read = (file) => fs.readFileSync(file, 'utf8')
const deadlock = (file) => ({ code: 'ERR_LOCK_DEADLOCK', path: file })

for (const inPlace of [false, true]) {
  const how = inPlace ? ' in place' : ''
  test(`an update${how} that fn of an update of the same file awaits is a deadlock`, async (t) => {
    const file = dataFile(t)
    const lock = inPlace && process.platform !== 'win32' ? file : `${file}.lock`
    const options = { inPlace }
    const inner = async () => {
      await null
      return updateJson(file, assert.fail, options)
    }
    await assert.rejects(updateJson(file, inner, options), deadlock(lock))
    const innerSync = async () => updateJsonSync(file, assert.fail, options)
    await assert.rejects(updateJson(file, innerSync, options), deadlock(lock))
    assert.throws(() => updateFileSync(file, () => updateFileSync(file, assert.fail, options), options))
    assert.equal(read(file), '0')
    assert.equal(lockFile(lock).locked, false)
  })
}

test('an update through a link, within an update of another file, is a deadlock', symlinksOnly, async (t) => {
  const [file, other] = [dataFile(t), dataFile(t)]
  const link = path.join(path.dirname(other), 'link')
  fs.symlinkSync(file, link)
  const inner = () => updateJson(other, () => updateJson(link, assert.fail))
  await assert.rejects(updateJson(file, inner), deadlock(`${file}.lock`))
})

test('repair of an update that updates the same file is a deadlock', async (t) => {
  const file = dataFile(t, 'oops')
  const repair = () => updateJson(file, assert.fail)
  await assert.rejects(updateJson(file, assert.fail, { repair }), deadlock(`${file}.lock`))
})

test('an update within an update of the same file waits if a timeout or a signal can end that', async (t) => {
  const file = dataFile(t)
  const timed = () => updateFile(file, assert.fail, { timeout: 0.05 })
  await assert.rejects(updateFile(file, timed), { code: 'ERR_LOCK_TIMEOUT' })
  const signalled = () => updateFile(file, assert.fail, { signal: AbortSignal.timeout(20) })
  await assert.rejects(updateFile(file, signalled), { name: 'TimeoutError' })
})

test('an update of another file within an update goes on', async (t) => {
  const [file, other] = [dataFile(t), dataFile(t)]
  await updateJson(file, async (now) => {
    await updateJson(other, (now) => now + 2)
    return now + 1
  })
  assert.deepEqual([read(file), read(other)], ['1\n', '2\n'])
})

test('updates that begin in fn and wait beyond its end are no deadlock', async (t) => {
  const file = dataFile(t)
  let late
  const fn = (now) => {
    late = sleep(20).then(() => updateJson(file, (now) => now + 1))
    return now + 1
  }
  await updateJson(file, fn)
  await Promise.all([late, updateJson(file, (now) => now + 1)])
  assert.equal(read(file), '3\n')
})

test('an update within one whose lock another caller has released waits for its turn', async (t) => {
  const file = dataFile(t)
  const fn = async () => {
    lockFile(`${file}.lock`).release()
    await updateJson(file, () => 'inner')
    return 'outer'
  }
  await assert.rejects(updateJson(file, fn), { code: 'ERR_LOCK_LOST' })
  assert.equal(read(file), '"inner"\n')
})
