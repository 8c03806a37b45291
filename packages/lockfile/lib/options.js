'use strict'

const common = require('locket/common')

/** Between two looks at what no event tells, in milliseconds. */
const POLL_PERIOD = 100

/** The text of a path. Throws what Node's fs throws of what is none. */
function parsePath(path) {
  if (path === '') return path // The system says what it is.
  const parsed = common.parsePath(path)
  return typeof parsed === 'string' ? parsed : Buffer.from(parsed).toString()
}

/** All in milliseconds: how old a file is stale (0 is never), how long to wait, between two looks. */
function parse(options = {}, filetime) {
  const { stale = 0, pollPeriod = POLL_PERIOD } = options ?? {}
  // What is no number is never stale.
  return {
    stale: stale || 0,
    filetime,
    pollPeriod: pollPeriod || POLL_PERIOD,
    waitLimit: waitLimitOf(options ?? {}),
  }
}

/** Each retry is another wait, after its own pause. */
function waitLimitOf({ wait, retries, retryWait }) {
  const [each, times, pause] = [wait, retries, retryWait].map((number) => (number > 0 ? Number(number) : 0))
  return each + times * (each + pause)
}

function refuseWaiting(options, names) {
  if (names.some((name) => options?.[name])) {
    throw new Error('opts.wait not supported sync for obvious reasons')
  }
}

module.exports = { parse, parsePath, refuseWaiting }
