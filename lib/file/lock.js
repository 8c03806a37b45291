'use strict'

const { AsyncResource } = require('node:async_hooks')
const { pid } = require('node:process')
const { inspect } = require('node:util')
const { reasonOf } = require('../common/abort.js')
const { illegalConstructor, invalidType, notSupported } = require('../common/argument-errors.js')
const { holderOf, notHeld, othersHold, timedOut } = require('../common/errors.js')
const {
  EXCLUSIVE,
  SHARED,
  parseAcquireOptions,
  parseFileLockOptions,
  parseTryOptions,
  withMode,
} = require('../common/options.js')
const { parsePath } = require('../common/path.js')
const { recordOf } = require('../common/record.js')
const {
  HeldMode,
  ReleaseResult,
  SHARED: SHARED_OPTION,
  SINGLE_ATTEMPT,
  acquireSync,
  heldMode,
  holder,
  processStart,
  releaseLock,
} = require('../native/binding.js')
const { nextAcquireId, openLock, resolvePath } = require('../native/completions.js')
const { Kind, errorOf, isOwn } = require('../native/outcome.js')
const { Waiter } = require('./acquire.js')
const { newGuard, watchLoss } = require('./guard.js')
const { inspectLock } = require('./inspect.js')

const { Busy: BUSY, Granted: GRANTED } = Kind

/** By the number that the native side gives them. */
const MODES = [null, EXCLUSIVE, SHARED]

/** Prevents construction from outside this module. */
const internal = Symbol('internal')

/** Loaded with the first acquire. */
let diagnostics

/** Returns `true` if the lock is that of a folder, which no acquire creates. */
let isOfFolder

/** The native part calls this while a worker waits: the call fails once the worker is being terminated. */
function probeTermination() {}

function lockFile(path, options) {
  return new FileLock(internal, parsePath(path), parseFileLockOptions(options))
}

class FileLock {
  /** Absolute: as the operating system takes it, and as text. */
  #file
  #path
  #timeout
  #isFolder
  /** Makes the text of a record; undefined where the options have no label and no info. */
  #makeRecord
  /** What the native side knows it by, from its first use. */
  #handle

  constructor(key, path, options) {
    // First: to read anything of the arguments could throw.
    if (key !== internal) throw illegalConstructor('FileLock', 'lockFile()')
    const { timeout, about, isFolder } = options
    if (about !== undefined) this.#makeRecord = () => recordOf(about, processStart(pid))
    this.#file = resolvePath(path)
    this.#path = String(this.#file)
    this.#timeout = timeout
    this.#isFolder = isFolder
  }

  static {
    isOfFolder = (lock) => lock.#isFolder
  }

  get path() {
    return this.#path
  }

  get locked() {
    return heldMode(this.#handle ?? this.#open()) !== HeldMode.None
  }

  get mode() {
    return MODES[heldMode(this.#handle ?? this.#open())]
  }

  // Without async: the promise that it would put in between is a tenth of what a section costs.
  acquire(options) {
    try {
      const { timeout, signal, onWait, mode } = parseAcquireOptions(options, this.#timeout)
      if (signal?.aborted) throw reasonOf(signal)
      const notice = onWait && AsyncResource.bind((holder) => onWait(holderOf(holder) ?? null))
      const handle = this.#handle ?? this.#open()
      const observation = this.#observe(mode)
      return new Waiter(this, handle, mode, timeout, notice, this.#makeRecord, observation).wait(signal)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  acquireSync(options) {
    const { timeout, signal, onWait, mode } = parseAcquireOptions(options, this.#timeout)
    if (signal !== undefined) throw notSupported('options.signal', 'acquireSync()', signal)
    const handle = this.#handle ?? this.#open()
    const id = nextAcquireId()
    const observation = this.#observe(mode)
    const guard = newGuard(this, handle, id, mode, observation)
    const notify = observation === undefined ? onWait : observation.notifying(onWait)
    const notice = notify && ((outcome) => notify(this.#holder(isOwn(outcome))))
    // Here, because it takes longer to load than all of this package. It is no file.
    const { isMainThread } = require('node:worker_threads')
    const native = (timeout === 0 ? SINGLE_ATTEMPT : 0) | nativeMode(mode)
    const probe = isMainThread ? undefined : probeTermination
    const outcome = acquireSync(handle, id, native, timeout, notice, probe, this.#makeRecord?.())
    // Nothing is called between the grant and the return to the caller, unless a tool listens.
    if (outcome === GRANTED) return observation === undefined ? guard : observation.granted(guard, watchLoss)
    const error = errorOf(outcome, this.#path) ?? timedOut(this.#path, timeout, holder(handle))
    observation?.miss(error)
    throw error
  }

  tryAcquire(options) {
    const mode = parseTryOptions(options)
    const handle = this.#handle ?? this.#open()
    const id = nextAcquireId()
    const observation = this.#observe(mode)
    const guard = newGuard(this, handle, id, mode, observation)
    const native = SINGLE_ATTEMPT | nativeMode(mode)
    const outcome =
      this.#makeRecord === undefined
        ? acquireSync(handle, id, native, 0)
        : acquireSync(handle, id, native, 0, undefined, undefined, this.#makeRecord())
    if (outcome === GRANTED) return observation === undefined ? guard : observation.granted(guard, watchLoss)
    const error = outcome === BUSY ? undefined : errorOf(outcome, this.#path)
    observation?.miss(error)
    if (error === undefined) return null
    throw error
  }

  async runExclusive(fn, options) {
    return this.#run(fn, options, EXCLUSIVE)
  }

  async runShared(fn, options) {
    return this.#run(fn, options, SHARED)
  }

  async #run(fn, options, mode) {
    if (typeof fn !== 'function') throw invalidType('fn', 'of type function', fn)
    const guard = await this.acquire(withMode(options, mode))
    try {
      return await fn(guard)
    } finally {
      guard.release()
    }
  }

  release() {
    const released = releaseLock(this.#handle ?? this.#open())
    if (released === ReleaseResult.NotHeld) throw notHeld(this.#path)
    if (released === ReleaseResult.OthersHold) throw othersHold(this.#path)
  }

  async inspect() {
    return inspectLock(this, this.#handle ?? this.#open())
  }

  [inspect.custom](_depth, options) {
    return `FileLock ${inspect({ path: this.path, locked: this.locked }, options)}`
  }

  #holder(own) {
    if (own && heldMode(this.#handle) === HeldMode.Exclusive) return { pid, sameProcess: true }
    return holderOf(holder(this.#handle)) ?? null
  }

  /** Costs a look at five channels where no tool listens. */
  #observe(mode) {
    // Here, because Node's channels are a tenth of what `require` would take.
    diagnostics ??= require('../common/diagnostics.js')
    return diagnostics.isObserved() ? new diagnostics.Observation(this.#path, mode) : undefined
  }

  #open() {
    this.#handle = openLock(this, this.#file, this.#isFolder)
    return this.#handle
  }
}

function nativeMode(mode) {
  return mode === SHARED ? SHARED_OPTION : 0
}

module.exports = { FileLock, isOfFolder, lockFile }
