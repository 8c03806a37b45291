'use strict'

// Runs test files in a host, and counts.

const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { makeFolder, removeFolder } = require('../../tools/folder')
const { readReport } = require('../../tools/report')
const { root } = require('../../tools/targets')

const folder = path.join(root, '__test__')
const SUFFIX = '.test.js'

/** Of one event, one file, and all of them: an emulator is slow, but ends. */
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
  const place = makeFolder('locket-suite-')
  const report = path.join(place, 'report.xml')
  const files = names.map((name) => `__test__/${name}${SUFFIX}`)
  const [program, ...args] = [...command, ...RUNNERS[runner](report, files)]
  // Files, because a Windows program under wine cannot have a Unix pipe as its output.
  const output = fs.openSync(path.join(place, 'output'), 'w+')
  const { NODE_TEST_CONTEXT: _, ...inherited } = process.env
  const { error } = spawnSync(program, args, {
    cwd: root,
    env: { LOCKET_TEST_HANGING: String(EVENT_HANGS_AFTER / 1000), ...inherited, ...env },
    stdio: ['ignore', output, output],
    timeout: SUITE_HANGS_AFTER,
  })
  fs.closeSync(output)
  const said = fs.readFileSync(path.join(place, 'output'), 'utf8')
  const xml = fs.existsSync(report) ? fs.readFileSync(report, 'utf8') : ''
  removeFolder(place)
  const results = readReport(xml)
  if (error || results.passed.length + results.failed.length === 0) {
    results.failed.push({
      name: 'the suite as a whole',
      reason: `${error?.message ?? ''}${said.slice(-2000)}`,
    })
  }
  return results
}

module.exports = { runSuite, themes }
