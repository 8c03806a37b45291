'use strict'

// The package as others will see it: publint looks at the manifest, attw at what each kind of module
// finds for types. Both come from the registry for this, in these versions.

const { npm } = require('./npm')
const { withMain } = require('./package')

const TOOLS = [
  ['publint@0.3.25', 'publint', '--strict'],
  ['@arethetypeswrong/cli@0.18.5', 'attw', '--no-emoji', '--format', 'ascii'],
]

withMain((tarball) => {
  for (const [tool, command, ...options] of TOOLS) {
    npm(['exec', '--yes', `--package=${tool}`, '--', command, ...options, tarball])
    console.log(`${command}: nothing found`)
  }
})
