'use strict'

// Each call that an update makes of the file system fails once, or is where its process is killed.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { temporaryFolder } = require('../tools/folder')
const { startNode } = require('../tools/peer')

const isWindows = process.platform === 'win32'

const FAULTS = { args: ['--require', path.join(__dirname, 'fixtures', 'fs-faults.js')] }

/** Longer and shorter than what replaces it, in one test each. */
const OLD = 'old '.repeat(100)

function dataFile(t) {
  return path.join(temporaryFolder(t), 'data')
}

const read = (file) => fs.readFileSync(file, 'utf8')
const beside = (file) => fs.readdirSync(path.dirname(file)).filter((name) => !name.endsWith('.lock'))

/** In the peer: updates under the fault; answers the calls, and what the update said. */
async function updateUnder({ require }, file, fault, made, options) {
  const { lockFile, updateFile, updateFileSync } = require('.')
  const { fsFaults } = globalThis
  const update = options.isSync ? updateFileSync : updateFile
  // A checkout loads parts with their first use, which would be calls, too.
  await (async () => update())().catch(() => {})
  lockFile(`${file}.lock`).tryAcquire().release()
  const { inPlace } = options
  fsFaults.order(fault)
  let code = null
  try {
    await update(file, () => made, { inPlace })
  } catch (error) {
    code = error.code
  }
  return { calls: fsFaults.end(), code, locked: lockFile(`${file}.lock`).locked || lockFile(file).locked }
}

/** What this system does not count is 0. */
const countDescriptors = ({ count }) => (process.platform === 'linux' ? count().descriptors : 0)

for (const isSync of [false, true]) {
  for (const inPlace of [false, true]) {
    const name = `${isSync ? 'a synchronous' : 'an'} update${inPlace ? ' in place' : ''}`
    test(`${name} of which any one call fails leaves the old content or the new`, async (t) => {
      const file = dataFile(t)
      const peer = await startNode(t, FAULTS)
      for (const made of ['new', 'new'.repeat(1000)]) {
        fs.writeFileSync(file, OLD)
        const whole = await peer.run(updateUnder, file, {}, made, { isSync, inPlace })
        assert.equal(whole.code, null)
        let open = await peer.run(countDescriptors)
        for (let at = 1; at <= whole.calls.length; at += 1) {
          // The file stays open then, and Windows replaces and removes no file that is open like that.
          if (isWindows && whole.calls[at - 1] === 'close') continue
          fs.writeFileSync(file, OLD)
          const fault = { at, code: 'EIO' }
          const { calls, code, locked } = await peer.run(updateUnder, file, fault, made, { isSync, inPlace })
          const how = `${calls[at - 1]}, call ${at} of ${calls}`
          assert.equal(code, 'EIO', how)
          assert.equal(locked, false, how)
          const isNew = read(file) === made
          assert.ok(isNew || read(file) === OLD, how)
          // After the rename, or the last write, it is only not known for certain to be on the disk.
          if (isNew) assert.ok(calls.slice(0, at).includes(inPlace ? 'write' : 'rename'), how)
          assert.deepEqual(beside(file), ['data'], how)
          // The fault was in the place of the close.
          if (calls[at - 1] === 'close') open += 1
          assert.ok((await peer.run(countDescriptors)) <= open, how)
        }
      }
    })
  }
}

test('an update whose process is killed at any call leaves the old content or the new', async (t) => {
  const file = dataFile(t)
  const peer = await startNode(t, FAULTS)
  fs.writeFileSync(file, OLD)
  const { calls } = await peer.run(updateUnder, file, {}, 'new', { isSync: true })
  const leftovers = []
  for (let at = 1; at <= calls.length; at += 1) {
    fs.writeFileSync(file, OLD)
    const victim = await startNode(t, FAULTS)
    await assert.rejects(victim.run(updateUnder, file, { at, code: 'SIGKILL' }, 'new', { isSync: true }))
    const isRenamed = calls.slice(0, at - 1).includes('rename')
    assert.equal(read(file), isRenamed ? 'new' : OLD, `${calls[at - 1]}, call ${at}`)
    leftovers.push(...beside(file).filter((name) => name !== 'data'))
    assert.equal((await peer.run(updateUnder, file, {}, 'next', { isSync: true })).code, null)
    assert.equal(read(file), 'next')
    assert.deepEqual(beside(file), ['data'])
  }
  assert.ok(leftovers.length > 0)
  assert.deepEqual([...new Set(leftovers)], ['data.locket.tmp'])
})

test('an update whose writes are short goes on with the rest', async (t) => {
  const file = dataFile(t)
  const peer = await startNode(t, FAULTS)
  const made = Array.from({ length: 1000 }, (_, i) => i).join()
  for (const inPlace of [false, true]) {
    for (const isSync of [false, true]) {
      fs.writeFileSync(file, OLD)
      const { calls, code } = await peer.run(updateUnder, file, { shortWrites: true }, made, {
        isSync,
        inPlace,
      })
      assert.equal(code, null)
      assert.ok(calls.filter((name) => name === 'write').length > 5)
      assert.equal(read(file), made)
    }
  }
})

test('an update whose file another program creates meanwhile gives fn its content', async (t) => {
  const file = dataFile(t)
  const peer = await startNode(t, FAULTS)
  const { calls } = await peer.run(updateUnder, file, {}, undefined, { isSync: true })
  assert.equal(fs.existsSync(file), false)
  const seen = await peer.run(
    ({ require }, file, at) => {
      const { writeFileSync } = require('node:fs')
      const { updateFileSync } = require('.')
      globalThis.fsFaults.order({ at, act: () => writeFileSync(file, 'created') })
      let seen = null
      updateFileSync(file, (now) => {
        seen = String(now)
      })
      return seen
    },
    file,
    // The one after the open that found no file.
    calls.indexOf('open') + 2,
  )
  assert.equal(seen, 'created')
})
