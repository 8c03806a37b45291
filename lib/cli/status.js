'use strict'

/** What the command line ends with when it is not the command's own status; as flock(1) and sh have it. */
const Status = {
  DONE: 0,
  /** The lock was not to be had, unless -E says otherwise; with --who: nobody holds it. */
  NOT_ACQUIRED: 1,
  /** sysexits.h: a wrong call; the file cannot be opened; the file cannot be created; the system fails. */
  USAGE: 64,
  CANNOT_OPEN: 66,
  SYSTEM: 71,
  CANNOT_CREATE: 73,
  /** The command is there but cannot be run; it is not there. */
  NOT_EXECUTABLE: 126,
  NOT_FOUND: 127,
  /** To this the number of the signal is added that ended the command. */
  SIGNAL: 128,
}

/** For an error that an acquire ended with. */
function statusOf(error) {
  if (error.code === 'EROFS' || error.code === 'ENOSPC') return Status.CANNOT_CREATE
  if (['EMFILE', 'ENFILE', 'ENOMEM'].includes(error.code)) return Status.SYSTEM
  return ['open', 'stat'].includes(error.syscall) ? Status.CANNOT_OPEN : Status.SYSTEM
}

module.exports = { Status, statusOf }
