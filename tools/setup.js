'use strict'

// Makes a fresh clone ready to run: the dependencies, then the addon, each only where it is missing
// or older than what it is made from. Needs nothing but Node and, to build, Rust.

const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { target } = require('../lib/native/target')
const { npm } = require('./npm')

const root = path.join(__dirname, '..')
const addon = path.join(root, `locket.${target()}.node`)
const modules = path.join(root, 'node_modules')

function setUp() {
  const stale = newest(sources()) > time(addon)
  // The addon runs without the dependencies: they are what builds and checks it.
  if (!stale && !fs.existsSync(modules)) return
  if (!hasCargo()) {
    if (fs.existsSync(addon)) return
    fail(
      'locket is built with Rust, and there is no cargo here: install it from https://rustup.rs and run this again.',
    )
  }
  installDependencies()
  if (stale) build()
}

function installDependencies() {
  const installed = path.join(modules, '.package-lock.json')
  if (time(path.join(root, 'package-lock.json')) <= time(installed)) return
  console.error('locket: installing the dependencies of development')
  run(['ci', '--no-audit', '--no-fund', '--loglevel=error'])
}

function build() {
  console.error('locket: building the addon, a minute or two the first time')
  run(['run', '--silent', 'build'])
  // A build that had nothing to do leaves old times, and would be done again each time.
  const now = new Date()
  fs.utimesSync(addon, now, now)
}

/** What the addon is made from. */
function sources() {
  const code = fs
    .readdirSync(path.join(root, 'src'), { recursive: true })
    .map((name) => path.join('src', name))
  return ['build.rs', 'Cargo.lock', 'Cargo.toml', ...code].map((name) => path.join(root, name))
}

function newest(files) {
  return Math.max(...files.map(time))
}

/** When it was written; before everything when it is missing. */
function time(file) {
  return fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Number.NEGATIVE_INFINITY
}

function hasCargo() {
  return spawnSync('cargo', ['--version'], { stdio: 'ignore' }).status === 0
}

/** npm is heard only when it fails. */
function run(args) {
  try {
    npm(args, { cwd: root })
  } catch (error) {
    fail(error.message)
  }
}

function fail(message) {
  console.error(message)
  process.exit(1)
}

module.exports = { installDependencies, setUp }
