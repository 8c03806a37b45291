'use strict'

// Several locks at once, in an order that all processes share, so that none waits for another in a
// circle.

const fs = require('node:fs')
const { inspect, promisify } = require('node:util')
const { isAborted, listen, newController, reasonOf } = require('../common/abort.js')
const { illegalConstructor, invalidType } = require('../common/argument-errors.js')
const { systemErrorNamed } = require('../common/errors.js')
const { parseAcquireOptions } = require('../common/options.js')
const { clearTimeout, now, setTimeout } = require('../common/time.js')
const { FileLock, isOfFolder } = require('./lock.js')

/** How often a file may be replaced while the locks are acquired. */
const MAX_MOVES = 16

/** How often to look whether a file was replaced while a lock is waited for, in milliseconds. */
const LOOK = 1000

/** Stands for a byte of a name that is no text: then the path does not lead to the file. */
const REPLACEMENT = '\uFFFD'

/** Prevents construction from outside this module. */
const internal = Symbol('internal')

const [stat, open, close] = [fs.stat, fs.open, fs.close].map((call) => promisify(call))

/** The acquisitions of several locks, which begin and end together. */
class LockGuards {
  #guards
  #controller

  constructor(key, guards) {
    if (key !== internal) throw illegalConstructor('LockGuards', 'acquireAll()')
    this.#guards = guards
  }

  get paths() {
    return this.#guards.map(({ path }) => path)
  }

  get released() {
    return this.#guards.some(({ released }) => released)
  }

  get signal() {
    this.#controller ??= this.#watch()
    return this.#controller.signal
  }

  release() {
    for (const guard of this.#guards) guard.release()
  }

  /** Aborts with the first of the signals. */
  #watch() {
    const controller = newController()
    const waiter = { abort: (reason) => controller.abort(reason) }
    for (const { signal } of this.#guards) {
      if (signal.aborted) controller.abort(signal.reason)
      else listen(signal, waiter)
    }
    return controller
  }

  [Symbol.dispose]() {
    this.release()
  }

  async [Symbol.asyncDispose]() {
    this.release()
  }

  [inspect.custom](_depth, options) {
    return `LockGuards ${inspect({ paths: this.paths, released: this.released }, options)}`
  }
}

async function acquireAll(locks, options) {
  const given = parseLocks(locks)
  const { timeout, ...others } = parseAcquireOptions(options, Infinity)
  if (others.signal !== undefined && isAborted(others.signal)) throw reasonOf(others.signal)
  const end = now() + timeout * 1000
  for (let moves = 0; moves < MAX_MOVES; moves += 1) {
    const files = await inOrder(given)
    const guards = await acquireEach(files, () => ({ ...others, timeout: secondsUntil(end) }))
    if (guards === undefined) continue
    if (await areUnchanged(files)) return new LockGuards(internal, guards)
    releaseEach(guards)
  }
  throw systemErrorNamed('EAGAIN', 'stat', given[0].path)
}

function parseLocks(locks) {
  const expected = 'an iterable of FileLock'
  if (typeof locks?.[Symbol.iterator] !== 'function') throw invalidType('locks', expected, locks)
  const given = [...locks]
  for (const lock of given) {
    if (!(lock instanceof FileLock)) throw invalidType('locks', expected, lock)
  }
  return given
}

/** In whole milliseconds, for the error that names them. */
function secondsUntil(end) {
  return Math.max(0, Math.ceil(end - now())) / 1000
}

/** Returns the locks with their files, each file once, sorted by what the system knows files by. */
async function inOrder(locks) {
  const files = new Map()
  for (const lock of locks) {
    const id = await identify(lock)
    files.set(id === undefined ? lock : `${id.dev}:${id.ino}`, { lock, id })
  }
  return [...files.values()].sort(compare)
}

/** Files that the system does not tell come last, by their names. */
function compare(a, b) {
  if (a.id === undefined || b.id === undefined) {
    if (a.id !== b.id) return a.id === undefined ? 1 : -1
    return a.lock.path < b.lock.path ? -1 : 1
  }
  const difference = a.id.dev === b.id.dev ? a.id.ino - b.id.ino : a.id.dev - b.id.dev
  return difference < 0n ? -1 : 1
}

/** Returns the device and the number of the lock's file, which is created if it is missing. */
async function identify(lock) {
  const { path } = lock
  if (path.includes(REPLACEMENT)) return undefined
  const id = await idOf(path)
  if (id !== undefined || isOfFolder(lock)) return id
  return (await create(path, 'ax')) ?? create(path, 'a')
}

/** The flag `ax` is first, because `a` is not allowed in a sticky folder; a dangling link needs `a`. */
async function create(path, flag) {
  try {
    await close(await open(path, flag))
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
  }
  return idOf(path)
}

/** Returns undefined if there is no file. */
async function idOf(path) {
  try {
    const { dev, ino } = await stat(path, { bigint: true })
    return { dev, ino }
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}

/**
 * Acquires all of the locks, or throws and holds none. Resolves to undefined, and holds none, if a file
 * was replaced while a lock was waited for: that can be one that is held here already, or come earlier
 * in the new order, and what is held is released at once.
 */
async function acquireEach(files, nextOptions) {
  const guards = []
  const look = watch(files, () => releaseEach(guards))
  try {
    for (const { lock } of files) {
      guards.push(await lock.acquire(nextOptions()))
      if (look.isOver) {
        releaseEach(guards)
        return undefined
      }
    }
    return guards
  } catch (error) {
    releaseEach(guards)
    throw error
  } finally {
    look.end()
  }
}

/** Calls `onChange` once if a path has come to name another file, until it is ended. */
function watch(files, onChange) {
  const look = {
    isOver: false,
    end: () => {
      look.isOver = true
      clearTimeout(timer)
    },
  }
  const next = async () => {
    const isUnchanged = await areUnchanged(files)
    if (look.isOver) return
    if (isUnchanged) {
      timer = setTimeout(next, LOOK)
    } else {
      look.isOver = true
      onChange()
    }
  }
  let timer = setTimeout(next, LOOK)
  return look
}

function releaseEach(guards) {
  for (const guard of guards) guard.release()
}

/** Returns `true` if each path names the file that it named when the order was made. */
async function areUnchanged(files) {
  for (const { lock, id } of files) {
    if (id === undefined) continue
    const now = await idOf(lock.path).catch(() => undefined)
    if (now?.dev !== id.dev || now.ino !== id.ino) return false
  }
  return true
}

module.exports = { acquireAll }
