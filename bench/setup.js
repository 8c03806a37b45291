'use strict'

// Makes ready what is measured: the addon, the other packages and the bare program. What is not available
// of the last two is absent from the tables.

const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { setUp: setUpAddon } = require('../tools/setup')
const { isPresent, names } = require('./support/libraries')

const PACKAGES = path.join(__dirname, 'packages')
const BARE = path.join(__dirname, 'bare')

/** The names of the libraries that can be measured here. */
function setUp() {
  setUpAddon()
  setUpPackages()
  setUpBare()
  const present = new Set(names.filter(isPresent))
  for (const name of names)
    if (!present.has(name)) console.error(`bench: ${name} is absent: it cannot be used here`)
  return present
}

function setUpPackages() {
  const lock = path.join(PACKAGES, 'package-lock.json')
  const installed = path.join(PACKAGES, 'node_modules', '.package-lock.json')
  if (fs.existsSync(installed) && fs.statSync(installed).mtimeMs >= fs.statSync(lock).mtimeMs) return
  console.error('bench: installing the other packages')
  npm(PACKAGES, ['ci', '--ignore-scripts', '--no-audit', '--no-fund'])
  // By hand, because npm may ask first before it runs the scripts of a dependency.
  for (const name of names) {
    const folder = path.join(PACKAGES, 'node_modules', name)
    const manifest = path.join(folder, 'package.json')
    if (!fs.existsSync(manifest)) continue
    if (JSON.parse(fs.readFileSync(manifest, 'utf8')).scripts?.install) npm(folder, ['run', 'install'])
  }
}

function setUpBare() {
  const { status } = spawnSync('cargo', ['build', '--release', '--quiet', '--locked'], {
    cwd: BARE,
    stdio: 'inherit',
  })
  if (status !== 0) console.error('bench: the bare program could not be built: the limits are absent')
}

function npm(cwd, args) {
  const env = { ...process.env }
  const prefix = path.dirname(path.dirname(fs.realpathSync(process.execPath)))
  // The headers that came with this Node, so that none have to be fetched.
  if (fs.existsSync(path.join(prefix, 'include', 'node', 'node.h'))) env.npm_config_nodedir = prefix
  const { status, stderr } = spawnSync('npm', args, { cwd, env, encoding: 'utf8' })
  if (status !== 0) console.error(`bench: npm ${args.join(' ')} failed in ${path.basename(cwd)}\n${stderr}`)
}

module.exports = { setUp }
