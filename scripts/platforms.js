'use strict'

// npm run test:platforms [-- NAME... [--theme THEME]...]: builds the addon for other platforms and
// runs the tests there, as far as this machine has the tools; says what is missing where it has
// not. Ends with a table, and fails if a test failed.

const { parseArgs } = require('node:util')
const { build } = require('./build')
const { check } = require('./check-addon')
const { Missing } = require('./platforms/commands')
const { hosts, NODE, version } = require('./platforms/hosts')
const { runSuite, themes } = require('./platforms/suite')
const { installDependencies } = require('../tools/setup')

/** What every host must do. The platforms below run everything. */
const CORE = ['acquire', 'timeout', 'release', 'exclusion', 'workers']

const GNU = 'x86_64-unknown-linux-gnu'
const WINDOWS = 'x86_64-pc-windows-gnu'

const platforms = {
  'windows-node20': { triple: WINDOWS, host: () => hosts.windows(20) },
  'windows-node22': { triple: WINDOWS, host: () => hosts.windows(22) },
  'musl-node22': { triple: 'x86_64-unknown-linux-musl', host: hosts.musl },
  'arm64-node22': { triple: 'aarch64-unknown-linux-gnu', host: hosts.arm64 },
  ...Object.fromEntries(
    Object.keys(NODE).map((major) => [
      `node${major}`,
      { triple: GNU, host: () => hosts.node(major), core: true },
    ]),
  ),
  bun: { triple: GNU, host: hosts.bun, runner: 'bun', core: true },
  deno: { triple: GNU, host: hosts.deno, runner: 'deno', core: true },
}

const built = new Map()

/** Builds once, also where it fails. */
function addonFor(triple) {
  if (!built.has(triple)) {
    console.log(`\n=== build ${triple}`)
    built.set(
      triple,
      attempt(() => check(build(triple))),
    )
  }
  const { error, value } = built.get(triple)
  if (error) throw error
  return value
}

function attempt(work) {
  try {
    return { value: work() }
  } catch (error) {
    return { error }
  }
}

function tryPlatform(name, chosen) {
  const { triple, host, core, runner = 'node' } = platforms[name]
  const { error, value } = attempt(() => {
    const there = host()
    const addon = addonFor(triple)
    const names = themes().filter((theme) =>
      chosen ? chosen.includes(theme) : !core || CORE.includes(theme),
    )
    console.log(`\n=== ${name} (${version(there)}), ${addon}: ${names.join(', ')}`)
    return runSuite(there, runner, names)
  })
  if (error instanceof Missing) return { name, note: `not run: ${error.message}` }
  if (error) return { name, note: `could not run: ${error.message}`, broken: true }
  describe(value)
  return { name, ...value }
}

function describe({ failed, skipped }) {
  for (const { name, reason, details } of failed) console.log(`failed: ${name}: ${reason}\n${details ?? ''}`)
  for (const { name, reason } of skipped) console.log(`skipped: ${name}: ${reason}`)
}

function table(rows) {
  const lines = [['platform', 'passed', 'failed', 'skipped', '']]
  for (const { name, passed, failed, skipped, note = '' } of rows) {
    lines.push([name, ...[passed, failed, skipped].map((tests) => String(tests?.length ?? '-')), note])
  }
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)))
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(column < 4 ? widths[column] : 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function main() {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { theme: { type: 'string', multiple: true } },
  })
  const unknown = positionals.find((name) => !Object.hasOwn(platforms, name))
  if (unknown !== undefined) {
    console.error(`no platform ${unknown}; there are ${Object.keys(platforms).join(', ')}`)
    process.exit(64)
  }
  installDependencies()
  const names = positionals.length > 0 ? positionals : Object.keys(platforms)
  const rows = names.map((name) => tryPlatform(name, values.theme))
  console.log(`\n${table(rows)}`)
  process.exitCode = rows.some(({ broken, failed }) => broken || failed?.length > 0) ? 1 : 0
}

main()
