'use strict'

const { pid } = require('node:process')
const abort = require('../common/abort.js')
const { holderOf, timedOut } = require('../common/errors.js')
const { SHARED } = require('../common/options.js')
const { clearTimeout, now, setTimeout } = require('../common/time.js')
const {
  HeldMode,
  NOTICE,
  SHARED: SHARED_OPTION,
  SINGLE_ATTEMPT,
  abandon,
  acquire,
  cancel,
  checkWaitingPaths,
  deliver,
  expire,
  holder,
  heldMode,
  setRecord,
} = require('../native/binding.js')
const { nextAcquireId } = require('../native/completions.js')
const { inTime, queryHolder } = require('../native/holders.js')
const { Kind, errorOf, isOwn, kindOf } = require('../native/outcome.js')
const { newGuard, watchLoss } = require('./guard.js')

const { Granted: GRANTED } = Kind

/** How long before its deadline an acquire begins to search for the holder, in milliseconds. */
const PREFETCH_MS = 50

/**
 * How often the paths of acquires that wait are checked, in milliseconds: a file that another process
 * holds can be deleted, and others lock the new one.
 */
const PATH_CHECK_MS = 2000

/** How long the one attempt of an acquire that does not wait may wait for the thread pool, in milliseconds. */
const POOL_MS = 10

/**
 * How long past its deadline or its abort an acquire waits for the end of an attempt, in milliseconds: the
 * file system can be dead.
 */
const ATTEMPT_MS = 500

/** What setTimeout can count to, in milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1

/**
 * One acquire on its way. There may be thousands at once, so it is one object that carries its own
 * outcome, and has a timer or a listener only where it was asked for one.
 */
class Waiter {
  #handle
  #mode
  #id = nextAcquireId()
  /** What the caller gets once it has the lock: made while there is time. Keeps the lock object. */
  #guard
  #seconds
  #resolve
  #reject
  #timer
  #signal
  #onWait
  /** The caller has its promise. Until then a grant is not taken: it could have got an error. */
  #isReturned = false
  /** Nothing but the caller's promise is to hear of a grant. */
  #isPlain = false
  /** The call that made the acquire threw. */
  #hasThrown = false
  /** It is known that there is a wait, but not yet for which process. */
  #noticed = false
  /** Resolves to the holder, from shortly before the deadline. */
  #query
  /** What is to be thrown instead of the outcome, as `{ error }`. */
  #thrown = undefined
  #isOver = false
  #isGranted = false
  /** Makes the record to be written with the grant; undefined where there is none. */
  #makeRecord
  /** What diagnostics are told; undefined where no tool listens. */
  #observation

  /** `onWait` is called at most once, with the process that holds the lock or null. */
  constructor(lock, handle, mode, seconds, onWait, makeRecord, observation) {
    this.#handle = handle
    this.#mode = mode
    this.#seconds = seconds
    this.#onWait = onWait
    this.#makeRecord = makeRecord
    this.#observation = observation
    this.#guard = newGuard(lock, handle, this.#id, mode, observation)
  }

  /** Returns a promise of the guard. */
  wait(signal) {
    const promise = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    const seconds = this.#seconds
    const wantsNotice = this.#onWait !== undefined || this.#observation !== undefined
    const options = (seconds === 0 ? SINGLE_ATTEMPT : 0) | (wantsNotice ? NOTICE : 0)
    const mode = this.#mode === SHARED ? SHARED_OPTION : 0
    try {
      watchPaths()
      acquire(this.#handle, this.#id, this, options | mode)
      if (signal !== undefined) this.#listen(signal)
      if (seconds === 0) this.#timer = setTimeout(expire, POOL_MS, this.#id)
      else if (seconds !== Infinity) this.#check(now() + seconds * 1000)
    } catch (error) {
      this.#hasThrown = true
      this.#forgetTimerAndSignal()
      cancel(this.#id)
      throw error
    }
    this.#isReturned = true
    this.#isPlain =
      options === 0 &&
      this.#timer === undefined &&
      this.#signal === undefined &&
      this.#makeRecord === undefined
    if (options !== 0) tellNow()
    return promise
  }

  #listen(signal) {
    abort.listen(signal, this)
    this.#signal = signal
  }

  /** Called by the native side: see completions.js. */
  complete(outcome) {
    // The shortest way: the lock is held already, and others wait for it.
    if (this.#isPlain && outcome === GRANTED) {
      this.#isOver = true
      this.#isGranted = true
      this.#resolve(this.#guard)
      return true
    }
    if (!this.#isReturned) return this.#hasThrown ? false : undefined
    if (this.#isGranted) return this.#grant()
    if (kindOf(outcome) === Kind.Waiting) {
      this.#notice(isOwn(outcome))
      return true
    }
    this.#isOver = true
    this.#forgetTimerAndSignal()
    // A query that is still under way comes too late.
    if (this.#noticed) this.#tell(null)
    if (outcome === GRANTED && this.#thrown === undefined) return this.#grant()
    this.#refuse(outcome).then(this.#resolve, this.#reject)
    return false
  }

  #grant() {
    this.#isGranted = true
    if (this.#makeRecord !== undefined) setRecord(this.#handle, this.#id, this.#makeRecord())
    this.#resolve(this.#guard)
    this.#observation?.granted(this.#guard, watchLoss)
    return true
  }

  #forgetTimerAndSignal() {
    if (this.#timer !== undefined) clearTimeout(this.#timer)
    if (this.#signal === undefined) return
    abort.forget(this.#signal, this)
    // A signal can abort without its listener being called: another one can stop the event.
    if (this.#thrown === undefined && abort.isAborted(this.#signal)) {
      this.#thrown = { error: abort.reasonOf(this.#signal) }
    }
  }

  async #refuse(outcome) {
    // What is thrown from here on has the caller's own await in its stack.
    await undefined
    if (this.#thrown !== undefined) throw this.#missed(this.#thrown.error)
    const error = errorOf(outcome, this.#guard.path)
    throw this.#missed(error ?? timedOut(this.#guard.path, this.#seconds, await this.#holder()))
  }

  #missed(error) {
    this.#observation?.miss(error)
    return error
  }

  /** The process that holds the lock now, or null. */
  async #holder() {
    if (isHeldAlone(this.#handle)) return holder(this.#handle)
    return inTime(this.#query ?? queryHolder(this.#handle))
  }

  /** Called at most once, before the outcome: the lock is taken, by this process or another. */
  #notice(own) {
    if (own && isHeldAlone(this.#handle)) {
      this.#tell({ pid })
    } else {
      this.#noticed = true
      queryHolder(this.#handle).then((holder) => {
        if (this.#noticed) this.#tell(holder)
      })
    }
  }

  #tell(holder) {
    this.#noticed = false
    const onWait = this.#onWait
    this.#onWait = undefined
    this.#observation?.wait(holderOf(holder))
    try {
      const returned = onWait?.(holder)
      // Of an async function. Once the acquire is over, no caller is left to fail.
      if (typeof returned?.then === 'function') {
        returned.then(undefined, (error) => {
          if (!this.#isOver) this.abort(error)
        })
      }
    } catch (error) {
      this.abort(error)
    }
  }

  /** Called when the caller gives up, or what it gave threw: whatever comes, it ends with this. */
  abort(error) {
    if (this.#thrown !== undefined) return
    this.#thrown = { error }
    if (this.#isOver) return
    cancel(this.#id)
    this.#limitAttempt()
  }

  /** Timers count in whole milliseconds, and not without an end: what is left is counted again. */
  #check(deadline) {
    const left = deadline - now()
    if (left <= 0) {
      // The deadline ends a wait. It refuses no lock that the first attempt gets.
      if (expire(this.#id)) this.#limitAttempt()
      return
    }
    const early = left > PREFETCH_MS
    if (!early && !isHeldAlone(this.#handle)) this.#query ??= queryHolder(this.#handle)
    const pause = Math.min(Math.ceil(early ? left - PREFETCH_MS : left), LONGEST_TIMER)
    this.#timer = setTimeout(() => this.#check(deadline), pause)
  }

  /** What was to be told is told by now, or an attempt is under way. */
  #limitAttempt() {
    if (this.#isOver) return
    if (this.#timer !== undefined) clearTimeout(this.#timer)
    this.#timer = setTimeout(() => abandon(this.#id), ATTEMPT_MS)
  }
}

/** Whether this process is the one that holds the lock. */
function isHeldAlone(handle) {
  return heldMode(handle) === HeldMode.Exclusive
}

let isWatching = false

/** Looks at the paths as long as acquires are made or wait. Keeps no process alive. */
function watchPaths() {
  if (isWatching) return
  isWatching = true
  setTimeout(checkPaths, PATH_CHECK_MS).unref()
}

async function checkPaths() {
  isWatching = false
  if (await checkWaitingPaths()) watchPaths()
}

/** What cannot be told here, at the end of the stack, comes with the event loop. */
function tellNow() {
  try {
    deliver()
  } catch {}
}

module.exports = { Waiter }
