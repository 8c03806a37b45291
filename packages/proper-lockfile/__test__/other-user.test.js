'use strict'

// Processes of several users lock a file, in a folder that all may write to.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const old = require('proper-lockfile')
const { lockFileWith } = require('../../../tools/folder')
const { rootOnly } = require('../../../tools/platform')
const { startOtherUser } = require('../../../tools/user')

const OURS = path.join(__dirname, '..')

/** A file whose lock a crash of another user's process has left, and a process of this user. */
async function afterCrash(t, mode) {
  const file = lockFileWith(t)
  const longAgo = new Date(Date.now() - 60_000)
  fs.writeFileSync(`${file}.lock`, '')
  fs.utimesSync(`${file}.lock`, longAgo, longAgo)
  fs.chmodSync(path.dirname(file), mode)
  return { file, user: await startOtherUser(t, OURS) }
}

async function hold({ require, kept }, ours, file) {
  kept.release = await require(ours).lock(file)
}

test('what a crash of another user has left is replaced, fresh for old copies', rootOnly, async (t) => {
  const { file, user } = await afterCrash(t, 0o777)
  await user.run(hold, OURS, file)
  await assert.rejects(old.lock(file), { code: 'ELOCKED' })
  await assert.rejects(require(OURS).lock(file), { code: 'ELOCKED' })
  await user.run(({ kept }) => kept.release())
  assert.deepEqual(fs.readdirSync(path.dirname(file)), [path.basename(file)])
})

test('where it may not be removed, it is what is locked', rootOnly, async (t) => {
  const { file, user } = await afterCrash(t, 0o1777)
  await user.run(hold, OURS, file)
  await assert.rejects(old.lock(file), { code: 'ENOTDIR' })
  await assert.rejects(require(OURS).lock(file), { code: 'ELOCKED' })
  const { code } = await user.run(({ kept }) => kept.release().catch(({ code }) => ({ code })))
  assert.equal(code, 'EPERM')
  await (await require(OURS).lock(file))()
  assert.deepEqual(fs.readdirSync(path.dirname(file)), [path.basename(file)])
})
