'use strict'

// node scripts/measurements.js: puts what `npm run bench` has written into the README.

const fs = require('node:fs')
const path = require('node:path')

const root = path.join(__dirname, '..')
const readme = path.join(root, 'README.md')
const results = path.join(root, 'bench', 'results.md')

const BLOCK = /(<!-- bench:begin -->\n).*(<!-- bench:end -->)/s
const PICTURE = '![Hand-over and cost of waiting, beside other packages](bench/results.svg)'

function withMeasurements(text, table) {
  return text.replace(BLOCK, (_all, begin, end) => `${begin}\n${PICTURE}\n\n${table.trim()}\n\n${end}`)
}

module.exports = { withMeasurements }

if (require.main === module) {
  fs.writeFileSync(
    readme,
    withMeasurements(fs.readFileSync(readme, 'utf8'), fs.readFileSync(results, 'utf8')),
  )
}
