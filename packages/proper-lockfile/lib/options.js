'use strict'

const fs = require('node:fs')
const { noRetriesInSync } = require('./errors.js')

/** In milliseconds, as all numbers here. */
const STALE = 10_000
const LEAST_STALE = 2000
const LEAST_UPDATE = 1000

/** Delays past this one are as long as this one: no sum of them is ever waited for. */
const MANY_RETRIES = 10_000

/** What `lock` takes. */
function parseLockOptions(options, isSync) {
  const given = parse(options, isSync)
  const { stale, update, onCompromised } = given
  const wanted = update == null ? stale / 2 : update || 0
  return {
    ...given,
    update: Math.max(Math.min(wanted, stale / 2), LEAST_UPDATE),
    onCompromised: onCompromised ?? warn,
    waitLimit: isSync ? 0 : waitLimitOf(given.retries),
  }
}

/** What all functions take. As in proper-lockfile, a given `undefined` is not the default. */
function parse(options, isSync) {
  const given = { stale: STALE, realpath: true, ...options }
  if (isSync) refuseRetries(given.retries)
  return { ...given, fs: given.fs ?? fs, stale: Math.max(given.stale || 0, LEAST_STALE) }
}

function refuseRetries(retries) {
  const count = typeof retries === 'number' ? retries : retries?.retries
  if (typeof count === 'number' && count > 0) throw noRetriesInSync()
}

/**
 * The longest wait that the options of the package `retry` describe: the sum of its delays. Infinity
 * is a wait without an end.
 */
function waitLimitOf(retries) {
  if (!retries) return 0
  if (Array.isArray(retries)) return retries.reduce((sum, delay) => sum + delay, 0)
  const options = typeof retries === 'number' ? { retries } : retries
  const { maxRetryTime = Infinity, forever = false } = options
  return Math.min(forever ? Infinity : sumOfDelays(options), maxRetryTime || Infinity)
}

function sumOfDelays(options) {
  const { retries = 10, factor = 2, minTimeout = 1000, maxTimeout = Infinity, randomize = false } = options
  if (minTimeout > maxTimeout) throw new Error('minTimeout is greater than maxTimeout')
  let sum = 0
  let delay = 0
  for (let attempt = 0; attempt < Math.min(retries, MANY_RETRIES); attempt += 1) {
    const random = randomize ? Math.random() + 1 : 1
    delay = Math.min(Math.round(random * minTimeout * factor ** attempt), maxTimeout)
    sum += delay
  }
  return retries > MANY_RETRIES ? sum + delay * (retries - MANY_RETRIES) : sum
}

/** The default for a lock whose file is gone: nothing is thrown where no caller can catch it. */
function warn(error) {
  process.emitWarning(error.message, { type: 'CompromisedLockWarning', code: error.code })
}

module.exports = { parse, parseLockOptions }
