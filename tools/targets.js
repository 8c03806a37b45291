'use strict'

// The platforms that get a package, each known by Rust's triple and by napi-rs's short name.

const path = require('node:path')
const manifest = require('../package.json')

const root = path.join(__dirname, '..')

const CPUS = {
  x86_64: 'x64',
  aarch64: 'arm64',
  armv7: 'arm',
  i686: 'ia32',
  powerpc64le: 'ppc64',
  riscv64gc: 'riscv64',
  s390x: 's390x',
}
const SYSTEMS = {
  'unknown-linux-gnu': { os: 'linux', abi: '-gnu', libc: 'glibc', library: 'liblocket.so' },
  'unknown-linux-musl': { os: 'linux', abi: '-musl', libc: 'musl', library: 'liblocket.so' },
  'unknown-linux-gnueabihf': { os: 'linux', abi: '-gnueabihf', libc: 'glibc', library: 'liblocket.so' },
  'unknown-linux-musleabihf': { os: 'linux', abi: '-musleabihf', libc: 'musl', library: 'liblocket.so' },
  'linux-android': { os: 'android', abi: '', library: 'liblocket.so' },
  'unknown-freebsd': { os: 'freebsd', abi: '', library: 'liblocket.so' },
  'apple-darwin': { os: 'darwin', abi: '', library: 'liblocket.dylib' },
  'pc-windows-msvc': { os: 'win32', abi: '-msvc', library: 'locket.dll' },
  // Not shipped: what can be built and run away from Windows, in the place of the one above.
  'pc-windows-gnu': { os: 'win32', abi: '-msvc', library: 'locket.dll' },
}

/** Describes what a triple stands for. */
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

/** Returns the name of the target's package. */
function nameOf(target) {
  return `${manifest.name}-${target.name}`
}

module.exports = { describe, files, manifest, nameOf, root, targets }
