#!/usr/bin/env node
const { main } = require('../lib/cli/main')

main(process.argv.slice(2))
