'use strict'

// The native part: the file that a build leaves beside this folder, or the package of the platform.

const { existsSync } = require('node:fs')
const path = require('node:path')
const { name, version } = require('../package.json')
const { target } = require('./target.js')

function load() {
  const platform = target()
  if (platform === null) throw unsupported()
  const built = path.join(__dirname, '..', `locket.${platform}.node`)
  if (existsSync(built)) return require(built)
  const packageName = `${name}-${platform}`
  try {
    return require(packageName)
  } catch (error) {
    const missing = error.code === 'MODULE_NOT_FOUND' && error.message.includes(`'${packageName}'`)
    throw missing ? notInstalled(packageName, platform, error) : broken(packageName, platform, error)
  }
}

function unsupported() {
  return failure(
    `${name} has no package for ${process.platform} on ${process.arch}: there are packages for Linux ` +
      '(glibc and musl), macOS and Windows, each on x64 and arm64. Elsewhere on Unix, build it from ' +
      'its source, with "npm run build".',
  )
}

function notInstalled(packageName, platform, cause) {
  return failure(
    `${name} needs the package ${packageName} on ${platform}, and it is not installed. npm leaves it ` +
      'out with --omit=optional, or when the lock file was written on another platform. Install it ' +
      `with "npm install ${packageName}@${version}", or remove node_modules and package-lock.json ` +
      'and run "npm install".',
    cause,
  )
}

function broken(packageName, platform, cause) {
  return failure(
    `${name} cannot load the package ${packageName} on ${platform}: ${cause.message}. Remove ` +
      'node_modules and run "npm install" on this very system.',
    cause,
  )
}

function failure(message, cause) {
  return Object.assign(new Error(message, { cause }), { code: 'ERR_LOCK_NO_BINARY' })
}

module.exports = load()
