'use strict'

const path = require('node:path')
const { fileURLToPath } = require('node:url')
const { isUint8Array } = require('node:util/types')
const { invalidType, invalidValue, outOfRange } = require('./errors.js')

/**
 * The path as it is now, whatever the working directory becomes: `shown` is normalised for
 * people, `native` is what the operating system opens. They differ where `..` follows a symbolic
 * link, which only the operating system can tell.
 */
function parsePath(value) {
  const given = isUrl(value) ? fromUrl(value) : value
  if (typeof given === 'string') {
    rejectUnusable(given, value)
    return { shown: path.resolve(given), native: absolute(given, process.cwd()) }
  }
  // Of any realm: test runners give every file its own.
  if (!isUint8Array(given)) {
    throw invalidType('path', 'of type string or an instance of Buffer or URL', value)
  }
  const bytes = Buffer.from(given)
  rejectUnusable(bytes.toString('latin1'), value)
  const text = bytes.toString()
  const shown = path.resolve(text)
  if (process.platform === 'win32') return { shown, native: absolute(text, process.cwd()) }
  // One character a byte, so that names which are not UTF-8 come through.
  const cwd = Buffer.from(process.cwd()).toString('latin1')
  return { shown, native: Buffer.from(absolute(bytes.toString('latin1'), cwd), 'latin1') }
}

function isUrl(value) {
  try {
    return value instanceof URL
  } catch {
    return false // a proxy that does not tell
  }
}

function fromUrl(url) {
  try {
    return fileURLToPath(url)
  } catch (error) {
    // Escapes that mean no text are a bare URIError.
    if (typeof error?.code === 'string') throw error
    throw invalidValue('path', 'must be a file: URL that can be decoded', url, error)
  }
}

function rejectUnusable(text, value) {
  if (text === '') throw invalidValue('path', 'must not be empty', value)
  if (text.includes('\0')) throw invalidValue('path', 'must be without null bytes', value)
}

function absolute(text, cwd) {
  const climbs = process.platform !== 'win32' && text.split('/').includes('..')
  if (!climbs) return path.resolve(cwd, text)
  return path.isAbsolute(text) ? text : `${cwd}/${text}`
}

/** Seconds: 0 is one attempt, Infinity for ever. */
function parseTimeout(value, name, fallback) {
  if (value === undefined) return fallback
  if (value === null) return Infinity
  if (typeof value !== 'number') throw invalidType(name, 'of type number', value)
  if (!(value >= 0)) throw outOfRange(name, 'a number of seconds >= 0', value)
  return value
}

function parseLockOptions(options) {
  if (options === undefined) return Infinity
  if (options === null || typeof options !== 'object') throw invalidType('options', 'of type object', options)
  const { timeout } = read(options)
  return parseTimeout(timeout, 'options.timeout', Infinity)
}

/** `fallback` is the timeout of the lock. */
function parseAcquireOptions(options, fallback) {
  if (options === null || typeof options !== 'object') {
    return { timeout: parseTimeout(options, 'timeout', fallback), signal: undefined, onWait: undefined }
  }
  const { timeout, signal, onWait } = read(options)
  if (signal !== undefined && !isSignal(signal)) {
    throw invalidType('options.signal', 'an instance of AbortSignal', signal)
  }
  if (onWait !== undefined && typeof onWait !== 'function') {
    throw invalidType('options.onWait', 'of type function', onWait)
  }
  return { timeout: parseTimeout(timeout, 'options.timeout', fallback), signal, onWait }
}

/** The options there are, each looked at once. */
function read(options) {
  try {
    const { timeout, signal, onWait } = options
    return { timeout, signal, onWait }
  } catch (error) {
    throw invalidValue('options', 'must be an object that can be read', options, error)
  }
}

function isSignal(value) {
  if (value === null || typeof value !== 'object') return false
  try {
    return 'aborted' in value && typeof value.addEventListener === 'function'
  } catch {
    return false // a proxy that does not tell
  }
}

module.exports = { parseAcquireOptions, parseLockOptions, parsePath }
