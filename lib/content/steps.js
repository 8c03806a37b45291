'use strict'

// One text for an operation and its synchronous twin: a generator that yields what the functions of
// `io` return. With `asynchronous` these are promises, with `synchronous` they are the values.

const fs = require('node:fs')
const { forget, listen } = require('../common/abort.js')
const { clearTimeout, setTimeout } = require('../common/time.js')

const CALLS = [
  'access',
  'close',
  'fchmod',
  'fchown',
  'fstat',
  'fsync',
  'ftruncate',
  'mkdir',
  'open',
  'read',
  'readFile',
  'readlink',
  'rename',
  'stat',
  'unlink',
  'write',
]

const asynchronous = {
  ...Object.fromEntries(CALLS.map((name) => [name, promised(fs[name])])),
  realpath: promised(fs.realpath.native),
  acquire: (lock, options) => lock.acquire(options),
  together: (calls) => Promise.all(calls),
  sleep,
  isSync: false,
}

const synchronous = {
  ...Object.fromEntries(CALLS.map((name) => [name, fs[`${name}Sync`]])),
  realpath: fs.realpathSync.native,
  acquire: (lock, { signal: _, ...options }) => lock.acquireSync(options),
  together: (values) => values,
  sleep: (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms),
  isSync: true,
}

/** The function with a promise in place of its callback; util.promisify takes longer to load. */
function promised(call) {
  return (...args) =>
    new Promise((resolve, reject) => {
      call(...args, (error, value) => (error ? reject(error) : resolve(value)))
    })
}

/** Resolves after `ms` milliseconds, or as soon as the signal aborts. */
function sleep(ms, signal) {
  return new Promise((resolve) => {
    const sleeper = { abort: () => end() }
    const end = () => {
      clearTimeout(timer)
      if (signal !== undefined) forget(signal, sleeper)
      resolve()
    }
    const timer = setTimeout(end, ms)
    if (signal !== undefined) listen(signal, sleeper)
  })
}

/** Runs steps of `asynchronous`. */
async function runAsync(steps) {
  let step = steps.next()
  while (!step.done) {
    let value
    try {
      value = await step.value
    } catch (error) {
      step = steps.throw(error)
      continue
    }
    step = steps.next(value)
  }
  return step.value
}

/** Runs steps of `synchronous`. */
function runSync(steps) {
  let step = steps.next()
  while (!step.done) step = steps.next(step.value)
  return step.value
}

module.exports = { asynchronous, runAsync, runSync, synchronous }
