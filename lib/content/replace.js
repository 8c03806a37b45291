'use strict'

// A file that is replaced: a new one is written beside it, and renamed over it.

const { constants } = require('node:fs')
const { systemError } = require('../common/errors.js')
const { now } = require('../common/time.js')
const { copyAcl } = require('../native/binding.js')
const { explained, withPath } = require('./errors.js')
const { isWindows } = require('./place.js')
const { writeAt } = require('./write.js')

const { O_CREAT, O_EXCL, O_NOFOLLOW = 0, O_WRONLY } = constants

/** Fixed, so that crashes leave one file at most: the next writer removes it. */
const TEMPORARY = '.locket.tmp'

/** Attempts to create the temporary file, each after what stood in its place was removed. */
const MAX_RACES = 8

/** How long Windows may refuse a rename because others have the file open, and how often to ask, in ms. */
const RENAME_LIMIT_MS = 5000
const RENAME_PAUSE_MS = 5

/** What Windows says while a reader, an indexer or a virus scanner has the file open. */
const IN_USE = new Set(['EPERM', 'EACCES', 'EBUSY'])

/** What file systems say that cannot fsync a folder, and systems that do not let it be opened. */
const NO_FOLDER_SYNC = new Set(['EINVAL', 'ENOTSUP', 'ENOSYS', 'EISDIR', 'EACCES', 'EPERM', 'EBADF'])

const IS_MOUNT_POINT = 'the file is a mount point and cannot be replaced; inPlace: true rewrites it'

/**
 * Replaces the file by one with these bytes. `old` is what fstat said of the present file, whose
 * mode and owner stay, or null; then the new one gets `mode`. `check` throws if it is not to be
 * done after all.
 */
function* replace(io, place, bytes, old, { mode, fsync }, check) {
  const temporary = place.beside(TEMPORARY)
  // Never open to more than the file will be, at any moment.
  const fd = yield* create(io, temporary, old === null ? mode : old.mode & 0o600)
  try {
    try {
      yield* fill(io, fd, bytes, old, place)
      if (fsync) yield io.fsync(fd)
    } finally {
      yield io.close(fd)
    }
    check()
    yield* rename(io, temporary, place)
  } catch (error) {
    yield* remove(io, temporary)
    throw withPath(error, temporary.shown)
  }
  if (fsync) yield* syncFolder(io, place.folder)
}

/** Returns the descriptor of a new file; a link, or a crashed writer's file, in its place is removed. */
function* create(io, temporary, mode) {
  for (let races = 1; ; races += 1) {
    try {
      return yield io.open(temporary.native, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode)
    } catch (error) {
      if (error.code !== 'EEXIST' || races === MAX_RACES) throw error
    }
    yield* remove(io, temporary, true)
  }
}

function* remove(io, temporary, isNeeded = false) {
  try {
    yield io.unlink(temporary.native)
  } catch (error) {
    if (isNeeded && error.code !== 'ENOENT') throw error
  }
}

function* fill(io, fd, bytes, old, place) {
  if (old !== null) yield* keepOwner(io, fd, old, place)
  yield* writeAt(io, fd, bytes, 0)
  if (old !== null) keepAcl(fd, place)
  // Last: a write and a change of owner take away set-user-ID.
  if (old !== null) yield io.fchmod(fd, old.mode & 0o7777)
}

/** On Linux, where the mode of a file with a list has another meaning. */
function keepAcl(fd, place) {
  const errno = copyAcl?.(place.native, fd) ?? 0
  if (errno === 0) return
  const error = systemError(errno, 'fsetxattr', place.shown)
  throw explained(error, 'the access control list of the file cannot be kept; inPlace: true keeps it')
}

function* keepOwner(io, fd, old, place) {
  const { uid, gid } = yield io.fstat(fd)
  if (uid === old.uid && gid === old.gid) return
  try {
    yield io.fchown(fd, old.uid, old.gid)
  } catch (error) {
    const reason = `the owner of the file (user ${old.uid}, group ${old.gid}) cannot be kept; inPlace: true keeps it`
    throw explained(withPath(error, place.shown), reason)
  }
}

/** Creates the temporary file with the owner of the old one, as `replace` will. */
function* rehearse(io, place, old) {
  const temporary = place.beside(TEMPORARY)
  const fd = yield* create(io, temporary, 0)
  try {
    if (old !== null) yield* keepOwner(io, fd, old, place)
  } finally {
    yield io.close(fd)
    yield* remove(io, temporary)
  }
}

function* rename(io, temporary, place) {
  const end = now() + RENAME_LIMIT_MS
  for (;;) {
    try {
      return yield io.rename(temporary.native, place.native)
    } catch (error) {
      if (isWindows && IN_USE.has(error.code) && now() < end) {
        yield io.sleep(RENAME_PAUSE_MS)
      } else if (error.code === 'EBUSY') {
        throw explained(error, IS_MOUNT_POINT)
      } else {
        throw error
      }
    }
  }
}

/** Makes the rename last. */
function* syncFolder(io, folder) {
  if (isWindows) return
  let fd
  try {
    fd = yield io.open(folder.native, constants.O_RDONLY | constants.O_DIRECTORY)
    yield io.fsync(fd)
  } catch (error) {
    if (!NO_FOLDER_SYNC.has(error.code)) throw withPath(error, folder.shown)
  } finally {
    if (fd !== undefined) yield io.close(fd)
  }
}

module.exports = { IS_MOUNT_POINT, TEMPORARY, rehearse, replace }
