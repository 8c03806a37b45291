'use strict'

// The file at the path of a lock, which excludes old copies of lockfile: they make it exclusively, and
// remove it to release. One that is stale is theirs to take; so that only one does, they make a file
// beside it first.

const fs = require('node:fs')
const { call, removeFile, time } = require('locket/common')

/** How often a file that is gone when it is looked at is followed by another attempt at once. */
const MAX_RACES = 3

/** Steps that make the file; returns whether there was none. */
function* create(path) {
  try {
    const descriptor = yield call(fs, 'open', path, 'wx')
    yield call(fs, 'close', descriptor)
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
    return false
  }
}

/**
 * Steps that make the file by the steps of `make()`; a file that is stale is replaced. Returns whether
 * it is made. `stale` is in milliseconds, 0 means never.
 */
function* claim(path, make, options) {
  for (let races = 0; races <= MAX_RACES; races += 1) {
    if (yield* make()) return true
    const age = yield* ageOf(path, options)
    if (age !== undefined) return isStale(age, options) && (yield* takeOver(path, make, options))
  }
  return false
}

function* takeOver(path, make, options) {
  const mark = `${path}.STALE`
  if (!(yield* create(mark))) {
    const age = yield* ageOf(mark, options)
    if (age !== undefined && isStale(age, options)) yield* removeQuietly(mark)
    return false
  }
  try {
    const age = yield* ageOf(path, options)
    if (age !== undefined && !isStale(age, options)) return false
    yield* removeQuietly(path)
    return yield* make()
  } finally {
    yield* removeQuietly(mark)
  }
}

/** In milliseconds; undefined if there is no file. */
function* ageOf(path, { filetime }) {
  try {
    return time.wallClock() - (yield call(fs, 'stat', path))[filetime].getTime()
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
  }
}

function isStale(age, { stale }) {
  return stale > 0 && age > stale
}

function* removeQuietly(path) {
  try {
    yield* removeFile(path)
  } catch {
    // What is absent need not go, and a folder is no lock of ours.
  }
}

module.exports = { claim, create, isStale, removeQuietly }
