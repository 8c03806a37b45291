'use strict'

const { statSync } = require('node:fs')
const process = require('node:process')
const { parsePath } = require('../common/path.js')
const binding = require('../native/binding.js')
const { openLock, resolvePath } = require('../native/completions.js')
const { print, say } = require('./output.js')
const { Status } = require('./status.js')

/** Prints the process that holds the lock, and returns the status to exit with. */
function who(path) {
  const holder = findHolder(path)
  if (holder === null) return Status.NOT_ACQUIRED
  const { pid = 'unknown', argv = [] } = holder
  try {
    print(`${[pid, ...argv].join(' ')}\n`)
    return Status.DONE
  } catch (error) {
    say(error.message)
    return Status.OUTPUT
  }
}

/** Prints the state of the lock as JSON, and resolves to the status to exit with. */
async function whoJson(path) {
  // As --who: what is no lock file is an error, and not a free lock.
  findHolder(path)
  const state = await lockOf(path).inspect()
  print(`${JSON.stringify(state)}\n`)
  return state.locked ? Status.DONE : Status.NOT_ACQUIRED
}

/** The process that the system names, `{ pid, argv }`, or null. */
function visibleHolder(path) {
  return binding.holder(openLock({}, resolvePath(parsePath(path))))
}

/**
 * Who holds the lock of the path: `{ pid, argv }`, either absent where it cannot be known, or
 * null if it is free. Nothing is created.
 */
function findHolder(path) {
  const holder = visibleHolder(path)
  if (holder !== null) return holder
  if (find(path) === undefined) return null
  // The system names no process: either the lock is free, or its holder cannot be seen from here (on
  // another system, in another container, on another machine). Only an attempt can tell.
  const guard = lockOf(path).tryAcquire()
  guard?.release()
  return guard === null ? {} : null
}

/** The lock of the file at the path, or of the folder, as a run takes it. */
function lockOf(path) {
  const { lockFile } = require('../../index.js')
  const directory = process.platform !== 'win32' && find(path)?.isDirectory() === true
  return lockFile(path, { directory })
}

function find(path) {
  return statSync(path, { throwIfNoEntry: false })
}

module.exports = { findHolder, visibleHolder, who, whoJson }
