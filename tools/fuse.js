'use strict'

// File systems in user space (programs/fuse.py), and the reasons why there are none.

const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { Child } = require('./child')
const { makeFolder } = require('./folder')

const PROGRAM = path.join(__dirname, 'programs', 'fuse.py')

/** Options of a test that mounts one. */
function fuseOnly() {
  if (process.platform !== 'linux' || process.getuid() !== 0) return { skip: 'needs root on Linux, to mount' }
  if (!fs.existsSync('/dev/fuse')) return { skip: 'needs /dev/fuse' }
  if (spawnSync('python3', ['--version']).status !== 0) return { skip: 'needs python3' }
  return {}
}

/** By folder. */
const daemons = new Map()

/** Mounts one whose flock behaves as `way` says, for as long as the test runs; tells where. */
async function mountFuse(t, ...way) {
  const folder = makeFolder('locket-fuse-')
  const daemon = new Child('python3', [PROGRAM, folder, ...way])
  t.after(async () => {
    daemon.stdin.end()
    await daemon.ended
    fs.rmdirSync(folder)
  })
  await daemon.says(/\n/)
  daemons.set(folder, daemon)
  return folder
}

module.exports = { daemons, fuseOnly: fuseOnly(), mountFuse }
