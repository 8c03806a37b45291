'use strict'

// A file that several processes change: its lock acquired, read, changed, replaced.

const { Buffer } = require('node:buffer')
const { isUint8Array } = require('node:util/types')
const abort = require('../common/abort.js')
const { invalidReturn, invalidType } = require('../common/argument-errors.js')
const { systemErrorNamed } = require('../common/errors.js')
const { parsePath } = require('../common/path.js')
const { Context } = require('./context.js')
const { runInside } = require('./nesting.js')
const { parseUpdateOptions } = require('./options.js')
const { Place, isWindows, locate } = require('./place.js')
const { read, readOpen } = require('./read.js')
const { replace } = require('./replace.js')
const { checkReplaceable } = require('./replaceable.js')
const { openToRewrite, rewrite } = require('./rewrite.js')
const { asynchronous, runAsync, runSync, synchronous } = require('./steps.js')
const { Wait, acquire } = require('./wait.js')

/** How often the path may lead to another file by the time that the lock of the last is acquired. */
const MAX_MOVES = 16

async function updateFile(path, fn, options) {
  return runAsync(updateBytes(asynchronous, path, fn, options))
}

function updateFileSync(path, fn, options) {
  return runSync(updateBytes(synchronous, path, fn, options))
}

function* updateBytes(io, path, fn, options) {
  yield* update(io, path, fn, options, function* (now, { context }) {
    const made = yield* call(io, context, fn, now, context)
    if (made === undefined || isUint8Array(made)) return made
    if (typeof made === 'string') return Buffer.from(made)
    throw invalidReturn('a string, Uint8Array, or undefined', 'fn', made)
  })
}

/** Calls a function of the caller's; that of a synchronous update must not return a promise. */
function* call(io, context, fn, ...args) {
  if (!io.isSync)
    return yield runInside(
      (lock) => context.isHolding(lock),
      () => fn(...args),
    )
  const made = fn(...args)
  if (typeof made?.then === 'function') {
    throw invalidReturn('a value that is no promise', fn.name || 'fn', made)
  }
  return made
}

/**
 * Changes the file. `change(now, { context, options, shown })` makes the steps that get its content,
 * null if it is missing, and return the new one, or undefined if it stays as it is.
 */
function* update(io, path, fn, options, change) {
  const asked = Place.of(parsePath(path))
  if (typeof fn !== 'function') throw invalidType('fn', 'of type function', fn)
  const parsed = parseUpdateOptions(options, io.isSync)
  const wait = new Wait(parsed)
  if (wait.isAborted) throw abort.reasonOf(wait.signal)
  if (parsed.mkdir) yield io.mkdir(asked.folder.native, { recursive: true })
  const changeBy = parsed.inPlace ? changeByRewriting : changeByReplacing
  for (let moves = 0; moves < MAX_MOVES; moves += 1) {
    const place = yield* locate(io, asked)
    if (yield* changeBy(io, { asked, place, wait, options: parsed, change })) return
  }
  throw systemErrorNamed('ELOOP', 'realpath', asked.shown)
}

/** Returns `false` if the path leads to another file by now. */
function* changeByReplacing(io, { asked, place, wait, options, change }) {
  return yield* whileLocked(io, locksOf(place, options), wait, function* (context) {
    const found = yield* read(io, place)
    if (found === undefined || !(yield* isAt(io, asked, place, found.stats))) return false
    const { content, stats } = found
    yield* checkReplaceable(io, place, stats)
    const bytes = yield* change(content, { context, options, shown: place.shown })
    context.check()
    if (bytes !== undefined) yield* replace(io, place, bytes, stats, options, () => context.check())
    return true
  })
}

/** Returns `false` if the path leads to another file by now. */
function* changeByRewriting(io, { asked, place, wait, options, change }) {
  // Opened before it is locked: if it is at the path afterwards, it is what is locked.
  const fd = yield* openToRewrite(io, place, options.mode)
  if (fd === undefined) return false
  try {
    const locks = yield* withoutTwins(io, fd, locksOf(place, options))
    return yield* whileLocked(io, locks, wait, function* (context) {
      const { content, stats } = yield* readOpen(io, fd, place.shown)
      if (!(yield* isAt(io, asked, place, stats))) return false
      // A lock of a missing file creates it.
      const now = content.length === 0 ? null : content
      const bytes = yield* change(now, { context, options, shown: place.shown })
      context.check()
      if (bytes !== undefined) yield* rewrite(io, fd, content, bytes, options, place.shown)
      return true
    })
  } finally {
    yield io.close(fd)
  }
}

/** On Windows nothing can be written to a file that is locked, but by what locked it. */
function locksOf(place, { inPlace, lock }) {
  if (inPlace && !isWindows) return lock === undefined ? [place.native] : [lock, place.native]
  return [lock ?? place.beside('.lock').native]
}

/** Returns the locks, without the option `lock` where that is the open file itself. */
function* withoutTwins(io, fd, locks) {
  if (locks.length === 1) return locks
  const [lock, file] = locks
  return (yield* isAtPath(io, lock, yield io.fstat(fd, { bigint: true }))) ? [file] : locks
}

/** Returns `true` if the path still names the file with these stats, or the place where none is. */
function* isAt(io, asked, place, stats) {
  if (stats === null) {
    const now = yield* locate(io, asked)
    return !now.isThere && now.equals(place)
  }
  return yield* isAtPath(io, asked.native, stats)
}

function* isAtPath(io, path, stats) {
  try {
    const { dev, ino } = yield io.stat(path, { bigint: true })
    return dev === stats.dev && ino === stats.ino
  } catch (error) {
    if (error.code === 'ENOENT') return false
    throw error
  }
}

/** Acquires the locks, makes and takes the steps of `body(context)`, and releases the locks. */
function* whileLocked(io, locks, wait, body) {
  const guards = []
  const context = new Context(locks, guards, wait.signal)
  try {
    for (const lock of locks) guards.push(yield* acquire(io, lock, wait))
    return yield* body(context)
  } finally {
    context.end()
    for (const guard of guards.reverse()) guard.release()
  }
}

module.exports = { call, update, updateFile, updateFileSync }
