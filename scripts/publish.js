'use strict'

// node scripts/publish.js LIST [--dry-run]: publishes the tarballs that the file names, a line each,
// in its order. What is published in that version already is left out, so that a release that
// stopped half-way can be run again.

const fs = require('node:fs')
const { npm } = require('../tools/npm')

function isPublished(name, version) {
  try {
    return npm(['view', `${name}@${version}`, 'version']).trim() === version
  } catch (error) {
    // Of a new package, or of one that has not this version.
    if (error.message.includes('E404')) return false
    throw error
  }
}

function publish(tarball, options) {
  const [{ name, version }] = Object.values(JSON.parse(npm(['pack', '--dry-run', '--json', tarball])))
  if (isPublished(name, version)) {
    console.log(`${name}@${version} is there already`)
    return
  }
  npm(['publish', tarball, '--access', 'public', ...options])
  console.log(`${name}@${version} is published`)
}

const [list, ...options] = process.argv.slice(2)
for (const tarball of fs.readFileSync(list, 'utf8').trim().split('\n')) publish(tarball, options)
