'use strict'

// Each operation is written once, as a generator that yields the calls it makes; it is run either
// asynchronously or synchronously. A call is `{ async, sync }`: two functions that do the same.

/** A function of a file system in Node's shape: with a callback, and with `Sync` in its name. */
function call(fs, method, ...args) {
  return {
    async: () =>
      new Promise((resolve, reject) => {
        fs[method](...args, (error, value) => (error ? reject(error) : resolve(value)))
      }),
    sync: () => fs[`${method}Sync`](...args),
  }
}

/** Runs the generator, and resolves with what it returns. */
async function run(steps) {
  let step = steps.next()
  while (!step.done) {
    let value
    try {
      value = await step.value.async()
    } catch (error) {
      step = steps.throw(error)
      continue
    }
    step = steps.next(value)
  }
  return step.value
}

/** Runs the generator without leaving the calling thread, and returns what it returns. */
function runSync(steps) {
  let step = steps.next()
  while (!step.done) {
    let value
    try {
      value = step.value.sync()
    } catch (error) {
      step = steps.throw(error)
      continue
    }
    step = steps.next(value)
  }
  return step.value
}

module.exports = { call, run, runSync }
