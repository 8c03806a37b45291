'use strict'

// A peer in another process: runs until it is killed, or told to leave.

const { Peer } = require('./peer')

process.once('message', (options) => {
  const peer = new Peer(options)
  process.once('message', () => peer.stop())
  process.once('disconnect', () => process.exit())
  peer.run().then(() => process.send(peer.counts, () => process.disconnect()))
})
