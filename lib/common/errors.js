'use strict'

const { pid } = require('node:process')
const { getSystemErrorMap } = require('node:util')

/** Shared by all copies of the package in a process, so that `instanceof` works across them. */
const BRAND = Symbol.for('locket.LockError')

/** A failure that locket detects. Errors of the operating system keep Node's own shape. */
class LockError extends Error {
  constructor(code, message, path, holder) {
    super(message)
    this.code = code
    this.path = path
    if (holder !== undefined) this.holder = holder
  }
}
Object.defineProperty(LockError, Symbol.hasInstance, { value: isInstance })
Object.defineProperties(LockError.prototype, {
  name: { value: 'LockError', configurable: true, writable: true },
  [BRAND]: { value: true },
})

/** A class that extends LockError has no brand of its own. */
function isInstance(value) {
  if (this !== LockError) return Function.prototype[Symbol.hasInstance].call(this, value)
  return typeof value === 'object' && value !== null && value[BRAND] === true
}

function notHeld(path) {
  return new LockError('ERR_LOCK_NOT_HELD', 'cannot release unlocked lock', path)
}

/** Of a shared lock: to end any of its acquisitions would be another caller's. */
function othersHold(path) {
  const message = `cannot release lock '${path}': several share it, and none by this FileLock. Release the guard`
  return new LockError('ERR_LOCK_NOT_HELD', message, path)
}

function cannotDowngrade(path) {
  return new LockError('ERR_LOCK_NOT_HELD', `cannot downgrade lock '${path}': it was released`, path)
}

/** Of an acquisition that another caller's release() has ended. */
function lost(path) {
  return new LockError('ERR_LOCK_LOST', `lock '${path}' was lost: another caller released it`, path)
}

function deadlock(path) {
  const message = `deadlock: lock '${path}' is already held by this thread, and no timeout is set`
  return new LockError('ERR_LOCK_DEADLOCK', message, path, { pid, sameProcess: true })
}

/** `holder` is what the binding knows of the holder, or null; `seconds` is the timeout. */
function timedOut(path, seconds, holder) {
  const message =
    seconds === 0
      ? `lock '${path}' is already held${holder === null ? '' : ` ${by(holder)}`}`
      : `timed out after ${seconds} s waiting for lock '${path}'${describeHolder(holder)}`
  return new LockError('ERR_LOCK_TIMEOUT', message, path, holderOf(holder))
}

/** Returns what a message about a contended lock ends with. */
function describeHolder(holder) {
  return holder === null ? '' : ` (held ${by(holder)})`
}

function by(holder) {
  const others = describeOthers(holder)
  if (holder.pid === pid) return `by this process${others}`
  const command = holder.argv === undefined ? '' : `: ${programOf(holder.argv)}`
  return `by process ${holder.pid}${command}${others}`
}

function describeOthers({ count = 1 }) {
  if (count === 1) return ''
  return count === 2 ? ' and 1 other' : ` and ${count - 1} others`
}

/** Programs that are named with their script. */
const INTERPRETER = /^(node|nodejs|bun|deno|python[\d.]*|ruby|perl|sh|bash|dash|zsh)$/

/** Options of theirs that are followed by code in place of a script. */
const CODE = /^(-\w*[cepm]|--eval|--print)(=|$)/

/** How much of the program and its script a message has, in characters. */
const LONGEST_PROGRAM = 80

/** Returns the program and its script. The other arguments can hold secrets, and messages end in logs. */
function programOf([program, ...rest]) {
  const name = program.slice(program.lastIndexOf('/') + 1)
  const first = INTERPRETER.test(name)
    ? rest.find((word) => CODE.test(word) || !word.startsWith('-'))
    : undefined
  const script = first === undefined || CODE.test(first) ? '' : ` ${first}`
  return `${name}${script}`.slice(0, LONGEST_PROGRAM).replace(/\p{Cc}/gu, ' ')
}

/** Returns the public shape of a holder, or undefined if it is not known. */
function holderOf(holder) {
  if (holder === null) return undefined
  const shown = { pid: holder.pid, sameProcess: holder.pid === pid }
  if (holder.isShared) Object.assign(shown, { mode: 'shared', count: holder.count })
  // Not enumerable: errors are logged with their properties, and arguments can hold secrets.
  if (holder.argv !== undefined) Object.defineProperty(shown, 'command', { value: holder.argv.join(' ') })
  return shown
}

/** Returns an error in the shape of `node:fs`. `errno` is libuv's. */
function systemError(errno, syscall, path) {
  const [code, text] = getSystemErrorMap().get(errno) ?? unknownToNode(errno)
  const irregular = code === 'EINVAL' && syscall === 'open' ? 'not a regular file' : text
  const error = new Error(`${code}: ${irregular}, ${syscall} '${path}'`)
  return Object.assign(error, { errno, code, syscall, path })
}

/** The same, of an error that is named. */
function systemErrorNamed(name, syscall, path) {
  const [errno] = [...getSystemErrorMap()].find(([, [known]]) => known === name)
  return systemError(errno, syscall, path)
}

/** Returns what process.cwd() throws: a relative path has no meaning without a working directory. */
function workingDirectoryError(errno) {
  const [code, text] = getSystemErrorMap().get(errno) ?? unknownToNode(errno)
  return Object.assign(new Error(`${code}: ${text}, uv_cwd`), { errno, code, syscall: 'uv_cwd' })
}

/** What errors mean here that libuv has no text for. */
const TEXTS = {
  ENOLCK: 'no locks available',
  ESTALE: 'the path names another file each time it is looked up',
}

/** Names the errors of file systems without locks, and others that libuv has no name for. */
function unknownToNode(errno) {
  const os = require('node:os')
  const [code] = Object.entries(os.constants.errno).find(([, number]) => number === -errno) ?? ['UNKNOWN']
  return [code, TEXTS[code] ?? 'unknown error']
}

module.exports = {
  LockError,
  cannotDowngrade,
  deadlock,
  describeHolder,
  holderOf,
  lost,
  notHeld,
  othersHold,
  systemError,
  systemErrorNamed,
  timedOut,
  workingDirectoryError,
}
