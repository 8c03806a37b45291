// Descriptors and threads of this process: how many there are, to show that nothing is left behind, and
// that there are no more.

'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { until } = require('./until')

function count() {
  return {
    descriptors: fs.readdirSync('/proc/self/fd').length,
    threads: fs.readdirSync('/proc/self/task').length,
  }
}

/** What the process has now, once the threads of Node's pool have been started. */
async function resources() {
  if (process.platform !== 'linux') return undefined
  await fs.promises.stat('.')
  return count()
}

/** Resolves when the process has no more than it had `before`: a thread needs a moment to end. */
async function untilResourcesAre(before) {
  if (before === undefined) return
  const noMore = () => {
    const { descriptors, threads } = count()
    // Fewer, where a thread of the test before was still ending when they were counted.
    return descriptors <= before.descriptors && threads <= before.threads
  }
  await until(noMore, `what was had before: ${JSON.stringify(before)}`).catch(() => {
    assert.deepEqual(count(), before, 'descriptors and threads as before')
  })
}

/** Opens all that can be opened; the answer closes it again. */
function useUpDescriptors() {
  const open = []
  for (;;) {
    try {
      open.push(fs.openSync('/dev/null'))
    } catch {
      return () => {
        for (const descriptor of open) fs.closeSync(descriptor)
      }
    }
  }
}

module.exports = { resources, untilResourcesAre, useUpDescriptors }
