'use strict'

// A lock of the operating system on the file at the path. The file is there while the lock is held,
// so that old copies of proper-lockfile are excluded, and it is removed before the lock is let go.

const fs = require('node:fs')
const { debuglog } = require('node:util')
const {
  acquireWithin,
  call,
  examineFolderLock,
  isHeld,
  lacksLocks,
  removeFile,
  time,
  touchFile,
} = require('locket/common')
const { compromised, locked, replaced } = require('./errors.js')

const debug = debuglog('proper-lockfile')

/** Older than this, in milliseconds, the file that is locked is touched. */
const FRESH = 1000

/** How often a folder that is gone when it is looked at is followed by another attempt at once. */
const MAX_RACES = 3

const locket = load()

/** The package, or null where there is no binary for the platform. */
function load() {
  try {
    return require('locket')
  } catch (error) {
    if (error.code !== 'ERR_LOCK_NO_BINARY') throw error
    debug('without locks of the system: %s', error.message)
    return null
  }
}

/** Returns `true` if the locks of the operating system can be used: not in a file system of the caller's. */
function isUsable(custom) {
  // graceful-fs and the like have this function of Node's own.
  const isNodes = custom.mkdir === fs.mkdir
  if (!isNodes) debug('without locks of the system: the option fs is another file system')
  return locket !== null && isNodes
}

/** Returns the lock once it is held, or null where the file system has no locks. */
function* acquire({ file, path, stale }, deadline) {
  const lock = locket.lockFile(path)
  let races = 0
  for (;;) {
    try {
      const held = yield* begin(yield* acquireWithin(lock, deadline.left), path)
      if (held !== null) return held
      continue
    } catch (error) {
      if (lacksLocks(error)) {
        debug('without locks of the system: %s', error.message)
        yield* removeQuietly(path)
        return null
      }
      if (error.code === 'ERR_LOCK_TIMEOUT') throw locked(file, error)
      if (error.code !== 'EISDIR') {
        yield* deadline.pauseOr(error)
        continue
      }
    }
    // The lock of an old copy.
    const isOld = examineFolderLock(path, stale / 1000) === 'held'
    races += 1
    if (isOld || races > MAX_RACES) yield* deadline.pauseOr(locked(file))
  }
}

/** What is held, by its guard; null if the file has made way for another one. */
function* begin(guard, path) {
  try {
    const stat = yield call(fs, 'stat', path, { bigint: true })
    if (yield* isKept(path, stat)) return new OsLock(guard, path, stat)
  } catch (error) {
    guard.release()
    throw error
  }
  guard.release()
  return null
}

/**
 * Old copies must find the file fresh from now on. What a crash of another user's process has left is
 * not ours to touch, and is removed; where that may not be either, old copies wait for an old file too.
 */
function* isKept(path, { mtimeMs }) {
  const now = time.wallClock()
  if (now - Number(mtimeMs) <= FRESH) return true
  try {
    yield call(fs, 'utimes', path, now / 1000, now / 1000)
    return true
  } catch (error) {
    if (error.code !== 'EPERM') throw error
  }
  try {
    yield* removeFile(path)
    return false
  } catch (error) {
    debug('cannot touch the file of a lock: %s', error.message)
    return true
  }
}

class OsLock {
  #guard
  #path
  #identity

  constructor(guard, path, identity) {
    this.#guard = guard
    this.#path = path
    this.#identity = identity
  }

  /** Returns why the lock is compromised, or undefined: touches the file, so that old copies wait. */
  *refresh() {
    try {
      if (!(yield* touchFile(this.#path, (stat) => this.#isOurs(stat)))) return replaced()
    } catch (error) {
      if (error.code === 'ENOENT') return compromised(error)
      debug('cannot touch the file of a lock: %s', error.message)
    }
  }

  *release() {
    try {
      yield* this.remove()
    } finally {
      this.#guard.release()
    }
  }

  /** Removes the file alone: at exit the system frees the lock, and none who waits here makes another. */
  *remove() {
    try {
      if (this.#isOurs(yield call(fs, 'stat', this.#path, { bigint: true }))) yield* removeFile(this.#path)
    } catch (error) {
      if (error.code !== 'ENOENT') throw error
    }
  }

  /** Lets go of a lock that is compromised: what is at the path is another's. */
  abandon() {
    this.#guard.release()
  }

  #isOurs({ dev, ino }) {
    return dev === this.#identity.dev && ino === this.#identity.ino
  }
}

function* removeQuietly(path) {
  try {
    yield* removeFile(path)
  } catch {
    // A folder is the lock of another process, and what is absent need not go.
  }
}

/** Returns `true` if the lock of the file at the path is held now. */
function isFileHeld(path) {
  return isHeld(locket.lockFile(path))
}

module.exports = { acquire, isFileHeld, isUsable }
