'use strict'

// What this process uses: threads, file descriptors, memory and processor time, as the kernel counts
// them.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { setTimeout: sleep } = require('node:timers/promises')
const { until } = require('./until')

/** Descriptors and threads, on Linux. */
function count() {
  return {
    // The listing itself has one.
    descriptors: fs.readdirSync('/proc/self/fd').length - 1,
    threads: fs.readdirSync('/proc/self/task').length,
  }
}

/** The descriptors, as text, that this process has of the file; by /proc. */
function descriptorsOf(file) {
  return fs.readdirSync('/proc/self/fd').filter((descriptor) => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${descriptor}`) === file
    } catch {
      // The listing's own is closed by now.
      return false
    }
  })
}

/** How many threads of this process wait for locks of other processes. */
function countWaits() {
  const names = fs.readdirSync('/proc/self/task').map((task) => {
    try {
      return fs.readFileSync(`/proc/self/task/${task}/comm`, 'latin1')
    } catch {
      return 'ended'
    }
  })
  return names.filter((name) => name === 'locket-wait\n').length
}

/** What the process has now, once the threads of Node's pool have been started. */
async function resources() {
  if (process.platform !== 'linux') return undefined
  await fs.promises.stat('/')
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
  await until(noMore, `the resources from before: ${JSON.stringify(before)}`).catch(() => {
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

/** Resident memory and JavaScript heap in bytes, after garbage collection; needs --expose-gc. */
async function memory() {
  for (let i = 0; i < 3; i += 1) {
    global.gc()
    await sleep(20)
  }
  const { rss, heapUsed } = process.memoryUsage()
  return { rss, heap: heapUsed }
}

/** Processor time that all threads together take in `ms` milliseconds, in milliseconds. */
async function cpu(ms) {
  const before = process.cpuUsage()
  await sleep(ms)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

module.exports = {
  count,
  countWaits,
  cpu,
  descriptorsOf,
  memory,
  resources,
  untilResourcesAre,
  useUpDescriptors,
}
