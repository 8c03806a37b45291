'use strict'

// The package as others will see it: publint looks at the manifest, attw at what each kind of module
// finds for types. Both come from the registry for this, in these versions.

const { mkdtempSync, rmSync } = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { npm } = require('./npm')
const { pack } = require('./package')

const TOOLS = [
  ['publint@0.3.25', 'publint', '--strict'],
  ['@arethetypeswrong/cli@0.18.5', 'attw', '--no-emoji', '--format', 'ascii'],
]

const folder = mkdtempSync(path.join(os.tmpdir(), 'locket-lint-'))
try {
  const tarball = pack(folder, []).at(-1)
  for (const [tool, command, ...options] of TOOLS) {
    npm(['exec', '--yes', `--package=${tool}`, '--', command, ...options, tarball])
    console.log(`${command}: nothing found`)
  }
} finally {
  rmSync(folder, { recursive: true })
}
