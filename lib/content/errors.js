'use strict'

// Errors of the system: for what is no regular file, and with what the system does not say.

const { systemErrorNamed } = require('../common/errors.js')

/** Throws the system's error for what is not a regular file. */
function checkRegular(stats, shown) {
  if (stats.isFile()) return
  throw stats.isDirectory()
    ? systemErrorNamed('EISDIR', 'read', shown)
    : systemErrorNamed('EINVAL', 'open', shown)
}

/** Adds the path to an error of a call that knew the descriptor alone. */
function withPath(error, shown) {
  if (error.syscall !== undefined && error.path === undefined) {
    error.message += ` '${shown}'`
    error.path = shown
  }
  return error
}

/** Adds what the system does not say, and what to do. */
function explained(error, reason) {
  error.message += ` (${reason})`
  return error
}

module.exports = { checkRegular, explained, withPath }
