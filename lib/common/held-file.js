'use strict'

// The file of a lock that is there only while the lock is held: programs that know the file but not
// the lock, such as old copies of proper-lockfile and lockfile, are excluded by it.

const fs = require('node:fs')
const process = require('node:process')
const { call, runSync } = require('./steps.js')
const { wallClock } = require('./time.js')

/**
 * `isHeld` in another process holds the lock for an instant. An attempt without time waits so long,
 * in milliseconds, for that to end.
 */
const PROBE_TIME = 20

/** Steps that acquire the lock within `time`, in milliseconds; a free lock without any. */
function* acquireWithin(lock, time) {
  if (time >= PROBE_TIME) return yield acquire(lock, time)
  try {
    return yield acquire(lock, time)
  } catch (error) {
    // What holds the lock in this process is no probe.
    if (error.code !== 'ERR_LOCK_TIMEOUT' || lock.locked) throw error
  }
  return yield acquire(lock, PROBE_TIME)
}

function acquire(lock, time) {
  return { async: () => lock.acquire(time / 1000), sync: () => lock.acquireSync(time / 1000) }
}

/**
 * Returns `true` if the lock of the file is held, by any process; `false` if there is no file. Does not
 * leave the thread while it tries the lock. Calls `whileFree` when the lock is not held, before another
 * process can acquire it.
 */
function isHeld(lock, whileFree = () => {}) {
  if (lock.locked) return true
  const before = versionOf(lock.path)
  if (before === undefined) {
    whileFree()
    return false
  }
  const guard = lock.tryAcquire()
  if (guard === null) return true
  try {
    // It was removed in between, and the attempt has made another one.
    if (versionOf(lock.path) !== before) runSync(removeFile(lock.path))
    whileFree()
  } finally {
    guard.release()
  }
  return false
}

/** What tells a file from the next one, which can have its number; undefined if there is none. */
function versionOf(path) {
  const stat = fs.statSync(path, { bigint: true, throwIfNoEntry: false })
  return stat && `${stat.dev} ${stat.ino} ${stat.ctimeNs}`
}

let removals = 0

/**
 * Steps that remove the file of a lock while it is held. A waiter that is granted the lock of the
 * removed file looks at the path, and goes on with what is there. Windows keeps the name of a removed
 * file until it is closed: there it is moved away first.
 */
function* removeFile(path) {
  if (process.platform !== 'win32') {
    yield call(fs, 'unlink', path)
    return
  }
  removals += 1
  const moved = `${path}.${process.pid}.${removals}`
  yield call(fs, 'rename', path, moved)
  yield call(fs, 'unlink', moved)
}

/** Windows sets the times of a file that is open for writing; elsewhere its owner may. */
const FOR_TIMES = process.platform === 'win32' ? 'r+' : 'r'

/**
 * Steps that set the times of the file at the path to now. `isOurs` is asked about its status, with
 * numbers as BigInt; returns what it answers, and touches nothing if that is false.
 */
function* touchFile(path, isOurs) {
  const descriptor = yield call(fs, 'open', path, FOR_TIMES)
  try {
    // By the descriptor: the lock may be released by now, and another's file be at the path.
    const isTouched = isOurs(yield call(fs, 'fstat', descriptor, { bigint: true }))
    const seconds = wallClock() / 1000
    if (isTouched) yield call(fs, 'futimes', descriptor, seconds, seconds)
    return isTouched
  } finally {
    yield call(fs, 'close', descriptor)
  }
}

/** What file systems without locks say. */
const NO_LOCKS = new Set(['ENOLCK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])

/** Returns `true` if an acquire failed because the file system has no locks. */
function lacksLocks({ code, syscall }) {
  return NO_LOCKS.has(code) && syscall !== 'open'
}

/** Functions to call at the end of this thread's environment. */
const atExit = new Set()

function callAll() {
  for (const call of atExit) {
    try {
      call()
    } catch {
      // The process ends, and there is no caller to tell.
    }
  }
}

/** Calls `remove` at exit. Returns the function that undoes this. */
function removeAtExit(remove) {
  if (atExit.size === 0) process.on('exit', callAll)
  atExit.add(remove)
  return () => {
    atExit.delete(remove)
    if (atExit.size === 0) process.off('exit', callAll)
  }
}

module.exports = { acquireWithin, isHeld, lacksLocks, removeAtExit, removeFile, touchFile }
