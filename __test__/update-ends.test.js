'use strict'

// An update whose thread or process ends in the middle of it leaves the old content or the new, and
// nothing of it happens later, when others have the lock.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { setTimeout: sleep } = require('node:timers/promises')
const { lockFile, updateJson } = require('..')
const { start } = require('../tools/child')
const { temporaryFolder } = require('../tools/folder')
const { startThread } = require('../tools/thread')
const { until, within } = require('../tools/until')

const UPDATER = path.join(__dirname, 'fixtures', 'updater.js')

/** How often each end is tried. */
const ROUNDS = Number(process.env.LOCKET_ROUNDS ?? 25)

/** Updates last so long, in milliseconds: an end falls into each part of one. */
const LONGEST_RUN_MS = 20

const inAMoment = () => sleep(Math.random() * LONGEST_RUN_MS)

/** What this process has open, where /proc tells. */
function openFiles() {
  if (process.platform !== 'linux') return []
  const target = (name) => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${name}`)
    } catch {
      return 'closed'
    }
  }
  return fs.readdirSync('/proc/self/fd').map(target)
}

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
  await until(() => !openFiles().includes(`${file}.lock`), 'the lock file to be closed')
})

test('a process that exits while it updates leaves one of the values written', async (t) => {
  const file = path.join(temporaryFolder(t), 'data.json')
  for (let round = 0; round < ROUNDS; round += 1) {
    const updater = start(t, process.execPath, [UPDATER, file, 'exits'])
    await updater.says(/\n/)
    await inAMoment()
    updater.stdin.end()
    const { status, out } = await updater.ended
    assert.equal(status, 0)
    const last = Number(out.trimEnd().split('\n').at(-1))
    const { n, text } = JSON.parse(fs.readFileSync(file, 'utf8'))
    assert.ok(n === last || n === last + 1, `${n} is there, ${last} was said`)
    assert.equal(text, String(n).repeat((n - 1) % 3000))
  }
  lockFile(`${file}.lock`).tryAcquire().release()
})
