'use strict'

// Tells waiters that a signal has aborted. A thousand acquires that share a signal, such as the one
// that stops a server, share one listener: Node warns of a leak from the eleventh on, and searches
// all of them each time that one is added or removed.
//
// A signal need not be Node's own, and each use of it can throw.

const { addAbortListener } = require('node:events')

const { DOMException } = globalThis

/** Node loads the class when it is first asked for; the way to ask is taken now, before any mock. */
const { get: getController, value: Controller } =
  Object.getOwnPropertyDescriptor(globalThis, 'AbortController') ?? {}

/** By signal: the waiters to abort in the order of arrival, the listener, and what must stay alive. */
const watches = new WeakMap()

/** Calls `abort(signal.reason)` of the waiter once the signal aborts, unless forgotten before. */
function listen(signal, waiter) {
  const watch = watches.get(signal)
  if (watch !== undefined) {
    watch.waiters.add(waiter)
    return
  }
  const waiters = new Set([waiter])
  const listener = () => {
    watches.delete(signal)
    const reason = reasonOf(signal)
    for (const waiter of waiters) waiter.abort(reason)
  }
  watches.set(signal, { waiters, listener, sources: sourcesOf(signal) })
  try {
    addListener(signal, listener)
  } catch (error) {
    watches.delete(signal)
    throw error
  }
}

/** Adds a listener that runs even if one before it calls stopImmediatePropagation(), where Node can. */
function addListener(signal, listener) {
  if (addAbortListener === undefined) signal.addEventListener('abort', listener, { once: true })
  else addAbortListener(signal, listener)
}

/**
 * Returns the signals that `AbortSignal.any()` made this one of. Node 20 refers to them weakly: an
 * `AbortSignal.timeout()` among them is collected and never fires (nodejs/node#57736).
 */
function sourcesOf(signal) {
  try {
    const key = Object.getOwnPropertySymbols(signal).find(
      ({ description }) => description === 'kSourceSignals',
    )
    return key === undefined ? undefined : Array.from(signal[key], (reference) => reference.deref())
  } catch {
    return undefined // another Node keeps them in another way
  }
}

/** Returns why it aborted. Older signals do not say. */
function reasonOf(signal) {
  try {
    const { reason } = signal
    return reason === undefined ? new DOMException('This operation was aborted', 'AbortError') : reason
  } catch (error) {
    return error
  }
}

/** Returns `true` if the signal has aborted, however its listeners were kept from it. */
function isAborted(signal) {
  try {
    return Boolean(signal.aborted)
  } catch {
    return false
  }
}

function forget(signal, waiter) {
  const watch = watches.get(signal)
  if (watch === undefined) return
  watch.waiters.delete(waiter)
  if (watch.waiters.size > 0) return
  watches.delete(signal)
  try {
    signal.removeEventListener('abort', watch.listener)
  } catch {
    // The listener does nothing from here on: there is no waiter left.
  }
}

/** Returns a new AbortController. */
function newController() {
  const AbortController = Controller ?? getController.call(globalThis)
  return new AbortController()
}

module.exports = { forget, isAborted, listen, newController, reasonOf }
