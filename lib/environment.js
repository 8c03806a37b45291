'use strict'

// The acquires of this thread that are not settled yet, and the letters that settle them.

const { Environment, NativeLock, acquire } = require('./binding.js')

/** Numbers a letter has: the waiter, what happened, and two that depend on it. */
const LETTER = 4

/** What happened to a waiter, as src/node/mailbox.rs numbers it; the last is of this side. */
const Kind = { GRANTED: 0, BUSY: 1, TIMED_OUT: 2, DEADLOCK: 3, FAILED: 4, NOTICE: 5, ABORTED: 6 }

/** What the binding answers where it is not the number of a waiter that was granted the lock. */
const Answer = { DONE: 0, NOT_HELD: -1, DRAIN: -2 }

/** By number: `settle(kind, a, b)`, once, and `notice(own)`, at most once and before. */
const waiters = new Map()

let environment
let lastNumber = 0
let keptAlive = false
/** It is to be looked whether the process must still be kept alive. */
let ending = false
const done = Promise.resolve()

/** Nothing native exists before the first lock. */
function openLock(path) {
  environment ??= new Environment(deliver)
  const native = new NativeLock(environment, path)
  native.handle = native.number()
  return native
}

function nextNumber() {
  lastNumber += 1
  return lastNumber
}

/** Asks for the lock; the waiter is told, here or later. */
function request(native, number, seconds, waiter) {
  waiters.set(number, waiter)
  const answer = acquire(native.handle, number, seconds, waiter.wantsNotice)
  // While work is on the pool, that keeps the process alive.
  if (typeof answer === 'number') deliver(answer)
  else answer.then(deliver)
}

/** Gives up. False: the outcome is on its way. */
function cancel(native, number) {
  if (!native.cancel(number)) return false
  waiters.delete(number)
  keepAlive()
  return true
}

/** Tells the waiters that an answer of the binding is about. */
function deliver(answer) {
  if (answer === Answer.DRAIN) return drain()
  if (answer > 0) settle(answer, Kind.GRANTED, 0, 0)
  keepAlive()
}

function drain() {
  const letters = environment.drain()
  if (letters !== null) {
    for (let at = 0; at < letters.length; at += LETTER) {
      const number = letters[at]
      if (letters[at + 1] === Kind.NOTICE) waiters.get(number)?.notice(letters[at + 2] === 1)
      else settle(number, letters[at + 1], letters[at + 2], letters[at + 3])
    }
  }
  keepAlive()
}

function settle(number, kind, a, b) {
  const waiter = waiters.get(number)
  waiters.delete(number)
  waiter.settle(kind, a, b)
}

/** A pending acquire keeps the process alive, a held lock does not. */
function keepAlive() {
  if (waiters.size > 0) {
    if (keptAlive) return
    keptAlive = true
    environment.keepAlive(true)
  } else if (keptAlive && !ending) {
    // Not in the way of those who have just been told: they run first.
    ending = true
    done.then(letEnd)
  }
}

function letEnd() {
  ending = false
  if (waiters.size > 0) return
  keptAlive = false
  environment.keepAlive(false)
}

module.exports = { Answer, Kind, cancel, deliver, nextNumber, openLock, request }
