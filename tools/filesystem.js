// Options of a test that not every file system can pass: each is tried where the tests have their
// files.

'use strict'

const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { withFolder } = require('./folder')
const { linuxOnly } = require('./platform')

/** What `probe` says of an empty file. */
function ofFile(probe) {
  return withFolder((folder) => {
    const file = path.join(folder, 'some.lock')
    fs.writeFileSync(file, '')
    return probe(file)
  })
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

/** Whether the system tells which process holds a lock. */
const namesHolders = !linuxOnly.skip

const hardLinksOnly = {
  skip: ofFile(locksEachName) && 'flock(1) too locks both names of a file at once on this file system',
}

const replacedFilesOnly = {
  skip: ofFile(losesOpenFiles) && 'an open file that is replaced is ENOENT on this file system',
}

module.exports = { hardLinksOnly, namesHolders, replacedFilesOnly }
