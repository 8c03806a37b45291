'use strict'

// File systems in user space (fixtures/fuse.py), and the reasons why there are none.

const { spawn, spawnSync } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { FIXTURES } = require('./peer')

/** Options of a test that mounts one. */
function fuseOnly() {
  if (process.platform !== 'linux' || process.getuid() !== 0) return { skip: 'needs root on Linux, to mount' }
  if (!fs.existsSync('/dev/fuse')) return { skip: 'needs /dev/fuse' }
  if (spawnSync('python3', ['--version']).status !== 0) return { skip: 'needs python3' }
  return {}
}

/** Mounts one whose flock behaves as `way` says, for as long as the test runs; tells where. */
async function mountFuse(t, ...way) {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'locket-fuse-')))
  const daemon = spawn('python3', [path.join(FIXTURES, 'fuse.py'), folder, ...way], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const exit = once(daemon, 'exit')
  t.after(async () => {
    daemon.stdin.end()
    await exit
    fs.rmdirSync(folder)
  })
  const failed = exit.then(([code]) => Promise.reject(new Error(`fuse.py ended with ${code}`)))
  await Promise.race([once(daemon.stdout, 'data'), failed])
  failed.catch(() => {})
  return folder
}

module.exports = { fuseOnly: fuseOnly(), mountFuse }
