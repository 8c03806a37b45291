'use strict'

// A member in a process of its own: runs until it is killed, or told to leave.

const { Member } = require('./member')

process.once('message', (options) => {
  const member = new Member(options)
  process.once('message', () => member.stop())
  process.once('disconnect', () => process.exit())
  member.run().then(() => process.send(member.counts, () => process.disconnect()))
})
