'use strict'

/** Exit statuses of locket itself, as flock(1) and sh have them. */
const Status = {
  DONE: 0,
  /** The lock could not be acquired, unless -E says otherwise. With --who: the lock is free. */
  NOT_ACQUIRED: 1,
  /** As in sysexits.h. DATA: of a descriptor. SYSTEM: the operating system fails. */
  USAGE: 64,
  DATA: 65,
  CANNOT_OPEN: 66,
  SYSTEM: 71,
  CANNOT_CREATE: 73,
  /** Output that was asked for cannot be written. */
  OUTPUT: 74,
  /** Of the command, as sh has them. */
  NOT_EXECUTABLE: 126,
  NOT_FOUND: 127,
  /** Plus the number of the signal that ended the command. */
  SIGNAL: 128,
}

const OUT_OF_RESOURCES = ['EMFILE', 'ENFILE', 'ENOMEM', 'ENOLCK']

/** Returns the exit status for an error of an acquire. */
function statusOf(error, isDescriptor = false) {
  if (error.code === 'EROFS' || error.code === 'ENOSPC') return Status.CANNOT_CREATE
  if (OUT_OF_RESOURCES.includes(error.code)) return Status.SYSTEM
  if (isDescriptor) return Status.DATA
  return ['open', 'stat', 'uv_cwd'].includes(error.syscall) ? Status.CANNOT_OPEN : Status.SYSTEM
}

module.exports = { Status, statusOf }
