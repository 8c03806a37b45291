'use strict'

// docs/api.md says what index.d.ts says.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { parseDeclarations } = require('../tools/declarations')
const { ROOT, readDocument } = require('../tools/documents')
const { DOCUMENT, withReference } = require('../tools/reference')

const source = fs.readFileSync(path.join(ROOT, 'index.d.ts'), 'utf8')
const declarations = parseDeclarations(source)

/** The formatter pads tables and escapes characters. */
const plain = (text) => text.replace(/ +|-{3,}/g, ' ')

test('docs/api.md is what npm run docs makes of index.d.ts', () => {
  const text = readDocument(DOCUMENT)
  assert.equal(plain(text), plain(withReference(text)), 'run `npm run docs`')
})

test('each export of index.d.ts is parsed', () => {
  const exported = [...source.matchAll(/^export \w+ (\w+)/gm)].map(([, name]) => name)
  assert.deepEqual(
    declarations.map(({ name }) => name),
    exported,
  )
})

test('each export, option and member has a comment', () => {
  const silent = declarations.flatMap(({ doc, members, name }) => [
    ...(doc.text === '' ? [name] : []),
    ...members.filter((member) => member.doc.text === '').map((member) => `${name}.${member.name}`),
  ])
  assert.deepEqual(silent, [])
})

test('each option that can be left out has a default', () => {
  const options = declarations.filter(({ name }) => name.endsWith('Options'))
  const without = options.flatMap(({ members, name }) =>
    members
      .filter(({ doc, isOptional }) => isOptional && !/Default: |\{@link \w+Options\.\w+\}/.test(doc.text))
      .map((member) => `${name}.${member.name}`),
  )
  assert.deepEqual(without, [])
})
