'use strict'

// A lock that is free again is taken at once. Where the system cannot end a wait, as under wine, one
// that no acquire wants any more is granted first and lets go: there it is waited for.

const assert = require('node:assert/strict')

const endsWaits = process.platform !== 'win32'
/** In seconds: a bound against hanging. */
const WAIT_LIMIT = 60

/** Takes the lock, which nothing that is over may keep. */
async function takeFree(lock) {
  const guard = endsWaits ? lock.tryAcquire() : await lock.acquire(WAIT_LIMIT)
  assert.notEqual(guard, null, 'what is over keeps the lock')
  return guard
}

/** The same in another process. */
async function peerTakesFree(peer, file) {
  if (endsWaits) assert.equal(await peer.tryAcquire(file), true, 'what is over keeps the lock')
  else await peer.acquire(file, WAIT_LIMIT)
}

module.exports = { peerTakesFree, takeFree }
