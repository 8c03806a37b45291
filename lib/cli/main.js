'use strict'

const { LockError, lockFile } = require('../..')
const { version } = require('../../package.json')
const { parsePath } = require('../arguments.js')
const { openLock } = require('../environment.js')
const { describeHolder } = require('../errors.js')
const { UsageError, parseArguments } = require('./arguments.js')
const { runCommand } = require('./command.js')
const { Status, statusOf } = require('./status.js')
const { findHolder } = require('./who.js')

/** After so long a person wonders what is going on, in milliseconds. */
const SILENCE = 1000

async function main(args) {
  try {
    process.exitCode = await perform(parseArguments(args))
  } catch (error) {
    if (error instanceof UsageError) {
      say(`${error.message} (see locket --help)`)
      process.exitCode = Status.USAGE
    } else {
      say(error.message)
      process.exitCode = statusOf(error)
    }
  }
}

function perform(call) {
  switch (call.action) {
    case 'help':
      process.stdout.write(require('./help.js'))
      return Status.DONE
    case 'version':
      process.stdout.write(`locket ${version}\n`)
      return Status.DONE
    case 'who':
      return who(call.path)
    default:
      return runLocked(call)
  }
}

function who(path) {
  const holder = findHolder(path)
  if (holder === null) return Status.NOT_ACQUIRED
  const { pid = 'unknown', command = '' } = holder
  process.stdout.write(`${`${pid} ${command}`.trim()}\n`)
  return Status.DONE
}

async function runLocked({ path, command, timeout, conflictStatus, verbose }) {
  const report = verbose ? say : () => {}
  const begin = performance.now()
  let guard
  try {
    guard = await acquire(path, timeout)
  } catch (error) {
    if (!(error instanceof LockError)) throw error
    report(error.message)
    return conflictStatus ?? Status.NOT_ACQUIRED
  }
  report(`getting the lock took ${((performance.now() - begin) / 1000).toFixed(6)} s`)
  report(`running ${command[0]}`)
  try {
    return await runCommand(command, say)
  } finally {
    guard.release()
  }
}

async function acquire(path, timeout) {
  const lock = lockFile(path)
  let notice
  // Only who waits says so: where the machine is slow, a free lock can take as long.
  const onWait = () => {
    notice = setTimeout(() => {
      const holder = openLock(parsePath(path).native).holder()
      if (holder?.pid !== process.pid) say(`waiting for the lock '${lock.path}'${describeHolder(holder)}`)
    }, SILENCE)
  }
  try {
    return await lock.acquire({ timeout, onWait })
  } finally {
    clearTimeout(notice)
  }
}

function say(text) {
  process.stderr.write(`locket: ${text}\n`)
}

module.exports = { main }
