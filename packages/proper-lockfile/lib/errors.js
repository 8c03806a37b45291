'use strict'

// The errors of proper-lockfile: their codes and messages are what programs match.

function failure(code, message, properties, cause) {
  const options = cause === undefined ? undefined : { cause }
  return Object.assign(new Error(message, options), { code }, properties)
}

/** `cause` is locket's own error, which names the holder. */
function locked(file, cause) {
  return failure('ELOCKED', 'Lock file is already being held', { file }, cause)
}

function notAcquired() {
  return failure('ENOTACQUIRED', 'Lock is not acquired/owned by you')
}

function alreadyReleased() {
  return failure('ERELEASED', 'Lock is already released')
}

function noRetriesInSync() {
  return failure('ESYNC', 'Cannot use retries with the sync api')
}

/** Another file or folder is at the path of a lock that is held. */
function replaced() {
  return failure('ECOMPROMISED', 'Unable to update lock within the stale threshold')
}

/** What the file system said of the path of a lock that is held. */
function compromised(error) {
  return Object.assign(error, { code: 'ECOMPROMISED' })
}

module.exports = { alreadyReleased, compromised, locked, noRetriesInSync, notAcquired, replaced }
