'use strict'

const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { lastly } = require('./end')

/** A new empty folder; its name begins with `prefix`. */
function makeFolder(prefix = 'locket-') {
  return fs.realpathSync.native(fs.mkdtempSync(path.join(os.tmpdir(), prefix)))
}

/** Returns what `use` returns of a new folder, which is removed afterwards. */
function withFolder(use) {
  const folder = makeFolder()
  try {
    return use(folder)
  } finally {
    removeFolder(folder)
  }
}

/** A new empty folder that is removed when the test `t` ends. */
function temporaryFolder(t) {
  const folder = makeFolder()
  lastly(t, () => removeFolder(folder))
  return folder
}

/**
 * Removes the folder with all that is in it. Tries again where a thread whose wait was interrupted
 * too late has created the file anew. On Windows an open file stays in its folder: there it tries
 * again when this process ends.
 */
function removeFolder(folder, tries = 10) {
  try {
    removeOnce(folder)
  } catch (error) {
    if (process.platform === 'win32') leave(folder)
    else if (error.code === 'ENOTEMPTY' && tries > 0) removeFolder(folder, tries - 1)
    else throw error
  }
}

function removeOnce(folder) {
  fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 })
}

const left = []

/** For when this process ends; what is open even then goes with the temporary folder of the system. */
function leave(folder) {
  left.push(folder)
  if (left.length > 1) return
  process.once('exit', () => {
    for (const folder of left) {
      try {
        removeOnce(folder)
      } catch {}
    }
  })
}

/** A path for a lock in a new folder; there is no file yet. */
function lockPath(t, name = 'some.lock') {
  return path.join(temporaryFolder(t), name)
}

/** The same as `lockPath`, with a file of that content. */
function lockFileWith(t, content = '') {
  const file = lockPath(t)
  fs.writeFileSync(file, content)
  return file
}

let replacements = 0

/**
 * Puts another file in the place of the one at `file`. Windows, but for its newest versions, lets
 * no process rename over a file that is open: there the old one goes out of the way first.
 */
function replaceFile(file) {
  replacements += 1
  const other = `${file}.${process.pid}.${replacements}`
  if (process.platform === 'win32') {
    fs.renameSync(file, other)
    fs.closeSync(fs.openSync(file, 'a'))
  } else {
    fs.writeFileSync(other, '')
    fs.renameSync(other, file)
  }
}

module.exports = {
  lockFileWith,
  lockPath,
  makeFolder,
  removeFolder,
  replaceFile,
  temporaryFolder,
  withFolder,
}
