'use strict'

// A pooler in transaction mode lends a connection of the server for one transaction, and then to
// another client: a lock of the session would be left behind on it, or be another client's.

/** How often to look: other clients of a busy pooler can hide it from a single look. */
const LOOKS = 5

/**
 * Returns `true` if two connections have had the same backend, or one of them two backends, while
 * both were open. `connect` resolves to a client that is connected.
 */
async function poolsTransactions(client, connect) {
  const other = await connect()
  try {
    const own = await backendOf(client)
    for (let look = 0; look < LOOKS; look += 1) {
      // While the other one is inside a transaction, its backend cannot serve the first.
      await other.query('BEGIN')
      // Looked at first: a pool of one backend has none for the other client.
      if ((await backendOf(other)) === own) return true
      if ((await backendOf(client)) !== own) return true
      await other.query('COMMIT')
    }
    return false
  } catch (error) {
    // Pooling of statements: there are no transactions at all.
    if (error.code === '08P01' || /statement pooling/.test(error.message)) return true
    throw error
  } finally {
    other.end().catch(() => {})
  }
}

async function backendOf(client) {
  const { rows } = await client.query('SELECT pg_catalog.pg_backend_pid()::integer AS pid')
  return rows[0].pid
}

function refused() {
  const message =
    'cannot hold locks through a pooler in transaction mode: connect to the server itself, or to a ' +
    'pool in session mode. Within a transaction, transactionLock() works through any pooler'
  return Object.assign(new Error(message), { code: 'ERR_LOCK_POOLER' })
}

module.exports = { poolsTransactions, refused }
