'use strict'

// npm run test:hosts [-- [--short] NAME...]: builds, installs or runs a small program in every place
// where programs with this package end up, and lets its lock exclude flock(1) there. The tools come
// from the registry, into .platforms/. Ends with a table; a run of all writes it into docs/hosts.md.

const fs = require('node:fs')
const path = require('node:path')
const { parseArgs } = require('node:util')
const { root } = require('../tools/targets')
const { setUp } = require('../tools/setup')
const { bundlers } = require('./hosts/bundlers')
const { managers } = require('./hosts/managers')
const { next } = require('./hosts/next')
const { removeAll } = require('./hosts/project')
const { runtimes } = require('./hosts/runtimes')
const { testRunners } = require('./hosts/tests')
const { Missing } = require('./platforms/commands')

const HOSTS = { ...runtimes, ...bundlers, ...next, ...testRunners, ...managers }
const DOCUMENT = path.join(root, 'docs', 'hosts.md')
const BLOCK = /(<!-- hosts:begin -->\n).*(<!-- hosts:end -->)/s

async function tryHost(name) {
  const { needs, run, tool = [] } = HOSTS[name]
  const row = { name, tool: tool.join(', '), needs }
  try {
    await run()
    return { ...row, result: 'works' }
  } catch (error) {
    if (error instanceof Missing) return { ...row, result: 'not tried', reason: error.message }
    return { ...row, result: 'fails', reason: error.stack }
  }
}

function table(rows) {
  const lines = [['where', 'with', 'needs'], ...rows.map(({ name, tool, needs }) => [name, tool, needs])]
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)))
  const text = (cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`
  return [text(lines[0]), text(widths.map((width) => '-'.repeat(width))), ...lines.slice(1).map(text)].join(
    '\n',
  )
}

async function main() {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { short: { type: 'boolean', default: false } },
  })
  const matches = (name) => positionals.some((wanted) => name.toLowerCase().includes(wanted.toLowerCase()))
  const names = Object.keys(HOSTS).filter((name) => {
    if (values.short && !HOSTS[name].short) return false
    return positionals.length === 0 || matches(name)
  })
  if (names.length === 0) throw new Error(`no such host; there are ${Object.keys(HOSTS).join('; ')}`)
  setUp()
  const rows = []
  try {
    for (const name of names) {
      const begin = performance.now()
      const row = await tryHost(name)
      rows.push(row)
      const seconds = Math.round((performance.now() - begin) / 1000)
      console.log(`${row.result}: ${name} (${seconds} s)${row.reason ? `\n${row.reason}` : ''}`)
    }
  } finally {
    removeAll()
  }
  const all = rows.length === Object.keys(HOSTS).length && rows.every(({ result }) => result === 'works')
  if (all) {
    const text = fs.readFileSync(DOCUMENT, 'utf8')
    fs.writeFileSync(
      DOCUMENT,
      text.replace(BLOCK, (_all, begin, end) => `${begin}\n${table(rows)}\n\n${end}`),
    )
  } else console.log(`\n${table(rows)}`)
  const failed = rows.filter(({ result }) => result === 'fails' || (process.env.CI && result === 'not tried'))
  if (failed.length > 0) console.log(`failed: ${failed.map(({ name }) => name).join('; ')}`)
  process.exitCode = failed.length > 0 ? 1 : 0
}

main()
