'use strict'

// The statements. All are sent as simple queries: one message, one answer, and nothing that is
// prepared. What is put into them are numbers that key.js has made. Functions and tables are named
// with their schema: a search_path, or a temporary table, can put another in front of them.
//
// A lock is asked for on one backend alone: where a pooler sends the statement to another one,
// nothing is locked, and the number of the backend that answered tells it.

const SUFFIX = { exclusive: '', shared: '_shared' }

function tryLock(key, mode, backend) {
  return onBackend(backend, `pg_catalog.pg_try_advisory_lock${SUFFIX[mode]}(${key.sql})`)
}

function unlock(key, mode, backend) {
  return onBackend(backend, `pg_catalog.pg_advisory_unlock${SUFFIX[mode]}(${key.sql})`)
}

/** Waits, at most `timeout` milliseconds; 0 is without limit. */
function waitLock(key, mode, backend, timeout) {
  const call = `pg_catalog.pg_advisory_lock${SUFFIX[mode]}(${key.sql})::pg_catalog.text`
  return `SET lock_timeout = ${timeout}; ${onBackend(backend, call)}`
}

/** As {@link waitLock} in a session of the caller's, whose own limits come back afterwards. */
function waitLockOfCaller(key, mode, backend, timeout, isInTransaction) {
  const call = `pg_catalog.pg_advisory_lock${SUFFIX[mode]}(${key.sql})::pg_catalog.text`
  const statements = withLimits(timeout, onBackend(backend, call))
  return isInTransaction ? inSavepoint(statements) : statements
}

/** Lets the lock go that this very backend holds, if it does. */
function unlockIfHeld(key, mode) {
  const call = `pg_catalog.pg_advisory_unlock${SUFFIX[mode]}(${key.sql})`
  return `SELECT ${call} FROM pg_catalog.pg_locks WHERE pid = pg_catalog.pg_backend_pid() AND granted AND ${isKey(key)}`
}

function tryTransactionLock(key, mode) {
  return inSavepoint(`SELECT pg_catalog.pg_try_advisory_xact_lock${SUFFIX[mode]}(${key.sql})`)
}

/**
 * Outside of a transaction block the first statement fails, so that nothing is locked for a moment
 * only. On failure, {@link undoTransactionLock} makes the transaction usable again.
 */
function waitTransactionLock(key, mode, timeout) {
  const call = `SELECT pg_catalog.pg_advisory_xact_lock${SUFFIX[mode]}(${key.sql})`
  return inSavepoint(withLimits(timeout, call))
}

function inSavepoint(statements) {
  return `SAVEPOINT locket; ${statements}; RELEASE SAVEPOINT locket`
}

const undoTransactionLock = 'ROLLBACK TO SAVEPOINT locket; RELEASE SAVEPOINT locket'

/** The settings are put aside in settings of our own, so that one message does it all. */
function withLimits(timeout, statement) {
  const limits = ['lock_timeout', 'statement_timeout']
  const save = limits.map((name) => [`locket.${name}`, name])
  const restore = limits.map((name) => [name, `locket.${name}`])
  return [
    copySettings(save),
    `SET LOCAL lock_timeout = ${timeout}`,
    'SET LOCAL statement_timeout = 0',
    statement,
    copySettings(restore),
  ].join('; ')
}

/** Has no rows, so that those of the statement between are the answer. */
function copySettings(pairs) {
  const copies = pairs.map(
    ([to, from]) => `pg_catalog.set_config('${to}', pg_catalog.current_setting('${from}'), true) IS NULL`,
  )
  return `SELECT WHERE ${copies.join(' OR ')}`
}

function onBackend(backend, call) {
  return `SELECT CASE WHEN pg_catalog.pg_backend_pid() = ${backend} THEN ${call} END, pg_catalog.pg_backend_pid()`
}

/** Cancels the wait of a backend for the lock, and nothing else that it may be doing by then. */
function cancelWait(key, backend) {
  return `SELECT pg_catalog.pg_cancel_backend(pid) FROM pg_catalog.pg_locks WHERE pid = ${backend} AND NOT granted AND ${isKey(key)}`
}

/** Of these backends, those that wait for an advisory lock. */
function waitingOf(backends) {
  return `SELECT pid FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND NOT granted AND pid IN (${backends.join(', ')})`
}

/** Whether a session waits for the lock. */
function hasWaiters(key) {
  return `SELECT pg_catalog.count(*) > 0 FROM pg_catalog.pg_locks WHERE NOT granted AND ${isKey(key)}`
}

/** The sessions that hold the lock, the oldest first, then those that wait for it. */
function sessionsOf(key) {
  return `SELECT l.pid, l.granted, l.mode, a.application_name, pg_catalog.host(a.client_addr), a.client_port,
      extract(epoch FROM a.backend_start)
    FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
    WHERE ${isKey(key, 'l.')} ORDER BY NOT l.granted, a.backend_start, l.pid`
}

function isKey({ classId, objectId, subId }, table = '') {
  const database = `${table}database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())`
  return (
    `${table}locktype = 'advisory' AND ${database} AND ` +
    `${table}classid = ${classId} AND ${table}objid = ${objectId} AND ${table}objsubid = ${subId}`
  )
}

module.exports = {
  cancelWait,
  hasWaiters,
  sessionsOf,
  tryLock,
  tryTransactionLock,
  undoTransactionLock,
  unlock,
  unlockIfHeld,
  waitLock,
  waitLockOfCaller,
  waitTransactionLock,
  waitingOf,
}
