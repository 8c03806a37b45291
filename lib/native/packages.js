'use strict'

// Made by scripts/packages.js from package.json; not edited by hand.

const name = 'locket'
const version = '0.1.0'
const targets = [
  'linux-x64-gnu',
  'linux-arm64-gnu',
  'linux-x64-musl',
  'linux-arm64-musl',
  'linux-arm-gnueabihf',
  'linux-arm-musleabihf',
  'linux-riscv64-gnu',
  'linux-ppc64-gnu',
  'linux-s390x-gnu',
  'android-arm64',
  'freebsd-x64',
  'darwin-x64',
  'darwin-arm64',
  'win32-x64-msvc',
  'win32-arm64-msvc',
  'win32-ia32-msvc',
]

/**
 * Returns `{ addon }`, `{ error }`, or `{}` if there is no package for the target. Bundlers and
 * tracers follow a literal name alone, and inside of `try` they bear that a package is not installed.
 */
function requirePackage(target) {
  try {
    switch (target) {
      case 'linux-x64-gnu':
        return { addon: require('locket-linux-x64-gnu') }
      case 'linux-arm64-gnu':
        return { addon: require('locket-linux-arm64-gnu') }
      case 'linux-x64-musl':
        return { addon: require('locket-linux-x64-musl') }
      case 'linux-arm64-musl':
        return { addon: require('locket-linux-arm64-musl') }
      case 'linux-arm-gnueabihf':
        return { addon: require('locket-linux-arm-gnueabihf') }
      case 'linux-arm-musleabihf':
        return { addon: require('locket-linux-arm-musleabihf') }
      case 'linux-riscv64-gnu':
        return { addon: require('locket-linux-riscv64-gnu') }
      case 'linux-ppc64-gnu':
        return { addon: require('locket-linux-ppc64-gnu') }
      case 'linux-s390x-gnu':
        return { addon: require('locket-linux-s390x-gnu') }
      case 'android-arm64':
        return { addon: require('locket-android-arm64') }
      case 'freebsd-x64':
        return { addon: require('locket-freebsd-x64') }
      case 'darwin-x64':
        return { addon: require('locket-darwin-x64') }
      case 'darwin-arm64':
        return { addon: require('locket-darwin-arm64') }
      case 'win32-x64-msvc':
        return { addon: require('locket-win32-x64-msvc') }
      case 'win32-arm64-msvc':
        return { addon: require('locket-win32-arm64-msvc') }
      case 'win32-ia32-msvc':
        return { addon: require('locket-win32-ia32-msvc') }
      default:
        return {}
    }
  } catch (error) {
    return { error }
  }
}

module.exports = { name, requirePackage, targets, version }
