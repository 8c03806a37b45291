'use strict'

const { startNode } = require('./peer')

/** A user whom nothing here belongs to. */
const NOBODY = 65534

/** A Node process that gives up root once it has loaded the package, wherever that lies. */
async function startNobody(t) {
  const peer = await startNode(t)
  await peer.run((_, id) => {
    process.setgroups([])
    process.setgid(id)
    process.setuid(id)
  }, NOBODY)
  return peer
}

module.exports = { NOBODY, startNobody }
