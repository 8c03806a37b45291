// What a wait costs: no thread of the pool, no processor time, one thread and one descriptor a path.

'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { setTimeout: sleep } = require('node:timers/promises')
const { test } = require('node:test')
const { lockPath } = require('../tools/folder')
const { queuedFor, untilQueued } = require('../tools/kernel')
const { startNode } = require('../tools/peer')
const { linuxOnly } = require('../tools/platform')
const { until } = require('../tools/until')

/** Runs in a peer: begins so many acquires, and lets it be told when they have settled. */
function beginAcquires({ lockFile, kept }, path, count) {
  const acquire = async () => {
    const guard = await lockFile(path).acquire()
    guard.release()
  }
  kept.pending = Promise.all(Array.from({ length: count }, acquire))
}

/** A holder of a new lock, and a peer with so many acquires that wait for it. */
async function waiters(t, count, env) {
  const path = lockPath(t)
  const [holder, peer] = await Promise.all([startNode(t), startNode(t, { env })])
  await holder.acquire(path)
  const before = await peer.run(() => require('./tools/resources').resources())
  await peer.run(beginAcquires, path, count)
  await untilQueued(path, peer.pid)
  const finish = async () => {
    await holder.release(path)
    await peer.run(({ kept }) => kept.pending.then(() => {}))
  }
  return { path, peer, before, finish }
}

test('with one pool thread and 1,000 acquires pending, fs answers', linuxOnly, async (t) => {
  const { peer, before, finish, path } = await waiters(t, 1000, { UV_THREADPOOL_SIZE: '1' })
  const answered = await peer.run(
    (_, path) =>
      require('node:fs')
        .promises.stat(path)
        .then(() => true),
    path,
  )
  assert.equal(answered, true)
  const during = await peer.run(() => require('./tools/resources').resources())
  assert.ok(during.threads <= before.threads + 2, JSON.stringify({ before, during }))
  assert.ok(during.descriptors <= before.descriptors + 1, JSON.stringify({ before, during }))
  await finish()
  await peer.run((_, before) => require('./tools/resources').untilResourcesAre(before), before)
})

test('1,000 acquires on one path have one place in the queue of the kernel', linuxOnly, async (t) => {
  const { path, peer, finish } = await waiters(t, 1000)
  // Where other locks come and go, one reading of the kernel's list can show an entry repeatedly.
  await until(() => queuedFor(path).length === 1, `process ${peer.pid} to have one place`)
  await finish()
})

test('a wait uses no CPU time and wakes no thread', linuxOnly, async (t) => {
  const { peer, finish } = await waiters(t, 100)
  // What V8 has to do after the start.
  await sleep(500)
  const before = activity(peer.pid)
  // The measurement is the time that passes.
  await sleep(1000)
  const after = activity(peer.pid)
  await finish()
  // A poll each 50 ms would be 20 switches and more of one thread.
  const switches = after.locketSwitches - before.locketSwitches
  assert.equal(switches, 0, `${switches} context switches of the thread that waits`)
  assert.ok(after.switches - before.switches < 15, `${after.switches - before.switches} context switches`)
  assert.ok(after.ticks - before.ticks <= 2, `${after.ticks - before.ticks} ticks of processor time`)
})

/** What the process has done so far: processor time in ticks, and how often its threads slept. */
function activity(pid) {
  const fields = fs.readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1].split(' ')
  const found = { ticks: Number(fields[11]) + Number(fields[12]), switches: 0, locketSwitches: 0 }
  for (const thread of fs.readdirSync(`/proc/${pid}/task`)) {
    const status = fs.readFileSync(`/proc/${pid}/task/${thread}/status`, 'latin1')
    const switches = Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)[1])
    found.switches += switches
    if (/^Name:\s+locket/.test(status)) found.locketSwitches += switches
  }
  return found
}
