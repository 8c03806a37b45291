'use strict'

// The protocol of proper-lockfile: the lock is a folder, and its holder renews the modification time.
// For file systems without locks, those of the caller's own, and platforms without a binary. Of a
// file system it calls mkdir, stat, utimes and rmdir.

const { compromised, locked, replaced } = require('./errors.js')
const { call, time } = require('locket/common')

/** How often what another process has just removed is followed by another attempt at once. */
const MAX_RACES = 1

/** How far the time that a file system keeps can be from the one it was given, in milliseconds. */
const PRECISION = 2000

/** Returns the lock once it is held. */
function* acquire(request, deadline) {
  for (;;) {
    try {
      return yield* attempt(request)
    } catch (error) {
      yield* deadline.pauseOr(error)
    }
  }
}

function* attempt({ file, path, stale, fs }) {
  for (let races = 0; ; races += 1) {
    try {
      yield call(fs, 'mkdir', path)
      break
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    if (races > MAX_RACES) throw locked(file)
    const stat = yield* statIfPresent(fs, path)
    if (stat !== undefined) {
      if (isFresh(stat, stale)) throw locked(file)
      yield* removeIfPresent(fs, path)
    }
  }
  try {
    return new FolderLock(path, fs, stale, yield call(fs, 'stat', path))
  } catch (error) {
    yield* removeIfPresent(fs, path)
    throw error
  }
}

class FolderLock {
  #path
  #fs
  #stale
  /** The modification time that we gave the folder. */
  #time
  #renewed = time.wallClock()

  constructor(path, fs, stale, stat) {
    this.#path = path
    this.#fs = fs
    this.#stale = stale
    this.#time = stat.mtime.getTime()
  }

  /** Returns why the lock is compromised, or undefined: renews the time where it is still ours. */
  *refresh() {
    try {
      if (!this.#isOurs(yield call(this.#fs, 'stat', this.#path))) return replaced()
      const now = new Date(time.wallClock())
      yield call(this.#fs, 'utimes', this.#path, now, now)
      const stat = yield call(this.#fs, 'stat', this.#path)
      if (Math.abs(stat.mtime.getTime() - now.getTime()) > PRECISION) return replaced()
      this.#time = stat.mtime.getTime()
      this.#renewed = now.getTime()
    } catch (error) {
      const isTooLate = this.#renewed + this.#stale < time.wallClock()
      if (error.code === 'ENOENT' || isTooLate) return compromised(error)
    }
  }

  *release() {
    yield* this.remove()
  }

  *remove() {
    yield* removeIfPresent(this.#fs, this.#path)
  }

  /** What is at the path is another's. */
  abandon() {}

  #isOurs(stat) {
    return stat.mtime.getTime() === this.#time
  }
}

function isFresh(stat, stale) {
  return stat.mtime.getTime() >= time.wallClock() - stale
}

/** What is at the path, or undefined. */
function* statIfPresent(fs, path) {
  try {
    return yield call(fs, 'stat', path)
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
  }
}

function* removeIfPresent(fs, path) {
  try {
    yield call(fs, 'rmdir', path)
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
  }
}

module.exports = { acquire, isFresh, statIfPresent }
