// The acquires of this thread that are not settled yet, and the letters that settle them.

const { Environment, NativeLock } = require('../binding')

/** Numbers a letter has: the waiter, what happened, and two that depend on it. */
const LETTER = 4

/** What happened to a waiter, as src/node/mailbox.rs numbers it; the last two are of this side. */
const Kind = { GRANTED: 0, BUSY: 1, TIMED_OUT: 2, DEADLOCK: 3, FAILED: 4, NOTICE: 5, ABORTED: 6 }

/** By number: `settle(kind, a, b)`, once, and `notice(own)`, at most once and before. */
const waiters = new Map()

let environment
let lastNumber = 0
let keptAlive = false

/** Nothing native exists before the first lock. */
function openLock(path) {
  environment ??= new Environment(() => deliver(environment.drain()))
  return new NativeLock(environment, path)
}

function nextNumber() {
  lastNumber += 1
  return lastNumber
}

/** Asks for the lock; the waiter is told, here or later. */
function request(native, number, seconds, waiter) {
  waiters.set(number, waiter)
  const answer = native.acquire(number, seconds, waiter.notice !== undefined)
  // While work is on the pool, that keeps the process alive.
  if (answer instanceof Promise) answer.then(deliver)
  else deliver(answer)
}

/** Gives up. False: the outcome is on its way. */
function cancel(native, number) {
  if (!native.cancel(number)) return false
  waiters.delete(number)
  keepAlive()
  return true
}

/** `letters` is what the binding answered: numbers, or nothing. */
function deliver(letters) {
  if (Array.isArray(letters)) {
    for (let at = 0; at < letters.length; at += LETTER) {
      const number = letters[at]
      const waiter = waiters.get(number)
      if (letters[at + 1] === Kind.NOTICE) {
        waiter.notice(letters[at + 2] === 1)
      } else {
        waiters.delete(number)
        waiter.settle(letters[at + 1], letters[at + 2], letters[at + 3])
      }
    }
  }
  keepAlive()
}

/** A pending acquire keeps the process alive, a held lock does not. */
function keepAlive() {
  const alive = waiters.size > 0
  if (alive === keptAlive) return
  keptAlive = alive
  environment.keepAlive(alive)
}

module.exports = { Kind, cancel, deliver, nextNumber, openLock, request }
