'use strict'

// The links of published documents: npm shows a README alone, and a package holds its own files.

const assert = require('node:assert/strict')
const path = require('node:path')
const { test } = require('node:test')
const manifest = require('../package.json')
const { documentNames, linksOf, readDocument } = require('../tools/documents')
const { publishedLinks } = require('../tools/links')

const REPOSITORY = 'https://github.com/owner/name'

const published = { repository: { type: 'git', url: `git+${REPOSITORY}.git` }, version: '1.2.3' }

const isReadme = (name) => path.basename(name) === 'README.md'

for (const name of documentNames().filter(isReadme)) {
  test(`no link of ${name}, published, is relative`, () => {
    for (const { target } of linksOf(publishedLinks(readDocument(name), name, published))) {
      assert.match(target, /^(https:|#)/)
    }
  })
}

test('a link between two documents of the package stays, one out of it leads into the repository', () => {
  const text =
    '[api](api.md#lockfile) [readme](../README.md) [example](../examples/workers.mjs) [web](https://a.b/c)'
  const keeps = (place) => place === 'docs/api.md' || place === 'README.md'
  assert.equal(
    publishedLinks(text, 'docs/recipes.md', published, keeps),
    `[api](api.md#lockfile) [readme](../README.md) [example](${REPOSITORY}/blob/v1.2.3/examples/workers.mjs) [web](https://a.b/c)`,
  )
})

test('a picture is shown from the repository', () => {
  const text = publishedLinks('![bars](docs/pictures/waiting.svg)', 'README.md', published)
  assert.equal(text, `![bars](${REPOSITORY}/raw/v1.2.3/docs/pictures/waiting.svg)`)
})

for (const repository of [
  'owner/name',
  'github:owner/name',
  `${REPOSITORY}.git`,
  'git@github.com:owner/name.git',
]) {
  test(`the repository ${repository} is known`, () => {
    const text = publishedLinks('[x](y.md)', 'README.md', { ...published, repository })
    assert.equal(text, `[x](${REPOSITORY}/blob/v1.2.3/y.md)`)
  })
}

test('without a repository links stay', () => {
  assert.equal(publishedLinks('[x](y.md)', 'README.md', { version: '1.2.3' }), '[x](y.md)')
})

test('the package holds what its manual links to inside docs/', () => {
  assert.ok(manifest.files.includes('docs/'))
})
