'use strict'

// node scripts/packages.js [--check]: makes lib/native/packages.js from package.json, or fails if the
// file is not what it would make, or Cargo.toml has another version.

const fs = require('node:fs')
const path = require('node:path')
const { packagesModule } = require('../tools/packages')
const { manifest, root } = require('../tools/targets')

const file = path.join(root, 'lib', 'native', 'packages.js')

if (process.argv.includes('--check')) {
  const [, crate] = /^version = "(.+)"$/m.exec(fs.readFileSync(path.join(root, 'Cargo.toml'), 'utf8'))
  if (crate !== manifest.version) fail(`Cargo.toml has version ${crate}, package.json ${manifest.version}`)
  if (fs.readFileSync(file, 'utf8') !== packagesModule()) {
    fail('lib/native/packages.js is out of date: run "node scripts/packages.js"')
  }
} else {
  fs.writeFileSync(file, packagesModule())
}

function fail(message) {
  console.error(message)
  process.exitCode = 1
}
