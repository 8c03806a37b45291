'use strict'

// What a holder says of itself, as text beside the lock file.

const { Buffer } = require('node:buffer')
const { pid } = require('node:process')
const { invalidType, invalidValue, outOfRange } = require('./argument-errors.js')

const { Date: Time } = globalThis

/** In bytes: ext4 keeps all attributes of a file in one block. */
const MAX_LENGTH = 4000

/** Room for the part that is not known yet: process, start and time. */
const RESERVED = 300

/** Returns the options `label` and `info` as a record has them, or undefined if there are none. */
function parseAbout(label, info) {
  if (label === undefined && info === undefined) return undefined
  if (label !== undefined && typeof label !== 'string')
    throw invalidType('options.label', 'of type string', label)
  const text = textOf({ label, info })
  const length = Buffer.byteLength(text)
  if (length > MAX_LENGTH - RESERVED) {
    throw outOfRange('options.info', `at most ${MAX_LENGTH - RESERVED} bytes of JSON with the label`, length)
  }
  // A copy: what the caller changes later is not what was said.
  return JSON.parse(text)
}

function textOf({ label, info }) {
  try {
    return JSON.stringify({ label, info })
  } catch (error) {
    throw invalidValue('options.info', 'must be a value that JSON can express', info, error)
  }
}

/** Here, because most programs write no record. It is no file. */
function hostName() {
  return require('node:os').hostname()
}

/** Returns the text of a record. `start` is when this process started, as the system tells. */
function recordOf(about, start) {
  return JSON.stringify({ v: 1, pid, start, host: hostName(), since: Time.now(), ...about })
}

/**
 * Returns what the record says if the process that wrote it holds the lock: `isHolder(pid, start)`
 * tells. Returns undefined otherwise, and for what is no record.
 */
function believed(text, isHolder) {
  const record = parse(text)
  if (record?.v !== 1 || record.host !== hostName() || !isHolder(record.pid, record.start)) return undefined
  const { host, label, info } = record
  const about = { pid: record.pid, since: new Time(record.since), host }
  if (label !== undefined) about.label = label
  if (info !== undefined) about.info = info
  return about
}

function parse(text) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

module.exports = { believed, parseAbout, recordOf }
