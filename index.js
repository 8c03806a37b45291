'use strict'

// Modules are required by their whole names here and in lib/: Node finds them sooner.

const { LockError } = require('./lib/common/errors.js')
const { updateJson, updateJsonSync } = require('./lib/content/json.js')
const { updateFile, updateFileSync } = require('./lib/content/update.js')
const { acquireAll } = require('./lib/file/all.js')
const { LockGuard } = require('./lib/file/guard.js')
const { FileLock, lockFile } = require('./lib/file/lock.js')

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
