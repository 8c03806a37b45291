'use strict'

// Who is to be told when a signal aborts. A thousand acquires that share a signal, such as the one
// that stops a server, share one listener: Node warns of a leak from the eleventh on, and looks
// through all of them each time that one is added or removed.
//
// A signal may be of somebody else's making, and fail in whatever it is asked.

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
    const reason = reasonOf(signal)
    for (const waiter of waiters) waiter.abort(reason)
  }
  watched.set(signal, { waiters, listener })
  try {
    signal.addEventListener('abort', listener, { once: true })
  } catch (error) {
    watched.delete(signal)
    throw error
  }
}

/** Why it aborted; older ones do not say. */
function reasonOf(signal) {
  try {
    const { reason } = signal
    return reason === undefined ? new DOMException('This operation was aborted', 'AbortError') : reason
  } catch (error) {
    return error
  }
}

function forget(signal, waiter) {
  const watch = watched.get(signal)
  if (watch === undefined) return
  watch.waiters.delete(waiter)
  if (watch.waiters.size > 0) return
  watched.delete(signal)
  try {
    signal.removeEventListener('abort', watch.listener)
  } catch {
    // The listener does nothing any more, and the outcome is the waiter's all the same.
  }
}

module.exports = { forget, listen, reasonOf }
