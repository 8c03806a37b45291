'use strict'

// A process that is killed in the middle of an update leaves the old content or the new.
// LOCKET_TEST_KILLS=2000 npm test -- update-kills: as many kills.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { lockFile } = require('..')
const { temporaryFolder } = require('../tools/folder')
const { assertWritten, startUpdater } = require('../tools/updater')

const KILLS = Number(process.env.LOCKET_TEST_KILLS ?? 30)

test(`${KILLS} processes killed while they update leave one of the values written`, async (t) => {
  const folder = temporaryFolder(t)
  const file = path.join(folder, 'data.json')
  let leftovers = 0
  for (let kill = 0; kill < KILLS; kill += 1) {
    const updater = await startUpdater(t, file, ...(kill % 2 === 0 ? ['fsync'] : []))
    const { out } = await updater.kill()
    assertWritten(file, out)
    const names = fs.readdirSync(folder).filter((name) => !/^data\.json(\.lock)?$/.test(name))
    assert.ok(names.length === 0 || names.join() === 'data.json.locket.tmp', names.join())
    leftovers += names.length
  }
  lockFile(`${file}.lock`).tryAcquire().release()
  t.diagnostic(`${leftovers} of ${KILLS} left a temporary file until the next update`)
})
