'use strict'

// Every code block of the README runs, and prints what the README says it does.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const manifest = require('../package.json')
const { codeBlocks } = require('./support/blocks')
const { run } = require('./support/command')
const { shellOnly } = require('./support/platform')
const { ROOT, userProject } = require('./support/project')
const { findPython } = require('./support/python')
const { compiled, tsc } = require('./support/typescript')

const readme = fs.readFileSync(path.join(ROOT, 'README.md'), 'utf8')
const python = findPython()

/** What a block that is part of a program has before it. */
const PRELUDE = "import { lockFile } from 'locket'\nconst lock = lockFile('app.lock')\n"

/** By language: `run(t, project, code)`, and the options of the test. */
const LANGUAGES = {
  js: {
    options: {},
    run(t, project, code) {
      const whole = code.includes("from 'locket'") || code.includes("'node:worker_threads'")
      return node(t, project, write(project, 'block.mjs', whole ? code : PRELUDE + code))
    },
  },
  ts: {
    options: compiled,
    run(t, project, code) {
      const source = write(project, 'block.ts', code)
      const types = ['--types', 'node', '--typeRoots', path.join(ROOT, 'node_modules', '@types')]
      const target = ['--target', 'es2022', '--lib', 'es2022', '--module', 'node16', '--strict']
      tsc(source, ...target, ...types, '--outDir', project.folder)
      return node(t, project, path.join(project.folder, 'block.js'))
    },
  },
  sh: {
    options: shellOnly,
    run: (t, project, code) => shell(t, project, code),
  },
  python: {
    options: { skip: process.env.CI === undefined && python.reason },
    run: (t, project, code) => run(t, python.python, [write(project, 'block.py', code)], options(project)),
  },
}

function write({ folder }, name, text) {
  const file = path.join(folder, name)
  fs.writeFileSync(file, text)
  return file
}

function options({ folder, env }) {
  return { cwd: folder, env }
}

function node(t, project, file) {
  return run(t, process.execPath, [file], options(project))
}

function shell(t, project, code) {
  return run(t, 'sh', ['-euc', code], options(project))
}

/** Blocks that are not run as they stand. */
const APART = [
  {
    what: 'is what installs the package: here from this folder, as it is',
    code: /^npm install locket\n$/,
    async run(t, project) {
      fs.rmSync(path.join(project.folder, 'node_modules'), { recursive: true })
      write(project, 'package.json', '{}')
      const flags = '--offline --no-audit --no-fund --omit=optional --install-links=false'
      await succeed(shell(t, project, `npm install ${flags} "${ROOT}"`))
      return shell(t, project, `node -e "require('${manifest.name}')" && npx --no-install locket --version`)
    },
  },
  {
    what: 'is the demonstration, which runs, and the script that runs this test',
    code: /^npm run demo .*\nnpm test .*\n$/,
    run(t) {
      assert.equal(manifest.scripts.test, 'node scripts/test.js')
      const [command, script] = manifest.scripts.demo.split(' ')
      assert.equal(command, 'node')
      return run(t, process.execPath, [path.join(ROOT, script)])
    },
  },
]

async function succeed(running) {
  const { status, out, err } = await running
  assert.equal(status, 0, out + err)
}

for (const { language, code, line, output } of codeBlocks(readme)) {
  // A picture.
  if (language === 'mermaid') continue
  const { options, run } = LANGUAGES[language]
  const apart = APART.find((block) => block.code.test(code))
  test(`README.md:${line} (${language}) ${apart?.what ?? 'runs'}`, options, async (t) => {
    const project = userProject(t)
    const { status, out, err } = await (apart?.run ?? run)(t, project, code)
    assert.equal(status, 0, err)
    if (output !== undefined) assert.equal(out, output)
  })
}

test('what the README refers to is there', () => {
  for (const [, target] of readme.matchAll(/\]\(([^)]+)\)/g)) {
    if (target.startsWith('#')) assert.ok(anchors().has(target.slice(1)), target)
    else if (!target.startsWith('https://')) assert.ok(fs.existsSync(path.join(ROOT, target)), target)
  }
})

/** As GitHub makes them of the headings. */
function anchors() {
  const headings = [...readme.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading)
  return new Set(
    headings.map((heading) => {
      return heading
        .toLowerCase()
        .replace(/[^\w\- ]/g, '')
        .replaceAll(' ', '-')
    }),
  )
}

test('the measurements in the README are those of the last npm run bench', () => {
  const { withMeasurements } = require('../scripts/measurements')
  const results = fs.readFileSync(path.join(ROOT, 'bench', 'results.md'), 'utf8')
  // The formatter pads tables.
  const plain = (text) => text.replace(/ +|-{3,}/g, ' ')
  assert.equal(plain(readme), plain(withMeasurements(readme, results)))
})

test('the README names every option of the command line', () => {
  const help = require('../lib/cli/help')
  for (const [, option] of help.matchAll(/(--[a-z-]+)/g)) assert.ok(readme.includes(`\`${option}`), option)
})
