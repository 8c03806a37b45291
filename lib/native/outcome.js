'use strict'

// An outcome is one number; src/node/outcome.rs says how it is made.

const { deadlock, systemError } = require('../common/errors.js')
const { DETAIL_BITS, KIND_BITS, Kind, syscallNames } = require('./binding.js')

const KIND = 2 ** KIND_BITS - 1
const DETAIL = 2 ** DETAIL_BITS - 1
const SYSCALLS = syscallNames()

function kindOf(outcome) {
  return outcome & KIND
}

/** Whether it is this process that holds the lock, of the kind `Waiting`. */
function isOwn(outcome) {
  return ((outcome >>> KIND_BITS) & DETAIL) === 1
}

/** The error of an acquire that was refused, or undefined if its time is over. */
function errorOf(outcome, path) {
  if (kindOf(outcome) === Kind.Deadlock) return deadlock(path)
  if (kindOf(outcome) !== Kind.Failed) return undefined
  return failedCall(-(outcome >>> (KIND_BITS + DETAIL_BITS)), (outcome >>> KIND_BITS) & DETAIL, path)
}

/** The error of a system call, by libuv's number and the call's index. */
function failedCall(errno, syscall, path) {
  return systemError(errno, SYSCALLS[syscall], path)
}

module.exports = { Kind, errorOf, failedCall, isOwn, kindOf }
