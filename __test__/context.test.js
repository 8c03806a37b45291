'use strict'

const assert = require('node:assert/strict')
const { AsyncLocalStorage } = require('node:async_hooks')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const test = require('node:test')
const { lockFile } = require('..')

test('onWait and what follows the await run in the async context of their acquire', async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'locket-'))
  t.after(() => fs.rmSync(folder, { recursive: true }))
  const lock = lockFile(path.join(folder, 'lock'))
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
