'use strict'

// The other side of tools/peer.js: obeys the commands that come as lines, and ends with its parent.

const readline = require('node:readline')

/** Obeys `commands`, functions by name; what they return, or throw, is the answer. */
function obey(commands) {
  const obeyLine = async (line) => {
    const { id, command, args } = JSON.parse(line)
    try {
      write({ id, value: await commands[command](...args.map((arg) => arg ?? undefined)) })
    } catch (error) {
      write({ id, error: plain(error) })
    }
  }
  readline
    .createInterface({ input: process.stdin })
    .on('line', obeyLine)
    .on('close', () => process.exit())
}

/** Tells the parent of an event. */
function tell(event, value = null) {
  write({ event, value })
}

function write(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`)
}

function plain(error) {
  const { name, message, stack, ...own } = error
  return { name, message, stack, ...own }
}

module.exports = { obey, tell }
