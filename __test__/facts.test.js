'use strict'

// What the documents say in numbers: constants are those of the code, figures those of the last
// `npm run bench`.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { rowsOf, withResults } = require('../bench/document')
const { drawPictures } = require('../bench/picture')
const { amount } = require('../bench/report')
const manifest = require('../package.json')
const { ROOT, documentNames, readDocument, withoutBlocks } = require('../tools/documents')

const results = JSON.parse(fs.readFileSync(path.join(ROOT, 'bench', 'results.json'), 'utf8'))

const read = (file) => fs.readFileSync(path.join(ROOT, file), 'utf8')

/** Returns the number that the pattern finds in the file of the code, or in one of the folder. */
function constant(place, pattern) {
  const found = sourcesIn(place)
    .map((file) => pattern.exec(read(file))?.[1])
    .filter((number) => number !== undefined)
  assert.equal(found.length, 1, `${pattern} in ${place}`)
  return Number(found[0].replaceAll('_', ''))
}

function sourcesIn(place) {
  if (fs.statSync(path.join(ROOT, place)).isFile()) return [place]
  return fs
    .readdirSync(path.join(ROOT, place), { recursive: true })
    .filter((name) => /\.(js|rs)$/.test(name))
    .map((name) => path.join(place, name))
}

const inJavaScript = (file, name) => constant(file, new RegExp(`const ${name} = ([\\d_]+)\\b`))
const inMilliseconds = (file, name) =>
  constant(file, new RegExp(`const ${name}: .* Duration::from_millis\\((\\d+)\\)`))

const NUMBER = '([\\d,.]*\\d|an?|one|two|five|ten)'
const WORDS = { a: 1, an: 1, one: 1, two: 2, five: 5, ten: 10 }

/** `[what, its value in the code, how documents say it]`: each `#` is the number. */
const CONSTANTS = [
  [
    'the turn, in ms',
    inMilliseconds('src/lock', 'TURN'),
    ['A turn of # ms', 'at most # (?:ms|milliseconds)', 'own waiters: # ms'],
  ],
  [
    'the largest label and info, in bytes',
    inJavaScript('lib/common/record.js', 'MAX_LENGTH') - inJavaScript('lib/common/record.js', 'RESERVED'),
    ['# bytes of JSON'],
  ],
  [
    'the stack of a waiting thread, in KiB',
    constant('src/os/wait', /const STACK: usize = (\d+) \* 1024/),
    ['stack of # KiB'],
  ],
  [
    'how long an acquire waits for the end of an attempt, in ms',
    inJavaScript('lib/file', 'ATTEMPT_MS'),
    ['up to # ms after its timeout'],
  ],
  [
    'the search for a holder, in ms',
    inJavaScript('lib/native', 'HOLDER_TIMEOUT_MS'),
    ['gives up after # ms'],
  ],
  [
    'how long a rename is tried on Windows, in s',
    inJavaScript('lib/content', 'RENAME_LIMIT_MS') / 1000,
    ['rename again for # seconds'],
  ],
  [
    "when an old proper-lockfile's folder is stale, in s",
    inJavaScript('lib/common', 'STALE'),
    [
      'modified within # s(?:econds)?',
      'older than # seconds',
      'stale after # s',
      'after # s without a touch',
      'after # s(?= +\\|| \\()',
    ],
  ],
  [
    'the attempt of a drop-in, in ms',
    inJavaScript('lib/common', 'PROBE_TIME'),
    ['within # ms if another process'],
  ],
  [
    "keepAlive's default, in s",
    inJavaScript('packages/postgres/lib', 'KEEP_ALIVE'),
    ['counts as lost. Default: #'],
  ],
  ["keepAlive's minimum, in s", inJavaScript('packages/postgres/lib', 'SHORTEST'), ['Minimum: #(?=\\.)']],
  [
    'when an idle connection closes, in s',
    inJavaScript('packages/postgres/lib', 'IDLE') / 1000,
    ['close after # seconds without use'],
  ],
  [
    'how long an acquire connects again, in minutes',
    inJavaScript('packages/postgres/lib', 'AWAY') / 60_000,
    ['for up to # minute'],
  ],
  [
    'when the command line says what it waits for, in s',
    constant('lib/cli/unix.js', /const NOTICE_DELAY = (\d+)/),
    ['[Aa]fter # second of waiting'],
  ],
  ['the oldest Node', Number(/\d+/.exec(manifest.engines.node)[0]), ['Node\\.js # (?:and|or|to) ']],
  [
    'the newest glibc that is needed',
    constant('scripts/check-addon.js', /const NEWEST_GLIBC = (\d+)/) / 100,
    ['glibc (?:later than )?#(?= or later|,)'],
  ],
  ['the largest addon, in KB', inJavaScript('scripts/check-addon.js', 'LARGEST') / 1000, ['at most # KB']],
  [
    'the channels of diagnostics',
    new Set(read('lib/common/diagnostics.js').match(/locket:[\w.]+/g)).size,
    ['# channels of'],
  ],
]

/** What a document says of others, and what a figure is an example of. */
const OTHERS = [
  // lockfile's README and code.
  '100 ms(?=.*lockfile)',
  // Arithmetic, and the length of a hash.
  '0.05 is 50 ms',
  'first 8 bytes',
  // An example.
  'at most 30 seconds',
]

/** These say what was measured or tried at the time, or tell of other services. */
const RECORDS = [
  'CHANGELOG.md',
  'docs/decisions.md',
  'docs/measurements.md',
  'docs/proof.md',
  'docs/which-lock.md',
]

const UNITS = 'µs|ms|milliseconds?|s|seconds?|minutes?|bytes|KB|KiB|MB|sections/s|updates/s'

/** The text that a writer wrote: without code, and without what the benchmark has put there. */
function proseOf(name) {
  return withoutBlocks(readDocument(name))
    .replace(/<!-- (?:bench|figures|hosts)\b[^>]*-->.*?<!-- (?:bench|figures|hosts):end -->/gs, '')
    .replace(/<!-- figure: .*?<!-- figure:end -->/g, '')
    .replace(/`[^`\n]*`/g, '``')
}

const prose = new Map(documentNames().map((name) => [name, proseOf(name)]))

function sentences([what, value, patterns]) {
  const said = patterns.map((pattern) => pattern.replace('#', NUMBER))
  return { what, value, pattern: new RegExp(`(?<![\\w.,])(?:${said.join('|')})`, 'g') }
}

function numberOf(match) {
  const text = match.slice(1).find((group) => group !== undefined)
  return WORDS[text] ?? Number(text.replaceAll(',', ''))
}

for (const { pattern, value, what } of CONSTANTS.map(sentences)) {
  test(`${what}: every document that says it says ${value}`, () => {
    const wrong = [...prose].flatMap(([name, text]) =>
      [...text.matchAll(pattern)]
        .filter((match) => numberOf(match) !== value)
        .map(([said]) => `${name}: ${said}`),
    )
    assert.deepEqual(wrong, [])
  })
}

test('each figure with a unit is a constant of the code, or was measured', () => {
  const known = new Set([...measured(), ...readDocument('docs/proof.md').match(figures())])
  const patterns = [
    ...CONSTANTS.map((row) => sentences(row).pattern),
    ...OTHERS.map((text) => new RegExp(text, 'g')),
  ]
  const unknown = [...prose]
    .filter(([name]) => !RECORDS.includes(name))
    .flatMap(([name, text]) => {
      const rest = patterns.reduce((left, pattern) => left.replace(pattern, ''), text)
      return (rest.match(figures()) ?? [])
        .filter((figure) => !known.has(figure))
        .map((figure) => `${name}: ${figure}`)
    })
  assert.deepEqual(unknown, [])
})

function figures() {
  return new RegExp(`(?<![\\w.,^-])\\d[\\d,.]* (?:${UNITS})(?![\\w/])`, 'g')
}

function measured() {
  return results.rows.flatMap(({ goal, limit, measured, others, unit }) => {
    const values = [measured, limit?.value, goal?.atMost, goal?.atLeast, ...Object.values(others)]
    return values.filter((value) => value !== undefined).map((value) => amount(value, unit))
  })
}

test('each override names the version of this package', () => {
  const wanted = [...documentNames()].flatMap((name) =>
    [...readDocument(name).matchAll(/npm:(@locket\/[\w-]+)@\^([\d.]+)/g)].map(([, other, version]) => ({
      version,
      isThere: fs.existsSync(path.join(ROOT, 'packages', other.replace('@locket/', ''))),
    })),
  )
  for (const each of wanted) assert.deepEqual(each, { version: manifest.version, isThere: true })
})

/** The formatter pads tables. */
const plain = (text) => text.replace(/ +|-{3,}/g, ' ')

for (const name of documentNames()) {
  test(`the measurements in ${name} are those of the last npm run bench`, () => {
    const text = readDocument(name)
    assert.equal(plain(text), plain(withResults(text, results)))
  })
}

test('the pictures are those of the last npm run bench', () => {
  for (const [name, picture] of Object.entries(drawPictures(results))) {
    assert.equal(read(`docs/pictures/${name}.svg`), picture)
  }
})

test('docs/measurements.md shows each result once', () => {
  const sections = [...readDocument('docs/measurements.md').matchAll(/<!-- bench: ([\w -]+) -->/g)]
  const shown = sections
    .map(([, ids]) => ids.split(' '))
    .filter(([first]) => first !== 'picture' && first !== 'conditions')
    .flatMap((ids) => rowsOf(ids, results).map(({ id }) => id))
  assert.deepEqual(shown.toSorted(), results.rows.map(({ id }) => id).toSorted())
})
