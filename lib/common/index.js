'use strict'

// What packages that build on locket have in common with it: `locket/common`. Loads no addon.

const { forget, isAborted, listen, reasonOf } = require('./abort.js')
const {
  illegalConstructor,
  invalidType,
  invalidValue,
  notSupported,
  outOfRange,
} = require('./argument-errors.js')
const { Deadline } = require('./deadline.js')
const { LockError } = require('./errors.js')
const { examineFolderLock } = require('./folder-lock.js')
const { acquireWithin, isHeld, lacksLocks, removeAtExit, removeFile, touchFile } = require('./held-file.js')
const { parseAcquireOptions, parseLockOptions } = require('./options.js')
const { parsePath } = require('./path.js')
const { call, run, runSync } = require('./steps.js')
const time = require('./time.js')

module.exports = {
  Deadline,
  LockError,
  acquireWithin,
  call,
  examineFolderLock,
  forget,
  illegalConstructor,
  invalidType,
  invalidValue,
  isAborted,
  isHeld,
  lacksLocks,
  listen,
  notSupported,
  outOfRange,
  parseAcquireOptions,
  parseLockOptions,
  parsePath,
  reasonOf,
  removeAtExit,
  removeFile,
  run,
  runSync,
  time,
  touchFile,
}
module.exports.LockError = LockError
