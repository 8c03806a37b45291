'use strict'

// Processes of several users lock a path, in a folder that all may write to.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const old = require('lockfile')
const { temporaryFolder } = require('../../../tools/folder')
const { startNode } = require('../../../tools/peer')
const { rootOnly } = require('../../../tools/platform')
const { startOtherUser } = require('../../../tools/user')

const OURS = path.join(__dirname, '..')

const lockSync = ({ require }, ours, file) => require(ours).lockSync(file)

test('what a crash of another user has left is replaced', rootOnly, async (t) => {
  const folder = temporaryFolder(t)
  const file = path.join(folder, 'some.lock')
  fs.chmodSync(folder, 0o777)
  const crashing = await startNode(t)
  await crashing.run(lockSync, OURS, file)
  await crashing.kill()

  const user = await startOtherUser(t, OURS)
  await user.run(lockSync, OURS, file)
  // Whoever holds it must be able to keep it fresh.
  assert.equal(fs.statSync(file).uid, await user.run(() => process.getuid()))
  assert.throws(() => old.lockSync(file), { code: 'EEXIST' })
  assert.throws(() => require(OURS).lockSync(file), { code: 'EEXIST' })
  await user.run(({ require }, ours, file) => require(ours).unlockSync(file), OURS, file)
  assert.deepEqual(fs.readdirSync(folder), [])
})
