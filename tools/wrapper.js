'use strict'

// flock(1) beside locket: what both have, they do alike.

const { spawnSync } = require('node:child_process')
const path = require('node:path')
const { LOCKET } = require('./child')

/** The wrappers, up to their options. */
const locket = [process.execPath, LOCKET]
const flock = ['flock']

const runs = (program) => spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0

/** Programs that a test needs beside Linux; under CI a missing one is a failure. */
function needs(...programs) {
  if (process.platform !== 'linux') return { skip: 'flock(1) is of Linux' }
  const missing = process.env.CI ? undefined : programs.find((program) => !runs(program))
  return { skip: missing !== undefined && `there is no ${missing}` }
}

/** A program of `__test__/fixtures`. */
const fixture = (name) => path.join(__dirname, '..', '__test__', 'fixtures', name)

module.exports = { fixture, flock, locket, needs }
