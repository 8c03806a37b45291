'use strict'

const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { lastly } = require('./end')

/** A new empty folder that goes when the test `t` ends. */
function temporaryFolder(t) {
  const folder = fs.realpathSync.native(fs.mkdtempSync(path.join(os.tmpdir(), 'locket-')))
  lastly(t, () => remove(folder))
  return folder
}

/** On Windows a file that is open stays in its folder: then once more when this process ends. */
function remove(folder) {
  const go = () => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  try {
    go()
  } catch (error) {
    if (process.platform !== 'win32') throw error
    process.once('exit', () => {
      try {
        go()
      } catch {
        // What is still held here goes with the temporary folder of the system.
      }
    })
  }
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

module.exports = { lockFileWith, lockPath, temporaryFolder }
