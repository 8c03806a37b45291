'use strict'

const { Buffer } = require('node:buffer')
const { fileURLToPath } = require('node:url')
const { isUint8Array } = require('node:util/types')
const { invalidType, invalidValue } = require('./argument-errors.js')

/** Returns the path as text or bytes, as the native part takes it. */
function parsePath(value) {
  const path = isUrl(value) ? fromUrl(value) : value
  if (typeof path === 'string') return usable(path, '\0', value)
  // Of any realm: test runners give every file its own.
  if (isUint8Array(path)) return usable(Buffer.from(path), 0, value)
  throw invalidType('path', 'of type string or an instance of Buffer or URL', value)
}

function usable(path, nul, value) {
  if (path.length === 0) throw invalidValue('path', 'must not be empty', value)
  if (path.includes(nul)) {
    throw invalidValue('path', 'must be a string, Uint8Array, or URL without null bytes', value)
  }
  return path
}

/**
 * Returns `true` for what `node:fs` takes as a URL. Not by its class: the global URL can be of
 * another realm, or replaced by a test environment. What url.parse() returns has `auth` and `path`.
 */
function isUrl(value) {
  if (value === null || typeof value !== 'object') return false
  try {
    return Boolean(value.href && value.protocol) && value.auth === undefined && value.path === undefined
  } catch {
    return false // a proxy with a trap that throws
  }
}

function fromUrl(url) {
  try {
    // As text: fileURLToPath() of older Node takes no objects of another class.
    return fileURLToPath(url.href)
  } catch (error) {
    // An escape that cannot be decoded is a URIError without a code.
    if (typeof error?.code === 'string') throw error
    throw invalidValue('path', 'must be a file: URL that can be decoded', url, error)
  }
}

module.exports = { parsePath }
