'use strict'

// What this machine lets the chaos do, and how.

const { spawnSync } = require('node:child_process')
const path = require('node:path')
const { hasOwnMounts, isRoot, mount, works } = require('../scripts/mounts')

const ROOT = path.join(__dirname, '..')

/** Mounts a file system of a few pages. False: that is not allowed here. */
function mountSmall(folder) {
  if (!hasOwnMounts()) return false
  mount('-t', 'tmpfs', '-o', 'size=128k,nr_inodes=100,mode=777', 'tmpfs', folder)
  return true
}

/** The library that fakes the wall clock, or undefined. */
function clockLibrary() {
  const { status, stdout } = spawnSync('faketime', ['-m', '-f', '+0', 'printenv', 'LD_PRELOAD'], {
    encoding: 'utf8',
  })
  return status === 0 ? stdout.trim() : undefined
}

/** A Python that has locket, or undefined. */
function pythonWithLocket() {
  const folder = path.join(ROOT, '.venv')
  const python = path.join(folder, 'bin', 'python')
  const has = () => works(python, '-c', 'import locket')
  if (has()) return python
  if (!works('python3', '-m', 'venv', folder)) return
  works(python, '-m', 'pip', 'install', '--quiet', 'locket==1.0.0')
  return has() ? python : undefined
}

/**
 * How to start a participant: few descriptors, no core files, and for root the obedience to a
 * folder's mode that others owe, and an end when this process ends.
 */
function modestly(command, args) {
  const limits = ['sh', '-c', 'ulimit -c 0 && ulimit -n 512 && exec "$@"', 'sh', command, ...args]
  const isTamed = isRoot && works('setpriv', ...TAMED, 'true')
  return isTamed ? ['setpriv', ...TAMED, ...limits] : limits
}

const TAMED = ['--bounding-set=-dac_override,-dac_read_search', '--inh-caps=-all', '--pdeathsig=KILL']

function hasFlock() {
  return works('flock', '--version')
}

module.exports = { clockLibrary, hasFlock, modestly, mountSmall, pythonWithLocket }
