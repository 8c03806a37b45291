'use strict'

// npm run bench: every question in turn, each library in a process of its own, in interleaved rounds.
//   npm run bench -- hand-over      that question alone; writes no file
//   npm run bench -- --quick        fewer rounds; writes no file

const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { parseArgs } = require('node:util')
const { putIntoReadme } = require('../scripts/measurements')
const { drawPicture } = require('./picture')
const { markdown, table } = require('./report')
const { setUp } = require('./setup')

/** In the order of the table. */
const QUESTIONS = [
  'free-cycle',
  'try-cycle',
  'hand-over',
  'holder-killed',
  'tasks-of-one-process',
  'several-processes',
  'cost-of-waiting',
  'deadlines',
  'pending-acquires',
  'many-paths',
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
  for (const name of positionals.length > 0 ? positionals : QUESTIONS) {
    console.error(`bench: ${name}`)
    rows.push(...(await require(`./questions/${name}`).run(plan)))
  }
  const result = {
    environment: environment(load),
    rounds: plan.count,
    seconds: (performance.now() - begin) / 1000,
    rows,
  }
  console.log(table(result))
  if (positionals.length === 0 && !values.quick) save(result)
  process.exit()
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
  const write = (name, text) => fs.writeFileSync(path.join(__dirname, name), text)
  write('results.json', `${JSON.stringify(result, null, 2)}\n`)
  write('results.md', markdown(result))
  write('results.svg', drawPicture(result))
  putIntoReadme()
}

main()
