'use strict'

const path = require('node:path')
const { once } = require('node:events')
const { Worker } = require('node:worker_threads')

const PROGRAM = path.join(__dirname, 'programs', 'thread.js')

/**
 * A worker that runs `fn` with its tools (see programs/thread.js) and the arguments, functions among
 * them. Resolves when it says something for the first time; without `t` the caller sees to its end.
 */
async function startThread(t, fn, ...args) {
  const workerData = [fn, ...args].map((value) => {
    return typeof value === 'function' ? { source: String(value) } : { value }
  })
  const worker = new Worker(PROGRAM, { workerData })
  t?.after(() => worker.terminate())
  await once(worker, 'message')
  return worker
}

module.exports = { startThread }
