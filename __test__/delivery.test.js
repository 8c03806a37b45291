'use strict'

// What the native side has decided reaches JavaScript once, whatever interrupts JavaScript between
// the two: the end of the stack, vm's timeout, Ctrl-C in a REPL, code of the program that throws or calls
// back. For worker.terminate() see workers.test.js.

const assert = require('node:assert/strict')
const path = require('node:path')
const { test } = require('node:test')
const vm = require('node:vm')
const { lockFile } = require('..')
const { start } = require('../tools/child')
const { lockPath, temporaryFolder } = require('../tools/folder')
const { isWine, signalsOnly } = require('../tools/platform')
const { within } = require('../tools/until')

/** Calls `act` at every depth from the end of the stack upwards, from a start that `depth` shifts. */
function atTheEndOfTheStack(depth, act) {
  const fall = () => {
    try {
      fall()
    } finally {
      act()
    }
  }
  const begin = (left) => (left === 0 ? fall() : begin(left - 1))
  assert.throws(() => begin(depth), RangeError)
}

/** The lock comes free for an acquire that waits its turn: no acquisition was lost. */
async function assertComesFree(lock) {
  const guard = await within(lock.acquire(), 'the lock')
  guard.release()
  assert.equal(lock.locked, false)
}

test('a release at the end of the stack hands the lock to the next waiter, which is told', async (t) => {
  const folder = temporaryFolder(t)
  for (let depth = 0; depth < 60; depth += 1) {
    const lock = lockFile(path.join(folder, `${depth}.lock`))
    const guard = await lock.acquire()
    const next = lock.acquire()
    atTheEndOfTheStack(depth, () => guard.release())
    assert.equal(guard.released, true)
    const granted = await within(next, 'the grant')
    granted.release()
    assert.equal(lock.locked, false)
  }
})

for (const how of ['acquire', 'acquireSync', 'tryAcquire']) {
  test(`${how}() at the end of the stack returns, or throws and holds nothing`, async (t) => {
    const folder = temporaryFolder(t)
    for (let depth = 0; depth < 60; depth += 1) {
      const lock = lockFile(path.join(folder, `${depth}.lock`))
      lock.tryAcquire().release()
      let answer
      atTheEndOfTheStack(depth, () => {
        answer ??= lock[how]()
      })
      const guard = await Promise.resolve(answer).catch((error) => {
        assert.ok(error instanceof RangeError, error)
      })
      guard?.release()
      await assertComesFree(lock)
    }
  })
}

test('a script that times out between a release and its delivery loses no grant', async (t) => {
  const WAITERS = isWine ? 2000 : 10_000
  const lock = lockFile(lockPath(t))
  for (let ms = 1; ms <= 5; ms += 1) {
    await lock.acquire()
    let last
    const told = Array.from({ length: WAITERS }, async () => {
      last = await lock.acquire()
    })
    const context = vm.createContext({ lock })
    assert.throws(() => vm.runInContext('for (;;) lock.release()', context, { timeout: ms }), {
      code: /^ERR_(SCRIPT_EXECUTION_TIMEOUT|LOCK_NOT_HELD)$/,
    })
    // Those that are left are released as they are told: every one of them comes.
    const rest = setInterval(() => {
      for (let i = 0; i < 5000 && lock.locked; i += 1) lock.release()
    })
    await within(Promise.all(told), 'every waiter').finally(() => clearInterval(rest))
    last.release()
    assert.equal(lock.locked, false)
  }
})

for (const how of ['acquireSync', 'tryAcquire']) {
  test(`a script that times out around ${how}() keeps no lock without a guard`, (t) => {
    const lock = lockFile(lockPath(t))
    const box = {}
    const context = vm.createContext({ box, lock })
    const script = new vm.Script(`for (;;) { box.guard = lock.${how}(); box.guard.release() }`)
    for (let round = 0; round < 100; round += 1) {
      assert.throws(() => script.runInContext(context, { timeout: 1 + (round % 3) }), {
        code: 'ERR_SCRIPT_EXECUTION_TIMEOUT',
      })
      box.guard?.release()
      assert.equal(lock.locked, false)
    }
  })
}

/**
 * Acquires and releases until it is interrupted. Each acquire waits for the one before, and is granted
 * by the release that follows it. Nothing is called between the return of acquire() and the store.
 */
const UNTIL_INTERRUPTED = `for (let at = 0; ; at += 1) {
  if (at < 20_000) made[at] = lock.acquire()
  if (lock.locked) lock.release()
}`

/** Every acquire that returned is told, and one that was interrupted holds nothing. */
async function assertAllAreTold(lock, made) {
  const released = made.map(async (acquire) => (await acquire).release())
  await within(Promise.all(released), 'every grant')
  await assertComesFree(lock)
}

test('a script that times out around acquire() leaves nothing in the queue', async (t) => {
  const lock = lockFile(lockPath(t))
  for (let round = 0; round < 60; round += 1) {
    const made = []
    const guard = await within(lock.acquire(), 'the lock')
    const context = vm.createContext({ lock, made })
    assert.throws(() => vm.runInContext(UNTIL_INTERRUPTED, context, { timeout: 1 + (round % 3) }), {
      code: 'ERR_SCRIPT_EXECUTION_TIMEOUT',
    })
    guard.release()
    await assertAllAreTold(lock, made)
  }
})

test('a grant that comes while its acquire() is still being made is told afterwards', async (t) => {
  const lock = lockFile(lockPath(t))
  const guard = await lock.acquire()
  // The program's own signal releases the lock from within acquire().
  const signal = {
    aborted: false,
    addEventListener: () => guard.release(),
    removeEventListener() {},
  }
  const next = await within(lock.acquire({ signal }), 'the grant')
  assert.equal(next.released, false)
  next.release()
  assert.equal(lock.locked, false)
})

test('an abort that comes while its acquire() is still being made rejects it', async (t) => {
  const lock = lockFile(lockPath(t))
  const guard = await lock.acquire()
  const signal = {
    aborted: false,
    reason: new Error('stopped'),
    addEventListener: (_, listener) => listener(),
    removeEventListener() {},
  }
  await assert.rejects(within(lock.acquire({ signal }), 'the rejection'), signal.reason)
  guard.release()
  await assertComesFree(lock)
})

test('a grant is told once where onWait acquires and releases in between', async (t) => {
  const lock = lockFile(lockPath(t))
  const guard = await lock.acquire()
  const order = []
  const acquire = async (name) => {
    const held = await lock.acquire({ onWait: () => order.push(lock.tryAcquire()) })
    order.push(name)
    held.release()
  }
  const all = [acquire('first'), acquire('second')]
  guard.release()
  await within(Promise.all(all), 'both')
  assert.deepEqual(order, [null, null, 'first', 'second'])
})

/**
 * What a REPL reads before the rounds. The interrupt may come within what writes `begins`: console.log()
 * would leave the stream in the middle of a write, and nothing would be written any more.
 */
const IN_THE_REPL = `
var { lockFile } = require(process.env.PACKAGE), lock = lockFile(process.env.FILE), made, guard
var round = () => { made = []; guard = lock.acquireSync(); require('node:fs').writeSync(1, 'begins\\n'); ${UNTIL_INTERRUPTED} }
var release = async (acquire) => (await acquire).release()
var tell = async () => { guard.release(); await Promise.all(made.map(release)); await release(lock.acquire()); console.log('all told') }
`

test('Ctrl-C in a REPL around an acquire or a release loses no grant', signalsOnly, async (t) => {
  const env = {
    ...process.env,
    PACKAGE: path.join(__dirname, '..'),
    FILE: lockPath(t),
    NODE_REPL_HISTORY: '',
  }
  const repl = start(t, process.execPath, ['--interactive'], { env })
  repl.stdin.write(IN_THE_REPL)
  for (let round = 0; round < 20; round += 1) {
    repl.out = ''
    repl.stdin.write('round()\n')
    await repl.says(/begins/)
    repl.signal('SIGINT')
    await repl.says(/Script execution was interrupted/)
    repl.stdin.write('void tell()\n')
    await repl.says(/all told/)
  }
  repl.stdin.end('.exit\n')
  assert.equal((await within(repl.ended, 'the REPL to end')).status, 0)
})
