'use strict'

// Every library in the same shape: `acquire()` resolves, and `tryAcquire()` answers, with what has a
// `release()`. Each is used as its own manual shows it, for a path that several tasks share.

const fs = require('node:fs')
const path = require('node:path')

/** How often the libraries that poll may look: far oftener than they do by default. */
const POLL_MS = 10

function load(name) {
  return require(path.join(__dirname, '..', 'packages', 'node_modules', name))
}

const libraries = {
  locket(file) {
    const lock = require('../..').lockFile(file)
    return Object.assign(lock, {
      acquireShared: () => lock.acquire({ mode: 'shared' }),
      tryAcquireShared: () => lock.tryAcquire({ mode: 'shared' }),
    })
  },

  'fs-native-extensions'(file) {
    const { tryLock, waitForLock, unlock } = load('fs-native-extensions')
    const acquire = async (options) => {
      const handle = await fs.promises.open(file, 'a+')
      if (!tryLock(handle.fd, options)) await waitForLock(handle.fd, options)
      return {
        release() {
          unlock(handle.fd)
          return handle.close()
        },
      }
    }
    const tryAcquire = (options) => {
      const fd = fs.openSync(file, 'a+')
      if (!tryLock(fd, options)) {
        fs.closeSync(fd)
        return null
      }
      return {
        release() {
          unlock(fd)
          fs.closeSync(fd)
        },
      }
    }
    return {
      acquire: () => acquire({ shared: false }),
      acquireShared: () => acquire({ shared: true }),
      tryAcquire: () => tryAcquire({ shared: false }),
      tryAcquireShared: () => tryAcquire({ shared: true }),
    }
  },

  'fs-ext'(file) {
    const { flock, flockSync } = load('fs-ext')
    const acquire = async (operation) => {
      const handle = await fs.promises.open(file, 'a+')
      await new Promise((resolve, reject) => {
        flock(handle.fd, operation, (error) => (error ? reject(error) : resolve()))
      })
      return {
        // Without waiting for the pool, which those who wait for this lock may occupy.
        release() {
          flockSync(handle.fd, 'un')
          return handle.close()
        },
      }
    }
    const tryAcquire = (operation) => {
      const fd = fs.openSync(file, 'a+')
      flockSync(fd, operation)
      return {
        release() {
          flockSync(fd, 'un')
          fs.closeSync(fd)
        },
      }
    }
    return {
      acquire: () => acquire('ex'),
      acquireShared: () => acquire('sh'),
      tryAcquire: () => tryAcquire('exnb'),
      tryAcquireShared: () => tryAcquire('shnb'),
    }
  },

  'proper-lockfile'(file) {
    const { lock, lockSync } = load('proper-lockfile')
    const options = {
      realpath: false,
      retries: { forever: true, minTimeout: POLL_MS, maxTimeout: POLL_MS },
    }
    return {
      async acquire() {
        return { release: await lock(file, options) }
      },
      tryAcquire() {
        return { release: lockSync(file, { realpath: false }) }
      },
    }
  },

  lockfile(file) {
    const { lock, unlock, lockSync, unlockSync } = load('lockfile')
    // The others lock beside the file or lock it; this one's lock is that a file exists.
    const own = `${file}.exists`
    const options = { wait: 2 ** 31 - 1, pollPeriod: POLL_MS }
    return {
      async acquire() {
        await new Promise((resolve, reject) => {
          lock(own, options, (error) => (error ? reject(error) : resolve()))
        })
        return {
          release() {
            return new Promise((resolve, reject) => {
              unlock(own, (error) => (error ? reject(error) : resolve()))
            })
          },
        }
      },
      tryAcquire() {
        lockSync(own)
        return { release: () => unlockSync(own) }
      },
    }
  },

  'async-mutex'() {
    const { Mutex } = load('async-mutex')
    const mutex = new Mutex()
    return {
      async acquire() {
        return { release: await mutex.acquire() }
      },
    }
  },
}

/** The kernel queues those who wait; of the others nobody can see from outside that they wait. */
const WAIT_IN_THE_KERNEL = new Set(['locket', 'fs-native-extensions', 'fs-ext'])

/** Where the work of waiting is done by looking again. */
const POLL = new Set(['proper-lockfile', 'lockfile'])

/** Their users share a path between processes. */
const BETWEEN_PROCESSES = Object.keys(libraries).filter((name) => name !== 'async-mutex')

/** They have shared locks. */
const SHARING = ['locket', 'fs-native-extensions', 'fs-ext']

function open(name, file) {
  return libraries[name](file)
}

/** In a child, because one that was built for another Node may end the process. */
function isPresent(name) {
  const { spawnSync } = require('node:child_process')
  const code = `require(${JSON.stringify(__filename)}).open(${JSON.stringify(name)}, 'x')`
  return spawnSync(process.execPath, ['-e', code], { stdio: 'ignore' }).status === 0
}

module.exports = {
  BETWEEN_PROCESSES,
  POLL,
  POLL_MS,
  SHARING,
  WAIT_IN_THE_KERNEL,
  isPresent,
  load,
  names: Object.keys(libraries),
  open,
}
