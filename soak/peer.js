'use strict'

// Acquires and releases at random: in the main thread, a worker, or another process.

const { getEventListeners } = require('node:events')
const fs = require('node:fs')
const path = require('node:path')
const { setTimeout: sleep } = require('node:timers/promises')
const { lockFile } = require('..')
const { within } = require('../tools/until')
const { Random } = require('../tools/random')
const { Claim, Violation } = require('./claim')

const PATHS = 6
const LOOPS = 12
const LONGEST_HOLD_MS = 3
const LONGEST_TIMEOUT_MS = 20
const SHARED = { mode: 'shared' }
/** Every holder ahead in the queue holds for milliseconds: what takes so long is lost. */
const LOST_AFTER_MS = 60_000

class Peer {
  counts = {}
  #folder
  #locks
  #claims
  #name
  #random
  #stopped = false
  #loops = []

  constructor({ folder, name, seed }) {
    this.#folder = folder
    this.#name = name
    this.#random = Random.of(seed, name)
    const files = Array.from({ length: PATHS }, (_, i) => path.join(folder, `lock-${i}`))
    this.#locks = files.map((file) => lockFile(file))
    this.#claims = files.map((file) => new Claim(file))
  }

  /** Rejects with the first violation. */
  async run() {
    this.#loops = Array.from({ length: LOOPS }, (_, i) => this.#loop(`${this.#name}/${i}`))
    await Promise.all(this.#loops)
  }

  stop() {
    this.#stopped = true
  }

  close() {
    for (const claim of this.#claims) claim.close()
  }

  async #loop(me) {
    const random = this.#random
    while (!this.#stopped) {
      const which = random.between(0, PATHS - 1)
      const action = random.pick(ACTIONS)
      const visit = new Visit(me, this.#lock(which), this.#claims[which], random)
      const outcome = await within(action(visit), `${me}: ${action.name}`, LOST_AFTER_MS)
      const key = `${action.name}: ${outcome}`
      this.counts[key] = (this.counts[key] ?? 0) + 1
      if (random.chance(0.1)) await sleep(random.between(0, 5))
    }
  }

  /** Mostly one object for all, sometimes a new one, or another spelling of the path. */
  #lock(which) {
    const random = this.#random
    if (random.chance(0.8)) return this.#locks[which]
    const folder = random.chance(0.5) ? this.#folder : path.join(this.#folder, 'link')
    return lockFile(path.join(folder, `lock-${which}`))
  }
}

/** One coming and going at one path. */
class Visit {
  constructor(me, lock, claim, random) {
    this.me = me
    this.lock = lock
    this.claim = claim
    this.random = random
  }

  /** What the holder does. */
  async stay() {
    this.claim.enter(this.me)
    await this.pause()
    this.claim.leave(this.me)
  }

  /** What a reader does. */
  async read() {
    this.claim.observe(this.me)
    await this.pause()
    this.claim.observe(this.me)
  }

  async pause() {
    const hold = this.random.between(-LONGEST_HOLD_MS, LONGEST_HOLD_MS)
    if (hold >= 0) await sleep(hold)
  }

  async use(guard) {
    if (guard.mode === 'shared') {
      await this.read()
    } else {
      await this.stay()
      if (this.random.chance(0.1)) this.lock.release()
    }
    return this.leave(guard)
  }

  leave(guard) {
    guard.release()
    if (!guard.released) throw new Violation(`${this.me}: released, and the guard does not know`)
    if (this.random.chance(0.1)) guard.release()
    return 'had it'
  }

  /** An acquire that may be refused with an error that `isRefusal` knows. */
  async attempt(options, isRefusal) {
    let guard
    try {
      guard = await this.lock.acquire(options)
    } catch (error) {
      if (!isRefusal(error)) throw error
      return 'refused'
    }
    return this.use(guard)
  }

  mode() {
    return this.random.chance(0.3) ? 'shared' : 'exclusive'
  }

  seconds() {
    return this.random.between(0, LONGEST_TIMEOUT_MS) / 1000
  }
}

async function acquire(visit) {
  return visit.use(await visit.lock.acquire())
}

async function acquireShared(visit) {
  return visit.use(await visit.lock.acquire(SHARED))
}

async function downgrade(visit) {
  const guard = await visit.lock.acquire()
  await visit.stay()
  guard.downgrade()
  await visit.read()
  return visit.leave(guard)
}

function timeout(visit) {
  return visit.attempt({ timeout: visit.seconds(), mode: visit.mode() }, isTimeout)
}

async function abort(visit) {
  const controller = new AbortController()
  const reason = new Error('aborted by the soak')
  const { signal } = controller
  const timer = setTimeout(() => controller.abort(reason), visit.random.between(0, LONGEST_TIMEOUT_MS))
  const both = visit.random.chance(0.5)
  const options = { signal, mode: visit.mode(), ...(both && { timeout: visit.seconds() }), onWait() {} }
  const outcome = await visit.attempt(options, (error) => error === reason || (both && isTimeout(error)))
  clearTimeout(timer)
  if (getEventListeners(signal, 'abort').length > 0) throw new Violation(`${visit.me}: a listener remains`)
  return outcome
}

async function tryAcquire(visit) {
  const guard = visit.lock.tryAcquire({ mode: visit.mode() })
  return guard === null ? 'refused' : visit.use(guard)
}

async function acquireSync(visit) {
  let guard
  try {
    guard = visit.lock.acquireSync({ timeout: visit.random.between(0, 2) / 1000, mode: visit.mode() })
  } catch (error) {
    if (!isTimeout(error)) throw error
    return 'refused'
  }
  return visit.use(guard)
}

function runExclusive(visit) {
  return run(visit, 'runExclusive', () => visit.stay())
}

function runShared(visit) {
  return run(visit, 'runShared', () => visit.read())
}

async function run(visit, method, body) {
  const thrown = visit.random.chance(0.2) ? new Error('thrown inside') : undefined
  const stay = async () => {
    await body()
    if (thrown !== undefined) throw thrown
    return visit
  }
  try {
    const value = await visit.lock[method](stay)
    if (value !== visit) throw new Violation(`${visit.me}: another value came out`)
  } catch (error) {
    if (error !== thrown) throw error
  }
  return 'had it'
}

const ACTIONS = [
  acquire,
  acquireShared,
  downgrade,
  timeout,
  timeout,
  abort,
  abort,
  tryAcquire,
  acquireSync,
  runExclusive,
  runShared,
]

function isTimeout(error) {
  return error.code === 'ERR_LOCK_TIMEOUT'
}

/** Prepares the folder that all peers share. */
function prepare(folder) {
  fs.mkdirSync(path.join(folder, 'ended'))
  fs.symlinkSync('.', path.join(folder, 'link'))
  return Array.from({ length: PATHS }, (_, i) => path.join(folder, `lock-${i}`))
}

module.exports = { Peer, prepare }
