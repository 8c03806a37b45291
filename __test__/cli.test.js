'use strict'

// The command line, with the habits of flock(1).

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const { constants } = require('node:os')
const path = require('node:path')
const { test } = require('node:test')
const { lockFile } = require('..')
const { version } = require('../package.json')
const { LOCKET, run, runLocket, startLocket } = require('../tools/child')
const { namesHolders } = require('../tools/filesystem')
const { lockFileWith, lockPath, temporaryFolder } = require('../tools/folder')
const { startNode } = require('../tools/peer')
const { linuxOnly, nativeOnly, notOnWindows, shellOnly, signalsOnly } = require('../tools/platform')
const { within } = require('../tools/until')

/** The command that runs a piece of JavaScript. */
function node(source, ...args) {
  return ['--', process.execPath, '-e', source, ...args]
}

/** Says it runs, and goes on until its standard input ends. */
const UNTIL_END = 'console.log("runs"); process.stdin.resume()'

async function startHolding(t, file) {
  const locket = startLocket(t, [file, ...node(UNTIL_END)])
  await locket.says(/runs/)
  return locket
}

test('the lock is held while the command runs, and free when it has ended', async (t) => {
  const file = lockPath(t)
  const locket = await startHolding(t, file)
  assert.equal(lockFile(file).tryAcquire(), null)
  locket.stdin.end()
  const { status, err } = await locket.ended
  assert.deepEqual({ status, err }, { status: 0, err: '' })
  lockFile(file).acquireSync(0).release()
})

test('standard input, output and error are the command’s own', async (t) => {
  const source = 'process.stdin.pipe(process.stdout); console.error("to stderr")'
  const locket = startLocket(t, [lockPath(t), ...node(source)])
  locket.stdin.end('through and through')
  const { status, out, err } = await locket.ended
  assert.deepEqual({ status, out, err }, { status: 0, out: 'through and through', err: 'to stderr\n' })
})

test('arguments reach the command as they are, options and spaces and all', async (t) => {
  const source = 'console.log(JSON.stringify(process.argv.slice(1)))'
  const args = ['--', '-n', '--help', 'a b', '', '$HOME', '*']
  const { out } = await runLocket(t, [lockPath(t), ...node(source, ...args)])
  assert.deepEqual(JSON.parse(out), args.slice(1))
})

test('the -- before the command may be missing, as in flock(1)', async (t) => {
  const { status } = await runLocket(t, ['-n', lockPath(t), ...node('process.exit(5)').slice(1)])
  assert.equal(status, 5)
})

test('the exit status is the command’s', async (t) => {
  for (const wanted of [0, 3, 255]) {
    const { status } = await runLocket(t, [lockPath(t), ...node(`process.exit(${wanted})`)])
    assert.equal(status, wanted)
  }
})

test('a command that a signal ends gives 128 and the signal’s number', signalsOnly, async (t) => {
  for (const signal of ['SIGKILL', 'SIGTERM', 'SIGUSR1']) {
    const { status } = await runLocket(t, [lockPath(t), '--', 'sh', '-c', `kill -${signal.slice(3)} $$`])
    assert.equal(status, 128 + constants.signals[signal])
  }
})

test('a command that is not found exits with 127, one that cannot be executed with 126', async (t) => {
  const missing = await runLocket(t, [lockPath(t), '--', 'no-such-command'])
  assert.equal(missing.status, 127)
  assert.equal(missing.err, 'locket: no-such-command: command not found\n')
  const file = lockFileWith(t, 'echo no')
  const barred = await runLocket(t, [lockPath(t), '--', file])
  assert.equal(barred.status, 126)
  const [, shown, code] = /^locket: (.+): cannot be executed \((\w+)\)\n$/.exec(barred.err)
  assert.equal(shown, file)
  // On Windows it is UNKNOWN or EFTYPE, as Node's version has it.
  if (process.platform !== 'win32') assert.equal(code, 'EACCES')
})

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  test(`${signal} is forwarded, and the lock is held until the command has ended`, signalsOnly, async (t) => {
    const file = lockPath(t)
    const source = `
      process.on('${signal}', () => { console.log('got ${signal}'); process.stdin.on('end', () => process.exit(9)) })
      ${UNTIL_END}`
    const locket = startLocket(t, [file, ...node(source)])
    await locket.says(/runs/)
    locket.signal(signal)
    await locket.says(new RegExp(`got ${signal}`))
    assert.equal(lockFile(file).tryAcquire(), null)
    locket.stdin.end()
    assert.deepEqual(await locket.ended, { status: 9, signal: null, out: `runs\ngot ${signal}\n`, err: '' })
  })

  test(`${signal} while waiting ends locket, and the command never runs`, linuxOnly, async (t) => {
    const file = lockPath(t)
    const guard = await lockFile(file).acquire()
    const locket = startLocket(t, [file, ...node('console.log("ran")')])
    await locket.says(/waiting/, 'err')
    locket.signal(signal)
    const { signal: by, out } = await locket.ended
    assert.deepEqual({ by, out }, { by: signal, out: '' })
    guard.release()
  })
}

const survivorsOnly = notOnWindows('on Windows a command ends with the Node that has started it')

test('a killed locket frees the lock while its command goes on', survivorsOnly, async (t) => {
  const file = lockPath(t)
  const locket = startLocket(t, [file, ...node(`console.log(process.pid); ${UNTIL_END}`)])
  await locket.says(/runs/)
  const pid = Number(locket.out.match(/\d+/)[0])
  locket.signal('SIGKILL')
  await once(locket.process, 'exit')
  const guard = await within(lockFile(file).acquire(), 'the lock of a locket that was killed')
  assert.equal(process.kill(pid, 0), true, 'the command is still there')
  process.kill(pid, 'SIGKILL')
  guard.release()
})

test('-n and -w 0 fail at once if the lock is held, and the command does not run', async (t) => {
  const file = lockPath(t)
  const guard = await lockFile(file).acquire()
  for (const options of [['-n'], ['--nonblock'], ['-w', '0'], ['-n', '-w', '60']]) {
    const { status, out, err } = await runLocket(t, [...options, file, ...node('console.log("ran")')])
    assert.deepEqual({ status, out, err }, { status: 1, out: '', err: '' })
  }
  guard.release()
})

test('-w ends the wait with the status of -E, and -v prints why', async (t) => {
  const file = lockPath(t)
  const guard = await lockFile(file).acquire()
  const options = ['-w', '0.05', '-E', '42', '-v']
  const { status, err } = await runLocket(t, [...options, file, ...node('')])
  assert.equal(status, 42)
  assert.match(err, /^locket: timed out after 0\.05 s waiting for lock '.*'.*\n$/)
  if (namesHolders) assert.ok(err.includes(`(held by process ${process.pid}: `), err)
  guard.release()
})

test('-v prints how long the wait took and what runs', async (t) => {
  const { err } = await runLocket(t, ['-v', lockPath(t), ...node('')])
  assert.match(err, /^locket: acquired the lock after \d+\.\d{6} s\nlocket: running .+\n$/)
})

test('a wait of more than a second prints the holder once', async (t) => {
  const file = lockPath(t)
  const guard = await lockFile(file).acquire()
  const locket = startLocket(t, ['-w', '2.5', '-E', '7', file, ...node('')])
  const { status, err } = await locket.ended
  assert.equal(status, 7)
  const lines = err.trimEnd().split('\n')
  assert.equal(lines.length, 1)
  assert.ok(lines[0].startsWith(`locket: waiting for lock '${file}'`), err)
  if (namesHolders) assert.ok(err.includes(` (held by process ${process.pid}: `), err)
  guard.release()
})

/** Makes every timer due at once, and the thread pool stand still for some turns of the event loop. */
const SLOW_POOL = `
  const fs = require('node:fs')
  globalThis.setTimeout = (act) => setImmediate(act)
  fs.open(process.env.FIFO, () => {})
  let turns = 100
  const turn = () => (turns-- > 0 ? setImmediate(turn) : fs.closeSync(fs.openSync(process.env.FIFO, 'w')))
  turn()`

test('a slow acquire of a free lock does not print that it waits', shellOnly, async (t) => {
  const folder = temporaryFolder(t)
  const preload = path.join(folder, 'slow.cjs')
  fs.writeFileSync(preload, SLOW_POOL)
  const fifo = path.join(folder, 'fifo')
  execFileSync('mkfifo', [fifo])
  const env = { ...process.env, FIFO: fifo, NODE_OPTIONS: `--require ${preload}`, UV_THREADPOOL_SIZE: '1' }
  const file = lockPath(t)
  const free = await runLocket(t, [file, '--', 'true'], { env })
  assert.deepEqual({ status: free.status, err: free.err }, { status: 0, err: '' })
  const guard = lockFile(file).tryAcquire()
  const taken = await runLocket(t, ['-n', file, '--', 'true'], { env })
  assert.deepEqual({ status: taken.status, err: taken.err }, { status: 1, err: '' })
  guard.release()
})

test('the command runs once the lock is granted in its turn', async (t) => {
  const file = lockPath(t)
  const first = await startHolding(t, file)
  const second = startLocket(t, [file, ...node('console.log("second")')])
  await second.says(/waiting/, 'err')
  assert.equal(second.out, '')
  first.stdin.end()
  const { status, out } = await second.ended
  assert.deepEqual({ status, out }, { status: 0, out: 'second\n' })
})

const knownCommandsOnly = { skip: linuxOnly.skip || nativeOnly.skip }

test('--who prints the process that holds the lock and its command', knownCommandsOnly, async (t) => {
  const file = lockPath(t)
  const holder = await startNode(t)
  await holder.acquire(file)
  const { status, out } = await runLocket(t, ['--who', file])
  assert.equal(status, 0)
  // A long command line is cut.
  const command = `${process.execPath} `.slice(0, 80)
  assert.ok(out.startsWith(`${holder.pid} ${command}`), out)
})

test('--who exits with 0 if the lock is held, with 1 if it is free', async (t) => {
  const file = lockPath(t)
  const guard = await lockFile(file).acquire()
  assert.equal((await runLocket(t, ['--who', file])).status, 0)
  guard.release()
  assert.deepEqual(await runLocket(t, ['--who', file]), { status: 1, signal: null, out: '', err: '' })
})

test('--who of a missing file creates nothing and exits with 1', async (t) => {
  const folder = temporaryFolder(t)
  const { status } = await runLocket(t, ['--who', path.join(folder, 'none.lock')])
  assert.equal(status, 1)
  assert.deepEqual(fs.readdirSync(folder), [])
})

test('--who prints unknown for a holder that is invisible', linuxOnly, async (t) => {
  const { findHolder } = require('../lib/cli/who')
  const file = lockPath(t)
  const holder = await startNode(t)
  await holder.acquire(file)
  // As in a container that does not see the holder's process.
  t.mock.method(require('../lib/native/binding'), 'holder', () => null)
  assert.deepEqual(findHolder(file), {})
  await holder.release(file)
  assert.equal(findHolder(file), null)
})

test('wrong arguments print one line and exit with 64', async (t) => {
  const file = lockPath(t)
  const calls = [
    [],
    ['--'],
    [file],
    [file, '--'],
    ['', '--', 'true'],
    ['-k', file, '--', 'true'],
    ['-w', file, '--', 'true'],
    ['-w', '-1', file, '--', 'true'],
    ['-w', '1e3', file, '--', 'true'],
    ['-w', 'soon', file, '--', 'true'],
    ['-E', '256', file, '--', 'true'],
    ['-E', '', file, '--', 'true'],
    ['-n=1', file, '--', 'true'],
    [file, '-n', '--', 'true'],
    ['--who'],
    ['--who', file, '--', 'true'],
  ]
  for (const args of calls) {
    const { status, out, err } = await runLocket(t, args)
    assert.equal(status, 64, `${args}: ${err}`)
    assert.equal(out, '')
    assert.match(err, /^locket: [^\n]+\n$/, `${args}`)
  }
  assert.equal(fs.existsSync(file), false)
})

test('a file that cannot be opened prints one line and exits as flock(1) does', async (t) => {
  const folder = temporaryFolder(t)
  const missing = path.join(folder, 'none', 'a.lock')
  const { status, err } = await runLocket(t, [missing, ...node('')])
  assert.equal(status, 66)
  assert.equal(err, `locket: ENOENT: no such file or directory, open '${missing}'\n`)
  const slash = await runLocket(t, [`${lockFileWith(t, '')}/`, ...node('')])
  assert.equal(slash.status, 66)
})

test('--who of a folder tells of its lock, and is an error where folders are not locked', async (t) => {
  const folder = temporaryFolder(t)
  const isLocked = async (...options) => (await runLocket(t, ['--who', ...options, folder])).status
  if (process.platform === 'win32') {
    assert.equal(await isLocked(), 66)
    return
  }
  assert.equal(await isLocked(), 1)
  assert.equal(await isLocked('--json'), 1)
  const guard = lockFile(folder, { directory: true }).acquireSync()
  assert.equal(await isLocked(), 0)
  assert.equal(await isLocked('--json'), 0)
  guard.release()
})

const namesAreRefused = notOnWindows('Windows says of a name that is too long that there is no such file')

test(
  '--who of a path that cannot be looked at is an error, and not a free lock',
  namesAreRefused,
  async (t) => {
    const { status, err } = await runLocket(t, ['--who', lockPath(t, 'x'.repeat(300))])
    assert.equal(status, 66)
    assert.match(err, /^locket: ENAMETOOLONG: [^\n]+\n$/)
  },
)

test('a missing addon exits with 71, unlike a held lock', async (t) => {
  const folder = temporaryFolder(t)
  for (const name of ['bin', 'index.js', 'lib', 'package.json']) {
    fs.cpSync(path.join(__dirname, '..', name), path.join(folder, name), { recursive: true })
  }
  const locket = path.join(folder, 'bin', 'locket.js')
  const { status, err } = await run(t, process.execPath, [locket, '-n', lockPath(t), ...node('')])
  assert.equal(status, 71)
  assert.ok(err.startsWith('locket: ') && !err.includes('    at '), err)
})

test('--help and --version print and exit with 0', async (t) => {
  const help = await runLocket(t, ['--help'])
  assert.equal(help.status, 0)
  assert.match(help.out, /^Usage: locket /)
  for (const long of ['nonblock', 'timeout', 'conflict-exit-code', 'verbose', 'who', 'help', 'version']) {
    assert.ok(help.out.includes(`--${long}`), long)
  }
  assert.deepEqual(await runLocket(t, ['-V']), {
    status: 0,
    signal: null,
    out: `locket ${version}\n`,
    err: '',
  })
})

test('the file that package.json names as the command can be run', () => {
  const { bin } = require('../package.json')
  assert.equal(path.join(__dirname, '..', bin.locket), LOCKET)
  fs.accessSync(LOCKET, fs.constants.X_OK)
  assert.match(fs.readFileSync(LOCKET, 'utf8'), /^#!\/usr\/bin\/env node\n/)
})

test('--who --json prints the state of the lock, and its label', knownCommandsOnly, async (t) => {
  const file = lockPath(t)
  const free = { locked: false, mode: null, holders: [], waiting: 0 }
  const before = await runLocket(t, ['--who', '--json', file])
  assert.deepEqual({ status: before.status, out: JSON.parse(before.out) }, { status: 1, out: free })
  const held = startLocket(t, ['--label', 'nightly', file, '--', 'sh', '-c', 'echo held; read line; exit 3'])
  await held.says(/held/)
  const { status, out } = await runLocket(t, ['--who', '--json', file])
  const { holders, ...state } = JSON.parse(out)
  assert.equal(status, 0)
  assert.deepEqual(state, { locked: true, mode: 'exclusive', waiting: 0 })
  assert.equal(holders[0].pid, held.pid)
  assert.equal(holders[0].label, 'nightly')
  held.stdin.end()
  assert.equal((await held.ended).status, 3)
  const after = await runLocket(t, ['--who', '--json', file])
  assert.deepEqual(JSON.parse(after.out), free)
})

test('--json without --who, and --label of a descriptor, are wrong', shellOnly, async (t) => {
  for (const args of [
    ['--json', lockPath(t), '--', 'true'],
    ['--label', 'x', '9'],
  ]) {
    assert.equal((await runLocket(t, args)).status, 64)
  }
})
