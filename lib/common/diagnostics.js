'use strict'

// What tools hear of locks, through node:diagnostics_channel and NODE_DEBUG=locket. Nothing is made
// for a channel that has no subscriber.

const { channel } = require('node:diagnostics_channel')
const { debuglog, format } = require('node:util')
const { now } = require('./time.js')

const start = channel('locket:acquire.start')
const wait = channel('locket:acquire.wait')
const grant = channel('locket:acquire.grant')
const miss = channel('locket:acquire.miss')
const release = channel('locket:release')

const channels = [start, wait, grant, miss, release]

/** Returns `true` if any channel has a subscriber. */
function isObserved() {
  return (
    start.hasSubscribers ||
    grant.hasSubscribers ||
    miss.hasSubscribers ||
    release.hasSubscribers ||
    wait.hasSubscribers
  )
}

/** One acquire and what becomes of it, as it is published. */
class Observation {
  #path
  #mode
  #begun = now()
  #granted

  constructor(path, mode) {
    this.#path = path
    this.#mode = mode
    publish(start, () => this.#message({}))
  }

  /** The lock is taken, by `holder` if that is known. */
  wait(holder) {
    publish(wait, () => this.#message({ holder }))
  }

  /** Returns the function to be called at the first wait; it calls `onWait`, too. */
  notifying(onWait) {
    return (holder) => {
      this.wait(holder ?? undefined)
      return onWait?.(holder)
    }
  }

  /** Returns the guard. What interrupts a subscriber must not lose it. */
  granted(guard, watchLoss) {
    this.#granted = now()
    try {
      publish(grant, () => this.#message({ waited: secondsSince(this.#begun) }))
      // The release by another caller is to be published, too.
      if (release.hasSubscribers) watchLoss(guard)
    } catch {}
    return guard
  }

  /** The acquire ended with the error, or found the lock taken and does not wait. */
  miss(error) {
    publish(miss, () => {
      const holder = error?.holder
      return this.#message({ waited: secondsSince(this.#begun), holder, error })
    })
  }

  /** From now on the acquisition is shared. */
  downgraded() {
    this.#mode = 'shared'
  }

  /** The acquisition ended by its guard, or by another caller with that error. */
  release(error) {
    publish(release, () => this.#message({ held: secondsSince(this.#granted), error }))
  }

  #message(details) {
    return { path: this.#path, mode: this.#mode, ...details }
  }
}

function publish(channel, makeMessage) {
  if (channel.hasSubscribers) channel.publish(makeMessage())
}

function secondsSince(time) {
  return (now() - time) / 1000
}

const log = debuglog('locket')

if (log.enabled) {
  for (const { name } of channels) {
    const event = name.slice('locket:'.length)
    channel(name).subscribe(({ path, ...details }) => log('%s %s %s', event, path, described(details)))
  }
}

function described({ mode, waited, held, holder, error }) {
  const parts = [mode]
  if (waited !== undefined) parts.push(`waited ${waited.toFixed(6)} s`)
  if (held !== undefined) parts.push(`held ${held.toFixed(6)} s`)
  if (holder) parts.push(`process ${holder.pid}`)
  if (error) parts.push(error.message)
  return format(parts.join(', '))
}

module.exports = { Observation, isObserved }
