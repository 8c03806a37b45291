'use strict'

// An update whose thread or process ends in the middle of it leaves the old content or the new, and
// nothing of it happens later, when others have the lock.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { lockFile, updateJson } = require('..')
const { temporaryFolder } = require('../tools/folder')
const { linuxOnly } = require('../tools/platform')
const { descriptorsOf } = require('../tools/resources')
const { startThread } = require('../tools/thread')
const { until, within } = require('../tools/until')
const { assertWritten, inAMoment, startUpdater } = require('../tools/updater')

/** How often each end is tried. */
const ROUNDS = Number(process.env.LOCKET_ROUNDS ?? 25)

/** In a worker: adds one to its own number, again and again. */
async function updateForGood({ require, tell }, file) {
  const { updateJson } = require('../..')
  for (;;) {
    await updateJson(file, (now) => ({ ...now, worker: now.worker + 1 }), { fsync: false })
    tell('updated')
  }
}

test('a worker terminated while it updates takes back no update of another thread', async (t) => {
  const file = path.join(temporaryFolder(t), 'data.json')
  await updateJson(file, () => ({ main: 0, worker: 0 }))
  let updates = 0
  for (let round = 0; round < ROUNDS; round += 1) {
    const worker = await startThread(t, updateForGood, file)
    let isOver = false
    const ended = inAMoment().then(() => worker.terminate())
    ended.finally(() => {
      isOver = true
    })
    do {
      const update = updateJson(file, (now) => ({ ...now, main: now.main + 1 }), { fsync: false })
      assert.equal((await within(update, 'the update')).main, updates + 1)
      updates += 1
    } while (!isOver)
    await ended
  }
  const { main, worker } = await updateJson(file, (now) => ({ ...now }))
  assert.equal(main, updates)
  assert.ok(worker >= ROUNDS)
  assert.deepEqual(fs.readdirSync(path.dirname(file)).sort(), ['data.json', 'data.json.lock'])
  // Node loses the descriptor of an fs.open() that is under way when its worker is terminated.
  if (linuxOnly.skip) return
  await until(() => descriptorsOf(`${file}.lock`).length === 0, 'the lock file to be closed')
})

test('a process that exits while it updates leaves one of the values written', async (t) => {
  const file = path.join(temporaryFolder(t), 'data.json')
  for (let round = 0; round < ROUNDS; round += 1) {
    const updater = await startUpdater(t, file, 'exits')
    updater.stdin.end()
    const { status, out } = await updater.ended
    assert.equal(status, 0)
    assertWritten(file, out)
  }
  lockFile(`${file}.lock`).tryAcquire().release()
})
