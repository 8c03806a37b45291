'use strict'

// updateJson(): what it makes of a file's text, and what it never does to it.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const fc = require('fast-check')
const { updateJson, updateJsonSync } = require('..')
const { faultOf } = require('../lib/content/json')
const { temporaryFolder } = require('../tools/folder')

function jsonFile(t, content) {
  const file = path.join(temporaryFolder(t), 'data.json')
  if (content !== undefined) fs.writeFileSync(file, content)
  return file
}

const read = (file) => fs.readFileSync(file, 'utf8')

const WAYS = [
  ['updateJson', updateJson],
  ['updateJsonSync', async (...args) => updateJsonSync(...args)],
]

for (const [name, update] of WAYS) {
  test(`${name}() passes the value on and returns what the file holds in the end`, async (t) => {
    const file = jsonFile(t)
    assert.equal(await update(file, (now) => now), undefined)
    assert.equal(fs.existsSync(file), false)
    assert.deepEqual(await update(file, (now) => ({ was: typeof now })), { was: 'undefined' })
    assert.deepEqual(await update(file, ({ was }) => [was]), ['undefined'])
    assert.deepEqual(await update(file, () => undefined), ['undefined'])
    assert.equal(await update(file, () => null), null)
    assert.equal(read(file), 'null\n')
  })

  test(`${name}() whose fn changes the value and returns nothing writes nothing, and returns what is there`, async (t) => {
    const file = jsonFile(t, '{"n":1}')
    const fn = (now) => {
      now.n = 2
    }
    assert.deepEqual(await update(file, fn), { n: 1 })
    assert.equal(read(file), '{"n":1}')
  })

  test(`${name}() indents by two, or by the option space`, async (t) => {
    const file = jsonFile(t)
    for (const [space, text] of [
      [undefined, '{\n  "a": 1\n}\n'],
      [0, '{"a":1}\n'],
      ['\t', '{\n\t"a": 1\n}\n'],
    ]) {
      await update(file, () => ({ a: 1 }), { space })
      assert.equal(read(file), text)
    }
  })

  test(`${name}() of what is not JSON rejects with path and position, quotes nothing, and leaves it`, async (t) => {
    const text = '{\n  "secret": "s3cret",\n  oops\n}\n'
    const file = jsonFile(t, text)
    await assert.rejects(update(file, assert.fail), (error) => {
      assert.ok(error instanceof SyntaxError)
      const { code, path, position, line, column } = error
      assert.deepEqual(
        { code, path, position, line, column },
        { code: 'ERR_INVALID_JSON', path: file, position: text.indexOf('oops'), line: 3, column: 3 },
      )
      assert.equal(
        error.message,
        `cannot parse '${file}' as JSON: unexpected character at line 3, column 3 (position 26)`,
      )
      return true
    })
    assert.equal(read(file), text)
    assert.deepEqual(fs.readdirSync(path.dirname(file)).toSorted(), ['data.json', 'data.json.lock'])
  })

  test(`${name}() of an empty file rejects, and gives what repair returns instead`, async (t) => {
    const file = jsonFile(t, '')
    await assert.rejects(update(file, assert.fail), { code: 'ERR_INVALID_JSON', position: 0 })
    const repair = (text, error) => ({ text, code: error.code })
    assert.deepEqual(await update(file, (now) => ({ ...now, fixed: true }), { repair }), {
      text: '',
      code: 'ERR_INVALID_JSON',
      fixed: true,
    })
    await update(file, ({ fixed }) => fixed, { repair: assert.fail })
    assert.equal(read(file), 'true\n')
  })

  test(`${name}() whose repair throws, or whose fn leaves what was repaired, writes nothing`, async (t) => {
    const file = jsonFile(t, 'oops')
    const error = new Error('beyond repair')
    const thrower = () => {
      throw error
    }
    await assert.rejects(update(file, assert.fail, { repair: thrower }), (thrown) => thrown === error)
    assert.equal(await update(file, () => undefined, { repair: () => 5 }), 5)
    assert.equal(read(file), 'oops')
  })

  test(`${name}() of bytes that are not UTF-8 rejects`, async (t) => {
    const bytes = Buffer.concat([Buffer.from('["ä", "'), Buffer.from([0xff]), Buffer.from('"]')])
    const file = jsonFile(t, bytes)
    await assert.rejects(update(file, assert.fail), { code: 'ERR_INVALID_JSON', position: 7 })
    assert.deepEqual(fs.readFileSync(file), bytes)
  })

  test(`${name}() reads past a byte order mark`, async (t) => {
    const file = jsonFile(t, '\uFEFF[1]')
    assert.deepEqual(await update(file, ([one]) => [one, 2], { space: 0 }), [1, 2])
    assert.equal(read(file), '[1,2]\n')
    fs.writeFileSync(file, '\uFEFF[1')
    await assert.rejects(update(file, assert.fail), { position: 3 })
  })

  test(`${name}() whose fn returns what JSON cannot express writes nothing`, async (t) => {
    const file = jsonFile(t, '1')
    await assert.rejects(
      update(file, () => () => 1),
      { code: 'ERR_INVALID_RETURN_VALUE' },
    )
    await assert.rejects(
      update(file, () => 1n),
      { name: 'TypeError' },
    )
    const circle = {}
    circle.circle = circle
    await assert.rejects(
      update(file, () => circle),
      { name: 'TypeError' },
    )
    assert.equal(read(file), '1')
  })
}

test('repair may return a promise', async (t) => {
  const file = jsonFile(t, 'oops')
  assert.deepEqual(await updateJson(file, (now) => now, { repair: async () => [] }), [])
  assert.equal(read(file), '[]\n')
})

/** Where JSON.parse gave up, in those versions and cases in which it says so. */
function positionOfParse(text) {
  try {
    JSON.parse(text)
    return null
  } catch (error) {
    if (/end of JSON input/.test(error.message)) return text.length
    const [, position] = /at position (\d+)/.exec(error.message) ?? []
    return position === undefined ? undefined : Number(position)
  }
}

test('the position of a fault is where the text stops being the beginning of JSON', () => {
  const character = fc.constantFrom(...'{}[],:"\\u0123456789aeftrnlsd-+. \n\tE')
  const json = fc
    .json()
    .chain((text) =>
      fc
        .tuple(fc.nat(text.length), fc.nat(3), fc.string({ unit: character, maxLength: 3 }))
        .map(([at, removed, added]) => text.slice(0, at) + added + text.slice(at + removed)),
    )
  let compared = 0
  fc.assert(
    fc.property(json, (text) => {
      const expected = positionOfParse(text)
      if (expected === null) return
      const { position } = faultOf(text, 0)
      assert.ok(position <= text.length)
      // Nothing that follows can mend what is before the fault.
      if (expected === undefined) return
      compared += 1
      assert.ok(position <= expected, JSON.stringify({ text, position, expected }))
    }),
    { numRuns: 5000 },
  )
  assert.ok(compared > 500)
})

for (const [text, position] of [
  ['', 0],
  ['  ', 2],
  ['{', 1],
  ['{"a":1,}', 7],
  ['{"a" 1}', 5],
  ['{a:1}', 1],
  ['[1,]', 3],
  ['[1 2]', 3],
  ['[1}', 2],
  ['{"a":1]', 6],
  ['{} x', 3],
  ['"abc', 4],
  ['"a\nb"', 2],
  ['"\\x"', 1],
  ['01', 1],
  ['nul', 0],
  ['-', 0],
  ['[,1]', 1],
]) {
  test(`the fault of ${JSON.stringify(text)} is at ${position}`, () => {
    assert.equal(faultOf(text, 0).position, position)
  })
}
