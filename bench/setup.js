'use strict'

// Makes ready what is measured: the addon, the peers and the bare program. What cannot be had of the
// last two is absent from the tables.

const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { setUp: setUpAddon } = require('../scripts/setup')
const { isPresent, names } = require('./support/libraries')

const PEERS = path.join(__dirname, 'peers')
const BARE = path.join(__dirname, 'bare')

/** The names of the libraries that can be measured here. */
function setUp() {
  setUpAddon()
  setUpPeers()
  setUpBare()
  const present = new Set(names.filter(isPresent))
  for (const name of names)
    if (!present.has(name)) console.error(`bench: ${name} is absent: it cannot be used here`)
  return present
}

function setUpPeers() {
  const lock = path.join(PEERS, 'package-lock.json')
  const installed = path.join(PEERS, 'node_modules', '.package-lock.json')
  if (fs.existsSync(installed) && fs.statSync(installed).mtimeMs >= fs.statSync(lock).mtimeMs) return
  console.error('bench: installing the peers')
  npm(PEERS, ['ci', '--ignore-scripts', '--no-audit', '--no-fund'])
  // By hand, because npm may ask first before it runs the scripts of a dependency.
  for (const name of names) {
    const folder = path.join(PEERS, 'node_modules', name)
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
