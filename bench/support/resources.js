'use strict'

// What a process uses, as the kernel counts it.

const fs = require('node:fs')
const { sleep } = require('./processes')

function threads() {
  return fs.readdirSync('/proc/self/task').length
}

function descriptors() {
  // The listing itself has one.
  return fs.readdirSync('/proc/self/fd').length - 1
}

/** Bytes after garbage collection; needs --expose-gc. */
async function memory() {
  for (let i = 0; i < 3; i += 1) {
    global.gc()
    await sleep(20)
  }
  const { rss, heapUsed } = process.memoryUsage()
  return { rss, heap: heapUsed }
}

/** Processor time that all threads together take in so long, in milliseconds. */
async function cpu(ms) {
  const before = process.cpuUsage()
  await sleep(ms)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

module.exports = { cpu, descriptors, memory, threads }
