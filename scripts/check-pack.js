// What `npm pack` would ship must be just this.

'use strict'

const assert = require('node:assert/strict')
const { execSync } = require('node:child_process')
const path = require('node:path')

const SHIPPED = [
  'LICENSE',
  'README.md',
  'bin/locket.js',
  'index.d.ts',
  'index.js',
  'lib/abort.js',
  'lib/arguments.js',
  'lib/binding.js',
  'lib/cli/arguments.js',
  'lib/cli/command.js',
  'lib/cli/help.js',
  'lib/cli/main.js',
  'lib/cli/status.js',
  'lib/cli/who.js',
  'lib/environment.js',
  'lib/errors.js',
  'lib/guard.js',
  'lib/holders.js',
  'lib/target.js',
  'lib/waiter.js',
  'package.json',
]

const output = execSync('npm pack --dry-run --json --ignore-scripts', {
  cwd: path.join(__dirname, '..'),
  encoding: 'utf8',
})
// npm 12 answers with an object by package, before it was a list.
const [packed] = Object.values(JSON.parse(output))
const paths = packed.files.map((file) => file.path)
assert.deepEqual(paths.toSorted(), SHIPPED)
console.log(`${packed.filename}: ${paths.length} files, ${packed.size} bytes`)
