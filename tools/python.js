'use strict'

// A Python with the libraries that share locks with this package, in a virtual environment in the
// repository.

const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')

const folder = path.join(__dirname, '..', '.venv')
const environment = path.join(folder, 'foreign')
const REQUIREMENTS = ['locket==1.0.0', 'filelock']
const BIN = process.platform === 'win32' ? 'Scripts' : 'bin'

/** `{ python }`, or `{ reason }` why there is none. What makes one takes some seconds, once. */
function findPython() {
  if (spawnSync('python3', ['--version'], { stdio: 'ignore' }).status !== 0) {
    return { reason: 'there is no python3' }
  }
  const python = path.join(environment, BIN, 'python')
  if (fs.existsSync(python)) return { python }
  const failure = make()
  return failure === undefined ? { python } : { reason: failure }
}

/**
 * Others may be making it too, so each makes its own and moves it into place: an environment can be
 * moved as long as only its `python` is called.
 */
function make() {
  fs.mkdirSync(folder, { recursive: true })
  const making = fs.mkdtempSync(path.join(folder, 'making-'))
  try {
    const failure =
      failureOf('python3', ['-m', 'venv', making]) ??
      failureOf(path.join(making, BIN, 'python'), ['-m', 'pip', 'install', '--quiet', ...REQUIREMENTS])
    if (failure !== undefined) return failure
    fs.renameSync(making, environment)
  } catch (error) {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST' && error.code !== 'EPERM') throw error
  } finally {
    fs.rmSync(making, { recursive: true, force: true })
  }
}

function failureOf(command, args) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  if (status !== 0) return `'${[command, ...args].join(' ')}' failed:\n${stdout}${stderr}`
}

module.exports = { findPython }
