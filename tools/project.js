'use strict'

const fs = require('node:fs')
const path = require('node:path')
const { target } = require('../lib/native/target')
const { files } = require('./targets')
const { temporaryFolder } = require('./folder')

const ROOT = path.join(__dirname, '..')

/** A folder as a user has it after `npm install locket`: `{ folder, env }`, the command on PATH. */
function userProject(t) {
  const folder = temporaryFolder(t)
  const modules = path.join(folder, 'node_modules')
  const bin = path.join(modules, '.bin')
  const programs = [bin]
  fs.mkdirSync(bin, { recursive: true })
  if (process.platform === 'win32') {
    // Where links are another thing, and wine has none.
    for (const name of [...files, 'package.json', `locket.${target()}.node`]) {
      fs.cpSync(path.join(ROOT, name), path.join(modules, 'locket', name), { recursive: true })
    }
  } else {
    fs.symlinkSync(ROOT, path.join(modules, 'locket'))
    fs.symlinkSync(path.join('..', 'locket', 'bin', 'locket.js'), path.join(bin, 'locket'))
    programs.push(folderWithNode(t))
  }
  const PATH = [...programs, process.env.PATH].join(path.delimiter)
  // A test runner around this one would be told of the tests that an example runs.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  return { folder, env: { ...env, PATH } }
}

/** What a script calls node is the one under test, whatever else is on PATH. */
function folderWithNode(t) {
  const folder = temporaryFolder(t)
  fs.symlinkSync(process.execPath, path.join(folder, 'node'))
  return folder
}

module.exports = { ROOT, userProject }
