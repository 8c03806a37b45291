'use strict'

// This instance of the package, as the native side knows it: its locks by handle, its acquires by
// number, and how they are told.

const { workingDirectoryError } = require('../common/errors.js')
const { ACQUIRE_BLOCK, Instance, absolutePath, reserveAcquires } = require('./binding.js')

let instance
let nextId = 0
/** The first number that belongs to another instance. */
let endOfBlock = 0

/** By lock object: what has no lock object any more needs no handle. */
const handles = new FinalizationRegistry((handle) => instance.close(handle))

/**
 * Called by the native side, again where something interrupted it. Returns whether the acquire takes
 * a grant, which is released otherwise; undefined while the call that made the acquire has not
 * returned. From the event loop, that means that it never will.
 */
function complete(acquire, outcome) {
  return acquire.complete(outcome)
}

/** A handle for the lock of the file at the absolute path, or of the folder, for as long as `lock` lives. */
function openLock(lock, path, isFolder = false) {
  instance ??= new Instance(complete)
  const handle = instance.open(path, isFolder)
  handles.register(lock, handle)
  return handle
}

/** `path` as text, or as bytes where it is none. Throws if it is relative and begins nowhere. */
function resolvePath(path) {
  try {
    return absolutePath(path)
  } catch (error) {
    throw workingDirectoryError(Number(error.code))
  }
}

/** The number of an acquire, unique in this thread. */
function nextAcquireId() {
  if (nextId === endOfBlock) {
    nextId = reserveAcquires()
    endOfBlock = nextId + ACQUIRE_BLOCK
  }
  nextId += 1
  return nextId - 1
}

module.exports = { nextAcquireId, openLock, resolvePath }
