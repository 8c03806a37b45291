'use strict'

// What a lock is made with: a pool, a client, or how to connect. Locks of the same one share their
// connections and stand in the same queues.

const { invalidType, invalidValue } = require('locket/common')
const { ClientSession } = require('./client-session.js')
const { Sessions } = require('./sessions.js')

/** By pool or client, then by seconds. */
const byObject = new WeakMap()
/** By how a client would connect, then by seconds. */
const byAddress = new Map()

/** Returns the sessions of the target. `seconds`: see Sessions. */
function sessionsOf(target, seconds) {
  if (isPool(target)) {
    const { Client, options } = target
    return cached(cached(byObject, target, newMap), seconds, () => {
      if (new Client(options).connection === undefined) throw refuseNative(target)
      return new Sessions(Client, options, seconds)
    })
  }
  if (isClient(target)) return cached(byObject, target, () => new ClientSession(target))
  if (typeof target !== 'string' && (target === null || typeof target !== 'object')) {
    throw invalidType('target', 'a Pool or Client of pg, a connection string or an object', target)
  }
  const { Client } = require('pg')
  const address = addressOf(new Client(target))
  return cached(cached(byAddress, address, newMap), seconds, () => new Sessions(Client, target, seconds))
}

/** Returns the client as it is, or throws. */
function clientOf(client) {
  if (!isClient(client)) throw invalidType('client', 'a Client of pg', client)
  return client
}

function isPool(target) {
  return typeof target?.totalCount === 'number' && typeof target.Client === 'function'
}

function isClient(target) {
  if (typeof target?.query !== 'function' || typeof target.connect !== 'function') return false
  if (target.connection === undefined) throw refuseNative(target)
  return true
}

/** pg-native has no events of the protocol, and runs a query that waits on a thread of the pool. */
function refuseNative(target) {
  return invalidValue('target', "must be of pg's JavaScript implementation, not of pg.native", target)
}

/**
 * Returns a text that is the same for options that connect in the same way. Options that are made anew
 * at each call must not connect anew: a function is known by its source.
 */
function addressOf({ connectionParameters, password, ssl }) {
  // pg hides both from a listing of its objects.
  const secrets = [password, ssl.key]
  const plain = (_key, value) => (typeof value === 'function' ? String(value) : value)
  return JSON.stringify([connectionParameters, secrets], plain)
}

const newMap = () => new Map()

function cached(map, key, make) {
  let value = map.get(key)
  if (value === undefined) {
    value = make()
    map.set(key, value)
  }
  return value
}

module.exports = { clientOf, sessionsOf }
