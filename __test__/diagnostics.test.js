'use strict'

// What tools hear through node:diagnostics_channel and NODE_DEBUG.

const assert = require('node:assert/strict')
const { subscribe, unsubscribe } = require('node:diagnostics_channel')
const { test } = require('node:test')
const { lockFile } = require('..')
const { run } = require('../tools/child')
const { atEnd } = require('../tools/end')
const { lockPath } = require('../tools/folder')
const { startNode } = require('../tools/peer')
const { until } = require('../tools/until')

const isWindows = process.platform === 'win32'

const CHANNELS = ['acquire.start', 'acquire.wait', 'acquire.grant', 'acquire.miss', 'release']

/** Collects `[channel, message]` of those channels until the test ends. */
function listen(t, names = CHANNELS) {
  const heard = []
  for (const name of names) {
    const hear = (message) => heard.push([name, message])
    subscribe(`locket:${name}`, hear)
    atEnd(t, () => unsubscribe(`locket:${name}`, hear))
  }
  return heard
}

const namesOf = (heard) => heard.map(([name]) => name)

for (const acquire of ['acquire', 'acquireSync', 'tryAcquire']) {
  test(`${acquire}() and release() of a free lock are published`, async (t) => {
    const file = lockPath(t)
    const heard = listen(t)
    const guard = await lockFile(file)[acquire]()
    guard.release()
    guard.release()
    assert.deepEqual(namesOf(heard), ['acquire.start', 'acquire.grant', 'release'])
    const [[, start], [, grant], [, release]] = heard
    for (const { path, mode } of [start, grant, release]) {
      assert.deepEqual({ path, mode }, { path: file, mode: 'exclusive' })
    }
    assert.ok(grant.waited >= 0 && grant.waited < 60)
    assert.ok(release.held >= 0 && release.held < 60)
    assert.equal(release.error, undefined)
  })
}

test('a wait for another process is published with its holder, and then the grant', async (t) => {
  const file = lockPath(t)
  const peer = await startNode(t)
  await peer.acquire(file)
  const heard = listen(t)
  const pending = lockFile(file).acquire()
  await until(() => heard.length === 2, 'the wait to be published')
  const [, [name, { holder }]] = heard
  assert.equal(name, 'acquire.wait')
  if (process.platform === 'linux') assert.equal(holder.pid, peer.pid)
  await peer.release(file)
  const guard = await pending
  guard.release()
  assert.deepEqual(namesOf(heard), ['acquire.start', 'acquire.wait', 'acquire.grant', 'release'])
})

test('a timeout, an attempt that finds the lock taken and an error are misses', async (t) => {
  const lock = lockFile(lockPath(t))
  const guard = await lock.acquire()
  const heard = listen(t, ['acquire.miss'])
  assert.equal(lock.tryAcquire(), null)
  await assert.rejects(lock.acquire(0))
  await assert.rejects(lock.acquire({ signal: AbortSignal.timeout(5) }))
  assert.throws(() => lock.acquireSync(0))
  guard.release()
  await assert.rejects(lockFile(`${lock.path}/none`).acquire())
  assert.deepEqual(
    heard.map(([, { error }]) => error && (error.code === 23 ? error.name : error.code)),
    [undefined, 'ERR_LOCK_TIMEOUT', 'TimeoutError', 'ERR_LOCK_TIMEOUT', isWindows ? 'ENOENT' : 'ENOTDIR'],
  )
  assert.equal(heard[1][1].holder.pid, process.pid)
})

test('a release by another caller is published with its error', async (t) => {
  const lock = lockFile(lockPath(t))
  const heard = listen(t, ['release'])
  const guard = await lock.acquire()
  lock.release()
  guard.release()
  await new Promise(setImmediate)
  assert.deepEqual(
    heard.map(([name, { error }]) => [name, error.code]),
    [['release', 'ERR_LOCK_LOST']],
  )
})

test('a subscriber that throws changes nothing for the acquire', async (t) => {
  const file = lockPath(t)
  const code = `
    process.on('uncaughtException', ({ message }) => console.log(message))
    require('node:diagnostics_channel').subscribe('locket:acquire.grant', () => { throw new Error('thrown') })
    const lock = require(process.argv[1]).lockFile(process.argv[2])
    lock.acquire().then((guard) => { guard.release(); console.log(lock.tryAcquire() !== null) })
  `
  const { out, err } = await run(t, process.execPath, ['-e', code, require.resolve('..'), file])
  assert.deepEqual(out.trimEnd().split('\n').toSorted(), ['thrown', 'thrown', 'true'], err)
})

test('NODE_DEBUG=locket prints each event to standard error, and nothing else does', async (t) => {
  const code = `require(process.argv[1]).lockFile(process.argv[2]).acquire().then((guard) => guard.release())`
  const file = lockPath(t)
  const args = ['-e', code, require.resolve('..'), file]
  const { NODE_DEBUG: _, ...env } = process.env
  assert.equal((await run(t, process.execPath, args, { env })).err, '')
  const { err } = await run(t, process.execPath, args, { env: { ...env, NODE_DEBUG: 'locket' } })
  const lines = err.trimEnd().split('\n')
  assert.equal(lines.length, 3)
  for (const [i, event] of ['acquire.start', 'acquire.grant', 'release'].entries()) {
    assert.match(lines[i], /^LOCKET \d+: /)
    assert.ok(lines[i].includes(`${event} ${file} exclusive`), lines[i])
  }
})
