'use strict'

// The options of an update.

const { invalidType, notSupported, outOfRange } = require('../common/argument-errors.js')
const { parseAcquireOptions, readOptions } = require('../common/options.js')
const { parsePath } = require('../common/path.js')
const { Place } = require('./place.js')

/** By name: what the option is when it is absent, and what it must be. */
const OPTIONS = {
  lock: [undefined, 'a path', () => true],
  mode: [0o666, 'of type number', (value) => typeof value === 'number'],
  mkdir: [false, 'of type boolean', isBoolean],
  fsync: [true, 'of type boolean', isBoolean],
  inPlace: [false, 'of type boolean', isBoolean],
  space: [2, 'of type number or string', (value) => typeof value === 'number' || typeof value === 'string'],
  repair: [undefined, 'of type function', (value) => typeof value === 'function'],
}

function isBoolean(value) {
  return typeof value === 'boolean'
}

/** Returns the options of an update, each read once. */
function parseUpdateOptions(options = {}, isSync) {
  const given = readOptions(options, ['timeout', 'signal', 'onWait', ...Object.keys(OPTIONS)])
  const { timeout, signal, onWait } = given
  const parsed = parseAcquireOptions({ timeout, signal, onWait }, Infinity)
  if (isSync && signal !== undefined) throw notSupported('options.signal', 'a synchronous update', signal)
  for (const [name, [absent, expected, isRight]] of Object.entries(OPTIONS)) {
    const value = given[name]
    if (value !== undefined && !isRight(value)) throw invalidType(`options.${name}`, expected, value)
    parsed[name] = value === undefined ? absent : value
  }
  const { lock, mode } = parsed
  if (!Number.isInteger(mode) || mode < 0 || mode > 0o777) {
    throw outOfRange('options.mode', 'an integer >= 0 && <= 0o777', mode)
  }
  if (lock !== undefined) parsed.lock = Place.of(parsePath(lock)).native
  return parsed
}

module.exports = { parseUpdateOptions }
