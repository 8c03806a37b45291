// What the main package ships must be just this.

'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { npm } = require('./npm')
const { pack } = require('./package')

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

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'locket-check-'))
try {
  const output = npm(['pack', pack(folder, []).at(-1), '--dry-run', '--json'])
  // npm 12 answers with an object by package, before it was a list.
  const [packed] = Object.values(JSON.parse(output))
  const paths = packed.files.map((file) => file.path)
  assert.deepEqual(paths.toSorted(), SHIPPED)
  console.log(`${packed.filename}: ${paths.length} files, ${packed.size} bytes`)
} finally {
  fs.rmSync(folder, { recursive: true })
}
