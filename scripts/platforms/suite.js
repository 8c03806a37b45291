'use strict'

// Runs test files in a host, and counts.

const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { root } = require('../targets')

const folder = path.join(root, '__test__')
const SUFFIX = '.test.js'

/** Of one event, one file, and all of them: an emulator is slow, but nothing hangs for ever. */
const EVENT_HANGS_AFTER = 600_000
const FILE_HANGS_AFTER = 1_800_000
const SUITE_HANGS_AFTER = 5_400_000

/** What the test runners of the hosts want to be asked for a report in JUnit's form. */
const RUNNERS = {
  node: (report, files) => [
    '--test',
    `--test-concurrency=${os.availableParallelism()}`,
    `--test-timeout=${FILE_HANGS_AFTER}`,
    '--test-reporter=junit',
    `--test-reporter-destination=${report}`,
    ...files,
  ],
  bun: (report, files) => [
    'test',
    `--timeout=${FILE_HANGS_AFTER}`,
    '--reporter=junit',
    `--reporter-outfile=${report}`,
    ...files.map((file) => `./${file}`),
  ],
  deno: (report, files) => ['test', '--allow-all', '--no-check', `--junit-path=${report}`, ...files],
}

/** The names of all themes. */
function themes() {
  const names = fs.readdirSync(folder).filter((name) => name.endsWith(SUFFIX))
  return names.map((name) => name.slice(0, -SUFFIX.length))
}

/** The results of those themes in the host. */
function runSuite({ command, env }, runner, names) {
  const place = fs.mkdtempSync(path.join(os.tmpdir(), 'locket-suite-'))
  const report = path.join(place, 'report.xml')
  const files = names.map((name) => `__test__/${name}${SUFFIX}`)
  const [program, ...args] = [...command, ...RUNNERS[runner](report, files)]
  // Files, because a Windows program under wine cannot have a Unix pipe as its output.
  const output = fs.openSync(path.join(place, 'output'), 'w+')
  const { NODE_TEST_CONTEXT: _, ...inherited } = process.env
  const { error } = spawnSync(program, args, {
    cwd: root,
    env: { LOCKET_TEST_PATIENCE: String(EVENT_HANGS_AFTER / 1000), ...inherited, ...env },
    stdio: ['ignore', output, output],
    timeout: SUITE_HANGS_AFTER,
  })
  fs.closeSync(output)
  const said = fs.readFileSync(path.join(place, 'output'), 'utf8')
  const xml = fs.existsSync(report) ? fs.readFileSync(report, 'utf8') : ''
  fs.rmSync(place, { recursive: true })
  const results = read(xml)
  if (error || results.passed.length + results.failed.length === 0) {
    results.failed.push({
      name: 'the suite as a whole',
      reason: `${error?.message ?? ''}${said.slice(-2000)}`,
    })
  }
  return results
}

/** The test cases of a report. */
function read(xml) {
  const results = { passed: [], failed: [], skipped: [] }
  for (const [, attributes, , body = ''] of xml.matchAll(
    /<testcase\b([^>]*?)(\/>|>([\s\S]*?)<\/testcase>)/g,
  )) {
    const name = plain(/\bname="([^"]*)"/.exec(attributes)?.[1] ?? '')
    const skipped = /<skipped\b([^>]*)>/.exec(body)
    const failure = /<(?:failure|error)\b([^>]*)>([\s\S]*)/.exec(body)
    if (skipped) results.skipped.push({ name, reason: message(skipped[1]) })
    else if (failure) results.failed.push({ name, reason: message(failure[1]), details: plain(failure[2]) })
    else results.passed.push({ name })
  }
  return results
}

function message(attributes) {
  return plain(/\bmessage="([^"]*)"/.exec(attributes)?.[1] ?? '')
}

function plain(text) {
  const characters = { amp: '&', apos: "'", gt: '>', lt: '<', quot: '"' }
  return text.replace(/&(?:(amp|apos|gt|lt|quot)|#(x?)([\da-f]+));/gi, (_, name, hex, digits) =>
    name ? characters[name] : String.fromCodePoint(Number.parseInt(digits, hex ? 16 : 10)),
  )
}

module.exports = { runSuite, themes }
