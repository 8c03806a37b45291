'use strict'

// The protocol of lockfile: the lock is a file that is made exclusively. For file systems without
// locks and platforms without a binary.

const { exists } = require('./errors.js')
const { claim, create, removeQuietly } = require('./path-file.js')

/** Returns the lock once it is held. */
function* acquire({ path, shown, stale, filetime }, deadline) {
  while (!(yield* claim(path, () => create(path), { stale, filetime })))
    yield* deadline.pauseOr(exists(shown))
  const remove = () => removeQuietly(path)
  return { release: remove, remove }
}

module.exports = { acquire }
