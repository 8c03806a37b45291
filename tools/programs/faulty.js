'use strict'

// The process that tools/faulty.js starts: acquires while chosen system calls fail (faults.c).

const fs = require('node:fs')
const { lockFile } = require('../..')
const { count } = require('../resources')
const { obey, tell } = require('./commands')

const control = fs.openSync(process.env.LOCKET_FAULTS, 'r+')
const INT = 4
const HITS_AT = 4 * INT

function arm({ call, error, skip, times }) {
  fs.writeSync(control, Buffer.from(Int32Array.of(call, error, skip, times, 0).buffer), 0, HITS_AT + INT, 0)
}

/** Ends the faults and tells how many there were. */
function disarm() {
  const hits = Buffer.alloc(INT)
  fs.readSync(control, hits, 0, INT, HITS_AT)
  arm({ call: 0, error: 0, skip: 0, times: 0 })
  return hits.readInt32LE()
}

function propertiesOf(error) {
  const { name, code, errno, syscall, path, message } = error
  return { name, code, errno, syscall, path, message }
}

const ways = {
  acquire: (lock, options) => lock.acquire(options),
  acquireSync: (lock, options) => lock.acquireSync(options),
  tryAcquire: (lock) => lock.tryAcquire(),
}

let guard

obey({
  /** The pool's threads and the environment's own descriptors are there before anything is counted. */
  async warmUp() {
    await Promise.all(Array.from({ length: 8 }, () => fs.promises.stat('.')))
    const warm = lockFile(`${process.env.LOCKET_FAULTS}.warm.lock`)
    ;(await warm.acquire()).release()
  },
  /** Acquires under the faults. The parent is told when the lock is found taken. */
  async acquire({ path, way, timeout, fault }) {
    const lock = lockFile(path)
    const before = count()
    arm(fault)
    try {
      guard = await ways[way](lock, { timeout, onWait: () => tell('waiting') })
      return { before, granted: guard !== null, locked: lock.locked }
    } catch (error) {
      return { before, granted: false, error: propertiesOf(error), locked: lock.locked }
    }
  },
  /** Ends the faults. */
  disarm: () => ({ hits: disarm() }),
  release() {
    guard.release()
  },
  resources: count,
})
