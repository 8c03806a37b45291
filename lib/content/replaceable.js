'use strict'

// What is known of a replacement before it is tried.

const { constants } = require('node:fs')
const process = require('node:process')
const { systemErrorNamed } = require('../common/errors.js')
const { explained } = require('./errors.js')
const { isWindows } = require('./place.js')
const { IS_MOUNT_POINT, TEMPORARY, rehearse } = require('./replace.js')

/**
 * Throws if the file cannot be replaced, as far as that can be known before it is tried: what the
 * caller does to make the new content can often not be done twice.
 */
function* checkReplaceable(io, place, stats) {
  if (stats !== null && stats.nlink > 1) throw hardLinked(place, stats.nlink)
  if (isWindows) return
  const { native } = place.folder
  const [folder] = yield io.together([
    io.stat(native, { bigint: true }),
    io.access(native, constants.W_OK | constants.X_OK),
  ])
  // A file that is mounted from its folder's device is not known for one.
  if (stats !== null && stats.dev !== folder.dev && (yield* isMountPoint(io, place))) {
    throw explained(systemErrorNamed('EBUSY', 'rename', place.shown), IS_MOUNT_POINT)
  }
  const isForeign = stats !== null && !isOwn(stats)
  if (isForeign || place.hasLongName(TEMPORARY)) yield* rehearse(io, place, stats)
}

function hardLinked(place, names) {
  const reason = `the file has ${names} names, hard links, and a replacement would have one; inPlace: true rewrites it`
  return explained(systemErrorNamed('EMLINK', 'rename', place.shown), reason)
}

/** Returns `true` if the file is mounted by itself: one of overlayfs can have its own device, too. */
function* isMountPoint(io, place) {
  return mountPointsOf(yield* mountInfo(io)).includes(place.text)
}

/** Returns an empty text where there is no /proc. */
function* mountInfo(io) {
  try {
    return yield io.readFile('/proc/self/mountinfo', 'latin1')
  } catch {
    return ''
  }
}

function mountPointsOf(text) {
  return text.split('\n').map((line) => unescaped(line.split(' ')[4] ?? ''))
}

/** What separates fields in /proc is written as octal numbers there. */
function unescaped(field) {
  return field.replace(/\\(\d{3})/g, (_, digits) => String.fromCharCode(Number.parseInt(digits, 8)))
}

/** Returns `true` if a file that this process creates has the same owner. */
function isOwn({ uid, gid }) {
  return uid === process.geteuid() && gid === process.getegid()
}

module.exports = { checkReplaceable }
