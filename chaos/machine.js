'use strict'

// What this machine lets the chaos do, and how.

const { spawnSync } = require('node:child_process')
const { hasOwnMounts, isRoot, mount, works } = require('../tools/mounts')

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

/**
 * How to start a peer: few descriptors, no core files, and for root the permission checks of an
 * ordinary user and an end when this process ends.
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

module.exports = { clockLibrary, hasFlock, modestly, mountSmall }
