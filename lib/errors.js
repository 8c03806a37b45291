'use strict'

const { getSystemErrorMap, inspect } = require('node:util')
const { Kind } = require('./environment.js')

/** What locket itself has to say; errors of the operating system keep Node's own shape. */
class LockError extends Error {
  constructor(code, message, path, holder) {
    super(message)
    this.code = code
    this.path = path
    if (holder !== undefined) this.holder = holder
  }
}
Object.defineProperty(LockError.prototype, 'name', { value: 'LockError', configurable: true, writable: true })

/** The calls of src/error.rs, by their numbers there. */
const SYSCALLS = ['open', process.platform === 'win32' ? 'LockFileEx' : 'flock', 'stat', 'pthread_create']

function notHeld(path) {
  return new LockError('ERR_LOCK_NOT_HELD', 'cannot release unlocked lock', path)
}

function deadlock(path) {
  const message = `this thread holds the lock '${path}' itself and would wait for ever`
  return new LockError('ERR_LOCK_DEADLOCK', message, path, { pid: process.pid, sameProcess: true })
}

/** The error of an acquire that could not wait; none where its time ran out. */
function refusal(kind, a, b, path) {
  if (kind === Kind.FAILED) return systemError(a, b, path)
  if (kind === Kind.DEADLOCK) return deadlock(path)
  return undefined
}

/** `process` is what the binding knows of the holder, or null. */
function timedOut(path, seconds, process) {
  const waited = seconds === 0 ? 'is taken' : `was not to be had within ${seconds} s`
  const message = `the lock '${path}' ${waited}${describeHolder(process)}`
  return new LockError('ERR_LOCK_TIMEOUT', message, path, holderOf(process))
}

function describeHolder(holder) {
  if (holder === null) return ''
  if (holder.pid === process.pid) return ': this process holds it'
  const command = holder.command === undefined ? '' : ` (${holder.command})`
  return `: process ${holder.pid} holds it${command}`
}

/** The public face of a holder; absent where it is not known. */
function holderOf(holder) {
  return holder === null ? undefined : { pid: holder.pid, sameProcess: holder.pid === process.pid }
}

/** As Node's fs makes it. `errno` is libuv's, `syscall` a number of src/error.rs. */
function systemError(errno, syscall, path) {
  const [code, text] = getSystemErrorMap().get(errno) ?? unknownToNode(errno)
  const call = SYSCALLS[syscall]
  const irregular = code === 'EINVAL' && call === 'open' ? 'not a regular file' : text
  const error = new Error(`${code}: ${irregular}, ${call} '${path}'`)
  return Object.assign(error, { errno, code, syscall: call, path })
}

/** What file systems without locks say, and others that libuv has no name for. */
function unknownToNode(errno) {
  const os = require('node:os')
  const [code] = Object.entries(os.constants.errno).find(([, number]) => number === -errno) ?? ['UNKNOWN']
  return [code, code === 'ENOLCK' ? 'no locks available' : 'unknown error']
}

function invalidType(name, expected, actual) {
  const message = `The ${kindOf(name)} "${name}" must be ${expected}. Received ${shown(() => received(actual))}`
  return Object.assign(new TypeError(message), { code: 'ERR_INVALID_ARG_TYPE' })
}

function invalidValue(name, why, actual, cause) {
  const message = `The ${kindOf(name)} "${name}" ${why}. Received ${shown(() => inspect(actual))}`
  const options = cause === undefined ? undefined : { cause }
  return Object.assign(new TypeError(message, options), { code: 'ERR_INVALID_ARG_VALUE' })
}

function outOfRange(name, range, actual) {
  const message = `The value of "${name}" is out of range. It must be ${range}. Received ${inspect(actual)}`
  return Object.assign(new RangeError(message), { code: 'ERR_OUT_OF_RANGE' })
}

function illegalConstructor(name, instead) {
  const error = new TypeError(`Illegal constructor: a ${name} comes from ${instead}`)
  return Object.assign(error, { code: 'ERR_ILLEGAL_CONSTRUCTOR' })
}

function kindOf(name) {
  return name.includes('.') ? 'property' : 'argument'
}

/** A value may refuse to be looked at; that is no reason to keep back what is wrong with it. */
function shown(describe) {
  try {
    return describe()
  } catch {
    return 'a value that cannot be shown'
  }
}

function received(value) {
  if (value === null || value === undefined) return String(value)
  if (typeof value === 'function') return `function ${value.name}`
  if (typeof value === 'object') {
    const name = value.constructor?.name
    return name ? `an instance of ${name}` : inspect(value, { depth: -1 })
  }
  const text = inspect(value)
  return `type ${typeof value} (${text.length > 28 ? `${text.slice(0, 25)}...` : text})`
}

module.exports = {
  LockError,
  describeHolder,
  holderOf,
  illegalConstructor,
  invalidType,
  invalidValue,
  notHeld,
  outOfRange,
  refusal,
  timedOut,
}
