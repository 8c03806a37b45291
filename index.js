'use strict'

// Modules are required by their whole names here and in lib/: Node finds them sooner.

const { LockError } = require('./lib/common/errors.js')
const { LockGuard } = require('./lib/file/guard.js')
const { FileLock, lockFile } = require('./lib/file/lock.js')

// What a part of the programs uses is evaluated with its first use: that would be a quarter of what
// `require` takes. In the published package it is a part of this file, and so loaded with it.

async function acquireAll(locks, options) {
  return require('./lib/file/all.js').acquireAll(locks, options)
}

async function updateFile(path, fn, options) {
  return require('./lib/content/update.js').updateFile(path, fn, options)
}

function updateFileSync(path, fn, options) {
  return require('./lib/content/update.js').updateFileSync(path, fn, options)
}

async function updateJson(path, fn, options) {
  return require('./lib/content/json.js').updateJson(path, fn, options)
}

function updateJsonSync(path, fn, options) {
  return require('./lib/content/json.js').updateJsonSync(path, fn, options)
}

// Each by its own name: `import { lockFile }` finds them so.
module.exports = {
  lockFile,
  acquireAll,
  updateFile,
  updateFileSync,
  updateJson,
  updateJsonSync,
  FileLock,
  LockGuard,
  LockError,
}
module.exports.lockFile = lockFile
module.exports.acquireAll = acquireAll
module.exports.updateFile = updateFile
module.exports.updateFileSync = updateFileSync
module.exports.updateJson = updateJson
module.exports.updateJsonSync = updateJsonSync
module.exports.FileLock = FileLock
module.exports.LockGuard = LockGuard
module.exports.LockError = LockError
