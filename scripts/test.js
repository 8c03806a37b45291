'use strict'

// npm test: sets up, then runs the tests, those of packages/ too. `npm test -- acquire death` runs
// those two files alone, and the name of a package its tests; options of `node --test` are passed on.

const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { setUp } = require('../tools/setup')

const root = path.join(__dirname, '..')
const TESTS = '__test__'
const SUFFIX = '.test.js'

/** Of a file. None comes near it on the busiest machine; what hangs is ended, and fails. */
const HANGS_AFTER = 600_000

function main(args) {
  setUp()
  const options = args.filter((arg) => arg.startsWith('-'))
  const names = args.filter((arg) => !arg.startsWith('-'))
  const defaults = [
    `--test-concurrency=${os.availableParallelism()}`,
    `--test-timeout=${HANGS_AFTER}`,
    '--test-reporter=spec',
  ]
  const chosen = defaults.filter((option) => !options.some((given) => given.startsWith(option.split('=')[0])))
  const files = names.length > 0 ? names.flatMap(resolve) : folders().flatMap(testsIn)
  // Set by a test runner around this one, it would make the one below run nothing.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const command = ['--test', ...chosen, ...options, ...files]
  const { status, error } = spawnSync(process.execPath, command, { stdio: 'inherit', env })
  if (error) throw error
  process.exitCode = status ?? 1
}

/** The folders with tests: that of the main package first. */
function folders() {
  return ['.', ...packages()]
    .map((name) => path.join(root, name, TESTS))
    .filter((folder) => fs.existsSync(folder))
}

/** The folders of the packages, relative to the root. */
function packages() {
  return fs.readdirSync(path.join(root, 'packages')).map((name) => path.join('packages', name))
}

/** Node 20 has no patterns for files. */
function testsIn(folder) {
  return fs
    .readdirSync(folder)
    .filter((name) => name.endsWith(SUFFIX))
    .map((name) => path.join(folder, name))
}

/** A theme comes before a package, and a package before a path: there is a folder `examples` too. */
function resolve(name) {
  const file = name.endsWith(SUFFIX) ? name : name + SUFFIX
  const themes = folders()
    .map((folder) => path.join(folder, file))
    .filter((theme) => fs.existsSync(theme))
  if (themes.length > 0) return themes
  const folder = path.join(root, 'packages', name, TESTS)
  return fs.existsSync(folder) ? testsIn(folder) : [name]
}

main(process.argv.slice(2))
