'use strict'

// proper-lockfile's lock is a folder whose modification time its holder renews. A program with an
// old copy of it may use the path of one of our locks.

const { Buffer } = require('node:buffer')
const fs = require('node:fs')
const { hrtime, pid, platform } = require('node:process')
const { wallClock } = require('./time.js')

/** How old the modification time of a held folder may be, in seconds: proper-lockfile's default. */
const STALE = 10

const isWindows = platform === 'win32'

/**
 * Examines what is at `path`, a string or Buffer. Returns `'held'` if it is a folder that was
 * modified less than `stale` seconds ago, `'removed'` if it was an older one, which this call has
 * removed, and `'absent'` if there is no folder.
 *
 * Throws errors of the system: `ENOTEMPTY` if the folder holds files and is no lock; it stays.
 */
function examineFolderLock(path, stale = STALE) {
  try {
    // A link to a folder is not made by proper-lockfile, and could not be removed as a folder.
    if (!fs.lstatSync(path).isDirectory()) return 'absent'
    if (isFresh(path, stale)) return 'held'
    return takeAway(path, stale)
  } catch (error) {
    // Its holder, or another waiter, came first.
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return 'absent'
    throw error
  }
}

/** A clock that runs ahead makes it fresh, as it does for proper-lockfile. */
function isFresh(path, stale) {
  return fs.statSync(path).mtimeMs >= wallClock() - stale * 1000
}

/**
 * Another waiter may have removed it since. Then an old copy can have made its own, which must stay:
 * what is to be removed is moved away first, looked at again, and put back if it is another one. Or the
 * file of a lock of ours is there, which must not be moved at all.
 */
function takeAway(path, stale) {
  // A lock is empty. What is not stays where it is, and this says so.
  if (fs.readdirSync(path).length > 0) fs.rmdirSync(path)
  // Of this call alone: with a fixed name, another waiter could remove what this one has moved there.
  const moved = beside(path, `.${pid}.${hrtime.bigint()}.stale`)
  if (!moveFolder(path, moved)) return 'absent'
  let isPutBack = true
  try {
    if (isFresh(moved, stale)) return 'held'
    fs.rmdirSync(moved)
    isPutBack = false
    return 'removed'
  } finally {
    if (isPutBack) fs.renameSync(moved, path)
  }
}

/**
 * Returns `false` if there is no folder at the path any more. Where an empty folder is, a folder can be
 * moved and a file cannot; but Windows moves nothing there.
 */
function moveFolder(path, moved) {
  if (!isWindows) fs.mkdirSync(moved)
  try {
    fs.renameSync(path, moved)
    return true
  } catch (error) {
    if (!isWindows) fs.rmdirSync(moved)
    if (error.code === 'EISDIR') return false
    throw error
  }
}

function beside(path, suffix) {
  return typeof path === 'string' ? path + suffix : Buffer.concat([path, Buffer.from(suffix)])
}

module.exports = { examineFolderLock }
