'use strict'

// The state of a lock, and which processes hold it.

const { statSync } = require('node:fs')
const process = require('node:process')
const { believed } = require('../common/record.js')
const { inspectLock: queryState, processStart } = require('../native/binding.js')

/** Returns `{ locked, mode, holders, waiting }` of the lock. */
async function inspectLock(lock, handle) {
  const found = await queryState(handle)
  const { isShared, waiting } = found
  if (!found.isKnown) return byAttempt(lock, found)
  const holders = found.isLocked ? found.holders.map(describe) : []
  const isHolder = (pid, start) => found.holders.some((holder) => isSame(holder, pid, start))
  const about = found.isLocked ? believed(found.record, isHolder) : undefined
  if (about !== undefined)
    Object.assign(
      holders.find(({ pid }) => pid === about.pid),
      about,
    )
  return { locked: found.isLocked, mode: modeOf(found.isLocked, isShared), holders, waiting }
}

/** Where the system does not tell, an attempt does. A record names the holder. */
function byAttempt(lock, { record }) {
  const isOwn = lock.locked
  const locked = isOwn || !isFree(lock)
  const about = locked ? believed(record, (pid, start) => processStart(pid) === start) : undefined
  const holders = []
  if (about !== undefined) holders.push({ ...describe(about), ...about })
  else if (isOwn) holders.push(describe({ pid: process.pid }))
  return { locked, mode: null, holders, waiting: null }
}

/** Creates no file. */
function isFree(lock) {
  if (statSync(lock.path, { throwIfNoEntry: false }) === undefined) return true
  const guard = lock.tryAcquire()
  guard?.release()
  return guard !== null
}

function modeOf(isLocked, isShared) {
  if (!isLocked) return null
  return isShared ? 'shared' : 'exclusive'
}

function isSame(holder, pid, start) {
  if (holder.pid !== pid) return false
  return (holder.start === undefined ? processStart(pid) : String(holder.start)) === start
}

function describe({ pid, argv }) {
  const sameProcess = pid === process.pid
  const words = sameProcess ? process.argv : argv
  return { pid, sameProcess, ...(words !== undefined && { command: words.join(' ') }) }
}

module.exports = { inspectLock }
