'use strict'

// Rule 17 and what it means for many: any number of waiters, any number of paths, and nothing left
// of them afterwards.

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { lockFile } = require('..')
const { lockPath, temporaryFolder } = require('../tools/folder')
const { startNode } = require('../tools/peer')
const { linuxOnly, nativeOnly, rootOnly } = require('../tools/platform')
const { count, countWaits, resources, untilResourcesAre } = require('../tools/resources')
const { until, within } = require('../tools/until')

const WAITERS = 10_000
const PATHS = 1000

/** Holds all the paths until told to let go of them. */
const holdAll = async ({ lockFile, kept }, files) => {
  kept.guards = await Promise.all(files.map((file) => lockFile(file).acquire()))
}

const releaseAll = ({ kept }) => {
  for (const guard of kept.guards) guard.release()
}

function paths(folder, count) {
  return Array.from({ length: count }, (_, number) => path.join(folder, `${number}.lock`))
}

/** How many threads wait for other processes, and which descriptors there are beyond those `before`. */
function waits(before) {
  return { threads: countWaits(), descriptors: count().descriptors - before.descriptors }
}

test('ten thousand acquires pending on one path take one thread and one descriptor', async (t) => {
  const file = lockPath(t)
  const lock = lockFile(file)
  const holder = await startNode(t)
  await holder.acquire(file)
  const before = await resources()
  const controller = new AbortController()
  const noticed = []
  const acquires = Array.from({ length: WAITERS }, (_, number) => {
    const options = {}
    noticed.push(new Promise((onWait) => Object.assign(options, { onWait })))
    if (number % 3 === 1) options.timeout = 3600
    if (number % 3 === 2) options.signal = controller.signal
    return lock.acquire(options).then(
      (guard) => guard.release(),
      (error) => assert.equal(error, controller.signal.reason),
    )
  })
  await within(Promise.all(noticed), 'every acquire to find the lock taken')
  if (before) assert.deepEqual(waits(before), { threads: 1, descriptors: 1 })
  controller.abort()
  await holder.release(file)
  await within(Promise.all(acquires), 'every acquire to settle')
  assert.equal(lock.locked, false)
  await untilResourcesAre(before)
})

test('a thousand contended paths wait with a thread each, and nothing remains of them', async (t) => {
  const files = paths(temporaryFolder(t), PATHS)
  const holder = await startNode(t)
  await holder.run(holdAll, files)
  const before = await resources()
  // Half of the waiters give up, the other half are served.
  const controller = new AbortController()
  const acquires = files.map((file, number) => {
    const signal = number % 2 ? controller.signal : undefined
    return lockFile(file)
      .acquire({ signal })
      .then(
        (guard) => guard.release(),
        (error) => assert.equal(error, controller.signal.reason),
      )
  })
  const waiting = async (count) => {
    if (before === undefined) return
    await until(() => waits(before).threads === count, `${count} threads that wait`)
    assert.equal(waits(before).descriptors, count)
  }
  await waiting(PATHS)
  controller.abort()
  await waiting(PATHS / 2)
  await holder.run(releaseAll)
  await within(Promise.all(acquires), 'every acquire to settle')
  await untilResourcesAre(before)
})

/** What the process has, seen from outside. */
function countOf(pid) {
  const count = (name) => fs.readdirSync(`/proc/${pid}/${name}`).length
  return { descriptors: count('fd'), threads: count('task') }
}

const limitedOnly = { skip: linuxOnly.skip || rootOnly.skip || nativeOnly.skip }

/** How many threads can be had. */
const SPARE = 10

test(
  'where no more threads can be had, an acquire fails with EAGAIN and leaves nothing',
  limitedOnly,
  async (t) => {
    const peer = await startNode(t)
    const folder = temporaryFolder(t)
    fs.chmodSync(folder, 0o777)
    const files = paths(folder, 100)
    const locks = files.map((file) => lockFile(file))
    for (const lock of locks) await lock.acquire()
    // With the threads of the pool there are no others to come.
    await peer.run(async ({ require }) => {
      const { stat } = require('node:fs/promises')
      await Promise.all(Array.from({ length: 8 }, () => stat('/')))
    })
    const before = countOf(peer.pid)
    execFileSync('prlimit', ['--pid', String(peer.pid), `--nproc=${before.threads + SPARE}`])
    // A user of no other process, also not of another run of this test: root has no limit, and the
    // limit counts all threads of a user.
    await peer.run(
      (_, user) => {
        process.setgid(user)
        process.setuid(user)
      },
      20_000 + (peer.pid % 40_000),
    )
    await peer.run(({ lockFile, kept }, files) => {
      const granted = (guard) => guard.release()
      const failed = ({ code, syscall, path }) => {
        kept.failed += 1
        return { code, syscall, path }
      }
      kept.failed = 0
      kept.outcomes = Promise.all(files.map((file) => lockFile(file).acquire().then(granted, failed)))
    }, files)
    const failures = files.length - SPARE
    await until(async () => (await peer.run(({ kept }) => kept.failed)) === failures, `${failures} failures`)
    assert.equal(countOf(peer.pid).threads, before.threads + SPARE)
    for (const lock of locks) lock.release()
    const outcomes = await peer.run(({ kept }) => kept.outcomes)
    for (const [number, outcome] of outcomes.entries()) {
      if (outcome === null) continue
      assert.deepEqual(outcome, { code: 'EAGAIN', syscall: 'pthread_create', path: files[number] })
    }
    const same = () => JSON.stringify(countOf(peer.pid)) === JSON.stringify(before)
    await until(same, 'what the process had before').catch(() => assert.deepEqual(countOf(peer.pid), before))
    for (const file of files) {
      assert.equal(await peer.tryAcquire(file), true)
      await peer.release(file)
    }
  },
)

/** Bytes of the heap and of the process, after everything that can be collected is. */
const measure = async ({ kept, lockFile }, file, waiters) => {
  const used = () => {
    for (let count = 0; count < 4; count += 1) globalThis.gc()
    const { heapUsed, external, rss } = process.memoryUsage()
    return { heap: heapUsed + external, rss }
  }
  // The least of a few turns: compilers on other threads, which are late on a busy machine, keep what
  // they work on.
  const usedAtRest = async () => {
    let least = used()
    for (let turn = 0; turn < 5; turn += 1) {
      await new Promise(setImmediate)
      const now = used()
      if (now.heap < least.heap) least = now
    }
    return least
  }
  const lock = lockFile(file)
  kept.rounds = []
  await lock.acquire()
  for (let round = 0; round < 4; round += 1) {
    const controller = new AbortController()
    const acquires = []
    const before = await usedAtRest()
    for (let number = 0; number < waiters; number += 1) acquires.push(lock.acquire())
    const pending = used()
    for (let number = 0; number < waiters; number += 1) {
      acquires.push(lock.acquire({ signal: controller.signal, timeout: 3600 }))
    }
    const withOptions = used()
    controller.abort()
    lock.release()
    await Promise.allSettled(acquires.map((acquire) => acquire.then((guard) => guard.release())))
    kept.rounds.push({ before, pending, withOptions })
    await lock.acquire()
  }
  return kept.rounds
}

test('a pending acquire costs little memory, and none when it is settled', async (t) => {
  const peer = await startNode(t, { args: ['--expose-gc'] })
  const file = lockPath(t)
  const rounds = await peer.run(measure, file, WAITERS)
  const { before, pending, withOptions } = rounds.at(-1)
  const each = (from, to, kind) => Math.round((to[kind] - from[kind]) / WAITERS)
  const plain = each(before, pending, 'heap')
  t.diagnostic(`${plain} bytes of heap for a pending acquire`)
  t.diagnostic(`${each(pending, withOptions, 'heap')} with a timeout and a signal`)
  const first = rounds[0]
  t.diagnostic(
    `${each(first.before, first.pending, 'rss')} and ${each(first.pending, first.withOptions, 'rss')} of RSS`,
  )
  assert.ok(plain < 4096, `${plain} bytes`)
  // Of forty thousand acquires in between not one in ten has left its bytes.
  const left = rounds.at(-1).before.heap - rounds[1].before.heap
  assert.ok(left < plain * WAITERS * 0.1, `${left} bytes are left`)
})
