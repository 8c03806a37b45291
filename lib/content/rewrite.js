'use strict'

// A file that is rewritten where it is, as Go's lockedfile does it.

const { constants } = require('node:fs')
const { withPath } = require('./errors.js')
const { isLink } = require('./read.js')
const { writeAt } = require('./write.js')

const { O_CREAT, O_EXCL, O_NOFOLLOW = 0, O_NONBLOCK = 0, O_RDWR } = constants

/**
 * Returns the descriptor of the file, open to be read and rewritten; it is created if it is missing.
 * Returns undefined if a link has come into its place.
 */
function* openToRewrite(io, place, mode) {
  for (;;) {
    try {
      return yield io.open(place.native, O_RDWR | O_NOFOLLOW | O_NONBLOCK)
    } catch (error) {
      if (isLink(error)) return undefined
      if (error.code !== 'ENOENT') throw error
    }
    try {
      return yield io.open(place.native, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode)
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
  }
}

/**
 * Puts the bytes in the place of `old`, the whole content of the open file, as Go's
 * lockedfile.Transform does: what extends it is written first, so that a full disk is known before
 * anything is overwritten.
 */
function* rewrite(io, fd, old, bytes, { fsync }, shown) {
  try {
    yield* extend(io, fd, old, bytes)
    try {
      yield* writeAt(io, fd, bytes.subarray(0, old.length), 0)
      // After the write: until then there is room for what was there before.
      if (bytes.length < old.length) yield io.ftruncate(fd, bytes.length)
    } catch (error) {
      yield* putBack(io, fd, old)
      throw error
    }
    if (fsync) yield io.fsync(fd)
  } catch (error) {
    throw withPath(error, shown)
  }
}

function* extend(io, fd, old, bytes) {
  try {
    yield* writeAt(io, fd, bytes.subarray(old.length), old.length)
  } catch (error) {
    yield* attempt(io.ftruncate, fd, old.length)
    throw error
  }
}

function* putBack(io, fd, old) {
  try {
    yield* writeAt(io, fd, old, 0)
  } catch {
    return
  }
  yield* attempt(io.ftruncate, fd, old.length)
}

/** Does what is only worth a try. */
function* attempt(call, ...args) {
  try {
    yield call(...args)
  } catch {}
}

module.exports = { openToRewrite, rewrite }
