'use strict'

// Files of JSON that several processes change, and where a text stops being JSON.

const { Buffer, isUtf8 } = require('node:buffer')
const { invalidReturn } = require('../common/argument-errors.js')
const { asynchronous, runAsync, runSync, synchronous } = require('./steps.js')
const { call, update } = require('./update.js')

const BYTE_ORDER_MARK = '\uFEFF'

const SPACE = /[ \t\n\r]*/y
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const NAME = /true|false|null/y
const ESCAPE = /\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y

/** What may come next, in an array or an object or around them. */
const VALUE = 'value'
const FIRST_ITEM = 'item or end'
const FIRST_KEY = 'key or end'
const KEY = 'key'
const AFTER = 'comma or end'

async function updateJson(path, fn, options) {
  return runAsync(updateValue(asynchronous, path, fn, options))
}

function updateJsonSync(path, fn, options) {
  return runSync(updateValue(synchronous, path, fn, options))
}

/** Returns the value that the file has in the end, or undefined if there is none. */
function* updateValue(io, path, fn, options) {
  let value
  yield* update(io, path, fn, options, function* (now, { context, options, shown }) {
    const parsed = now === null ? undefined : yield* parsedOf(io, context, now, shown, options.repair)
    const made = yield* call(io, context, fn, parsed?.value, context)
    if (made !== undefined) {
      value = made
      return bytesOf(made, options.space)
    }
    // What fn has done to the value is not in the file.
    if (parsed !== undefined) value = parsed.isRepaired ? parsed.value : parse(now, now.toString(), shown)
    return undefined
  })
  return value
}

/** Returns `{ value, isRepaired }`. */
function* parsedOf(io, context, bytes, shown, repair) {
  const text = bytes.toString()
  try {
    return { value: parse(bytes, text, shown), isRepaired: false }
  } catch (error) {
    if (repair === undefined) throw error
    return { value: yield* call(io, context, repair, text, error), isRepaired: true }
  }
}

function parse(bytes, text, shown) {
  // What is not UTF-8 would not come back as it was.
  if (!isUtf8(bytes)) throw unparsable(shown, text, notUtf8(bytes, text))
  const start = text.startsWith(BYTE_ORDER_MARK) ? 1 : 0
  try {
    return JSON.parse(text.slice(start))
  } catch {
    // JSON.parse names a position seldom, and quotes the text, which may hold secrets.
    throw unparsable(shown, text, faultOf(text, start))
  }
}

/** The first character that stands for bytes which are none. */
function notUtf8(bytes, text) {
  const again = Buffer.from(text)
  const byte = bytes.findIndex((value, at) => value !== again[at])
  return { position: bytes.subarray(0, byte).toString().length, what: 'a byte sequence that is not UTF-8' }
}

function unparsable(path, text, { position, what }) {
  const before = text.slice(0, position).split('\n')
  const [line, column] = [before.length, before.at(-1).length + 1]
  const message = `cannot parse '${path}' as JSON: ${what} at line ${line}, column ${column} (position ${position})`
  return Object.assign(new SyntaxError(message), { code: 'ERR_INVALID_JSON', path, position, line, column })
}

function bytesOf(value, space) {
  const text = JSON.stringify(value, null, space)
  if (text === undefined) throw invalidReturn('a value that JSON can express', 'fn', value)
  return Buffer.from(`${text}\n`)
}

/** Reads over tokens; `at` is where the next begins. */
class Reader {
  constructor(text, start) {
    this.text = text
    this.at = start
  }

  get next() {
    return this.text[this.at]
  }

  /** Returns `true` if it has read over what the sticky expression matches. */
  skip(expression) {
    expression.lastIndex = this.at
    if (!expression.test(this.text)) return false
    this.at = expression.lastIndex
    return true
  }

  /** Reads as far into a string as it is one. Returns `true` if that is to its end. */
  skipString() {
    if (this.next !== '"') return false
    this.at += 1
    while (this.next >= ' ' && this.next !== '"') {
      if (this.next !== '\\') this.at += 1
      else if (!this.skip(ESCAPE)) return false
    }
    if (this.next !== '"') return false
    this.at += 1
    return true
  }
}

/** Returns `{ position, what }` of the first fault of a text from `start`; it must have one. */
function faultOf(text, start) {
  const reader = new Reader(text, start)
  readOver(reader)
  const what = reader.at >= text.length ? 'unexpected end' : 'unexpected character'
  return { position: reader.at, what }
}

/** Reads as far as the text is JSON. */
function readOver(reader) {
  const ends = []
  let expected = VALUE
  for (;;) {
    reader.skip(SPACE)
    const { next } = reader
    if (next === undefined) return
    if (expected === AFTER) {
      if (ends.length === 0) return
      if (next === ',') expected = ends.at(-1) === '}' ? KEY : VALUE
      else if (next === ends.at(-1)) ends.pop()
      else return
      reader.at += 1
    } else if ((expected === FIRST_ITEM || expected === FIRST_KEY) && next === ends.at(-1)) {
      ends.pop()
      reader.at += 1
      expected = AFTER
    } else if (expected === KEY || expected === FIRST_KEY) {
      if (!reader.skipString()) return
      reader.skip(SPACE)
      if (reader.next !== ':') return
      reader.at += 1
      expected = VALUE
    } else if (next === '{' || next === '[') {
      ends.push(next === '{' ? '}' : ']')
      reader.at += 1
      expected = next === '{' ? FIRST_KEY : FIRST_ITEM
    } else if (reader.skipString() || isScalar(reader, next)) {
      expected = AFTER
    } else {
      return
    }
  }
}

function isScalar(reader, first) {
  return first !== '"' && (reader.skip(NUMBER) || reader.skip(NAME))
}

module.exports = { faultOf, updateJson, updateJsonSync }
