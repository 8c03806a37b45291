// What Linux tells of locks: who stands in the queue for a file.

'use strict'

const fs = require('node:fs')
const { until } = require('./until')

/** The processes that wait in the kernel for the flock of the file, in that mode. */
function queuedFor(file, mode = 'exclusive') {
  const { ino } = fs.statSync(file)
  const word = mode === 'shared' ? 'READ' : 'WRITE'
  const waiting = new RegExp(`-> FLOCK +ADVISORY +${word} +(\\d+) [0-9a-f]+:[0-9a-f]+:${ino} `, 'g')
  return [...fs.readFileSync('/proc/locks', 'latin1').matchAll(waiting)].map(([, pid]) => Number(pid))
}

/**
 * Resolves when the process waits in the kernel for the flock of the file; at once where the system
 * does not tell.
 */
async function untilQueued(file, pid = process.pid, mode = 'exclusive') {
  if (process.platform !== 'linux') return
  await until(() => queuedFor(file, mode).includes(pid), `process ${pid} to queue for ${file}`)
}

module.exports = { queuedFor, untilQueued }
