#!/usr/bin/env node
'use strict'

const { Status } = require('../lib/cli/status.js')

try {
  require('../lib/cli/main.js').main(process.argv.slice(2))
} catch (error) {
  // The addon for this platform is missing: not to be taken for a lock that was not to be had.
  process.stderr.write(`locket: ${error.message}\n`)
  process.exitCode = Status.SYSTEM
}
