'use strict'

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { pathToFileURL } = require('node:url')
const { temporaryFolder } = require('../../../tools/folder')
const { linuxOnly } = require('../../../tools/platform')
const all = require('..')

const OURS = path.join(__dirname, '..')
const declarations = fs.readFileSync(require.resolve('@types/proper-lockfile/index.d.ts'), 'utf8')

test('what @types/proper-lockfile declares is exported', () => {
  const declared = [...declarations.matchAll(/^export function (\w+)/gm)].map(([, name]) => name)
  assert.ok(declared.length > 0)
  for (const name of declared) assert.equal(typeof all[name], 'function', name)
})

test('an ES module imports each name, and all of them as the default', async () => {
  const { default: byDefault, ...named } = await import(pathToFileURL(path.join(OURS, 'index.js')))
  assert.equal(byDefault, all)
  for (const [name, value] of Object.entries(all)) assert.equal(named[name], value, name)
})

test('a mock takes the place of an export', (t) => {
  const { check: original } = all
  t.mock.method(all, 'check', () => 'mocked')
  assert.equal(all.check(), 'mocked')
  t.mock.restoreAll()
  assert.equal(all.check, original)
})

const LOOK = `
  const fs = require('node:fs')
  const look = () => ({
    threads: fs.readdirSync('/proc/self/task').length,
    descriptors: fs.readdirSync('/proc/self/fd').length,
    signals: /SigCgt:\\s+(\\w+)/.exec(fs.readFileSync('/proc/self/status', 'latin1'))[1],
    listeners: process.eventNames().map(String),
  })
`

/** Runs the program in a new process; answers what it writes as JSON. */
function runProgram(t, program) {
  const options = { encoding: 'utf8', cwd: temporaryFolder(t) }
  return JSON.parse(execFileSync(process.execPath, ['-e', program], options))
}

test('to load it starts no thread, opens no file, takes no signal, adds no listener', linuxOnly, (t) => {
  const { before, after } = runProgram(
    t,
    `${LOOK}
    const before = look()
    require(${JSON.stringify(OURS)})
    console.log(JSON.stringify({ before, after: look() }))`,
  )
  assert.deepEqual(after, before)
})

test('a lock that was released leaves no thread, descriptor, signal handler or listener', linuxOnly, (t) => {
  const { before, after } = runProgram(
    t,
    `${LOOK}
    const lockfile = require(${JSON.stringify(OURS)})
    const before = look()
    lockfile.lockSync('some.lock', { realpath: false })
    lockfile.unlockSync('some.lock', { realpath: false })
    console.log(JSON.stringify({ before, after: look() }))`,
  )
  assert.deepEqual(after, before)
})

test('only its own files and those of locket are loaded', (t) => {
  const loaded = runProgram(
    t,
    `const lockfile = require(${JSON.stringify(OURS)})
    lockfile.lockSync('some.lock', { realpath: false })
    console.log(JSON.stringify(Object.keys(require.cache)))`,
  )
  assert.deepEqual(
    loaded.filter((file) => file.includes('node_modules')),
    [],
  )
})
