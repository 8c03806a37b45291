'use strict'

const { spawn } = require('node:child_process')
const { constants } = require('node:os')
const { Status } = require('./status.js')

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP']

/**
 * Runs the command with our streams and resolves with what to exit with. It does not inherit the
 * lock, whose file is close-on-exec.
 */
async function runCommand([file, ...args], say) {
  let child
  // Windows gives Ctrl-C to the command itself, and knows no other signal than the end.
  const forward = (signal) => process.platform !== 'win32' && child.kill(signal)
  // Before the command begins: from then on no signal may end us and leave it alone.
  for (const signal of FORWARDED) process.on(signal, forward)
  try {
    const [status, signal] = await new Promise((resolve, reject) => {
      child = spawn(file, args, { stdio: 'inherit' })
      child.on('error', reject)
      child.on('exit', (...end) => resolve(end))
    })
    return signal === null ? status : Status.SIGNAL + constants.signals[signal]
  } catch (error) {
    if (error.code === 'ENOENT') {
      say(`${file}: command not found`)
      return Status.NOT_FOUND
    }
    say(`${file}: cannot be run (${error.code})`)
    return Status.NOT_EXECUTABLE
  } finally {
    for (const signal of FORWARDED) process.off(signal, forward)
  }
}

module.exports = { runCommand }
