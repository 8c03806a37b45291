'use strict'

const { platform } = require('node:process')
const { invalidType, invalidValue, notAvailable, outOfRange } = require('./argument-errors.js')
const { parseAbout } = require('./record.js')

/** The modes of a lock. */
const EXCLUSIVE = 'exclusive'
const SHARED = 'shared'

/** Returns seconds: 0 is one attempt, Infinity no limit. */
function parseTimeout(value, name, fallback) {
  if (value === undefined) return fallback
  if (value === null) return Infinity
  if (typeof value !== 'number') throw invalidType(name, 'of type number', value)
  if (!(value >= 0)) throw outOfRange(name, '>= 0', value)
  return value
}

function parseLockOptions(options) {
  if (options === undefined) return Infinity
  const { timeout } = readOptions(options, ['timeout'])
  return parseTimeout(timeout, 'options.timeout', Infinity)
}

/** With what the holder says of itself; undefined if that is nothing. */
function parseFileLockOptions(options) {
  if (options === undefined) return { timeout: Infinity, about: undefined, isFolder: false }
  const { timeout, label, info, directory } = readOptions(options, ['timeout', 'label', 'info', 'directory'])
  return {
    timeout: parseTimeout(timeout, 'options.timeout', Infinity),
    about: parseAbout(label, info),
    isFolder: parseDirectory(directory),
  }
}

function parseDirectory(value) {
  if (value === undefined) return false
  if (typeof value !== 'boolean') throw invalidType('options.directory', 'of type boolean', value)
  if (value && platform === 'win32') throw notAvailable('options.directory')
  return value
}

/** `fallback` is the timeout of the lock. */
function parseAcquireOptions(options, fallback) {
  if (options === null || typeof options !== 'object') {
    const parsed = parseTimeout(options, 'timeout', fallback)
    return { timeout: parsed, signal: undefined, onWait: undefined, mode: EXCLUSIVE }
  }
  const { timeout, signal, onWait, mode } = readOptions(options, ['timeout', 'signal', 'onWait', 'mode'])
  if (signal !== undefined && !isSignal(signal)) {
    throw invalidType('options.signal', 'an instance of AbortSignal', signal)
  }
  if (onWait !== undefined && typeof onWait !== 'function') {
    throw invalidType('options.onWait', 'of type function', onWait)
  }
  const parsed = parseTimeout(timeout, 'options.timeout', fallback)
  return { timeout: parsed, signal, onWait, mode: parseMode(mode) }
}

/** Returns the mode of an attempt. */
function parseTryOptions(options) {
  return options === undefined ? EXCLUSIVE : parseMode(readOptions(options, ['mode']).mode)
}

function parseMode(value) {
  if (value === undefined) return EXCLUSIVE
  if (value !== EXCLUSIVE && value !== SHARED) {
    throw invalidValue('options.mode', "must be one of: 'exclusive', 'shared'", value)
  }
  return value
}

/** Returns the options of an acquire, seconds or an object, with another mode. */
function withMode(options, mode) {
  if (options === null || typeof options !== 'object') return { timeout: options, mode }
  const { timeout, signal, onWait } = readOptions(options, ['timeout', 'signal', 'onWait'])
  return { timeout, signal, onWait, mode }
}

/**
 * Returns the options of these names, each read once. An object that is of a class and has none of
 * them is something else: an AbortSignal, an array, a Date.
 */
function readOptions(options, names) {
  if (options === null || typeof options !== 'object') throw invalidType('options', 'of type object', options)
  let plain
  const values = {}
  try {
    for (const name of names) values[name] = options[name]
    plain = isPlain(options) || names.some((name) => name in options)
  } catch (error) {
    throw invalidValue('options', 'must be an object that can be read', options, error)
  }
  if (!plain) throw invalidType('options', 'of type object', options)
  return values
}

/** Returns `true` for an object literal of any realm. */
function isPlain(value) {
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function isSignal(value) {
  if (value === null || typeof value !== 'object') return false
  try {
    return 'aborted' in value && typeof value.addEventListener === 'function'
  } catch {
    return false // a proxy with a trap that throws
  }
}

module.exports = {
  EXCLUSIVE,
  SHARED,
  parseAcquireOptions,
  parseFileLockOptions,
  parseLockOptions,
  parseTryOptions,
  readOptions,
  withMode,
}
