'use strict'

// The errors of a package whose addon cannot be loaded: what was looked for and where, what probably
// happened, and the step that mends it. All have the code ERR_LOCK_NO_BINARY.

const { readFileSync } = require('node:fs')
const { createRequire } = require('node:module')
const path = require('node:path')
const process = require('node:process')
const { name, targets, version } = require('./packages.js')

const THIS_FILE = path.join('lib', 'native', 'binding.js')
const REINSTALL = 'Remove node_modules and run "npm install" on this machine.'

function unsupported(here) {
  return failure(
    `No native package for ${here}. There are packages for ${targets.join(', ')}. On other Unix systems, ` +
      'build from source with "npm run build".',
  )
}

/** The package is not where `filename`, the loader, or undefined in a bundle, looks for it. */
function missing(here, filename, cause) {
  const place = filename === undefined ? '' : ` in or above '${path.dirname(filename)}'`
  const advice = isBundled(filename)
    ? bundled(here)
    : (otherPlatform(here, filename) ?? omitted(here, filename))
  return failure(`Cannot find the native package ${name}-${here}${place}. ${advice}`, cause)
}

function isBundled(filename) {
  return filename === undefined || !filename.endsWith(THIS_FILE)
}

function bundled(here) {
  return (
    `This code was bundled without it: mark '${name}' as external in the bundler and install it beside the ` +
    `bundle, or set NAPI_RS_NATIVE_LIBRARY_PATH to the path of locket.${here}.node.`
  )
}

function otherPlatform(here, filename) {
  const { resolve } = createRequire(filename)
  const found = targets.find((target) => {
    try {
      return resolve(`${name}-${target}`) !== undefined
    } catch {
      return false
    }
  })
  return found && `node_modules was installed for ${found}, and this is ${here}. ${REINSTALL}`
}

function omitted(here, filename) {
  const [project] = filename.split(`${path.sep}node_modules${path.sep}`)
  const lockFile = path.join(project, 'package-lock.json')
  if (listsPackage(lockFile, here) === false) {
    return (
      `'${lockFile}' does not list it, as when it was made on another platform. Remove node_modules and ` +
      'package-lock.json, and run "npm install".'
    )
  }
  return 'Optional dependencies were probably omitted. Run "npm install --include=optional".'
}

/** Returns undefined where there is no such file. */
function listsPackage(lockFile, here) {
  try {
    return readFileSync(lockFile, 'utf8').includes(`node_modules/${name}-${here}"`)
  } catch {
    return undefined
  }
}

function inSnapshot() {
  return failure(
    `Cannot load the addon of ${name} while Node builds a startup snapshot. Require '${name}' in the function ` +
      'of v8.startupSnapshot.setDeserializeMainFunction().',
  )
}

/** Returns the error if Node was told to load no addons at all, undefined otherwise. */
function disabledAddons(cause) {
  if (cause.code !== 'ERR_DLOPEN_DISABLED') return undefined
  const reason = process.permission
    ? 'Node runs with --permission and without --allow-addons. Add --allow-addons.'
    : 'Node runs with --no-addons. Remove --no-addons.'
  return failure(`Cannot load the addon of ${name}: ${reason}`, cause)
}

/** The addon is there, and cannot be loaded. */
function damaged(description, cause) {
  return failure(`Cannot load ${description}: ${cause.message}. ${adviceFor(cause)}`, cause)
}

function adviceFor({ message }) {
  if (/failed to map segment|Operation not permitted/.test(message)) {
    return 'Its file system probably forbids execution (noexec). Move it to one that allows execution.'
  }
  const [, glibc] = /version [`'](GLIBC_[\d.]+)' not found/.exec(message) ?? []
  if (glibc) return `It needs ${glibc.replace('_', ' ')} or later. Use a newer system.`
  if (/libc\.musl|ld-musl|ld-linux|libc\.so/.test(message)) {
    return `It was built for another C library. ${REINSTALL}`
  }
  return REINSTALL
}

function otherVersion(found, description) {
  return failure(
    `Cannot use ${description}: it has version ${found ?? 'unknown'}, and ${name} has ${version}. ${REINSTALL}`,
  )
}

/** Returns `true` if `error` says that a module was not found: runtimes and bundlers have their own. */
function isNotFound({ code, message }) {
  if (code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND') return true
  return /Cannot find (module|package)|Could not resolve|Dynamic require of/i.test(message)
}

function failure(message, cause) {
  return Object.assign(new Error(message, cause && { cause }), { code: 'ERR_LOCK_NO_BINARY' })
}

module.exports = { damaged, disabledAddons, inSnapshot, isNotFound, missing, otherVersion, unsupported }
