// What the main package ships must be just this.

'use strict'

const assert = require('node:assert/strict')
const { npmPack } = require('./npm')
const { withMain } = require('./package')

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

withMain((tarball) => {
  const { filename, files, size } = npmPack([tarball, '--dry-run'])
  const paths = files.map((file) => file.path)
  assert.deepEqual(paths.toSorted(), SHIPPED)
  console.log(`${filename}: ${paths.length} files, ${size} bytes`)
})
