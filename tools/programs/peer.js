'use strict'

// The process that tools/peer.js starts.

const { createRequire } = require('node:module')
const path = require('node:path')
const { runInThisContext } = require('node:vm')
const locket = require('../..')
const resources = require('../resources')
const { obey, tell } = require('./commands')

/** Paths begin at the root of the repository. */
const requireFromRoot = createRequire(path.join(__dirname, '..', '..', 'package.json'))

/**
 * What functions that are run here can use; `kept` is for what later ones need. All that a process
 * without root needs is loaded: it may not read this folder.
 */
const tools = { ...locket, ...resources, require: requireFromRoot, kept: {}, tell }
globalThis.require = requireFromRoot
// A checkout loads these with their first call; the package has them in the file that `require` loads.
for (const name of ['acquireAll', 'updateFile', 'updateJson']) locket[name]().catch(() => {})

const { lockFile } = locket

obey({
  hello() {},
  async acquire(path, timeout, mode) {
    await lockFile(path).acquire({ timeout, mode, onWait: (holder) => tell('waiting', holder) })
  },
  tryAcquire(path, mode) {
    return lockFile(path).tryAcquire({ mode }) !== null
  },
  release(path) {
    lockFile(path).release()
  },
  run(source, ...args) {
    return runInThisContext(`(${source})`)(tools, ...args)
  },
})
