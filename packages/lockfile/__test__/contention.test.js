'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { lockFileWith } = require('../../../tools/folder')
const { startNode } = require('../../../tools/peer')

const OURS = path.join(__dirname, '..')

/** Runs in a peer: sections that no other may overlap, each of which adds one to the file. */
async function count({ require }, ours, file, tasks, rounds) {
  const fs = require('node:fs')
  const lockfile = require(ours)
  const acquire = () =>
    new Promise((resolve, reject) => {
      lockfile.lock(`${file}.lock`, { wait: 1e9 }, (error) => (error ? reject(error) : resolve()))
    })
  const section = async () => {
    fs.mkdirSync(`${file}.inside`)
    const before = Number(fs.readFileSync(file, 'utf8'))
    await new Promise(setImmediate)
    fs.writeFileSync(file, String(before + 1))
    fs.rmdirSync(`${file}.inside`)
  }
  const task = async () => {
    for (let round = 0; round < rounds; round += 1) {
      await acquire()
      await section()
      await new Promise((resolve) => lockfile.unlock(`${file}.lock`, resolve))
    }
  }
  await Promise.all(Array.from({ length: tasks }, task))
}

test('processes that remove the files at each release never share the lock', async (t) => {
  const file = lockFileWith(t, '0')
  const peers = await Promise.all(Array.from({ length: 4 }, () => startNode(t)))
  await Promise.all(peers.map((peer) => peer.run(count, OURS, file, 3, 60)))
  assert.equal(fs.readFileSync(file, 'utf8'), '720')
  assert.deepEqual(fs.readdirSync(path.dirname(file)), [path.basename(file)])
})

test('tasks of one process that remove the files at each release never share the lock', async (t) => {
  const file = lockFileWith(t, '0')
  await count({ require }, OURS, file, 20, 20)
  assert.equal(fs.readFileSync(file, 'utf8'), '400')
})
