'use strict'

// A peer in a worker thread: runs until it is terminated, or told to leave.

const { parentPort, workerData } = require('node:worker_threads')
const { Peer } = require('./peer')

const peer = new Peer(workerData)
parentPort.once('message', () => peer.stop())
peer.run().then(() => parentPort.postMessage(peer.counts))
