'use strict'

// Rule 4: first come, first served in a process, and every process gets its turn.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { lockFile } = require('..')
const { hardLinksOnly } = require('../tools/filesystem')
const { lockPath } = require('../tools/folder')
const { startNode } = require('../tools/peer')
const { startThread } = require('../tools/thread')
const { within, withResolvers } = require('../tools/until')

const WAITERS = 1000

/**
 * Queues a thousand acquires, of which some are aborted and some time out before `release` lets the
 * first in and some are aborted while others hold; those that are left must come in their order.
 */
async function serve(lock, release) {
  const served = []
  const expected = []
  const early = new AbortController()
  const late = new AbortController()
  const timedOut = []
  const acquires = []
  const section = (number) => (guard) => {
    served.push(number)
    if (served.length === 100) late.abort()
    guard.release()
  }
  for (let number = 0; number < WAITERS; number += 1) {
    if (number % 7 === 3) {
      acquires.push(assert.rejects(lock.acquire({ signal: early.signal }), { name: 'AbortError' }))
    } else if (number % 11 === 5) {
      timedOut.push(assert.rejects(lock.acquire(0.001), { code: 'ERR_LOCK_TIMEOUT' }))
    } else if (number % 13 === 7 && number > 500) {
      acquires.push(
        assert.rejects(lock.acquire({ signal: late.signal, timeout: 3600 }), { name: 'AbortError' }),
      )
    } else {
      acquires.push(lock.acquire(number % 2 ? 3600 : undefined).then(section(number)))
      expected.push(number)
    }
  }
  await Promise.all(timedOut)
  early.abort()
  await release()
  await within(Promise.all(acquires), 'every acquire to settle')
  assert.deepEqual(served, expected)
  assert.equal(lock.locked, false)
}

test('behind a holder of the process, waiters are served in order, though some leave the queue', async (t) => {
  const lock = lockFile(lockPath(t))
  const guard = await lock.acquire()
  await serve(lock, () => guard.release())
})

test('behind another process, waiters are served in order, though some leave the queue', async (t) => {
  const file = lockPath(t)
  const holder = await startNode(t)
  await holder.acquire(file)
  await serve(lockFile(file), () => holder.release(file))
})

test('waiters under two spellings of a file are served in one order', hardLinksOnly, async (t) => {
  const file = lockPath(t)
  const link = path.join(path.dirname(file), 'link.lock')
  fs.writeFileSync(file, '')
  fs.linkSync(file, link)
  const locks = [lockFile(file), lockFile(link)]
  for (const holder of locks) {
    const guard = await holder.acquire()
    const served = []
    const noticed = []
    const acquires = Array.from({ length: 100 }, (_, number) => {
      const onWait = withResolvers()
      noticed.push(onWait.promise)
      return locks[number % 2].acquire({ onWait: onWait.resolve }).then((granted) => {
        served.push(number)
        granted.release()
      })
    })
    // Until the second spelling was opened, that it is the same file cannot be known.
    await within(Promise.all(noticed), 'every acquire to find the lock taken')
    guard.release()
    await within(Promise.all(acquires), 'every acquire to be served')
    assert.deepEqual(served, [...Array(100).keys()])
  }
})

test('waiters of several threads are served in one order', hardLinksOnly, async (t) => {
  const file = lockPath(t)
  const lock = lockFile(file)
  const guard = await lock.acquire()
  const [threads, each] = [4, 50]
  const total = threads * each
  // The numbers in the order of the grants, behind how many there are.
  const served = new Int32Array(new SharedArrayBuffer(4 * (total + 1)))
  const serve = async ({ lockFile, tell, told }, file, served) => {
    const lock = lockFile(file)
    const section = (number) => (guard) => {
      served[1 + Atomics.add(served, 0, 1)] = number
      guard.release()
    }
    tell('ready')
    const acquires = []
    for (let number = await told(); number !== null; number = await told()) {
      acquires.push(lock.acquire({ onWait: () => tell('waiting') }).then(section(number)))
    }
    await Promise.all(acquires)
    tell('done')
  }
  const workers = await Promise.all(
    Array.from({ length: threads }, () => startThread(t, serve, file, served)),
  )
  for (let number = 0; number < total; number += 1) {
    const worker = workers[number % threads]
    worker.postMessage(number)
    await once(worker, 'message')
  }
  const done = workers.map((worker) => once(worker, 'message'))
  for (const worker of workers) worker.postMessage(null)
  guard.release()
  await within(Promise.all(done), 'every thread to be served')
  assert.deepEqual([...served], [total, ...Array(total).keys()])
})

/** Eight tasks of the peer take the lock one after the other without end: its queue is never empty. */
function startEndlessQueue({ lockFile, require, kept }, file) {
  const fs = require('node:fs')
  const lock = lockFile(file)
  const pid = String(process.pid)
  Object.assign(kept, { sections: 0, turns: 0, longest: 0 })
  const task = async () => {
    for (;;) {
      const asked = performance.now()
      const guard = await lock.acquire()
      kept.longest = Math.max(kept.longest, performance.now() - asked)
      // A turn begins where another process had the lock before.
      if (fs.readFileSync(`${file}.last`, 'latin1') !== pid) {
        kept.turns += 1
        fs.writeFileSync(`${file}.last`, pid)
      }
      kept.sections += 1
      guard.release()
      // Commands can be read meanwhile, while the other tasks wait.
      await new Promise(setImmediate)
    }
  }
  for (let count = 0; count < 8; count += 1) task()
}

const counts = ({ kept }) => ({ sections: kept.sections, turns: kept.turns, longest: kept.longest })

/** Peers whose queues for one file never end. They are killed before the folder goes. */
async function startEndless(t, count) {
  const peers = await Promise.all(Array.from({ length: count }, () => startNode(t)))
  const file = lockPath(t)
  fs.writeFileSync(`${file}.last`, '')
  for (const peer of peers) await peer.run(startEndlessQueue, file)
  return { file, peers }
}

test('a process gets its turn beside one whose queue never ends', async (t) => {
  const {
    file,
    peers: [peer],
  } = await startEndless(t, 1)
  const lock = lockFile(file)
  const waits = []
  let sections = 0
  for (let count = 0; count < 100; count += 1) {
    // Only once the other has had the lock again.
    const before = sections
    while (sections === before) ({ sections } = await peer.run(counts))
    const asked = performance.now()
    const guard = await within(lock.acquire(), 'our turn')
    waits.push(performance.now() - asked)
    guard.release()
  }
  waits.sort((a, b) => a - b)
  t.diagnostic(`waited ${waits[50].toFixed(1)} ms (median), ${waits[99].toFixed(1)} ms at most`)
  t.diagnostic(`the other process: ${sections} sections`)
})

test('two processes whose queues never end take turns', async (t) => {
  const { peers } = await startEndless(t, 2)
  const enough = async (peer) => {
    for (;;) {
      const { turns } = await peer.run(counts)
      if (turns >= 50) return
    }
  }
  await within(Promise.all(peers.map(enough)), 'fifty turns of each')
  for (const peer of peers) {
    const { sections, turns, longest } = await peer.run(counts)
    t.diagnostic(`${turns} turns, ${sections} sections, the longest wait ${longest.toFixed(1)} ms`)
  }
})
