'use strict'

// The functions of proper-lockfile, each as steps to run (steps.js).

const nodePath = require('node:path')
const { Deadline, call } = require('locket/common')
const { notAcquired } = require('./errors.js')
const folderLock = require('./folder-lock.js')
const { Held, findHeld } = require('./held.js')
const { parse, parseLockOptions } = require('./options.js')
const osLock = require('./os-lock.js')

/** Between two looks at what no event tells, in milliseconds. */
const FIRST_PAUSE = 10
const LONGEST_PAUSE = 100

/** Returns what is held; its `release()` are steps too. */
function* lock(file, options, isSync = false) {
  const { fs, realpath, lockfilePath, stale, update, onCompromised, waitLimit } = parseLockOptions(
    options,
    isSync,
  )
  const resolved = yield* resolve(file, { fs, realpath })
  const path = lockPath(resolved, lockfilePath)
  const request = { file: resolved, path, fs, stale, update, onCompromised }
  return new Held(yield* acquire(request, new Deadline(waitLimit, FIRST_PAUSE, LONGEST_PAUSE)), request)
}

function* acquire(request, deadline) {
  const acquired = osLock.isUsable(request.fs) ? yield* osLock.acquire(request, deadline) : null
  return acquired ?? (yield* folderLock.acquire(request, deadline))
}

function* unlock(file, options, isSync = false) {
  const { fs, realpath, lockfilePath } = parse(options, isSync)
  const resolved = yield* resolve(file, { fs, realpath })
  const held = findHeld(resolved, lockPath(resolved, lockfilePath))
  if (held === undefined) throw notAcquired()
  yield* held.release()
}

/** Returns `true` if the lock is held now, by any process. */
function* check(file, options, isSync = false) {
  const { fs, realpath, lockfilePath, stale } = parse(options, isSync)
  const resolved = yield* resolve(file, { fs, realpath })
  const path = lockPath(resolved, lockfilePath)
  const stat = yield* folderLock.statIfPresent(fs, path)
  if (stat === undefined) return false
  if (stat.isDirectory() || !osLock.isUsable(fs)) return folderLock.isFresh(stat, stale)
  try {
    return osLock.isFileHeld(path)
  } catch {
    // It may not be opened, or not be locked: its time tells what it tells old copies.
    return folderLock.isFresh(stat, stale)
  }
}

/** The path by which the file is known to all. */
function* resolve(file, { fs, realpath }) {
  return realpath ? yield call(fs, 'realpath', file) : nodePath.resolve(file)
}

function lockPath(file, lockfilePath) {
  return lockfilePath ? nodePath.resolve(lockfilePath) : `${file}.lock`
}

module.exports = { check, lock, unlock }
