'use strict'

// node scripts/lint-platforms.js [TRIPLE...]: the linter of the core for other platforms, so that
// what only they compile is looked at. Links nothing. Without a TRIPLE, all that get an addon; those
// whose standard library is not installed (rustup target add) are named and left out.

const fs = require('node:fs')
const path = require('node:path')
const { run } = require('./platforms/commands')
const { root, targets } = require('../tools/targets')

const sysroot = run('rustc', ['--print', 'sysroot'], { cwd: root })

function isInstalled(triple) {
  return fs.existsSync(path.join(sysroot, 'lib', 'rustlib', triple, 'lib'))
}

function lint(triple) {
  const options = ['--quiet', '--all-targets', '--locked', '--target', triple]
  run('cargo', ['clippy', ...options, '--', '-D', 'warnings'], { cwd: root })
}

const chosen = process.argv.slice(2)
const triples = chosen.length > 0 ? chosen : targets.map(({ triple }) => triple)
for (const triple of triples) {
  if (chosen.length > 0 || isInstalled(triple)) {
    lint(triple)
    console.log(`${triple}: no warnings`)
  } else console.log(`${triple}: not looked at, rustup target add ${triple}`)
}
