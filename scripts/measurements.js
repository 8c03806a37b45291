'use strict'

// Puts what `npm run bench` has written into the README, as it does itself at its end.

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

function putIntoReadme() {
  const text = fs.readFileSync(readme, 'utf8')
  fs.writeFileSync(readme, withMeasurements(text, fs.readFileSync(results, 'utf8')))
}

module.exports = { putIntoReadme, withMeasurements }

if (require.main === module) putIntoReadme()
