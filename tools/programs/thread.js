'use strict'

// A worker that runs the function it is given; tools/thread.js starts it.

const vm = require('node:vm')
const { parentPort, workerData } = require('node:worker_threads')
const { lockFile } = require('../..')

const tools = {
  lockFile,
  require,
  tell: (value) => parentPort.postMessage(value),
  /** The next message from the thread that started this; none ends the thread meanwhile. */
  told: () => new Promise((resolve) => parentPort.once('message', resolve)),
  /** Keeps the thread alive. */
  stay: () => setInterval(() => {}, 2 ** 30),
}

function revive({ source, value }) {
  return source === undefined ? value : vm.runInThisContext(`(${source})`)
}

const [fn, ...args] = workerData.map(revive)
fn(tools, ...args)
