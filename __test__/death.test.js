'use strict'

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { lockFile } = require('..')
const { lockPath } = require('../tools/folder')
const { queuedFor, untilQueued } = require('../tools/kernel')
const { startNode } = require('../tools/peer')
const { linuxOnly, signalsOnly } = require('../tools/platform')
const { until } = require('../tools/until')

test('a killed holder frees the lock for the waiter', async (t) => {
  const path = lockPath(t)
  const [holder, waiter] = await Promise.all([startNode(t), startNode(t)])
  await holder.acquire(path)
  const granted = waiter.acquire(path)
  await waiter.waiting()
  holder.signal('SIGKILL')
  await granted
  assert.equal(lockFile(path).tryAcquire(), null)
})

test('a killed holder leaves a free lock', async (t) => {
  const path = lockPath(t)
  const holder = await startNode(t)
  await holder.acquire(path)
  await holder.kill()
  lockFile(path).tryAcquire().release()
})

test('a stopped holder keeps the lock, and can go on with it', signalsOnly, async (t) => {
  const path = lockPath(t)
  const [holder, other] = await Promise.all([startNode(t), startNode(t)])
  await holder.acquire(path)
  holder.signal('SIGSTOP')
  await assert.rejects(lockFile(path).acquire(0.5), { code: 'ERR_LOCK_TIMEOUT' })
  assert.equal(await other.tryAcquire(path), false)
  const pending = lockFile(path).acquire()
  holder.signal('SIGCONT')
  await holder.release(path)
  const guard = await pending
  guard.release()
})

test('a stopped holder that is killed frees the lock', signalsOnly, async (t) => {
  const path = lockPath(t)
  const holder = await startNode(t)
  await holder.acquire(path)
  holder.signal('SIGSTOP')
  const pending = lockFile(path).acquire()
  holder.signal('SIGKILL')
  const guard = await pending
  guard.release()
})

test('a killed waiter leaves its place in the queue', linuxOnly, async (t) => {
  const path = lockPath(t)
  const [holder, killed, next] = await Promise.all([startNode(t), startNode(t), startNode(t)])
  await holder.acquire(path)
  const never = assert.rejects(killed.acquire(path), /ended without an answer/)
  await untilQueued(path, killed.pid)
  const granted = next.acquire(path)
  await untilQueued(path, next.pid)
  await killed.kill()
  await never
  await until(() => !queuedFor(path).includes(killed.pid), 'the dead to leave the queue')
  await holder.release(path)
  await granted
})

for (const [name, end] of [
  ['by process.exit()', () => process.exit(3)],
  [
    'by an uncaught error',
    () => {
      process.on('uncaughtExceptionMonitor', () => require('node:fs').closeSync(2))
      setImmediate(() => {
        throw new Error('uncaught on purpose')
      })
    },
  ],
  [
    'by process.abort()',
    // Windows has no such signal to send.
    () => (process.platform === 'win32' ? process.abort() : process.kill(process.pid, 'SIGABRT')),
  ],
]) {
  test(`a holder that ends ${name} frees the lock`, async (t) => {
    const path = lockPath(t)
    const holder = await startNode(t)
    await holder.acquire(path)
    const pending = lockFile(path).acquire()
    holder.run(end).catch(() => {})
    const guard = await pending
    guard.release()
  })
}
