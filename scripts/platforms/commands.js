'use strict'

const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')

/** A platform cannot be tried here; the message says what it takes. */
class Missing extends Error {}

/** What a program's file is called here. */
function executable(program) {
  return process.platform === 'win32' ? `${program}.exe` : program
}

/** Every program of that name on PATH, in its order. */
function onPath(name) {
  const program = executable(name)
  const folders = (process.env.PATH ?? '').split(path.delimiter)
  const found = folders.map((folder) => path.join(folder, program)).filter((file) => fs.existsSync(file))
  return [...new Set(found.map((file) => fs.realpathSync(path.dirname(file))))].map((folder) =>
    path.join(folder, program),
  )
}

/** Where the program is. */
function need(program, cure) {
  const [found] = onPath(program)
  if (found === undefined) throw new Missing(`${program} is not on PATH (${cure})`)
  return found
}

/** Runs to the end, quietly, and answers what it wrote; throws that when it fails. */
function run(program, args, options) {
  const result = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 2 ** 28, ...options })
  if (result.error?.code === 'ENOENT') throw new Missing(`${program} is not on PATH`)
  if (result.error) throw result.error
  if (result.status !== 0) {
    throw new Error(`${program} ${args.join(' ')}: ${result.stdout ?? ''}${result.stderr ?? ''}`)
  }
  return (result.stdout ?? '').trim()
}

module.exports = { Missing, executable, need, onPath, run }
