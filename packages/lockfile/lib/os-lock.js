'use strict'

// A lock of the operating system on a file beside the path, of which the file at the path is a hard
// link. So a file at the path that a crash has left is told from the lock of an old copy, which is
// another file: whether it is an old copy's, the operating system cannot say.

const fs = require('node:fs')
const { debuglog } = require('node:util')
const {
  acquireWithin,
  call,
  isHeld: isLockHeld,
  lacksLocks,
  run,
  runSync,
  time,
  touchFile,
} = require('locket/common')
const { aboutPath, exists } = require('./errors.js')
const { claim, create, removeQuietly } = require('./path-file.js')

const debug = debuglog('lockfile')

/** So often, in milliseconds, the file is touched, or twice in the time that `stale` gives. */
const HEARTBEAT = 1000

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

/** The file that is locked. */
function lockedFile(path) {
  return `${path}.os.lock`
}

/** Returns the lock once it is held, or null where the locks of the system cannot be used. */
function* acquire(request, deadline) {
  if (locket === null) return null
  const file = lockedFile(request.path)
  const lock = locket.lockFile(file)
  for (;;) {
    let guard
    try {
      guard = yield* acquireWithin(lock, deadline.left)
    } catch (error) {
      if (error.code === 'ERR_LOCK_TIMEOUT') throw exists(request.shown, error)
      if (!lacksLocks(error)) throw error.syscall === undefined ? error : aboutPath(error, request.shown)
      debug('without locks of the system: %s', error.message)
      yield* removeQuietly(file)
      return null
    }
    const held = yield* begin(guard, file, request)
    if (held !== null) return held
    yield* deadline.pauseOr(exists(request.shown))
  }
}

/** What is held, by its guard; null if an old copy has the path. */
function* begin(guard, file, { path, stale, filetime }) {
  try {
    if (yield* make(file, path, { stale, filetime })) return new OsLock(guard, file, path, stale)
    yield* removeQuietly(file)
  } catch (error) {
    guard.release()
    throw error
  }
  guard.release()
  return null
}

/** Returns whether the file at the path is ours now, and fresh. */
function* make(file, path, options) {
  const isLeft = identityOf(path) === identityOf(file)
  if (!isLeft) return yield* claim(path, () => link(file, path), options)
  // A link that a crash has left: the next holder uses it.
  try {
    return yield* touchFile(path, () => true)
  } catch (error) {
    if (error.code !== 'EPERM') throw error
  }
  // Of another user, whose file we cannot keep fresh.
  yield* removeQuietly(path)
  return yield* claim(path, () => create(path), options)
}

/** Steps that make the file at the path; returns whether there was none. */
function* link(file, path) {
  try {
    yield call(fs, 'link', file, path)
    return true
  } catch (error) {
    // Some file systems have no links, and the kernel makes none of another user's file.
    return error.code !== 'EEXIST' && (yield* create(path))
  }
}

class OsLock {
  #guard
  #file
  #path
  #identity
  #timer
  #touched = Promise.resolve()

  constructor(guard, file, path, stale) {
    this.#guard = guard
    this.#file = file
    this.#path = path
    this.#identity = identityOf(path)
    this.#schedule(stale > 0 ? Math.min(stale / 2, HEARTBEAT) : HEARTBEAT)
  }

  *release() {
    time.clearTimeout(this.#timer)
    try {
      // What is under way must not come after the release.
      yield { async: () => this.#touched, sync: () => {} }
      yield* this.remove()
    } finally {
      this.#guard.release()
    }
  }

  /** Removes the files alone: at exit the system frees the lock, and none who waits here makes others. */
  *remove() {
    // This one first: the lock is free when there is none at the path.
    if (identityOf(this.#path) === this.#identity) yield* removeQuietly(this.#path)
    yield* removeQuietly(this.#file)
  }

  /** Old copies must find the file fresh. */
  #schedule(pause) {
    this.#timer = time.setTimeout(async () => {
      this.#touched = run(touchFile(this.#path, (stat) => identity(stat) === this.#identity)).catch((error) =>
        debug('cannot touch the file of a lock: %s', error.message),
      )
      await this.#touched
      if (!this.#guard.released) this.#schedule(pause)
    }, pause)
    this.#timer.unref?.()
  }
}

function identity({ dev, ino }) {
  return `${dev} ${ino}`
}

/** The identity of the file at the path; undefined if there is none. */
function identityOf(path) {
  const stat = fs.statSync(path, { bigint: true, throwIfNoEntry: false })
  return stat && identity(stat)
}

/** Returns `true` if the status is that of a link that this package has made at the path. */
function isLockOf(path, stat) {
  return identityOf(lockedFile(path)) === identity(stat)
}

/** Returns `true` if a process holds the lock of the path. Calls `whileFree` when none does. */
function isHeld(path, whileFree = () => {}) {
  if (locket !== null) return isLockHeld(locket.lockFile(lockedFile(path)), whileFree)
  whileFree()
  return false
}

/** Removes what is at the path, unless a process holds the lock. */
function removeUnlessHeld(path) {
  isHeld(path, () => {
    runSync(removeQuietly(path))
    runSync(removeQuietly(lockedFile(path)))
  })
}

module.exports = { acquire, isHeld, isLockOf, removeUnlessHeld }
