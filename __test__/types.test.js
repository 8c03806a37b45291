'use strict'

// index.d.ts: what must compile and what must not is in types/.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { inspect } = require('node:util')
const locket = require('..')
const { compiled, tsc } = require('../tools/typescript')

const folder = path.join(__dirname, 'types')

for (const module of ['commonjs', 'node16', 'nodenext', 'bundler']) {
  test(`with module ${module}, right uses compile and each wrong one fails`, compiled, () => {
    tsc('--project', path.join(folder, `tsconfig.${module}.json`))
  })
}

const declarations = fs.readFileSync(path.join(__dirname, '..', 'index.d.ts'), 'utf8')

test('what index.js exports is what index.d.ts declares', () => {
  const declared = [...declarations.matchAll(/^export (?:class|function) (\w+)/gm)].map(([, name]) => name)
  assert.deepEqual(Object.keys(locket).toSorted(), declared.toSorted())
})

for (const name of ['FileLock', 'LockGuard']) {
  test(`the members of ${name} are those that index.d.ts declares`, () => {
    const [, body] = declarations.match(new RegExp(`^export class ${name} {\\n(.*?)^}`, 'ms'))
    const declared = [...body.matchAll(/^ {2}(?:readonly )?([\w.[\]]+)(?:<\w+>)?[(:]/gm)].map(
      ([, member]) => member,
    )
    const { constructor: _, ...members } = Object.getOwnPropertyDescriptors(locket[name].prototype)
    const names = { [Symbol.dispose]: '[Symbol.dispose]', [Symbol.asyncDispose]: '[Symbol.asyncDispose]' }
    const shown = Reflect.ownKeys(members)
      .filter((key) => key !== inspect.custom)
      .map((key) => names[key] ?? key)
    assert.deepEqual(shown.toSorted(), declared.toSorted())
  })
}

test('an ES module can import each name, and all of them as the default', async () => {
  const { default: all, ...named } = await import('../index.js')
  assert.equal(all, locket)
  for (const name of Object.keys(locket)) assert.equal(named[name], locket[name])
})
