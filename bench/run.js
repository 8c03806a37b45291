'use strict'

// npm run bench: every question in turn, each library in a process of its own, in interleaved rounds.
//   npm run bench -- hand-over      that question alone; writes no file
//   npm run bench -- --quick        fewer rounds; writes no file

const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { parseArgs } = require('node:util')
const { putIntoDocuments } = require('./document')
const { drawPictures } = require('./picture')
const { table } = require('./report')
const { format } = require('../tools/format')
const { setUp } = require('./setup')

/** In the order of the table. */
const QUESTIONS = [
  'free-cycle',
  'try-cycle',
  'hand-over',
  'holder-killed',
  'tasks-of-one-process',
  'several-processes',
  'shared-writer-wait',
  'shared-cycles',
  'json-updates',
  'drop-ins',
  'cost-of-waiting',
  'deadlines',
  'pending-acquires',
  'many-paths',
  'postgres',
  'addon',
]

const ROUNDS = 5
const ROUNDS_QUICK = 2

async function main() {
  const { values, positionals } = parseArgs({
    options: { quick: { type: 'boolean', default: false } },
    allowPositionals: true,
  })
  const unknown = positionals.find((name) => !QUESTIONS.includes(name))
  if (unknown !== undefined) {
    console.error(`no question '${unknown}'; there are: ${QUESTIONS.join(', ')}`)
    process.exit(64)
  }
  const libraries = setUp()
  const plan = {
    count: values.quick ? ROUNDS_QUICK : ROUNDS,
    quick: values.quick,
    present: (names) => names.filter((name) => libraries.has(name)),
  }
  const load = os.loadavg()[0]
  const begin = performance.now()
  const rows = []
  const failed = []
  for (const name of positionals.length > 0 ? positionals : QUESTIONS) {
    console.error(`bench: ${name}`)
    try {
      rows.push(...(await require(`./questions/${name}`).run(plan)))
    } catch (error) {
      // The others are measured all the same.
      console.error(`bench: ${name} failed: ${error.stack}`)
      failed.push(name)
    }
  }
  const result = {
    environment: environment(load),
    rounds: plan.count,
    seconds: (performance.now() - begin) / 1000,
    rows,
  }
  console.log(table(result))
  if (failed.length > 0) console.log(`failed: ${failed.join(', ')}`)
  if (positionals.length === 0 && !values.quick) save(result)
  process.exit(failed.length > 0 ? 1 : 0)
}

function environment(load) {
  return {
    node: process.version,
    system: `${os.type()} ${os.release()} ${process.arch}`,
    processor: `${os.availableParallelism()} × ${os.cpus()[0].model.trim()}`,
    load,
    day: new Date().toISOString().slice(0, 10),
  }
}

function save(result) {
  fs.writeFileSync(path.join(__dirname, 'results.json'), `${JSON.stringify(result, null, 2)}\n`)
  const pictures = path.join(__dirname, '..', 'docs', 'pictures')
  fs.mkdirSync(pictures, { recursive: true })
  for (const [name, picture] of Object.entries(drawPictures(result))) {
    fs.writeFileSync(path.join(pictures, `${name}.svg`), picture)
  }
  putIntoDocuments(result)
  format()
}

main()
