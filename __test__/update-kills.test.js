'use strict'

// A process that is killed in the middle of an update leaves the old content or the new.
// LOCKET_TEST_KILLS=2000 npm test -- update-kills: as many kills.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { setTimeout: sleep } = require('node:timers/promises')
const { lockFile } = require('..')
const { start } = require('../tools/child')
const { temporaryFolder } = require('../tools/folder')

const UPDATER = path.join(__dirname, 'fixtures', 'updater.js')

const KILLS = Number(process.env.LOCKET_TEST_KILLS ?? 30)

/** Updates last so long, in milliseconds: a kill falls into each part of one. */
const LONGEST_RUN_MS = 20

/** Starts a process that updates the file, kills it, and returns the last number it said it wrote. */
async function killUpdater(t, file, flags) {
  const updater = start(t, process.execPath, [UPDATER, file, ...flags])
  await updater.says(/\n/)
  await sleep(Math.random() * LONGEST_RUN_MS)
  const { out } = await updater.kill()
  return Number(out.trimEnd().split('\n').at(-1))
}

test(`${KILLS} processes killed while they update leave one of the values written`, async (t) => {
  const folder = temporaryFolder(t)
  const file = path.join(folder, 'data.json')
  let leftovers = 0
  for (let kill = 0; kill < KILLS; kill += 1) {
    const last = await killUpdater(t, file, kill % 2 === 0 ? ['fsync'] : [])
    const { n, text } = JSON.parse(fs.readFileSync(file, 'utf8'))
    assert.ok(n === last || n === last + 1, `${n} is there, ${last} was said`)
    assert.equal(text, String(n).repeat((n - 1) % 3000))
    const names = fs.readdirSync(folder).filter((name) => !/^data\.json(\.lock)?$/.test(name))
    assert.ok(names.length === 0 || names.join() === 'data.json.locket.tmp', names.join())
    leftovers += names.length
  }
  lockFile(`${file}.lock`).tryAcquire().release()
  t.diagnostic(`${leftovers} of ${KILLS} left a temporary file until the next update`)
})
