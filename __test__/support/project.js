'use strict'

const fs = require('node:fs')
const path = require('node:path')
const { temporaryFolder } = require('./folder')

const ROOT = path.join(__dirname, '..', '..')

/** A folder as a user has it after `npm install locket`: `{ folder, env }`, the command on PATH. */
function userProject(t) {
  const folder = temporaryFolder(t)
  const modules = path.join(folder, 'node_modules')
  fs.mkdirSync(path.join(modules, '.bin'), { recursive: true })
  fs.symlinkSync(ROOT, path.join(modules, 'locket'), 'junction')
  fs.symlinkSync(path.join('..', 'locket', 'bin', 'locket.js'), path.join(modules, '.bin', 'locket'))
  const PATH = [path.join(modules, '.bin'), process.env.PATH].join(path.delimiter)
  // A test runner around this one would be told of the tests that an example runs.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  return { folder, env: { ...env, PATH } }
}

module.exports = { ROOT, userProject }
