// Options of a test that not every file system can pass: each is tried where the tests have their
// files.

'use strict'

const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { linuxOnly } = require('./platform')

/** What `probe` says of an empty file. */
function ofFile(probe) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'locket-'))
  try {
    const file = path.join(folder, 'some.lock')
    fs.writeFileSync(file, '')
    return probe(file)
  } finally {
    fs.rmSync(folder, { recursive: true })
  }
}

/**
 * The kernel names locks by the device that is mounted. Files of btrfs, and of an overlay over
 * another file system, show a device of their own: then nobody can tell whose lock it is.
 */
function hidesHolders(file) {
  if (process.platform !== 'linux') return false
  const { dev } = fs.statSync(file)
  const device = `${(dev >> 8) & 0xfff}:${(dev & 0xff) | ((dev >> 12) & 0xfff00)}`
  return !fs.readFileSync('/proc/self/mountinfo', 'utf8').includes(` ${device} `)
}

/** Most FUSE file systems are known to the kernel by paths: to it, two names are two files. */
function locksEachName(file) {
  fs.linkSync(file, `${file}.hard`)
  return spawnSync('flock', ['-n', file, 'flock', '-n', `${file}.hard`, 'true']).status === 0
}

/** Such a file system may look for an open file at its path, where it is no more. */
function losesOpenFiles(file) {
  if (process.platform === 'win32') return false
  const descriptor = fs.openSync(file)
  fs.writeFileSync(`${file}.new`, '')
  fs.renameSync(`${file}.new`, file)
  try {
    fs.fstatSync(descriptor)
    return false
  } catch {
    return true
  } finally {
    fs.closeSync(descriptor)
  }
}

const areHidden = ofFile(hidesHolders)

/** Is it known here which process holds a lock? */
const namesHolders = !linuxOnly.skip && !areHidden

const namedHoldersOnly = { skip: areHidden && 'this file system hides whose lock it is' }

/** Nor does any other system tell. */
const knownHoldersOnly = { skip: linuxOnly.skip || namedHoldersOnly.skip }

const hardLinksOnly = {
  skip: ofFile(locksEachName) && 'flock(1) too locks both names of a file at once on this file system',
}

const replacedFilesOnly = {
  skip: ofFile(losesOpenFiles) && 'an open file that is replaced is ENOENT on this file system',
}

module.exports = { hardLinksOnly, knownHoldersOnly, namedHoldersOnly, namesHolders, replacedFilesOnly }
