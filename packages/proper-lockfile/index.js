'use strict'

const { check, lock, unlock } = require('./lib/api.js')
const { run, runSync } = require('locket/common')

// Not async: the function that a lock resolves to is made here.
function lockAsync(file, options) {
  return run(lock(file, options)).then((held) => () => run(held.release()))
}

function lockSync(file, options) {
  const held = runSync(lock(file, options, true))
  return () => runSync(held.release())
}

const unlockAsync = (file, options) => run(unlock(file, options))
const unlockSync = (file, options) => runSync(unlock(file, options, true))
const checkAsync = (file, options) => run(check(file, options))
const checkSync = (file, options) => runSync(check(file, options, true))

module.exports = lockAsync
module.exports.lock = lockAsync
module.exports.unlock = unlockAsync
module.exports.lockSync = lockSync
module.exports.unlockSync = unlockSync
module.exports.check = checkAsync
module.exports.checkSync = checkSync
