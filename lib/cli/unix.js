'use strict'

// On Unix the addon acquires, starts the command and ends as the command ends: Node has no part in
// it. Only messages are made here.

const { env, pid } = require('node:process')
const { describeHolder, systemError, timedOut } = require('../common/errors.js')
const { parseAbout, recordOf } = require('../common/record.js')
const { now } = require('../common/time.js')
const {
  cliArgument,
  cliBegin,
  cliExit,
  cliLock,
  cliPath,
  cliRecord,
  cliRun,
  cliWait,
  processStart,
} = require('../native/binding.js')
const { failedCall } = require('../native/outcome.js')
const { Status, statusOf } = require('./status.js')
const { say } = require('./output.js')

/** How long a wait goes on before it is told of, in seconds. */
const NOTICE_DELAY = 1

const Operation = { exclusive: 0, shared: 1, unlock: 2 }

/** What has come of an acquire, as src/node/cli.rs numbers it. */
const Step = { GRANTED: 0, TIMED_OUT: 1, FAILED: 2, WAITING: 3 }

/** Never returns: ends the process, and without what Node does at its end. */
function run(call, args) {
  cliBegin(args)
  if (call.action === 'who' && call.json) return exitAfter(call)
  try {
    cliExit(perform(call, args))
  } catch (error) {
    say(error.message)
    cliExit(statusOf(error))
  }
}

async function exitAfter(call) {
  try {
    const { whoJson } = require('./who.js')
    cliExit(await whoJson(cliArgument(call.path)))
  } catch (error) {
    say(error.message)
    cliExit(statusOf(error))
  }
}

function perform(call, args) {
  if (call.action === 'who') {
    const { who } = require('./who.js')
    return who(cliArgument(call.path))
  }
  const refused = lock(call)
  if (refused !== undefined) return refused
  if (call.first === undefined) return Status.DONE
  if (call.label !== undefined) writeRecords(call)
  if (call.verbose) say(`running ${args[call.first]}`)
  const shell = call.shell ? env.SHELL || '/bin/sh' : undefined
  const errno = cliRun(call.first, shell, call.noFork)
  return notStarted(shell ?? args[call.first], systemError(errno, 'exec', ''))
}

/** Returns the status to exit with, or undefined once the lock is held. */
function lock(call) {
  const { paths, descriptor, operation, range, conflictStatus = Status.NOT_ACQUIRED } = call
  const { timeout = Number.POSITIVE_INFINITY, quiet, verbose } = call
  const begin = now()
  const shown = (path) => (descriptor === undefined ? cliPath(paths[path]) : `${descriptor}`)
  let step = cliLock(paths, descriptor, Operation[operation], timeout, range)
  if (step[0] === Step.WAITING) step = cliWait(NOTICE_DELAY)
  if (step[0] === Step.WAITING) {
    if (!quiet) say(`waiting for lock '${shown(step[1])}'${describeHolder(findHolder(call, step[1]))}`)
    step = cliWait(Number.POSITIVE_INFINITY)
  }
  const [kind, path, errno, syscall] = step
  if (kind === Step.FAILED) {
    const error = failedCall(errno, syscall, shown(path))
    say(error.message)
    return statusOf(error, descriptor !== undefined)
  }
  if (kind === Step.TIMED_OUT) {
    if (verbose) say(timedOut(shown(path), timeout, findHolder(call, path)).message)
    return conflictStatus
  }
  if (verbose) say(`acquired the lock after ${((now() - begin) / 1000).toFixed(6)} s`)
  return undefined
}

/** Says what the lock is held for. */
function writeRecords({ paths, label }) {
  const text = recordOf(parseAbout(label), processStart(pid))
  for (const path of paths) cliRecord(path, text)
}

/** What the system tells of the process that holds the lock, or null. */
function findHolder({ descriptor, paths }, path) {
  if (descriptor !== undefined) return null
  try {
    const { visibleHolder } = require('./who.js')
    return visibleHolder(cliArgument(paths[path]))
  } catch {
    return null
  }
}

function notStarted(file, { code }) {
  if (code === 'ENOENT') {
    say(`${file}: command not found`)
    return Status.NOT_FOUND
  }
  say(`${file}: cannot be executed (${code})`)
  return Status.NOT_EXECUTABLE
}

module.exports = run
