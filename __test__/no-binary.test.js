'use strict'

// What `require` says where the addon cannot be loaded, for each cause.

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { target } = require('../lib/native/target')
const { temporaryFolder } = require('../tools/folder')
const { works } = require('../tools/mounts')
const { linuxOnly, nativeOnly } = require('../tools/platform')
const { files, manifest, nameOf, root, targets } = require('../tools/targets')

const here = targets.find(({ name }) => name === target())
const REINSTALL = 'Remove node_modules and run "npm install" on this machine.'

const compilerOnly = {
  skip: linuxOnly.skip || nativeOnly.skip || (!works('cc', '--version') && 'no cc: install a C compiler'),
}

/** Where Node came with another C library than the compiler: it bears what is made for glibc. */
const glibcOnly = {
  skip: compilerOnly.skip || (target().endsWith('-musl') && 'the compiler makes addons for glibc'),
}

/** A project with the main package, as it is installed, without one for the platform. */
function project(t) {
  const folder = temporaryFolder(t)
  const modules = path.join(folder, 'node_modules')
  for (const name of [...files, 'package.json']) {
    fs.cpSync(path.join(root, name), path.join(modules, manifest.name, name), { recursive: true })
  }
  return folder
}

/** Adds a package for the platform whose addon is made by `make(file)`. */
function addPlatform(folder, platform, make) {
  const place = path.join(folder, 'node_modules', nameOf(platform))
  const addon = path.join(place, path.basename(platform.addon))
  fs.mkdirSync(place, { recursive: true })
  const content = { name: nameOf(platform), version: manifest.version, main: path.basename(addon) }
  fs.writeFileSync(path.join(place, 'package.json'), JSON.stringify(content))
  make(addon)
  return addon
}

const copyAddon = (file) => fs.copyFileSync(here.addon, file)

/** What `require` does in the project: `{ code, message }` of its error, or 'loaded'. */
function load(folder, { args = [], env = {}, first = '', prefix = [] } = {}) {
  const source = `${first}
    try {
      require('${manifest.name}')
      console.log('"loaded"')
    } catch ({ code, message }) {
      console.log(JSON.stringify({ code, message }))
    }`
  const [command, ...rest] = [...prefix, process.execPath, ...args, '-e', source]
  const options = { cwd: folder, encoding: 'utf8', env: { ...process.env, ...env } }
  const { stdout, stderr } = spawnSync(command, rest, options)
  assert.notEqual(stdout, '', stderr)
  return JSON.parse(stdout)
}

function assertRefused(answer, ...parts) {
  assert.equal(answer.code, 'ERR_LOCK_NO_BINARY', JSON.stringify(answer))
  for (const part of parts) assert.ok(answer.message.includes(part), `${answer.message}\nsays ${part}`)
}

/** Compiles C sources into a library. */
function compile(file, source, ...options) {
  const args = ['-shared', '-fPIC', '-x', 'c', '-o', file, '-', '-x', 'none', ...options]
  const { status, stderr } = spawnSync('cc', args, { input: source, encoding: 'utf8' })
  assert.equal(status, 0, stderr)
}

/** An addon of other software: Node loads it, and it exports nothing. */
const OTHER_ADDON = 'void *napi_register_module_v1(void *env, void *exports) { return exports; }'

test('require on a platform without a package names those with one', (t) => {
  const answer = load(project(t), { first: "Object.defineProperty(process, 'platform', { value: 'sunos' })" })
  assertRefused(answer, `No native package for sunos-${process.arch}.`, 'linux-x64-gnu', 'build from source')
})

test('require without the package advises to include optional dependencies', (t) => {
  const folder = project(t)
  const parts = [
    `Cannot find the native package ${nameOf(here)} in or above '${path.join(folder, 'node_modules', 'locket')}`,
    'npm install --include=optional',
  ]
  assertRefused(load(folder), ...parts)
  const entry = { [`node_modules/${nameOf(here)}`]: { optional: true } }
  fs.writeFileSync(path.join(folder, 'package-lock.json'), JSON.stringify({ packages: entry }))
  assertRefused(load(folder), ...parts)
})

test('require without the package in package-lock.json names that file', (t) => {
  const folder = project(t)
  const file = path.join(folder, 'package-lock.json')
  fs.writeFileSync(file, JSON.stringify({ packages: { [`node_modules/${nameOf(other())}`]: {} } }))
  const advice = 'Remove node_modules and package-lock.json, and run "npm install".'
  assertRefused(load(folder), `'${file}' does not list it`, advice)
})

/** Another target: on Linux the one of the other C library. */
function other() {
  const { cpu, os } = here
  return targets.find((each) => each !== here && each.os === os && each.cpu === cpu) ?? targets[0]
}

test('require with the package of another platform alone names both platforms', (t) => {
  const folder = project(t)
  addPlatform(folder, other(), (file) => fs.writeFileSync(file, ''))
  const found = `node_modules was installed for ${other().name}, and this is ${here.name}.`
  assertRefused(load(folder), `Cannot find the native package ${nameOf(here)}`, found, REINSTALL)
})

test('require with a damaged addon names the package and the cause', (t) => {
  const folder = project(t)
  addPlatform(folder, here, (file) => fs.writeFileSync(file, 'no program'))
  assertRefused(load(folder), `Cannot load the native package ${nameOf(here)}: `, REINSTALL)
})

test('require with an addon for another C library says so', glibcOnly, (t) => {
  const folder = project(t)
  addPlatform(folder, here, (file) => {
    const libc = path.join(folder, 'libc.so')
    compile(libc, 'void f(void) {}', '-Wl,-soname,libc.musl-x86_64.so.1')
    compile(file, 'void f(void); void g(void) { f(); }', libc)
  })
  assertRefused(load(folder), nameOf(here), 'built for another C library', REINSTALL)
})

test('require with an addon for a later glibc names the version', glibcOnly, (t) => {
  const folder = project(t)
  addPlatform(folder, here, (file) => {
    const [libc, versions] = [path.join(folder, 'libc.so'), path.join(folder, 'versions')]
    fs.writeFileSync(versions, 'GLIBC_9.99 { f; };')
    compile(libc, 'void f(void) {}', '-Wl,-soname,libc.so.6', `-Wl,--version-script=${versions}`, '-nostdlib')
    compile(file, 'void f(void); void g(void) { f(); }', '-nostdlib', libc)
  })
  assertRefused(load(folder), nameOf(here), 'It needs GLIBC 9.99 or later.')
})

test('require with an addon of another version names both versions', compilerOnly, (t) => {
  const folder = project(t)
  addPlatform(folder, here, (file) => compile(file, OTHER_ADDON))
  assertRefused(load(folder), `has version unknown, and ${manifest.name} has ${manifest.version}`)
})

const noexecOnly = {
  skip: linuxOnly.skip || nativeOnly.skip || (!works('unshare', '--mount', 'true') && 'needs root, to mount'),
}

test('require from a file system without execution says so', noexecOnly, (t) => {
  const folder = project(t)
  addPlatform(folder, here, copyAddon)
  const script = `mount -t tmpfs -o noexec tmpfs "$0" && cp -r "$1/." "$0" && cd "$0" && shift && exec "$@"`
  const prefix = ['unshare', '--mount', 'sh', '-c', script, temporaryFolder(t), folder]
  assertRefused(load(folder, { prefix }), nameOf(here), 'probably forbids execution (noexec)')
})

test('require under --no-addons says so', (t) => {
  const folder = project(t)
  addPlatform(folder, here, copyAddon)
  assertRefused(load(folder, { args: ['--no-addons'] }), 'Node runs with --no-addons.')
})

test('require under --permission without --allow-addons says so', (t) => {
  const folder = project(t)
  addPlatform(folder, here, copyAddon)
  const permission = process.allowedNodeEnvironmentFlags.has('--permission')
    ? '--permission'
    : '--experimental-permission'
  const args = ['--no-warnings', permission, '--allow-fs-read=*']
  assertRefused(load(folder, { args }), 'Add --allow-addons.')
  assert.equal(load(folder, { args: [...args, '--allow-addons'] }), 'loaded')
})

test('NAPI_RS_NATIVE_LIBRARY_PATH names the addon', (t) => {
  const folder = project(t)
  assert.equal(load(folder, { env: { NAPI_RS_NATIVE_LIBRARY_PATH: here.addon } }), 'loaded')
  const missing = path.join(folder, 'missing.node')
  const refused = load(folder, { env: { NAPI_RS_NATIVE_LIBRARY_PATH: missing } })
  assertRefused(refused, `Cannot load '${missing}', which NAPI_RS_NATIVE_LIBRARY_PATH names: `)
})

test('an addon of other software in NAPI_RS_NATIVE_LIBRARY_PATH is ignored', compilerOnly, (t) => {
  const folder = project(t)
  const file = path.join(folder, 'other.node')
  compile(file, OTHER_ADDON)
  addPlatform(folder, here, copyAddon)
  assert.equal(load(folder, { env: { NAPI_RS_NATIVE_LIBRARY_PATH: file } }), 'loaded')
})
