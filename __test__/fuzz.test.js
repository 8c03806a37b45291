'use strict'

// Whatever is passed to the face, it neither crashes nor hangs the process nor loses the lock, and
// every error has a code. LOCKET_FUZZ_SEED repeats a run, LOCKET_FUZZ_RUNS makes it longer.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { pathToFileURL } = require('node:url')
const fc = require('fast-check')
const { FileLock, LockGuard, lockFile } = require('..')
const { temporaryFolder } = require('../tools/folder')
const { takeFree } = require('../tools/free')
const { named, oddities, refuse, signals, thenable } = require('../tools/hostile')
const { resources, untilResourcesAre } = require('../tools/resources')
const { within } = require('../tools/until')

const seed = Number(process.env.LOCKET_FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31))
const numRuns = Number(process.env.LOCKET_FUZZ_RUNS ?? 500)

// Every arbitrary gives a function that makes the value: the library looks at what it passes on.

const values = fc.oneof(
  fc
    .anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true })
    .map((value) => () => value),
  fc.constantFrom(...oddities),
)

const seconds = fc
  .oneof(
    fc.constantFrom(undefined, null, 0, -0, 0.001, 1e-300, 2 ** 31, 1e308, Infinity),
    fc.constantFrom(Number.NaN, -1, -Infinity, '1', 1n, true),
    fc.double(),
  )
  .map((value) => () => value)

const callbacks = fc.oneof(
  fc.constantFrom(
    () => undefined,
    () => () => {},
    () => refuse,
    () => () => thenable(refuse),
    () => named(Symbol('name')),
  ),
  values,
)

const acquireOptions = fc.oneof(
  seconds,
  values,
  objects({ timeout: seconds, signal: fc.constantFrom(...signals), onWait: callbacks }),
  objects({ timeout: values, signal: values, onWait: values }),
)

function objects(model) {
  return fc.record(model, { requiredKeys: [] }).map((makers) => () => {
    const made = Object.entries(makers).map(([key, make]) => [key, make()])
    return Object.fromEntries(made)
  })
}

/** Runs a property often, from the printed seed. */
function holds(t, ...propertyOf) {
  t.diagnostic(`LOCKET_FUZZ_SEED=${seed} LOCKET_FUZZ_RUNS=${numRuns}`)
  return fc.assert(fc.asyncProperty(...propertyOf), { seed, numRuns, includeErrorInReport: true })
}

/** Errors have codes, as Node's have; those of an abort have the code of a DOMException. */
function expectCode(error) {
  const isAbort = error instanceof DOMException
  assert.ok(isAbort || typeof error?.code === 'string', error)
}

/** What came of it, or undefined after an error with a code. */
async function outcome(act) {
  try {
    return await within(Promise.resolve().then(act), 'an answer')
  } catch (error) {
    expectCode(error)
  }
}

test('lockFile() of any value returns a lock or throws an error with a code', (t) =>
  holds(t, values, values, async (file, options) => {
    const lock = await outcome(() => lockFile(file(), options()))
    if (lock === undefined) return
    assert.ok(lock instanceof FileLock)
    assert.ok(path.isAbsolute(lock.path))
  }))

/** Names of a file and of folders on the way to it. */
const parts = fc.array(
  fc.oneof(
    fc.constantFrom(
      '.',
      '..',
      '',
      'a',
      'A',
      'é',
      'e\u0301',
      ' ',
      '\n',
      '%2F',
      '\ud800',
      '~',
      'x'.repeat(300),
    ),
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.string({ unit: 'grapheme', maxLength: 12 }),
  ),
  { minLength: 1, maxLength: 5 },
)

test('a path of any kind is locked, or refused with a code', async (t) => {
  const folder = temporaryFolder(t)
  // Nothing climbs out of it.
  const deep = path.join(folder, '1/2/3/4/5/6')
  fs.mkdirSync(deep, { recursive: true })
  const before = await resources()
  const forms = fc.constantFrom(
    (text) => text,
    (text) => Buffer.from(text),
    (text) => Buffer.from(text, 'latin1'),
    (text) => pathToFileURL(text),
  )
  await holds(t, parts, forms, async (names, form) => {
    const given = await outcome(() => form(`${deep}/${names.join('/')}`))
    const lock = given && (await outcome(() => lockFile(given)))
    const guard = lock && (await outcome(() => lock.acquire(10)))
    if (guard === undefined) return
    assert.equal(lock.locked, true)
    guard.release()
    assert.equal(lock.locked, false)
  })
  await untilResourcesAre(before)
})

test('acquires of a held lock with any options settle once it is free, and none keeps it', async (t) => {
  const lock = lockFile(path.join(temporaryFolder(t), 'some.lock'))
  await holds(t, fc.array(acquireOptions, { minLength: 1, maxLength: 4 }), async (all) => {
    const holder = await takeFree(lock)
    const acquires = Promise.allSettled(
      all.map((make) => outcome(async () => (await lock.acquire(make())).release())),
    )
    // One of good manners among them: it is not forgotten.
    const good = lock.acquire().then((guard) => guard.release())
    await new Promise(setImmediate)
    holder.release()
    for (const { reason } of await acquires) assert.ifError(reason)
    await within(good, 'the lock')
    assert.equal(lock.locked, false)
  })
})

test('acquireSync() with any options returns or throws, and does not keep the lock after an error', async (t) => {
  const file = path.join(temporaryFolder(t), 'some.lock')
  await holds(t, acquireOptions, values, async (options, lockOptions) => {
    const lock = (await outcome(() => lockFile(file, lockOptions()))) ?? lockFile(file)
    const guard = await outcome(() => lock.acquireSync(options()))
    const other = lockFile(file).tryAcquire()
    assert.equal(other === null, guard !== undefined)
    // Only this thread could release it.
    if (guard !== undefined) await outcome(() => lock.acquireSync({ timeout: null }))
    guard?.release()
    other?.release()
    assert.equal(lock.locked, false)
  })
})

test('acquireSync() of a held lock with any onWait returns or throws, and does not keep the lock', async (t) => {
  const lock = lockFile(path.join(temporaryFolder(t), 'some.lock'))
  await holds(t, callbacks, fc.boolean(), async (onWait, releases) => {
    const holder = await takeFree(lock)
    const given = onWait()
    const wrapped =
      releases && typeof given === 'function'
        ? (...args) => {
            holder.release()
            return given(...args)
          }
        : given
    const guard = await outcome(() => lock.acquireSync({ timeout: 0.001, onWait: wrapped }))
    guard?.release()
    holder.release()
    assert.equal(lock.locked, false)
  })
})

test('runExclusive() of any value runs it or throws, and never keeps the lock', async (t) => {
  const lock = lockFile(path.join(temporaryFolder(t), 'some.lock'))
  await holds(t, callbacks, acquireOptions, async (fn, options) => {
    const given = fn()
    try {
      await within(lock.runExclusive(given, options()), 'an answer')
    } catch (error) {
      // What the function itself throws is passed on as it is.
      if (typeof given !== 'function') expectCode(error)
    }
    assert.equal(lock.locked, false)
  })
})

test('new FileLock() and new LockGuard() throw', (t) =>
  holds(t, values, values, values, async (...makers) => {
    const args = makers.map((make) => make())
    assert.throws(() => new FileLock(...args), { code: 'ERR_ILLEGAL_CONSTRUCTOR' })
    assert.throws(() => new LockGuard(...args), { code: 'ERR_ILLEGAL_CONSTRUCTOR' })
  }))
