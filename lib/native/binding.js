'use strict'

// Loads the addon, from the first of these places that has one: the file that an environment variable
// names, the file that a build leaves at the top of this package, the package of the platform.
//
// Written for bundlers and tracers, too: the packages are required by literal names (packages.js), and
// all other paths are found by what they cannot follow.

const { existsSync } = require('node:fs')
const { createRequire } = require('node:module')
const path = require('node:path')
const { env, execArgv } = require('node:process')
const { name, requirePackage, version } = require('./packages.js')
const { target } = require('./target.js')

/** As in the loaders that napi-rs generates. */
const VARIABLE = 'NAPI_RS_NATIVE_LIBRARY_PATH'

/** The path of this file; undefined in a bundle. */
const filename = module.filename

function load() {
  if (isBuildingSnapshot()) throw failures().inSnapshot()
  const here = target()
  return fromVariable() ?? fromBuild(here) ?? fromPackage(here)
}

/** Node aborts when it has loaded an addon and takes a startup snapshot. */
function isBuildingSnapshot() {
  // Only then is the module loaded, which takes a millisecond.
  if (!execArgv.some(canBuildSnapshot)) return false
  return Boolean(require('node:v8').startupSnapshot?.isBuildingSnapshot())
}

function canBuildSnapshot(option) {
  return option.startsWith('--build') || option.startsWith('--experimental-sea')
}

/** The variable can name the addon of another package that napi-rs made: that one has no version. */
function fromVariable() {
  const value = variable()
  if (!value) return undefined
  const file = path.resolve(value)
  const addon = loadFile(file, `'${file}', which ${VARIABLE} names`)
  return addon.VERSION === undefined ? undefined : checked(addon, `'${file}'`)
}

function variable() {
  const { Deno } = globalThis
  // Deno would ask for permission.
  const state = Deno?.permissions?.querySync({ name: 'env', variable: VARIABLE }).state
  return state === undefined || state === 'granted' ? env[VARIABLE] : undefined
}

function fromBuild(here) {
  if (filename === undefined) return undefined
  const file = path.join(path.dirname(filename), '..', '..', `locket.${here}.node`)
  return existsSync(file) ? checked(loadFile(file, `'${file}'`), `'${file}'`) : undefined
}

function loadFile(file, description) {
  try {
    return createRequire(file)(file)
  } catch (cause) {
    throw failures().disabledAddons(cause) ?? failures().damaged(description, cause)
  }
}

function fromPackage(here) {
  const { addon, error } = requirePackage(here)
  if (addon !== undefined) return checked(addon, packageFor(here))
  const { damaged, disabledAddons, isNotFound, missing, unsupported } = failures()
  if (error === undefined) throw unsupported(here)
  if (isNotFound(error)) throw missing(here, filename, error)
  throw disabledAddons(error) ?? damaged(packageFor(here), error)
}

/** Names the package in messages. */
function packageFor(here) {
  return `the native package ${name}-${here}`
}

/** Here, because most programs find the addon. */
function failures() {
  return require('./no-binary.js')
}

function checked(addon, description) {
  if (addon.VERSION !== version) throw failures().otherVersion(addon.VERSION, description)
  return addon
}

module.exports = load()
