'use strict'

// A process that updates a JSON file until it is ended (programs/updater.js), and what may be in the
// file then.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { setTimeout: sleep } = require('node:timers/promises')
const { start } = require('./child')

const PROGRAM = path.join(__dirname, 'programs', 'updater.js')

/** Updates last so long, in milliseconds: an end falls into each part of one. */
const LONGEST_RUN_MS = 20

/** Resolves at a random moment of an update. */
const inAMoment = () => sleep(Math.random() * LONGEST_RUN_MS)

/** Starts the process; resolves at a random moment of an update, the first one being over. */
async function startUpdater(t, file, ...flags) {
  const updater = start(t, process.execPath, [PROGRAM, file, ...flags])
  await updater.says(/\n/)
  await inAMoment()
  return updater
}

/** The file has the value that the process said it wrote, or the next one. `out` is its output. */
function assertWritten(file, out) {
  const last = Number(out.trimEnd().split('\n').at(-1))
  const { n, text } = JSON.parse(fs.readFileSync(file, 'utf8'))
  assert.ok(n === last || n === last + 1, `${n} is there, ${last} was said`)
  assert.equal(text, String(n).repeat((n - 1) % 3000))
}

module.exports = { assertWritten, inAMoment, startUpdater }
