'use strict'

// On Windows Node runs the command: it has no signals, and a console gives Ctrl-C to the command.

const { spawn } = require('node:child_process')
const process = require('node:process')
const { LockError, describeHolder } = require('../common/errors.js')
const { clearTimeout, now, setTimeout } = require('../common/time.js')
const { Status } = require('./status.js')
const { say } = require('./output.js')

/** How long a wait goes on before it is told of, in milliseconds. */
const NOTICE_DELAY = 1000

/** Resolves to the status to exit with. */
async function run(call, args) {
  if (call.action === 'who') {
    const { who, whoJson } = require('./who.js')
    return call.json ? whoJson(args[call.path]) : who(args[call.path])
  }
  const missing = missingHere(call)
  if (missing !== undefined) {
    say(`${missing} is not available on Windows`)
    return Status.USAGE
  }
  const report = call.verbose ? say : () => {}
  const begin = now()
  let guard
  try {
    guard = await acquire(args[call.paths[0]], call)
  } catch (error) {
    if (!(error instanceof LockError)) throw error
    report(error.message)
    return call.conflictStatus ?? Status.NOT_ACQUIRED
  }
  const command = args.slice(call.first)
  report(`acquired the lock after ${((now() - begin) / 1000).toFixed(6)} s`)
  report(`running ${command[0]}`)
  try {
    return await runCommand(command, call.shell)
  } finally {
    guard.release()
  }
}

function missingHere({ paths, descriptor, operation, range, noFork }) {
  if (descriptor !== undefined) return 'a descriptor number as PATH'
  if (operation !== 'exclusive') return `--${operation}`
  if (range !== undefined) return '--fcntl'
  if (noFork) return '--no-fork'
  if (paths.length > 1) return 'more than one PATH'
  return undefined
}

async function acquire(path, { timeout, quiet, label }) {
  const { lockFile } = require('../../index.js')
  const lock = lockFile(path, { label })
  let notice
  // Only a wait is told of: where the machine is slow, a free lock can take as long.
  const onWait = () => {
    notice = setTimeout(() => {
      const holder = require('./who.js').visibleHolder(path)
      if (holder?.pid !== process.pid) say(`waiting for lock '${lock.path}'${describeHolder(holder)}`)
    }, NOTICE_DELAY)
  }
  try {
    return await lock.acquire({ timeout, onWait: quiet ? undefined : onWait })
  } finally {
    clearTimeout(notice)
  }
}

/** With our streams. The command does not inherit the lock. */
async function runCommand([file, ...args], shell) {
  // A console gives its signals to every process in it: they must not end this one first.
  const ignore = () => {}
  const signals = ['SIGINT', 'SIGBREAK', 'SIGHUP']
  for (const signal of signals) process.on(signal, ignore)
  try {
    return await new Promise((resolve, reject) => {
      const child = spawn(file, args, { stdio: 'inherit', shell })
      child.on('error', reject)
      child.on('exit', (status) => resolve(status ?? Status.SIGNAL))
    })
  } catch (error) {
    if (error.code === 'ENOENT') {
      say(`${file}: command not found`)
      return Status.NOT_FOUND
    }
    say(`${file}: cannot be executed (${error.code})`)
    return Status.NOT_EXECUTABLE
  } finally {
    for (const signal of signals) process.off(signal, ignore)
  }
}

module.exports = run
