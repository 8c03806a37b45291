'use strict'

const { statSync } = require('node:fs')
const { lockFile } = require('../..')
const { parsePath } = require('../arguments.js')
const { openLock } = require('../environment.js')

/**
 * Who holds the lock of the path: `{ pid, command }`, either absent where it cannot be known, or
 * null when nobody does. Nothing is created.
 */
function findHolder(path) {
  const holder = openLock(parsePath(path).native).holder()
  if (holder !== null) return holder
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return null
  // The system names nobody: either the lock is free, or its holder cannot be seen from here (on
  // another system, in another container, on another machine). Only an attempt can tell.
  const guard = lockFile(path).tryAcquire()
  guard?.release()
  return guard === null ? {} : null
}

module.exports = { findHolder }
