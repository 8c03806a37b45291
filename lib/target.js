const { readFileSync } = require('node:fs')

/** What this process runs on, as napi-rs names it; null where there is no package for it. */
function target() {
  const { arch, platform } = process
  if (arch !== 'x64' && arch !== 'arm64') return null
  switch (platform) {
    case 'linux':
      return `linux-${arch}-${usesMusl() ? 'musl' : 'gnu'}`
    case 'darwin':
      return `darwin-${arch}`
    case 'win32':
      return `win32-${arch}-msvc`
    default:
      return null
  }
}

/** By the C library that this very process has loaded: a system can have both. */
function usesMusl() {
  try {
    return readFileSync('/proc/self/maps', 'latin1').includes('/ld-musl-')
  } catch {
    return false
  }
}

module.exports = { target }
