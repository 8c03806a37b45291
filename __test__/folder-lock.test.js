'use strict'

// Folders at the path of a lock: the locks of old copies of proper-lockfile.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { examineFolderLock } = require('../lib/common')
const { lockPath } = require('../tools/folder')
const { notOnWindows, symlinksOnly } = require('../tools/platform')

function leaveFolder(folder, seconds) {
  const then = Date.now() / 1000 - seconds
  fs.mkdirSync(folder)
  fs.utimesSync(folder, then, then)
}

const left = (file) => fs.readdirSync(path.dirname(file))

/** Replaces what is at the path at the moment when it has been looked at and is to be moved away. */
function replaceWhenExamined(t, replace) {
  const { readdirSync } = fs
  t.mock.method(fs, 'readdirSync', (...args) => {
    const names = readdirSync(...args)
    replace()
    return names
  })
  return () => t.mock.restoreAll()
}

test('a fresh folder is held, a stale one is removed, and a file is none', (t) => {
  const file = lockPath(t)
  assert.equal(examineFolderLock(file), 'absent')
  leaveFolder(file, 9)
  assert.equal(examineFolderLock(file), 'held')
  assert.equal(examineFolderLock(Buffer.from(file), 8), 'removed')
  assert.deepEqual(left(file), [])
  leaveFolder(file, 11)
  assert.equal(examineFolderLock(file), 'removed')
  fs.writeFileSync(file, '')
  assert.equal(examineFolderLock(file), 'absent')
  assert.deepEqual(left(file), [path.basename(file)])
})

test('a folder that an old copy makes in place of a stale one stays', (t) => {
  const file = lockPath(t)
  leaveFolder(file, 60)
  const restore = replaceWhenExamined(t, () => {
    fs.rmdirSync(file)
    fs.mkdirSync(file)
  })
  assert.equal(examineFolderLock(file), 'held')
  restore()
  assert.deepEqual(left(file), [path.basename(file)])
})

const filesStay = notOnWindows('Windows moves a file as it moves a folder')

test('a file that a holder makes in place of a stale folder is never moved', filesStay, (t) => {
  const file = lockPath(t)
  leaveFolder(file, 60)
  let made
  const restore = replaceWhenExamined(t, () => {
    fs.rmdirSync(file)
    fs.writeFileSync(file, '')
    made = fs.statSync(file).ctimeMs
  })
  assert.equal(examineFolderLock(file), 'absent')
  restore()
  // A rename, there and back, would change it.
  assert.equal(fs.statSync(file).ctimeMs, made)
  assert.deepEqual(left(file), [path.basename(file)])
})

test('a stale folder that another waiter removes is absent', (t) => {
  const file = lockPath(t)
  leaveFolder(file, 60)
  const restore = replaceWhenExamined(t, () => fs.rmdirSync(file))
  assert.equal(examineFolderLock(file), 'absent')
  restore()
  assert.deepEqual(left(file), [])
})

test('a link to a stale folder is no lock', symlinksOnly, (t) => {
  const file = lockPath(t)
  leaveFolder(`${file}.folder`, 60)
  fs.symlinkSync(`${file}.folder`, file)
  assert.equal(examineFolderLock(file), 'absent')
  assert.ok(fs.lstatSync(file).isSymbolicLink())
})
