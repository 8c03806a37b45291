'use strict'

// node scripts/check-addon.js: every addon that is built here keeps what is promised: its size, and
// the C library that it asks for.

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { targets } = require('../tools/targets')

const LARGEST = 750_000

/** Its instructions take more room, and more still with a standard library that is built for speed. */
const LARGEST_FOR_PPC64 = 775_000

const NEWEST_GLIBC = 228

/** Throws, or answers with a line about the addon. */
function check(target) {
  const { addon, libc } = target
  return [checkSize(target), ...(libc ? [checkLibc(addon, libc)] : [])].join(', ')
}

/** Throws, or answers with a line about the addon, whatever C library it was linked with. */
function checkSize({ addon, name }) {
  const largest = name.includes('-ppc64') ? LARGEST_FOR_PPC64 : LARGEST
  const { size } = fs.statSync(addon)
  assert.ok(size <= largest, `${path.basename(addon)} has ${size} bytes, more than ${largest}`)
  return `${name}, ${size} bytes`
}

/** All that are built here. */
function built() {
  return targets.filter(({ addon }) => fs.existsSync(addon))
}

function checkLibc(addon, libc) {
  const dynamic = execFileSync('readelf', ['--wide', '--dynamic', '--version-info', addon], {
    encoding: 'utf8',
  })
  const needed = [...dynamic.matchAll(/\(NEEDED\).*\[(.+)\]/g)].map(([, library]) => library)
  const versions = [...dynamic.matchAll(/\bGLIBC_(\d+)\.(\d+)/g)].map(
    ([, major, minor]) => major * 100 + +minor,
  )
  if (libc === 'musl') {
    assert.deepEqual(versions, [], `${addon} asks for glibc`)
    assert.deepEqual(needed, ['libc.so'], `${addon} needs other libraries than musl`)
    return 'needs musl'
  }
  assert.ok(versions.length > 0, `${addon} does not say which glibc it needs`)
  const newest = Math.max(...versions)
  const shown = `glibc ${Math.trunc(newest / 100)}.${newest % 100}`
  assert.ok(newest <= NEWEST_GLIBC, `${addon} needs ${shown}`)
  return `needs ${shown}`
}

module.exports = { built, check, checkSize }

if (require.main === module) {
  for (const target of built()) console.log(check(target))
}
