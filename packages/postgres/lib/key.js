'use strict'

// The key of an advisory lock: one number of 64 bits, or two of 32 bits. PostgreSQL keeps the two
// kinds apart: no pair is the same lock as a single number.

const { createHash } = require('node:crypto')
const { invalidType, invalidValue, outOfRange } = require('locket/common')

const INT8 = { min: -(2n ** 63n), max: 2n ** 63n - 1n, range: '>= -(2n ** 63n) && < 2n ** 63n' }
const INT4 = { min: -(2n ** 31n), max: 2n ** 31n - 1n, range: '>= -(2 ** 31) && < 2 ** 31' }

/**
 * Returns the key of a name: `id` tells keys apart, `sql` is the list of arguments, `classId`,
 * `objectId` and `subId` are what pg_locks shows, `shown` is for messages.
 */
function parseKey(name) {
  if (typeof name === 'string') return single(hash(name), name)
  if (typeof name === 'bigint' || typeof name === 'number') {
    return single(integer(name, 'name', INT8), String(name))
  }
  if (!Array.isArray(name)) {
    throw invalidType('name', 'of type string, bigint or number, or an array of two integers', name)
  }
  if (name.length !== 2) throw invalidValue('name', 'must have two elements', name)
  return pair(...name.map((part, index) => integer(part, `name[${index}]`, INT4)))
}

/** Returns the first 8 bytes of the SHA-256 of the name in UTF-8, as a signed big-endian number. */
function hash(name) {
  if (name === '') throw invalidValue('name', 'must not be empty', name)
  return createHash('sha256').update(name).digest().readBigInt64BE()
}

function single(key, shown) {
  const bits = BigInt.asUintN(64, key)
  return {
    id: `${key}`,
    sql: `'${key}'::bigint`,
    classId: bits >> 32n,
    objectId: BigInt.asUintN(32, bits),
    subId: 1,
    shown,
  }
}

function pair(first, second) {
  return {
    id: `${first},${second}`,
    sql: `'${first}'::integer, '${second}'::integer`,
    classId: BigInt.asUintN(32, first),
    objectId: BigInt.asUintN(32, second),
    subId: 2,
    shown: `${first}, ${second}`,
  }
}

function integer(value, name, { min, max, range }) {
  if (typeof value !== 'bigint' && typeof value !== 'number') {
    throw invalidType(name, 'of type number or bigint', value)
  }
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    throw outOfRange(name, 'a safe integer', value)
  }
  const key = BigInt(value)
  if (key < min || key > max) throw outOfRange(name, range, value)
  return key
}

module.exports = { parseKey }
