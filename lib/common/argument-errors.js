'use strict'

// Errors of arguments, with Node's own codes and wording: users match both.

const { inspect } = require('node:util')

/** Node shortens what it quotes to this many characters. */
const LONGEST_VALUE = 128
const LONGEST_PRIMITIVE = 28

function invalidType(name, expected, actual) {
  return wrongType(name, `must be ${expected}`, actual)
}

function notSupported(name, by, actual) {
  return wrongType(name, `is not supported by ${by}`, actual)
}

function wrongType(name, why, actual) {
  const message = `The "${name}" ${kindOf(name)} ${why}. Received ${quoted(() => received(actual))}`
  return Object.assign(new TypeError(message), { code: 'ERR_INVALID_ARG_TYPE' })
}

function invalidValue(name, why, actual, cause) {
  const shown = quoted(() => shorten(inspect(actual), LONGEST_VALUE))
  const options = cause === undefined ? undefined : { cause }
  const error = new TypeError(`The ${kindOf(name)} '${name}' ${why}. Received ${shown}`, options)
  return Object.assign(error, { code: 'ERR_INVALID_ARG_VALUE' })
}

function outOfRange(name, range, actual) {
  const message = `The value of "${name}" is out of range. It must be ${range}. Received ${inspect(actual)}`
  return Object.assign(new RangeError(message), { code: 'ERR_OUT_OF_RANGE' })
}

function invalidReturn(expected, name, actual) {
  const message = `Expected ${expected} to be returned from the "${name}" function but got ${quoted(() => received(actual))}.`
  return Object.assign(new TypeError(message), { code: 'ERR_INVALID_RETURN_VALUE' })
}

function illegalConstructor(name, instead) {
  const error = new TypeError(`Illegal constructor. Use ${instead} to create a ${name}`)
  return Object.assign(error, { code: 'ERR_ILLEGAL_CONSTRUCTOR' })
}

function notAvailable(feature) {
  const message = `The feature ${feature} is unavailable on the current platform, which is being used to run Node.js`
  return Object.assign(new TypeError(message), { code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM' })
}

function kindOf(name) {
  return name.includes('.') ? 'property' : 'argument'
}

/** A value can throw when it is inspected. The error about it must be made all the same. */
function quoted(describe) {
  try {
    return describe()
  } catch {
    return '[value could not be inspected]'
  }
}

function received(value) {
  if (value === null || value === undefined) return String(value)
  if (typeof value === 'function') return `function ${value.name}`
  if (typeof value === 'object') {
    const name = value.constructor?.name
    return name ? `an instance of ${name}` : inspect(value, { depth: -1 })
  }
  return `type ${typeof value} (${shorten(inspect(value), LONGEST_PRIMITIVE, 25)})`
}

function shorten(text, longest, kept = longest) {
  return text.length > longest ? `${text.slice(0, kept)}...` : text
}

module.exports = {
  illegalConstructor,
  invalidReturn,
  invalidType,
  invalidValue,
  notAvailable,
  notSupported,
  outOfRange,
}
