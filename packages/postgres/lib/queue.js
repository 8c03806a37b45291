'use strict'

// One lock in this process: those who wait for it, in order of arrival, and what the server has
// granted. Whatever the number of waiters, one of the process's sessions waits at the server, or
// holds the lock there. It is handed over inside the process for a turn, and then let go, so that
// other processes have theirs.

const { time } = require('locket/common')
const { isLoss } = require('./session.js')
const { hasWaiters } = require('./sql.js')
const { notHeld } = require('./errors.js')
const { LONGEST } = require('./pending.js')

/** How long the lock is handed over inside the process, in milliseconds: some ten round trips. */
const TURN = 20
/** How much later than the last deadline the server ends a wait by itself, in milliseconds. */
const BEHIND = 1000
/** How long a server that was lost while waiting may take to come back, in milliseconds. */
const AWAY = 60_000
/** Between two attempts to connect again, in milliseconds. */
const PAUSE = 200

const done = Promise.resolve()

class LockQueue {
  #sessions
  #key
  #waiters = new Set()
  /** The acquisitions that hold the lock. */
  #grants = new Set()
  /** What the server has granted: the session, the mode, and when the turn is over. */
  #hold
  /** The lock is being acquired from the server, or let go there. */
  #isBusy = false
  /** The wait at the server. */
  #wait
  #released = done
  /** The server has answered: those who wait go on when it has been away. */
  #isReached = false
  /** The server has refused to let the lock go, in a transaction of the caller's that has failed. */
  #isStuck = false

  constructor(sessions, key) {
    this.#sessions = sessions
    this.#key = key
  }

  /** The mode in which this process holds the lock, or null. */
  get mode() {
    return this.#grants.size > 0 ? this.#hold.mode : null
  }

  get grants() {
    return this.#grants
  }

  /** The session that holds the lock for this process. */
  get session() {
    return this.#grants.size > 0 ? this.#hold.session : undefined
  }

  /** Tells the waiter, here or later: exactly one of grant, refuse and fail. */
  request(waiter) {
    if (waiter.isSingle && !this.#mayBeFree(waiter.mode)) {
      waiter.refuse()
      return
    }
    this.#isStuck = false
    this.#waiters.add(waiter)
    this.#advance()
    if (this.#waiters.has(waiter) && (this.#grants.size > 0 || this.#wait !== undefined)) waiter.notify()
  }

  /** Returns `false` if the waiter has been told already. */
  withdraw(waiter) {
    if (!this.#waiters.delete(waiter)) return false
    this.#advance()
    return true
  }

  /** A promise of the end of a wait that was given up, where statements of the caller depend on it. */
  restored() {
    return this.#wait?.restored?.()
  }

  /** Resolves when others can have the lock. */
  async release(grant) {
    if (!this.#grants.delete(grant)) return
    this.#isStuck = false
    this.#advance()
    if (this.#grants.size > 0) return
    try {
      await this.#released
    } catch (error) {
      if (this.#hold === undefined) throw error
      // The session holds it still, and so does the caller.
      this.#grants.add(grant)
      throw error
    }
  }

  /** The session is gone, and the lock with it. */
  lost(session, error) {
    if (this.#hold?.session !== session) return
    this.#hold = undefined
    const grants = [...this.#grants]
    this.#grants.clear()
    this.#advance()
    for (const grant of grants) grant.lost(error)
  }

  /** A single attempt does not wait behind others. */
  #mayBeFree(mode) {
    if (this.#waiters.size > 0) return false
    if (this.#grants.size === 0) return true
    return mode === 'shared' && this.#hold.mode === 'shared' && !this.#hold.isClosed
  }

  get #first() {
    return this.#waiters.values().next().value
  }

  #advance() {
    const hold = this.#hold
    if (hold !== undefined) {
      if (!this.#isBusy) this.#admit(hold)
      if (this.#grants.size === 0 && !this.#isBusy && !this.#isStuck) {
        this.#released = this.#letGo(hold)
        this.#released.catch(() => {})
      }
    } else if (!this.#isBusy && this.#waiters.size > 0) {
      this.#obtain()
    }
    if (this.#wait !== undefined && this.#first?.mode !== this.#wait.mode) this.#wait.cancel()
    if (this.#hold === undefined && !this.#isBusy && this.#waiters.size === 0) {
      this.#sessions.queues.delete(this.#key.id)
    }
  }

  /** Grants the lock to those at the head of the queue, for a turn at most. */
  #admit(hold) {
    for (const waiter of this.#waiters) {
      if (waiter.mode !== hold.mode) return
      if (this.#grants.size > 0 && hold.mode === 'exclusive') return
      if (hold.isUsed && time.now() >= hold.ends) {
        // The readers that are inside need not leave for one more, if no writer waits elsewhere.
        if (this.#grants.size > 0) this.#lookForWriters(hold)
        return
      }
      hold.isUsed = true
      this.#waiters.delete(waiter)
      this.#grants.add(waiter.grant(this))
    }
  }

  async #lookForWriters(hold) {
    if (hold.isChecked) return
    hold.isChecked = true
    let isWaitedFor = true
    try {
      const [[answer]] = await this.#sessions.query(hasWaiters(this.#key))
      isWaitedFor = answer === 't'
    } catch {
      // The next reader waits for its turn.
    }
    if (this.#hold !== hold) return
    if (isWaitedFor) {
      hold.isClosed = true
      this.#refuseSingles()
      return
    }
    hold.isChecked = false
    hold.ends = time.now() + TURN
    this.#advance()
  }

  async #letGo(hold) {
    this.#isBusy = true
    try {
      const wasHeld = await this.#sessions.unlock(hold.session, this.#key, hold.mode)
      if (this.#hold === hold) this.#hold = undefined
      if (!wasHeld) throw notHeld(this.#key)
    } catch (error) {
      this.#isStuck = this.#hold === hold
      throw error
    } finally {
      this.#isBusy = false
      this.#advance()
    }
  }

  async #obtain() {
    this.#isBusy = true
    try {
      this.#hold = await this.#acquire()
      this.#hold?.session.queues.add(this)
    } catch (error) {
      const waiters = [...this.#waiters]
      this.#waiters.clear()
      for (const waiter of waiters) waiter.fail(error)
    } finally {
      this.#isBusy = false
      this.#advance()
    }
  }

  /** Resolves to what the server has granted, or to undefined if no waiter is left. */
  async #acquire() {
    let lostAt
    while (this.#waiters.size > 0) {
      try {
        const { mode } = this.#first
        const session = await this.#ask(mode)
        this.#isReached = true
        lostAt = undefined
        if (session !== null && session.error === undefined) {
          return { session, mode, ends: time.now() + TURN }
        }
      } catch (error) {
        if (this.#wait !== undefined) this.#isReached = true
        this.#wait = undefined
        if (!this.#isReached || !isLoss(error)) throw error
        lostAt ??= time.now()
        if (time.now() - lostAt > AWAY) throw error
        await new Promise((resolve) => time.setTimeout(resolve, PAUSE))
      }
    }
    return undefined
  }

  /** Resolves to the session that was granted the lock, or to null. */
  async #ask(mode) {
    const session = await this.#sessions.tryLock(this.#key, mode)
    if (session !== null) return session
    this.#refuseSingles()
    for (const waiter of this.#waiters) waiter.notify()
    if (this.#first?.mode !== mode) return null
    this.#wait = { mode, ...this.#sessions.waitLock(this.#key, mode, this.#limit()) }
    const granted = await this.#wait.done
    this.#wait = undefined
    return granted
  }

  #refuseSingles() {
    for (const waiter of this.#waiters) {
      if (!waiter.isSingle) continue
      this.#waiters.delete(waiter)
      waiter.refuse()
    }
  }

  /** The limit of the server's own, in milliseconds, 0 without one: for a process that cannot cancel. */
  #limit() {
    let last = 0
    for (const { deadline } of this.#waiters) last = Math.max(last, deadline)
    const limit = Math.ceil(last - time.now() + BEHIND)
    return limit > LONGEST ? 0 : limit
  }
}

module.exports = { LockQueue }
