'use strict'

// Who holds a lock, as the server's pg_locks and pg_stat_activity show it.

const { time } = require('locket/common')
const { sessionsOf } = require('./sql.js')

/** How long past its deadline an acquire waits for the holder's name, in milliseconds. */
const HOLDER_TIMEOUT = 250

const MODES = { ExclusiveLock: 'exclusive', ShareLock: 'shared' }

/** Resolves to `{ holders, waiting }`. */
async function inspectLock(sessions, key) {
  const rows = await sessions.query(sessionsOf(key))
  const holders = holdersOf(rows, (backend) => sessions.owns(backend))
  return { holders, waiting: rows.length - holders.length }
}

/** `isOwn` tells whether a backend is one of this process's. */
function holdersOf(rows, isOwn = () => false) {
  return rows.filter(([, granted]) => granted === 't').map((row) => holderOf(row, isOwn(row[0])))
}

function holderOf([pid, , mode, application, address, port, since], sameProcess) {
  const holder = { pid: Number(pid), sameProcess, mode: MODES[mode] }
  // The server shows these to the session's own role, and to roles that may see statistics.
  if (application) holder.application = application
  if (address !== null) holder.address = port === null || port === '-1' ? address : `${address}:${port}`
  if (since !== null) holder.since = new Date(Number(since) * 1000)
  return holder
}

/** Resolves to the first holder, or to undefined if there is none or the server is late. */
async function findHolder(sessions, key) {
  let timer
  const late = new Promise((resolve) => {
    timer = time.setTimeout(resolve, HOLDER_TIMEOUT)
  })
  const found = inspectLock(sessions, key).then(
    ({ holders }) => holders[0],
    () => undefined,
  )
  try {
    return await Promise.race([found, late])
  } finally {
    time.clearTimeout(timer)
  }
}

module.exports = { findHolder, holdersOf, inspectLock }
