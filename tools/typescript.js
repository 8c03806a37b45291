'use strict'

// The TypeScript compiler, which does not come for every platform that the tests run on.

const { execFileSync } = require('node:child_process')
const path = require('node:path')

const manifest = require.resolve('typescript/package.json')
const TSC = path.join(path.dirname(manifest), require(manifest).bin.tsc)

/** Runs the compiler; what it complains of is thrown. */
function tsc(...args) {
  try {
    return execFileSync(process.execPath, [TSC, ...args], { encoding: 'utf8' })
  } catch (error) {
    throw new Error(`tsc ${args.join(' ')}\n${error.stdout}${error.stderr}`)
  }
}

/** Options of a test that needs the compiler; in CI there is no way around it. */
const compiled = {
  skip: process.env.CI === undefined && !runs() && 'the TypeScript compiler does not run here',
}

function runs() {
  try {
    tsc('--version')
    return true
  } catch {
    return false
  }
}

module.exports = { compiled, tsc }
