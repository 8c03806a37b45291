'use strict'

// The file of a lock is removed while the lock is held: waiters stand in the queue of a file that is
// no longer at its path.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { lockFileWith } = require('../../../tools/folder')
const { startNode } = require('../../../tools/peer')
const lockfile = require('..')

const OURS = path.join(__dirname, '..')
const SOON = { retries: 1, minTimeout: 30_000 }
const FOREVER = { forever: true, minTimeout: 1 }

/** Runs in a peer: sections that no other may overlap, each of which adds one to the file. */
async function count({ require }, ours, file, tasks, rounds, retries) {
  const fs = require('node:fs')
  const lockfile = require(ours)
  const section = async () => {
    fs.mkdirSync(`${file}.inside`)
    const before = Number(fs.readFileSync(file, 'utf8'))
    await new Promise(setImmediate)
    fs.writeFileSync(file, String(before + 1))
    fs.rmdirSync(`${file}.inside`)
  }
  const task = async () => {
    for (let round = 0; round < rounds; round += 1) {
      const release = await lockfile.lock(file, { retries })
      await section()
      await release()
    }
  }
  await Promise.all(Array.from({ length: tasks }, task))
}

test('processes that remove the file at each release never share the lock', async (t) => {
  const file = lockFileWith(t, '0')
  const peers = await Promise.all(Array.from({ length: 4 }, () => startNode(t)))
  await Promise.all(peers.map((peer) => peer.run(count, OURS, file, 3, 100, FOREVER)))
  assert.equal(fs.readFileSync(file, 'utf8'), '1200')
  assert.deepEqual(fs.readdirSync(path.dirname(file)), [path.basename(file)])
})

test('tasks of one process that remove the file at each release never share the lock', async (t) => {
  const file = lockFileWith(t, '0')
  await count({ require }, OURS, file, 20, 20, FOREVER)
  assert.equal(fs.readFileSync(file, 'utf8'), '400')
})

test('checks of another process do not keep a lock from being acquired', async (t) => {
  const file = lockFileWith(t)
  const checker = await startNode(t)
  const checks = checker.run(
    async ({ require, kept }, ours, file) => {
      const lockfile = require(ours)
      while (!kept.isEnough) {
        lockfile.checkSync(file)
        await lockfile.check(file)
      }
    },
    OURS,
    file,
  )
  for (let round = 0; round < 500; round += 1) {
    const release = await lockfile.lock(file, { retries: SOON })
    assert.equal(await lockfile.check(file), true)
    await release()
  }
  await checker.run(({ kept }) => {
    kept.isEnough = true
  })
  await checks
  assert.equal(fs.existsSync(`${file}.lock`), false)
})

test('checks do not keep a lock from being acquired that a crash has left', async (t) => {
  const file = lockFileWith(t)
  const checker = await startNode(t)
  fs.writeFileSync(`${file}.lock`, '')
  const checks = checker.run(
    async ({ require, kept }, ours, file) => {
      const lockfile = require(ours)
      while (!kept.isEnough) {
        lockfile.checkSync(file)
        await lockfile.check(file)
      }
    },
    OURS,
    file,
  )
  for (let round = 0; round < 500; round += 1) {
    const release = await lockfile.lock(file, { retries: SOON })
    await release()
    fs.writeFileSync(`${file}.lock`, '')
  }
  await checker.run(({ kept }) => {
    kept.isEnough = true
  })
  await checks
})
