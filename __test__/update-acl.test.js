'use strict'

// The access control list of an updated file: the new one allows no more than the old.

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { updateFile, updateFileSync } = require('..')
const { makeFolder, removeFolder, temporaryFolder } = require('../tools/folder')

/** Entries as [tag, rights, user]: the tags of the kernel. */
const OWNER = 0x01
const USER = 0x02
const GROUP = 0x04
const MASK = 0x10
const OTHER = 0x20

const COMMON = `
import os, struct, sys
name = 'system.posix_acl_' + sys.argv[1]
path = sys.argv[2]
`

/** Sets the list of a file (`access`), or of what is created in a folder (`default`). */
function setList(kind, path, entries) {
  const code = `${COMMON}
entries = [entry.split(',') for entry in sys.argv[3:]]
os.setxattr(path, name, struct.pack('<I', 2) + b''.join(struct.pack('<HHI', int(t), int(p), int(i)) for t, p, i in entries))`
  const args = entries.map(([tag, rights, user = 0xffff_ffff]) => `${tag},${rights},${user}`)
  return spawnSync('python3', ['-c', code, kind, path, ...args]).status === 0
}

/** Returns the list of a file, or null if it has none. */
function listOf(path) {
  const code = `${COMMON}
for tag, rights, user in struct.iter_unpack('<HHI', os.getxattr(path, name)[4:]):
  print(tag, rights, user)`
  const { status, stdout } = spawnSync('python3', ['-c', code, 'access', path], { encoding: 'utf8' })
  if (status !== 0) return null
  return stdout.trimEnd().split('\n')
}

/** User 65534 may read and write, and the group nothing. */
const LIST = [
  [OWNER, 6],
  [USER, 6, 65534],
  [GROUP, 0],
  [MASK, 6],
  [OTHER, 0],
]

function whyNoLists() {
  if (process.platform !== 'linux') return 'looks at lists as Linux has them'
  const folder = makeFolder()
  try {
    return setList('default', folder, LIST) ? false : 'no python3, or a file system without lists'
  } finally {
    removeFolder(folder)
  }
}

const listsOnly = { skip: whyNoLists() }

const WAYS = [updateFile, async (...args) => updateFileSync(...args)]

test(
  'an update keeps the access control list of a file, and its group gets nothing',
  listsOnly,
  async (t) => {
    const file = path.join(temporaryFolder(t), 'secrets')
    fs.writeFileSync(file, 'old')
    setList('access', file, LIST)
    const before = { list: listOf(file), mode: fs.statSync(file).mode.toString(8) }
    assert.deepEqual(before.list[2], `${GROUP} 0 ${0xffff_ffff}`)
    for (const update of WAYS) {
      await update(file, (now) => `${now}er`)
      assert.deepEqual({ list: listOf(file), mode: fs.statSync(file).mode.toString(8) }, before)
    }
    assert.equal(fs.readFileSync(file, 'utf8'), 'olderer')
  },
)

test('a file without a list gets none of its folder, but a new one does', listsOnly, async (t) => {
  const folder = temporaryFolder(t)
  const file = path.join(folder, 'secrets')
  fs.writeFileSync(file, 'old', { mode: 0o640 })
  setList('default', folder, LIST)
  for (const update of WAYS) {
    await update(file, (now) => `${now}er`)
    assert.equal(listOf(file), null)
    assert.equal((fs.statSync(file).mode & 0o777).toString(8), '640')
  }
  fs.unlinkSync(file)
  await updateFile(file, () => 'new', { mode: 0o600 })
  // The mask: what all but the owner have at most.
  assert.equal(listOf(file)[3], `${MASK} 0 ${0xffff_ffff}`)
})
