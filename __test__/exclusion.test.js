// The promise itself: of many processes with many tasks each, one at a time.

'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { test } = require('node:test')
const { lockPath } = require('../tools/folder')
const { startNode } = require('../tools/peer')
const { isWine } = require('../tools/platform')

const PROCESSES = 4
const TASKS = 8
const SECTIONS = isWine ? 4000 : 20_000

test(`${PROCESSES} processes of ${TASKS} tasks lose none of ${SECTIONS} read-modify-writes`, async (t) => {
  const path = lockPath(t)
  const counter = `${path}.count`
  fs.writeFileSync(counter, Buffer.alloc(4))
  const peers = await Promise.all(Array.from({ length: PROCESSES }, () => startNode(t)))
  const task = async ({ lockFile }, path, counter, sections) => {
    const fs = require('node:fs')
    const file = fs.openSync(counter, 'r+')
    const count = Buffer.alloc(4)
    const lock = lockFile(path)
    for (let section = 0; section < sections; section += 1) {
      const guard = await lock.acquire()
      fs.readSync(file, count, 0, 4, 0)
      const next = count.readUInt32LE() + 1
      // The other tasks of the process run here; let one in and a count is lost.
      if (section % 16 === 0) await new Promise(setImmediate)
      count.writeUInt32LE(next)
      fs.writeSync(file, count, 0, 4, 0)
      guard.release()
    }
  }
  const tasks = peers.flatMap((peer) =>
    Array.from({ length: TASKS }, () => peer.run(task, path, counter, SECTIONS / PROCESSES / TASKS)),
  )
  await Promise.all(tasks)
  assert.equal(fs.readFileSync(counter).readUInt32LE(), SECTIONS)
})

test('tasks with timeouts never hold the lock at the same time', async (t) => {
  const path = lockPath(t)
  const inside = `${path}.inside`
  const peers = await Promise.all(Array.from({ length: PROCESSES }, () => startNode(t)))
  const task = async ({ lockFile }, path, inside) => {
    const fs = require('node:fs')
    const count = { held: 0, refused: 0 }
    for (let round = 0; round < 100; round += 1) {
      try {
        const guard = await lockFile(path).acquire(round % 3 === 0 ? 0.005 : undefined)
        // Fails if another task is inside.
        fs.mkdirSync(inside)
        await new Promise(setImmediate)
        fs.rmdirSync(inside)
        count.held += 1
        guard.release()
      } catch (error) {
        if (error.code !== 'ERR_LOCK_TIMEOUT') throw error
        count.refused += 1
      }
    }
    return count
  }
  const counts = await Promise.all(
    peers.flatMap((peer) => Array.from({ length: TASKS }, () => peer.run(task, path, inside))),
  )
  const sum = (name) => counts.reduce((total, count) => total + count[name], 0)
  assert.equal(sum('held') + sum('refused'), 100 * PROCESSES * TASKS)
  assert.ok(sum('held') > 0 && sum('refused') > 0, `${sum('held')} held, ${sum('refused')} refused`)
})
