'use strict'

const process = require('node:process')
const { run, runSync, time } = require('locket/common')
const { check, lock, unlock } = require('./lib/api.js')
const { parse, parsePath, refuseWaiting } = require('./lib/options.js')

/** Which time of a file tells its age: a program can set it. */
module.exports.filetime = process.platform === 'win32' ? 'mtime' : 'ctime'

const settings = (options) => parse(options, module.exports.filetime)

/**
 * Calls back with what the steps return, outside of any promise: what it throws is the program's. Not in
 * process.nextTick(), which test runners replace together with the timers.
 */
function answer(steps, callback) {
  run(steps).then(
    (value) => time.setImmediate(callback, ...(value === undefined ? [] : [null, value])),
    (error) => time.setImmediate(callback, error),
  )
}

module.exports.unlock = (path, callback = () => {}) => {
  answer(unlock(parsePath(path)), () => callback())
}

module.exports.unlockSync = (path) => {
  try {
    runSync(unlock(parsePath(path)))
  } catch {
    // What is no path is not locked.
  }
}

module.exports.check = (path, options, callback) => {
  if (typeof options === 'function') answer(check(parsePath(path), settings()), options)
  else answer(check(parsePath(path), settings(options)), callback)
}

module.exports.checkSync = (path, options) => {
  refuseWaiting(options, ['wait'])
  return runSync(check(parsePath(path), settings(options)))
}

module.exports.lock = (path, options, callback) => {
  if (typeof options === 'function') answer(lock(parsePath(path), settings()), options)
  else answer(lock(parsePath(path), settings(options)), callback)
}

module.exports.lockSync = (path, options) => {
  refuseWaiting(options, ['wait', 'retryWait'])
  runSync(lock(parsePath(path), { ...settings(options), waitLimit: 0 }))
}
