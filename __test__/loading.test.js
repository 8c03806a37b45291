// What it does to a process to load the package, and to use it a little.

'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { execFileSync, spawnSync } = require('node:child_process')
const { test } = require('node:test')
const { pathToFileURL } = require('node:url')
const { lockFile } = require('..')
const { target } = require('../lib/native/target')
const { bundle } = require('../tools/bundle')
const { lockPath, temporaryFolder } = require('../tools/folder')
const { untilQueued } = require('../tools/kernel')
const { startNode } = require('../tools/peer')
const { linuxOnly } = require('../tools/platform')

const root = path.join(__dirname, '..')

/** Runs the program in a new process; answers what it writes as JSON. */
function runProgram(program, { args = [], cwd } = {}) {
  const output = execFileSync(process.execPath, [...args, '-e', program], { cwd, encoding: 'utf8' })
  return JSON.parse(output)
}

const look = `
  const fs = require('node:fs')
  const { count } = require(${JSON.stringify(path.join(root, 'tools', 'resources'))})
  const look = () => ({
    ...count(),
    signals: /SigCgt:\\s+(\\w+)/.exec(fs.readFileSync('/proc/self/status', 'latin1'))[1],
    listeners: process.eventNames().map(String),
  })
`

test('require starts no thread, opens no file, takes no signal, adds no listener', linuxOnly, () => {
  const { before, after } = runProgram(`${look}
    const before = look()
    require(${JSON.stringify(root)})
    console.log(JSON.stringify({ before, after: look() }))
  `)
  assert.deepEqual(after, before)
})

test('where the program cannot be read the report tells the platform, and stays as it was', linuxOnly, () => {
  for (const excludeNetwork of [false, true]) {
    const { name, after } = runProgram(`
      process.report.excludeNetwork = ${excludeNetwork}
      require('node:fs').openSync = () => { throw new Error('unreadable') }
      const { target } = require(${JSON.stringify(path.join(root, 'lib/native/target.js'))})
      console.log(JSON.stringify({ name: target(), after: process.report.excludeNetwork }))
    `)
    assert.equal(name, target())
    // Older Node has no such property, and keeps what was set.
    assert.equal(after, excludeNetwork)
  }
})

test('an acquire of a free lock takes no signal and leaves no thread', linuxOnly, async (t) => {
  const { before, after } = runProgram(`${look}
    const { lockFile } = require(${JSON.stringify(root)})
    fs.promises.stat('.').then(async () => {
      const before = look()
      const guard = await lockFile(${JSON.stringify(lockPath(t))}).acquire()
      guard.release()
      console.log(JSON.stringify({ before, after: look() }))
    })
  `)
  assert.deepEqual(after, before)
})

test('lockFile() alone opens and creates nothing', async (t) => {
  const file = lockPath(t)
  const lock = lockFile(file)
  assert.equal(lock.locked, false)
  assert.equal(fs.existsSync(file), false)
})

test('a wait takes one signal, and none that the program handles', linuxOnly, async (t) => {
  const file = lockPath(t)
  const [holder, peer] = await Promise.all([startNode(t), startNode(t)])
  await holder.acquire(file)
  const caught = (pid) => {
    const [, mask] = /SigCgt:\s+(\w+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'latin1'))
    return BigInt(`0x${mask}`)
  }
  const before = caught(peer.pid)
  const pending = peer.acquire(file)
  await untilQueued(file, peer.pid)
  const added = caught(peer.pid) ^ before
  assert.equal(added & (added - 1n), 0n, 'one signal at most')
  assert.equal(added & before, 0n, 'none that was handled before')
  await holder.release(file)
  await pending
})

for (const form of ['a checkout', 'the published package']) {
  test(`require and import of ${form} export the same names`, (t) => {
    assertSameNames(t, form === 'a checkout' ? root : installCopy(t))
  })
}

function assertSameNames(t, installed) {
  const updates = ['updateFile', 'updateFileSync', 'updateJson', 'updateJsonSync']
  const names = ['FileLock', 'LockError', 'LockGuard', 'acquireAll', 'lockFile', ...updates]
  const required = runProgram(
    `console.log(JSON.stringify(Object.keys(require(${JSON.stringify(installed)}))))`,
  )
  assert.deepEqual(required.sort(), names)
  const module = path.join(temporaryFolder(t), 'program.mjs')
  const specifier = JSON.stringify(pathToFileURL(path.join(installed, 'index.js')))
  fs.writeFileSync(
    module,
    `import * as all from ${specifier}
     import { ${names} } from ${specifier}
     console.log(JSON.stringify([Object.keys(all), [${names}].map((value) => value.name)]))`,
  )
  const [all, imported] = JSON.parse(execFileSync(process.execPath, [module], { encoding: 'utf8' }))
  assert.deepEqual(imported, names)
  // Newer Node adds one of its own.
  const own = all.filter((name) => name !== 'default' && name !== 'module.exports')
  assert.deepEqual(own.sort(), names)
}

/** Another installed copy of the package, as it is published, with a native part of its own or none. */
function installCopy(t, { addon = true } = {}) {
  const copy = path.join(temporaryFolder(t), 'node_modules', 'locket')
  const { files } = require('../package.json')
  const addons = fs.readdirSync(root).filter((name) => name.endsWith('.node'))
  for (const name of ['package.json', ...files, ...(addon ? addons : [])]) {
    const source = path.join(root, name)
    if (fs.existsSync(source)) fs.cpSync(source, path.join(copy, name), { recursive: true })
  }
  fs.writeFileSync(path.join(copy, 'index.js'), bundle(root))
  return copy
}

test('two installed copies in one process exclude each other, and wake each other', async (t) => {
  const file = lockPath(t)
  const copy = require(installCopy(t))
  assert.notEqual(copy.lockFile, lockFile)
  for (const [one, other] of [
    [lockFile(file), copy.lockFile(file)],
    [copy.lockFile(file), lockFile(file)],
  ]) {
    const guard = await one.acquire()
    assert.equal(other.locked, false, 'each knows its own')
    assert.equal(other.tryAcquire(), null)
    assert.throws(() => other.release(), { code: 'ERR_LOCK_NOT_HELD' })
    const pending = other.acquire()
    await assert.rejects(other.acquire(0.05), { code: 'ERR_LOCK_TIMEOUT' })
    guard.release()
    const next = await pending
    assert.equal(one.tryAcquire(), null)
    next.release()
  }
})

test('a part that is loaded with its first use is loaded again where the end of the stack interrupts it', (t) => {
  const { lockFile, updateFileSync } = require(installCopy(t))
  const file = path.join(temporaryFolder(t), 'data')
  const lock = lockFile(lockPath(t))
  const uses = [
    () => updateFileSync(file, () => 'written'),
    () => lock.tryAcquire().release(),
    () => lock.acquireSync().release(),
  ]
  for (const use of uses) {
    const interrupted = new Set()
    let works = false
    const dive = () => {
      try {
        dive()
      } catch {}
      if (works) return
      try {
        use()
        works = true
      } catch (error) {
        interrupted.add(error.name)
      }
    }
    dive()
    use()
    assert.deepEqual([...interrupted], ['RangeError'])
  }
  assert.equal(fs.readFileSync(file, 'latin1'), 'written')
  assert.equal(lock.locked, false)
})

test('garbage collection frees nothing', async (t) => {
  const file = lockPath(t)
  const peer = await startNode(t, { args: ['--expose-gc'] })
  await peer.run(async ({ lockFile, kept }, file) => {
    await lockFile(file).acquire()
    const finalized = new Promise((resolve) => {
      kept.registry = new FinalizationRegistry(resolve)
      // A witness: once it is gone, so is what became garbage before it.
      ;(() => kept.registry.register({}, 'gone'))()
    })
    const timer = setInterval(() => globalThis.gc(), 5)
    await finalized
    for (let round = 0; round < 20; round += 1) {
      globalThis.gc()
      await new Promise(setImmediate)
    }
    clearInterval(timer)
  }, file)
  assert.equal(lockFile(file).tryAcquire(), null)
  await peer.release(file)
  lockFile(file).tryAcquire().release()
})

test('after require nothing more is loaded, whatever is used', (t) => {
  const copy = installCopy(t)
  const file = lockPath(t)
  const outcome = runProgram(`
    const fs = require('node:fs')
    const { lockFile, ...locket } = require(${JSON.stringify(copy)})
    // As for a program that gives up its privileges. The addon stays: Windows keeps it while it is in use.
    for (const name of fs.readdirSync(${JSON.stringify(copy)}, { recursive: true })) {
      if (/\\.js(on)?$/.test(name)) fs.unlinkSync(${JSON.stringify(copy + path.sep)} + name)
    }
    const lock = lockFile(${JSON.stringify(file)})
    const missing = lockFile(${JSON.stringify(path.join(file, 'none'))})
    const data = ${JSON.stringify(`${file}.json`)}
    const codeOf = async (act) => {
      try {
        return JSON.stringify(await act()) ?? 'done'
      } catch (error) {
        return error.code ?? error.name
      }
    }
    const held = (options) => codeOf(() => lock.acquire(options))
    async function main() {
      const outcome = []
      const guard = await lock.acquire({ timeout: 1, signal: new AbortController().signal })
      outcome.push(await held(0), await held({ timeout: 0.01, onWait() {} }))
      outcome.push(await held({ signal: AbortSignal.timeout(1) }), await held({ signal: 7 }), await held(-1))
      outcome.push(await codeOf(() => lock.acquireSync()), await codeOf(() => lock.acquireSync(0.01)))
      guard.release()
      outcome.push(await codeOf(() => lock.release()), await codeOf(() => lock.runExclusive(() => 7)))
      outcome.push(await codeOf(() => missing.tryAcquire()), await codeOf(() => lockFile('')))
      outcome.push(await codeOf(() => locket.updateJson(data, () => [1])))
      outcome.push(await codeOf(() => locket.updateJsonSync(data, ([one]) => [one, 2])))
      outcome.push(await codeOf(() => locket.updateFile(data, () => Buffer.from('one'))))
      outcome.push(await codeOf(() => locket.updateFileSync(data, (one) => Buffer.from(one + ' two'))))
      outcome.push(fs.readFileSync(data, 'utf8'))
      outcome.push(await codeOf(async () => (await locket.acquireAll([lock])).release()))
      return outcome
    }
    main().then((outcome) => console.log(JSON.stringify(outcome)))
  `)
  assert.deepEqual(outcome, [
    ...['ERR_LOCK_TIMEOUT', 'ERR_LOCK_TIMEOUT'],
    ...[23, 'ERR_INVALID_ARG_TYPE', 'ERR_OUT_OF_RANGE'],
    ...['ERR_LOCK_DEADLOCK', 'ERR_LOCK_TIMEOUT'],
    ...['ERR_LOCK_NOT_HELD', '7'],
    ...[process.platform === 'win32' ? 'ENOENT' : 'ENOTDIR', 'ERR_INVALID_ARG_VALUE'],
    ...['[1]', '[1,2]', 'done', 'done', 'one two', 'done'],
  ])
})

test('help, usage, errors and checks load without the addon', (t) => {
  const copy = installCopy(t, { addon: false })
  const run = (...args) =>
    spawnSync(process.execPath, [path.join(copy, 'bin/locket.js'), ...args], { encoding: 'utf8' })
  const help = run('--help')
  assert.deepEqual([help.status, help.stderr], [0, ''])
  assert.match(help.stdout, /^Usage: /)
  assert.equal(run('--version').stdout, `locket ${require('../package.json').version}\n`)
  assert.equal(run('--no-such-option').status, 64)
  assert.deepEqual(Object.keys(require(path.join(copy, 'lib/common'))), Object.keys(require('locket/common')))
  assert.throws(() => require(copy), { code: 'ERR_LOCK_NO_BINARY' })
  const lacking = run('--who', 'some.lock')
  assert.deepEqual([lacking.status, lacking.stdout], [71, ''])
  assert.match(lacking.stderr, /^locket: /)
})
