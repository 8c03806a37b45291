'use strict'

const {
  invalidType,
  invalidValue,
  outOfRange,
  parseAcquireOptions,
  parseLockOptions,
} = require('locket/common')

/** Seconds after which a connection that gives no answer counts as lost. */
const KEEP_ALIVE = 30
/** TCP counts in seconds: below, the probes of a connection have no room. */
const SHORTEST = 4

const MODES = ['exclusive', 'shared']

function parseOptions(options) {
  const timeout = parseLockOptions(options)
  const keepAlive = options?.keepAlive ?? KEEP_ALIVE
  if (typeof keepAlive !== 'number') throw invalidType('options.keepAlive', 'of type number', keepAlive)
  if (!(keepAlive >= SHORTEST && keepAlive <= 86_400)) {
    throw outOfRange('options.keepAlive', `>= ${SHORTEST} && <= 86400`, keepAlive)
  }
  return { timeout, keepAlive }
}

/** `fallback` is the timeout of the lock. */
function parseAcquire(options, fallback) {
  return { ...parseAcquireOptions(options, fallback), mode: parseMode(options) }
}

function parseMode(options) {
  const mode = typeof options === 'object' && options !== null ? options.mode : undefined
  if (mode === undefined) return 'exclusive'
  if (!MODES.includes(mode)) throw invalidValue('options.mode', "must be one of: 'exclusive', 'shared'", mode)
  return mode
}

module.exports = { parseAcquire, parseMode, parseOptions }
