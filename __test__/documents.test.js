'use strict'

// Every code block of the documents runs and prints what the document says it does, and every link inside
// the repository leads somewhere. A block that is not run says why: ```js not run: REASON

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { after, before, test } = require('node:test')
const manifest = require('../package.json')
const { run } = require('../tools/child')
const {
  ROOT,
  anchorsOf,
  codeBlocks,
  documentNames,
  linksOf,
  readDocument,
  withoutBlocks,
} = require('../tools/documents')
const { LANGUAGES, UNTRIED, needsServer, runShell } = require('../tools/languages')
const { nativeOnly } = require('../tools/platform')
const { PostgresServer, hasPostgres } = require('../tools/postgres')

const server = new PostgresServer()
const mustHaveServer = process.env.CI !== undefined && process.platform === 'linux'
const serverOnly = { skip: !mustHaveServer && !hasPostgres && 'there is no PostgreSQL server' }

/** Blocks that run in another way than they stand. */
const APART = [
  {
    what: 'installs the package: here from the repository',
    code: /^npm install locket\n$/,
    run: installFromHere,
  },
  {
    what: 'installs packages that are published from here, or that they ask for',
    code: /^npm install @locket\/.*\n$/,
    run: knowPackages,
  },
  {
    what: 'is the demonstration, which runs, and the script that runs this test',
    code: /^npm (run demo|test) .*\nnpm (run demo|test) .*\n$/,
    run(t) {
      assert.equal(manifest.scripts.test, 'node scripts/test.js')
      const [command, script] = manifest.scripts.demo.split(' ')
      assert.equal(command, 'node')
      return run(t, process.execPath, [path.join(ROOT, script)])
    },
  },
]

const DONE = { status: 0, out: '', err: '' }

function installFromHere(t) {
  const flags = '--offline --no-audit --no-fund --omit=optional --install-links=false'
  const use = `node -e "require('${manifest.name}')" && npx --no-install locket --version`
  return runShell(t, `rm -r node_modules\necho '{}' > package.json\nnpm install ${flags} "${ROOT}"\n${use}`)
}

function knowPackages(_t, code) {
  const manifests = fs
    .readdirSync(path.join(ROOT, 'packages'))
    .map((folder) => require(`../packages/${folder}/package.json`))
  const known = manifests.flatMap(({ name, peerDependencies = {} }) => [
    name,
    ...Object.keys(peerDependencies),
  ])
  for (const name of code.trim().split(' ').slice(2)) assert.ok(known.includes(name), name)
  return DONE
}

const blocks = documentNames().flatMap((name) =>
  codeBlocks(readDocument(name)).map((block) => ({ ...block, place: `${name}:${block.line}` })),
)

if (!serverOnly.skip && blocks.some(needsServer)) {
  before(() => server.create())
  after(() => server.remove())
}

for (const block of blocks) {
  const { code, language, output, place, reason } = block
  if (UNTRIED.includes(language)) continue
  if (reason !== undefined) {
    test(`${place} (${language}) is not run: ${reason}`, () => {})
    continue
  }
  const known = LANGUAGES[language]
  if (known === undefined) {
    test(`${place} is in a language that is run, or says why it is not`, () => assert.fail(language))
    continue
  }
  const apart = APART.find((each) => each.code.test(code))
  const needs = needsServer(block)
  const options = { skip: known.options.skip || (needs && serverOnly.skip) || lackingHere(code) }
  test(`${place} (${language}) ${apart?.what ?? 'runs'}`, options, async (t) => {
    const { status, out, err } = await (apart ?? known).run(t, code, needs ? server : undefined)
    assert.equal(status, 0, out + err)
    if (output !== undefined) assert.match(out, pattern(output))
  })
}

function lackingHere(code) {
  if (/--label/.test(code) && nativeOnly.skip) return nativeOnly.skip
  const lacking = /directory: true|0o777/.test(code)
  return lacking && process.platform === 'win32' && 'Windows locks no folder, and has no permission bits'
}

/** In an output, `…` stands for what differs from run to run. */
function pattern(output) {
  const literal = output.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`^${literal.replaceAll('…', '.+')}$`)
}

for (const name of documentNames()) {
  test(`the links of ${name} lead somewhere`, () => {
    assert.deepEqual(
      linksOf(readDocument(name)).filter((link) => !leadsSomewhere(name, link)),
      [],
    )
  })

  test(`no code of ${name} is merely indented`, () => {
    assert.deepEqual(readDocument(name).match(/(?<=^(?! *[-*\d]).*\n\n) {4}\S.*$/gm) ?? [], [])
  })
}

/** Nothing is asked of the network. */
function leadsSomewhere(name, { target }) {
  if (target.startsWith('https://')) return true
  const [file, anchor] = target.split('#')
  const place = file === '' ? name : path.posix.join(path.posix.dirname(name), file)
  if (place.startsWith('..') || !fs.existsSync(path.join(ROOT, place))) return false
  return anchor === undefined || anchorsOf(readDocument(place)).has(anchor)
}

test('the page of the command line names every option and every exit status', () => {
  const page = readDocument('docs/command-line.md')
  const help = require('../lib/cli/help')
  for (const [, option] of help.matchAll(/(--[a-z-]+)/g)) assert.ok(page.includes(`\`${option}`), option)
  const { Status } = require('../lib/cli/status')
  const { SIGNAL, ...statuses } = Status
  assert.ok(page.includes(`| ${SIGNAL} + n `))
  for (const status of Object.values(statuses)) assert.match(page, new RegExp(`^\\| ${status} `, 'm'))
})

test('each npm command that the documents name is there', () => {
  const themes = new Set([
    ...tests('.'),
    ...packageNames(),
    ...packageNames().flatMap((name) => tests(`packages/${name}`)),
  ])
  const missing = documentNames().flatMap((name) => {
    const commands = [
      ...withoutBlocks(readDocument(name)).matchAll(/`(?:\w+=\S+ )*npm (run [\w:-]+|test -- [\w -]+)/g),
    ]
    return commands.map(([, command]) => command).filter((command) => !isThere(command, themes))
  })
  assert.deepEqual(missing, [])
})

function isThere(command, themes) {
  const [, name] = /^run (.*)$/.exec(command) ?? []
  if (name !== undefined) return name in manifest.scripts
  return command
    .replace('test -- ', '')
    .split(' ')
    .every((theme) => themes.has(theme))
}

function packageNames() {
  return fs.readdirSync(path.join(ROOT, 'packages'))
}

function tests(folder) {
  return fs
    .readdirSync(path.join(ROOT, folder, '__test__'))
    .filter((name) => name.endsWith('.test.js'))
    .map((name) => name.replace('.test.js', ''))
}

test('the README is short', () => {
  assert.ok(readDocument('README.md').split('\n').length < 220)
})
