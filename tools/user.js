'use strict'

const { startNode } = require('./peer')

/** A user whom nothing here belongs to. */
const OTHER_USER = 65534

/** A Node process that gives up root once it has loaded the package and the modules, wherever they lie. */
async function startOtherUser(t, ...modules) {
  const peer = await startNode(t)
  await peer.run(
    ({ require }, id, modules) => {
      for (const module of modules) require(module)
      process.setgroups([])
      process.setgid(id)
      process.setuid(id)
    },
    OTHER_USER,
    modules,
  )
  return peer
}

module.exports = { OTHER_USER, startOtherUser }
