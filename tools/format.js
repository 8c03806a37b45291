'use strict'

const { spawnSync } = require('node:child_process')
const path = require('node:path')

const ROOT = path.join(__dirname, '..')

/** Formats the documents as the linter wants them: what a script has written has narrow tables. */
function format() {
  const biome = path.join(ROOT, 'node_modules', '@biomejs', 'biome', 'bin', 'biome')
  const args = [biome, 'format', '--write', 'README.md', 'docs']
  const { status } = spawnSync(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0) console.error('the documents could not be formatted')
}

module.exports = { format }
