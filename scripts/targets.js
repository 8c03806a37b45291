'use strict'

// The platforms that get a package, each known by Rust's triple and by napi-rs's short name.

const path = require('node:path')
const manifest = require('../package.json')

const root = path.join(__dirname, '..')

const CPUS = { x86_64: 'x64', aarch64: 'arm64' }
const SYSTEMS = {
  'unknown-linux-gnu': { os: 'linux', abi: '-gnu', libc: 'glibc', library: 'liblocket.so' },
  'unknown-linux-musl': { os: 'linux', abi: '-musl', libc: 'musl', library: 'liblocket.so' },
  'apple-darwin': { os: 'darwin', abi: '', library: 'liblocket.dylib' },
  'pc-windows-msvc': { os: 'win32', abi: '-msvc', library: 'locket.dll' },
  // Not shipped: what can be built and run away from Windows, in the place of the one above.
  'pc-windows-gnu': { os: 'win32', abi: '-msvc', library: 'locket.dll' },
}

/** What a triple stands for. */
function describe(triple) {
  const [arch, ...rest] = triple.split('-')
  const system = SYSTEMS[rest.join('-')]
  const cpu = CPUS[arch]
  if (!system || !cpu) throw new Error(`locket is not built for ${triple}`)
  const name = `${system.os}-${cpu}${system.abi}`
  return { triple, cpu, ...system, name, addon: path.join(root, `locket.${name}.node`) }
}

/** All that get a package. */
const targets = manifest.napi.targets.map(describe)

/** What the main package holds. A clone that is packed as it is takes its addon along. */
const files = manifest.files.filter((name) => !name.endsWith('.node'))

module.exports = { describe, files, manifest, root, targets }
