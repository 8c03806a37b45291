// Who is to be told when a signal aborts. A thousand acquires that share a signal, such as the one
// that stops a server, share one listener: Node warns of a leak from the eleventh on, and looks
// through all of them each time that one is added or removed.

/** By signal: the waiters to abort, in the order in which they came, and the listener. */
const watched = new WeakMap()

/** Calls `abort(signal.reason)` of each waiter once the signal aborts, unless forgotten before. */
function listen(signal, waiter) {
  const watch = watched.get(signal)
  if (watch !== undefined) {
    watch.waiters.add(waiter)
    return
  }
  const waiters = new Set([waiter])
  const listener = () => {
    watched.delete(signal)
    for (const waiter of waiters) waiter.abort(signal.reason)
  }
  watched.set(signal, { waiters, listener })
  signal.addEventListener('abort', listener, { once: true })
}

function forget(signal, waiter) {
  const watch = watched.get(signal)
  if (watch === undefined) return
  watch.waiters.delete(waiter)
  if (watch.waiters.size > 0) return
  watched.delete(signal)
  signal.removeEventListener('abort', watch.listener)
}

module.exports = { forget, listen }
