'use strict'

// npm run matrix [-- --package NAME] [--seconds 60] [--copies 4] [--seed N] [--old-alone]: old copies
// of a package and its replacement in packages/ contend for one lock, while processes of both kinds
// are killed and stopped. Ends with what happened, and fails if a lock was shared that must not be.

const { inspect, parseArgs } = require('node:util')
const { makeFolder } = require('../tools/folder')
const { kindsOf, runMatrix } = require('../tools/matrix')
const { setUp } = require('../tools/setup')

const OPTIONS = {
  package: { type: 'string', default: 'proper-lockfile' },
  seconds: { type: 'string', default: '60' },
  copies: { type: 'string', default: '4' },
  seed: { type: 'string' },
  'old-alone': { type: 'boolean', default: false },
}

async function main() {
  const { values } = parseArgs({ options: OPTIONS })
  setUp()
  const kinds = kindsOf(values.package)
  const result = await runMatrix({
    folder: makeFolder('locket-matrix-'),
    kinds: values['old-alone'] ? kinds.filter(({ name }) => name === 'old') : kinds,
    copies: Number(values.copies),
    seconds: Number(values.seconds),
    seed: values.seed === undefined ? Date.now() : Number(values.seed),
  })
  console.log(`${values.package}, ${values.copies} of each kind, ${values.seconds} s`)
  console.log(inspect(result, { depth: null }))
  process.exitCode = Object.keys(result.faults).length > 0 ? 1 : 0
}

main()
