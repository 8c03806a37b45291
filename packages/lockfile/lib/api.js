'use strict'

// The functions of lockfile, each as steps to run. A path is made absolute once, so that a lock is
// found again after a change of the working folder.

const fs = require('node:fs')
const nodePath = require('node:path')
const { Deadline, call, removeAtExit, runSync, time } = require('locket/common')
const fileLock = require('./file-lock.js')
const osLock = require('./os-lock.js')

/** By the absolute path, what this thread holds, and how it is taken off what is removed at exit. */
const held = new Map()

function* lock(path, options) {
  if (path === '') yield call(fs, 'open', path, 'wx')
  const absolute = nodePath.resolve(path)
  const deadline = new Deadline(options.waitLimit, options.pollPeriod)
  const request = { ...options, path: absolute, shown: path }
  const acquired = (yield* osLock.acquire(request, deadline)) ?? (yield* fileLock.acquire(request, deadline))
  const forget = removeAtExit(() => runSync(acquired.remove()))
  held.set(absolute, { acquired, forget })
}

/** Never fails: what is not locked is not there to be unlocked. */
function* unlock(path) {
  const absolute = nodePath.resolve(path)
  const ours = held.get(absolute)
  held.delete(absolute)
  try {
    if (ours === undefined) osLock.removeUnlessHeld(absolute)
    else yield* ours.acquired.release()
  } catch {
    // As in lockfile.
  }
  ours?.forget()
}

/** Returns `true` if the lock is held now, by any process. */
function* check(path, { stale, filetime }) {
  const absolute = nodePath.resolve(path)
  let descriptor
  try {
    descriptor = yield call(fs, 'open', path, 'r')
  } catch (error) {
    if (error.code === 'ENOENT') return false
    throw error
  }
  try {
    const stat = yield call(fs, 'fstat', descriptor)
    return osLock.isLockOf(absolute, yield call(fs, 'fstat', descriptor, { bigint: true }))
      ? osLock.isHeld(absolute)
      : stale === 0 || time.wallClock() - stat[filetime].getTime() <= stale
  } finally {
    yield call(fs, 'close', descriptor)
  }
}

module.exports = { check, lock, unlock }
