'use strict'

// A process that holds a lock of the server's, and tells when it has lost it.

const { startNode } = require('../../../../tools/peer')

/** Options as of startNode, and `lock` for postgresLock(). Resolves once the process holds the lock. */
async function startHolder(t, target, name, { lock = {}, ...options } = {}) {
  const peer = await startNode(t, options)
  peer.lost = new Promise((resolve) => peer.once('lost', resolve))
  await peer.run(
    async ({ require, kept, tell }, target, name, options) => {
      const { postgresLock } = require('@locket/postgres')
      kept.guard = await postgresLock(target, name, options).acquire()
      kept.guard.signal.addEventListener('abort', () => {
        const { code, cause } = kept.guard.signal.reason
        tell('lost', { code, cause: cause.code ?? cause.message, released: kept.guard.released })
      })
    },
    target,
    name,
    lock,
  )
  return peer
}

module.exports = { startHolder }
