'use strict'

// The content of a file.

const {
  Buffer,
  constants: { MAX_LENGTH },
} = require('node:buffer')
const { constants } = require('node:fs')
const { systemErrorNamed } = require('../common/errors.js')
const { checkRegular, withPath } = require('./errors.js')

const { O_NOFOLLOW = 0, O_NONBLOCK = 0, O_RDONLY } = constants

/** What may be read or written with one call, in bytes: Node's own limit is 2 GiB less one. */
const LARGEST_CALL = 2 ** 30

/** What systems say of a link in the place of the file: it has come since the path was resolved. */
const IS_LINK = new Set(['ELOOP', 'EMLINK'])

/**
 * Returns the file's `{ content, stats }`; both are null if there is none. Returns undefined if a link
 * has come into its place.
 */
function* read(io, place) {
  let fd
  try {
    // A FIFO in its place must not hang.
    fd = yield io.open(place.native, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  } catch (error) {
    if (error.code === 'ENOENT') return { content: null, stats: null }
    if (IS_LINK.has(error.code)) return undefined
    throw error
  }
  try {
    return yield* readOpen(io, fd, place.shown)
  } finally {
    yield io.close(fd)
  }
}

function* readOpen(io, fd, shown) {
  try {
    const stats = yield io.fstat(fd, { bigint: true })
    checkRegular(stats, shown)
    return { content: yield* readAll(io, fd, Number(stats.size), shown), stats: statsOf(stats) }
  } catch (error) {
    throw withPath(error, shown)
  }
}

/** Returns what is needed of them later. Device and inode are too large for numbers. */
function statsOf({ dev, ino, mode, nlink, uid, gid }) {
  return { dev, ino, mode: Number(mode), nlink: Number(nlink), uid: Number(uid), gid: Number(gid) }
}

/** Reads a byte more than there should be: what comes short of it is the end. */
function* readAll(io, fd, size, shown) {
  if (size >= MAX_LENGTH) throw systemErrorNamed('EFBIG', 'read', shown)
  let bytes = Buffer.allocUnsafeSlow(size + 1)
  let length = 0
  for (;;) {
    const got = yield io.read(fd, bytes, length, Math.min(bytes.length - length, LARGEST_CALL), length)
    length += got
    if (got === 0 || (length >= size && length < bytes.length)) return bytes.subarray(0, length)
    if (length === bytes.length) bytes = Buffer.concat([bytes], 2 * length)
  }
}

/** Returns `true` if a file could not be opened because a link has come into its place. */
function isLink({ code }) {
  return IS_LINK.has(code)
}

module.exports = { LARGEST_CALL, isLink, read, readOpen }
