'use strict'

// The packages as others will see them: publint looks at the manifest, attw at what each kind of module
// finds for types. Both come from the registry for this, in these versions. The drop-ins have no types
// of their own: @types describes them.

const path = require('node:path')
const { npm } = require('../tools/npm')
const { withAdditions, withMain } = require('../tools/package')

const PUBLINT = ['publint@0.3.25', 'publint', '--strict']
// Not as TypeScript resolved before 4.7, without exports: there is no locket/common for it.
const ATTW = [
  '@arethetypeswrong/cli@0.18.5',
  'attw',
  '--no-emoji',
  '--format',
  'ascii',
  '--profile',
  'node16',
]

function lint(tarball, [tool, command, ...options]) {
  npm(['exec', '--yes', `--package=${tool}`, '--', command, ...options, tarball])
  console.log(`${path.basename(tarball)}: ${command} finds nothing`)
}

withMain((tarball) => {
  for (const tool of [PUBLINT, ATTW]) lint(tarball, tool)
})
withAdditions((tarballs) => {
  for (const tarball of tarballs) lint(tarball, PUBLINT)
})
