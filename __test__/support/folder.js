const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')

/** A new empty folder that goes when the test `t` ends. */
function temporaryFolder(t) {
  const folder = fs.realpathSync.native(fs.mkdtempSync(path.join(os.tmpdir(), 'locket-')))
  t.after(() => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  return folder
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
