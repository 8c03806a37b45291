'use strict'

const { LockError } = require('locket/common')
const { PostgresGuard } = require('./lib/guard.js')
const { PostgresLock, postgresLock } = require('./lib/lock.js')
const { TransactionLock, transactionLock } = require('./lib/transaction.js')

module.exports = { LockError, PostgresGuard, PostgresLock, TransactionLock, postgresLock, transactionLock }
// Named one by one, so that Node finds them when this is imported as an ECMAScript module.
module.exports.LockError = LockError
module.exports.PostgresGuard = PostgresGuard
module.exports.PostgresLock = PostgresLock
module.exports.TransactionLock = TransactionLock
module.exports.postgresLock = postgresLock
module.exports.transactionLock = transactionLock
