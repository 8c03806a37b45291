'use strict'

// npm test: sets up, then runs the tests. `npm test -- acquire death` runs those two files alone;
// options of `node --test` are passed on.

const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { setUp } = require('./setup')

const folder = path.join(__dirname, '..', '__test__')
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
  const files = names.length > 0 ? names.map(resolve) : all()
  // Set by a test runner around this one, it would make the one below run nothing.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const command = ['--test', ...chosen, ...options, ...files]
  const { status, error } = spawnSync(process.execPath, command, { stdio: 'inherit', env })
  if (error) throw error
  process.exitCode = status ?? 1
}

/** Node 20 has no patterns for files. */
function all() {
  return fs
    .readdirSync(folder)
    .filter((name) => name.endsWith(SUFFIX))
    .map((name) => path.join(folder, name))
}

/** A theme comes before a path: there is a folder `examples` too. */
function resolve(name) {
  const theme = path.join(folder, name.endsWith(SUFFIX) ? name : name + SUFFIX)
  return fs.existsSync(theme) ? theme : name
}

main(process.argv.slice(2))
