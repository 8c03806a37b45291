'use strict'

const { LockError } = require('locket/common')

/** `holder` as holders.js makes it, or undefined. */
function timedOut(key, seconds, holder) {
  const waited = seconds === 0 ? `lock '${key.shown}' is already held` : ''
  const message = seconds === 0 ? waited : `timed out after ${seconds} s waiting for lock '${key.shown}'`
  return new LockError('ERR_LOCK_TIMEOUT', message + describe(holder), key.shown, holder)
}

function describe(holder) {
  if (holder === undefined) return ''
  if (holder.sameProcess) return ' (held by this process)'
  const details = [`backend ${holder.pid}`]
  if (holder.application) details.push(`application '${holder.application}'`)
  if (holder.address) details.push(`client ${holder.address}`)
  return ` (held by ${details.join(', ')})`
}

function notHeld(key) {
  return new LockError('ERR_LOCK_NOT_HELD', 'cannot release unlocked lock', key.shown)
}

/** What a guard's signal aborts with when the connection is gone. */
function lost(key, cause) {
  const error = new LockError('ERR_LOCK_LOST', `lock '${key.shown}' was lost: ${cause.message}`, key.shown)
  return Object.assign(error, { cause })
}

/** What a guard's signal aborts with when the lock was released, but not by the guard. */
function releasedByOther(key) {
  return new LockError('ERR_LOCK_LOST', `lock '${key.shown}' was released by another caller`, key.shown)
}

function noTransaction(key, cause) {
  const message = `lock '${key.shown}' needs a transaction: run BEGIN on the client first`
  return Object.assign(new Error(message, { cause }), { code: 'ERR_LOCK_NO_TRANSACTION' })
}

module.exports = { lost, noTransaction, notHeld, releasedByOther, timedOut }
