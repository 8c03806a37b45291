'use strict'

// A short run of `npm run matrix -- --package lockfile`.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { temporaryFolder } = require('../../../tools/folder')
const { kindsOf, runMatrix } = require('../../../tools/matrix')
const { signalsOnly } = require('../../../tools/platform')

test(
  'old copies and this one, killed and stopped at random, share the lock by the old protocol alone',
  signalsOnly,
  async (t) => {
    const result = await runMatrix({
      folder: temporaryFolder(t),
      kinds: kindsOf('lockfile'),
      copies: 2,
      seconds: 6,
    })
    t.diagnostic(JSON.stringify(result))
    assert.deepEqual(result.faults, {})
    for (const { done } of Object.values(result.counts)) assert.ok(done > 0, 'each kind has had sections')
  },
)
