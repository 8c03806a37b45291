'use strict'

// A pending acquire or query keeps the process alive; a connection that only holds locks does not.

const { clearInterval, setInterval } = require('node:timers')

/** The longest interval that a timer takes, in milliseconds. */
const LONGEST = 2 ** 31 - 1

let pending = 0
let timer

function begin() {
  pending += 1
  timer ??= setInterval(() => {}, LONGEST)
}

function end() {
  pending -= 1
  if (pending > 0) return
  clearInterval(timer)
  timer = undefined
}

/** Keeps the process alive until the promise settles, and returns the promise. */
function keepAlive(promise) {
  begin()
  promise.then(end, end)
  return promise
}

module.exports = { begin, end, keepAlive, LONGEST }
