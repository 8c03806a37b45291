'use strict'

// A member in a worker thread: runs until it is terminated, or told to leave.

const { parentPort, workerData } = require('node:worker_threads')
const { Member } = require('./member')

const member = new Member(workerData)
parentPort.once('message', () => member.stop())
member.run().then(() => parentPort.postMessage(member.counts))
