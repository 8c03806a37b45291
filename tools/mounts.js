'use strict'

// Mounts that no other process sees, and that are gone when the process is, however it ends.

const { spawnSync } = require('node:child_process')

const MARK = 'LOCKET_OWN_MOUNTS'

const isRoot = process.getuid?.() === 0

/** Does the command end well? */
function works(command, ...args) {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0
}

/** Runs this very program again with mounts of its own, and ends with it; where that is allowed. */
function enterOwnMounts() {
  if (hasOwnMounts() || !isRoot || !works('unshare', '--mount', 'true')) return
  const args = ['--mount', '--propagation', 'private', process.execPath, ...process.argv.slice(1)]
  const env = { ...process.env, [MARK]: '1' }
  const { status } = spawnSync('unshare', args, { stdio: 'inherit', env })
  process.exit(status ?? 1)
}

function hasOwnMounts() {
  return process.env[MARK] !== undefined
}

/** Mounts; options as of mount(8). */
function mount(...args) {
  const { status, stderr } = spawnSync('mount', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr.trim())
}

function unmount(folder) {
  spawnSync('umount', ['--lazy', folder])
}

module.exports = { enterOwnMounts, hasOwnMounts, isRoot, mount, unmount, works }
