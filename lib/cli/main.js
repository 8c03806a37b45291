'use strict'

// What needs the addon is required where it is used: help and usage do without it.

const process = require('node:process')
const { version } = require('../../package.json')
const { UsageError, parseArguments } = require('./arguments.js')
const { print, say } = require('./output.js')
const { Status, statusOf } = require('./status.js')

async function main(args) {
  const call = parse(args)
  if (call !== undefined) {
    process.exitCode = await perform(call, args)
  } else {
    process.exitCode = Status.USAGE
  }
}

function parse(args) {
  try {
    return parseArguments(args)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    say(`${error.message} (see locket --help)`)
    return undefined
  }
}

async function perform(call, args) {
  switch (call.action) {
    case 'help':
      return show(require('./help.js'))
    case 'version':
      return show(`locket ${version}\n`)
    default:
      try {
        const run = process.platform === 'win32' ? require('./windows.js') : require('./unix.js')
        return await run(call, args)
      } catch (error) {
        say(error.message)
        return statusOf(error)
      }
  }
}

/** Output that was asked for: that it cannot be written is not for silence. */
function show(text) {
  try {
    print(text)
    return Status.DONE
  } catch (error) {
    say(error.message)
    return Status.OUTPUT
  }
}

module.exports = { main, show }
