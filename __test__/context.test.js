'use strict'

const assert = require('node:assert/strict')
const { AsyncLocalStorage } = require('node:async_hooks')
const test = require('node:test')
const { lockFile } = require('..')
const { lockPath } = require('../tools/folder')

test('onWait and what follows the await run in the async context of their acquire', async (t) => {
  const lock = lockFile(lockPath(t))
  const context = new AsyncLocalStorage()
  const seen = []
  const acquire = (name) =>
    context.run(name, async () => {
      const guard = await lock.acquire({ onWait: () => seen.push(context.getStore()) })
      seen.push(context.getStore())
      guard.release()
    })
  await Promise.all(['first', 'second', 'third'].map(acquire))
  assert.deepEqual(seen, ['second', 'third', 'first', 'second', 'third'])
})
