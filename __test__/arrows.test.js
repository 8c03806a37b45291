'use strict'

// Which part may use which. A part knows those below it and none above it.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { isBuiltin } = require('node:module')
const path = require('node:path')
const { test } = require('node:test')
const manifest = require('../package.json')
const { nameOf, targets } = require('../tools/targets')

const root = path.join(__dirname, '..')

/** By part of src/: the parts that it may name. */
const RUST = {
  node: ['cli', 'lock', 'os', 'path', 'error'],
  cli: ['lock', 'os', 'path', 'error'],
  lock: ['os', 'path', 'error'],
  os: ['path', 'error'],
  path: ['error'],
  error: [],
}

/** By part of the package: the parts that it may require, beside itself and Node's own modules. */
const JAVASCRIPT = {
  bin: ['lib/cli'],
  'lib/cli': ['index.js', 'lib/native', 'lib/common', 'package.json'],
  'index.js': ['lib/content', 'lib/file', 'lib/common'],
  'lib/content': ['lib/file', 'lib/native', 'lib/common'],
  'lib/file': ['lib/native', 'lib/common'],
  'lib/native': ['lib/common', 'package.json'],
  'lib/common': [],
}

/** Requires the package of each platform. */
const PLATFORMS = 'lib/native/packages.js'

/** What these folders hold is imported by their own files alone. */
const PRIVATE = ['scripts', '__test__']

/** Returns the lines of the Rust file that name a part which it must not name. */
function wrongRust(file, source) {
  const part = file.split('/')[1].replace(/\.rs$/, '')
  const depth = file.replace(/(\/mod)?\.rs$/, '').split('/').length - 1
  // A list that goes over several lines, in one.
  const lists = source.replace(/\bcrate::\{[^;]*;/g, (list) => list.replaceAll('\n', ' '))
  return wrongLines(file, lists, (line) => {
    if (part !== 'node' && /\bnapi(_\w+)?\b/.test(line)) return true
    return namesFromTop(line, depth).some(
      (name) => name in RUST && name !== part && !RUST[part].includes(name),
    )
  })
}

/** Returns what the line names from the top of the crate: `crate::os`, `crate::{lock, os}`, `super::lock`. */
function namesFromTop(line, depth) {
  const single = line.matchAll(/\bcrate::(\w+)/g)
  const climbing = Array.from(line.matchAll(/\b((?:super::)+)(\w+)/g)).filter(
    ([, supers]) => supers.length / 'super::'.length >= depth,
  )
  const groups = Array.from(line.matchAll(/\bcrate::\{(.*)/g)).flatMap(([, group]) => [
    ...group.replace(/\{[^{}]*\}/g, '').matchAll(/(?:^|,)\s*(\w+)/g),
  ])
  return [
    ...Array.from(single, ([, name]) => name),
    ...climbing.map(([, , name]) => name),
    ...groups.map(([, name]) => name),
  ]
}

/** Returns the lines of the module that import a part which it must not import. */
function wrongJavaScript(file, source) {
  const part = partOf(file)
  return wrongLines(file, source, (line) => {
    if (/\b(?:require|import)\((?!\s*['"])/.test(line)) return part in JAVASCRIPT
    return importsOf(line).some((specifier) => isWrong(file, part, specifier))
  })
}

function importsOf(line) {
  const calls = line.matchAll(/\b(?:require|require\.resolve|import)\(\s*(['"])(.+?)\1/g)
  const clauses = line.matchAll(/(?:^|\s)(?:from|import)\s*(['"])(.+?)\1/g)
  return [...calls, ...clauses].map(([, , specifier]) => specifier)
}

function isWrong(file, part, specifier) {
  if (isBuiltin(specifier)) return !specifier.startsWith('node:')
  if (!specifier.startsWith('.')) return isWrongPackage(file, part, specifier)
  const target = path.posix.join(path.posix.dirname(file), specifier)
  const other = partOf(target)
  if (other === part) return false
  if (part in JAVASCRIPT) return !JAVASCRIPT[part].includes(other)
  if (part.startsWith('packages/')) return !(file.startsWith(`${part}/__test__/`) && other === 'tools')
  return PRIVATE.includes(other)
}

/** The main package has no dependencies; the others use its exports, and what they declare. */
function isWrongPackage(file, part, specifier) {
  if (file === PLATFORMS) return !targets.some((target) => nameOf(target) === specifier)
  if (part in JAVASCRIPT) return true
  const [, name, subpath] = /^((?:@[^/]+\/)?[^/]+)(.*)$/.exec(specifier)
  return name === manifest.name && !(`.${subpath}` in manifest.exports)
}

/** Returns the part that the file belongs to: `lib/file`, `index.js`, `packages/postgres`, `bench`. */
function partOf(file) {
  const [first, second] = file.split('/')
  if (second === undefined) return /^(index(\.js)?|\.)$/.test(first) ? 'index.js' : first
  return first === 'lib' || first === 'packages' ? `${first}/${second}` : first
}

function wrongLines(file, source, isWrongLine) {
  return source
    .split('\n')
    .map((line, index) => [line.replace(/^\s*(\/\/|\*|\/\*).*/, ''), `${file}:${index + 1}: ${line.trim()}`])
    .filter(([line]) => isWrongLine(line))
    .map(([, shown]) => shown)
}

/** Yields the files of the folder or the file, but those of dependencies and of builds. */
function* filesOf(name, pattern) {
  const full = path.join(root, name)
  if (!fs.existsSync(full)) return
  if (fs.statSync(full).isFile()) {
    if (pattern.test(name)) yield name
    return
  }
  for (const entry of fs.readdirSync(full)) {
    if (!['node_modules', 'target'].includes(entry)) yield* filesOf(`${name}/${entry}`, pattern)
  }
}

function wrongIn(names, pattern, wrong) {
  const files = names.flatMap((name) => [...filesOf(name, pattern)])
  assert.ok(files.length > 0, `no files in ${names}`)
  return files.flatMap((file) => wrong(file, fs.readFileSync(path.join(root, file), 'utf8')))
}

test('each Rust module uses the parts below it, and src/node alone names napi', () => {
  const parts = Object.keys(RUST).flatMap((part) => [`src/${part}`, `src/${part}.rs`])
  assert.deepEqual(wrongIn(parts, /\.rs$/, wrongRust), [])
})

test('each module of src/ is a part with arrows of its own', () => {
  const names = fs.readdirSync(path.join(root, 'src')).map((name) => name.replace(/\.rs$/, ''))
  assert.deepEqual(
    names.filter((name) => name !== 'lib' && !(name in RUST)),
    [],
  )
})

test('each JavaScript module uses the parts below it', () => {
  assert.deepEqual(wrongIn(Object.keys(JAVASCRIPT), /\.[cm]?js$/, wrongJavaScript), [])
})

test('each folder of lib/ is a part with arrows of its own', () => {
  const names = fs.readdirSync(path.join(root, 'lib')).map((name) => `lib/${name}`)
  assert.deepEqual(
    names.filter((name) => !(name in JAVASCRIPT)),
    [],
  )
})

test('packages use the exports of the main package, and no file uses scripts/ or __test__/', () => {
  const names = ['packages', 'bench', 'chaos', 'soak', 'tools', 'scripts', 'examples']
  assert.deepEqual(wrongIn(names, /\.[cm]?js$/, wrongJavaScript), [])
})

test('a line in the wrong direction is found', () => {
  for (const [file, line] of [
    ['src/os/unix/mod.rs', 'use crate::lock::Outcome;'],
    ['src/os/open.rs', '    let outcome = crate::lock::Outcome::Granted;'],
    ['src/os/open.rs', 'use super::super::lock::Outcome;'],
    ['src/os/mod.rs', 'use super::lock::Outcome;'],
    ['src/os/mod.rs', 'use crate::{error::Error, node::environment};'],
    ['src/os/mod.rs', 'use crate::{path::{LockPath, Other}, lock};'],
    ['src/os/mod.rs', 'use crate::{\n    path::LockPath,\n    lock::Driver,\n};'],
    ['src/path.rs', 'use crate::os::FileId;'],
    ['src/error.rs', 'use crate::path::LockPath;'],
    ['src/lock/driver.rs', 'use napi::Env;'],
    ['src/cli/mod.rs', 'use napi_derive::napi;'],
    ['src/cli/mod.rs', 'use crate::node::Environment;'],
  ]) {
    assert.equal(wrongRust(file, line).length, 1, `${file}: ${line}`)
  }
  for (const [file, line] of [
    ['bin/locket.js', "require('../index.js')"],
    ['index.js', "const { run } = require('./lib/cli/main.js')"],
    ['index.js', "const { openLock } = require('./lib/native/completions.js')"],
    ['lib/cli/main.js', "const { FileLock } = require('../file/lock.js')"],
    ['lib/content/update.js', "const { run } = require('../cli/unix.js')"],
    ['lib/content/update.js', "const locket = require('../..')"],
    ['lib/file/lock.js', "const { updateFile } = require('../content/update.js')"],
    ['lib/native/outcome.js', "const { LockGuard } = require('../file/guard.js')"],
    ['lib/common/errors.js', "const { Kind } = require('../native/outcome.js')"],
    ['lib/common/errors.js', "const { version } = require('../../package.json')"],
    ['lib/common/errors.js', "const fs = require('fs')"],
    ['lib/common/errors.js', "import { inTime } from '../native/holders.js'"],
    ['lib/common/errors.js', 'const { Kind } = require(name)'],
    ['lib/file/lock.js', "const pLimit = require('p-limit')"],
    ['packages/postgres/index.js', "const { invalidType } = require('../../lib/common/index.js')"],
    ['packages/postgres/lib/lock.js', "const lockfile = require('../../lockfile')"],
    ['packages/postgres/index.js', "const { invalidType } = require('locket/lib/common/index.js')"],
    ['packages/postgres/lib/a.mjs', "import { startNode } from '../../../tools/peer.js'"],
    ['bench/run.js', "const { pack } = require('../scripts/pack')"],
    ['tools/peer.js', "const { contend } = require('../__test__/fixtures/contention')"],
  ]) {
    assert.equal(wrongJavaScript(file, line).length, 1, `${file}: ${line}`)
  }
})

test('a line in the right direction is not reported', () => {
  for (const [file, line] of [
    ['src/node/lock.rs', 'use crate::{lock::Driver, os::System};'],
    ['src/node/mod.rs', 'use napi::Env;'],
    ['src/lock/tests/world.rs', 'use super::super::state::Entry;'],
    ['src/os/unix/open.rs', 'use super::super::open;'],
    ['src/path.rs', '    use super::LockPath;'],
    ['src/os/mod.rs', '// use crate::lock::Outcome;'],
  ]) {
    assert.deepEqual(wrongRust(file, line), [])
  }
  for (const [file, line] of [
    ['lib/cli/main.js', "const { lockFile } = require('../../index.js')"],
    ['lib/file/lock.js', "const { Waiter } = require('./acquire.js')"],
    ['lib/native/packages.js', `return { addon: require('${nameOf(targets[0])}') }`],
    ['packages/postgres/lib/lock.js', "const { invalidType } = require('locket/common')"],
    ['packages/postgres/__test__/a.test.js', "const { startNode } = require('../../../tools/peer')"],
    ['packages/postgres/lib/lock.js', "const { Client } = require('pg')"],
    ['packages/postgres/lib/lock.js', "const { name } = require('../package.json')"],
    ['bench/run.js', "const { startNode } = require('../tools/peer')"],
    ['scripts/release.js', "const { pack } = require('./pack')"],
  ]) {
    assert.deepEqual(wrongJavaScript(file, line), [])
  }
})
