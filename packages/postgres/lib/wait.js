'use strict'

/** SQLSTATE of a query that was cancelled, and of one whose lock_timeout is over. */
const CANCELED = '57014'
const LOCK_TIMEOUT = '55P03'

/** Between two cancellations of a wait, in milliseconds: one that comes before the wait has no effect. */
const CANCEL_AGAIN = 50

module.exports = { CANCELED, CANCEL_AGAIN, LOCK_TIMEOUT }
