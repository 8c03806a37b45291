'use strict'

// Every message of the API and of the command line, as a table: what was done, and what is said.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { inspect } = require('node:util')
const { pathToFileURL } = require('node:url')
const { test } = require('node:test')
const {
  FileLock,
  LockGuard,
  lockFile,
  updateFile,
  updateFileSync,
  updateJson,
  updateJsonSync,
} = require('..')
const { notAvailable } = require('../lib/common/argument-errors')
const { timedOut } = require('../lib/common/errors')
const { runLocket } = require('../tools/child')
const { lockPath, temporaryFolder } = require('../tools/folder')
const { startNode } = require('../tools/peer')
const { works } = require('../tools/mounts')
const { linuxOnly, nativeOnly, rootOnly } = require('../tools/platform')
const { startOtherUser } = require('../tools/user')

/** Returns the message of what `act` throws or rejects with. */
async function messageOf(act) {
  try {
    await act()
  } catch (error) {
    return error.message
  }
  return assert.fail(`no error: ${act}`)
}

/** Checks a table of [act, message]. */
async function expect(table) {
  for (const [act, message] of table) assert.equal(await messageOf(act), message)
}

const acquireOptions = (options) => () => lockFile('a.lock').acquire(options)
const unreadable = Object.defineProperty({}, 'timeout', {
  enumerable: true,
  get() {
    throw new Error('a getter')
  },
})
const uninspectable = { [inspect.custom]: () => assert.fail('inspected') }
const badEscape = new URL('file:///%E0%A4%A')

test('a wrong argument is reported with the words of Node', async () => {
  await expect([
    [
      () => lockFile(),
      'The "path" argument must be of type string or an instance of Buffer or URL. Received undefined',
    ],
    [
      () => lockFile([]),
      'The "path" argument must be of type string or an instance of Buffer or URL. Received an instance of Array',
    ],
    [
      () => lockFile(7),
      'The "path" argument must be of type string or an instance of Buffer or URL. Received type number (7)',
    ],
    [() => lockFile(''), "The argument 'path' must not be empty. Received ''"],
    [
      () => lockFile('a\0'),
      "The argument 'path' must be a string, Uint8Array, or URL without null bytes. Received 'a\\x00'",
    ],
    [
      () => lockFile('\0'.repeat(200)),
      `The argument 'path' must be a string, Uint8Array, or URL without null bytes. Received '${'\\x00'.repeat(31)}\\x0...`,
    ],
    [() => lockFile(new URL('https://example.org')), 'The URL must be of scheme file'],
    [
      () => lockFile(badEscape),
      `The argument 'path' must be a file: URL that can be decoded. Received ${inspect(badEscape).slice(0, 128)}...`,
    ],
    [
      () => lockFile('a.lock', { directory: 1 }),
      'The "options.directory" property must be of type boolean. Received type number (1)',
    ],
    [() => lockFile('a.lock', 7), 'The "options" argument must be of type object. Received type number (7)'],
    [
      () => lockFile('a.lock', { timeout: '7' }),
      `The "options.timeout" property must be of type number. Received type string ('7')`,
    ],
    [
      acquireOptions({ mode: 'read' }),
      "The property 'options.mode' must be one of: 'exclusive', 'shared'. Received 'read'",
    ],
    [
      () => lockFile('a.lock').tryAcquire({ mode: 1 }),
      "The property 'options.mode' must be one of: 'exclusive', 'shared'. Received 1",
    ],
    [
      () => lockFile('a.lock').tryAcquire(30),
      'The "options" argument must be of type object. Received type number (30)',
    ],
    [
      () => lockFile('a.lock', unreadable),
      "The argument 'options' must be an object that can be read. Received { timeout: [Getter] }",
    ],
    [acquireOptions('soon'), `The "timeout" argument must be of type number. Received type string ('soon')`],
    [
      acquireOptions('s'.repeat(40)),
      `The "timeout" argument must be of type number. Received type string ('${'s'.repeat(24)}...)`,
    ],
    [acquireOptions(-1), 'The value of "timeout" is out of range. It must be >= 0. Received -1'],
    [
      acquireOptions({ timeout: Number.NaN }),
      'The value of "options.timeout" is out of range. It must be >= 0. Received NaN',
    ],
    [acquireOptions([]), 'The "options" argument must be of type object. Received an instance of Array'],
    [
      acquireOptions({ signal: 7 }),
      'The "options.signal" property must be an instance of AbortSignal. Received type number (7)',
    ],
    [
      acquireOptions({ onWait: null }),
      'The "options.onWait" property must be of type function. Received null',
    ],
    [
      acquireOptions({ onWait: uninspectable }),
      'The "options.onWait" property must be of type function. Received an instance of Object',
    ],
    [
      acquireOptions({ timeout: new Proxy({}, { get: assert.fail }) }),
      'The "options.timeout" property must be of type number. Received [value could not be inspected]',
    ],
    [
      () => lockFile('a.lock').acquireSync({ signal: AbortSignal.abort() }),
      'The "options.signal" property is not supported by acquireSync(). Received an instance of AbortSignal',
    ],
    [
      () => lockFile('a.lock').runExclusive(7),
      'The "fn" argument must be of type function. Received type number (7)',
    ],
    [() => new FileLock(), 'Illegal constructor. Use lockFile() to create a FileLock'],
    [() => new LockGuard(), 'Illegal constructor. Use acquire() to create a LockGuard'],
  ])
})

test('a lock that cannot be acquired or released is named, with its holder', async (t) => {
  const file = lockPath(t)
  const lock = lockFile(file)
  const unlock = () => lock.release()
  await expect([[unlock, 'cannot release unlocked lock']])
  const guard = await lock.acquire()
  await expect([
    [() => lock.acquire(0), `lock '${file}' is already held by this process`],
    [() => lock.acquire(0.05), `timed out after 0.05 s waiting for lock '${file}' (held by this process)`],
    [
      () => lock.acquireSync(0.05),
      `timed out after 0.05 s waiting for lock '${file}' (held by this process)`,
    ],
    [
      () => lock.acquireSync(),
      `deadlock: lock '${file}' is already held by this thread, and no timeout is set`,
    ],
  ])
  guard.release()
})

const knownCommandsOnly = { skip: linuxOnly.skip || nativeOnly.skip }

test('a holder in another process is named with its command', knownCommandsOnly, async (t) => {
  const file = lockPath(t)
  const lock = lockFile(file)
  const { pid } = await holder(t, file)
  await expect([
    [() => lock.acquire(0), `lock '${file}' is already held by process ${pid}: a holder`],
    [
      () => lock.acquire(0.05),
      `timed out after 0.05 s waiting for lock '${file}' (held by process ${pid}: a holder)`,
    ],
  ])
})

test('a holder that is not known is left out of the message', () => {
  assert.equal(timedOut('/a.lock', 0, null).message, "lock '/a.lock' is already held")
  assert.equal(timedOut('/a.lock', 2, null).message, "timed out after 2 s waiting for lock '/a.lock'")
  const { message } = timedOut('/a.lock', 2, { pid: 1 })
  assert.equal(message, "timed out after 2 s waiting for lock '/a.lock' (held by process 1)")
})

test('a message names the program and its script, and no other argument', () => {
  for (const [argv, shown] of [
    [['/usr/bin/node', '--no-warnings', 'build.js', '--token=secret'], 'node build.js'],
    [['node', '-e', 'secret()'], 'node'],
    [['node', '-pe', 'secret()'], 'node'],
    [['node', '--eval=secret()'], 'node'],
    [['node', '--print', 'secret()'], 'node'],
    [['/usr/bin/python3.12', '-c', 'secret()'], 'python3.12'],
    [['python3', 'build.py', 'secret'], 'python3 build.py'],
    [['bash', '-c', 'secret'], 'bash'],
    [['curl', '-u', 'user:secret', 'example.org'], 'curl'],
    [['mysql', '-p', 'secret'], 'mysql'],
    [['postgres: writer process'], 'postgres: writer process'],
    [['a\nb\x1b[31m', 'c'], 'a b [31m'],
    [['x'.repeat(200)], 'x'.repeat(80)],
  ]) {
    const { message } = timedOut('/a.lock', 0, { pid: 1, argv })
    assert.equal(message, `lock '/a.lock' is already held by process 1: ${shown}`)
  }
})

test('an option that the platform does not have is reported with the words of Node', () => {
  assert.equal(
    notAvailable('options.directory').message,
    'The feature options.directory is unavailable on the current platform, which is being used to run Node.js',
  )
})

test('an error of the operating system has the words of Node', async (t) => {
  const folder = temporaryFolder(t)
  const file = path.join(folder, 'none', 'a.lock')
  await expect([
    [() => lockFile(file).acquire(), `ENOENT: no such file or directory, open '${file}'`],
    [
      () => lockFile(pathToFileURL(folder)).tryAcquire(),
      `EISDIR: illegal operation on a directory, open '${folder}'`,
    ],
  ])
})

test('the command line reports wrong arguments in one line', async (t) => {
  const see = ' (see locket --help)'
  for (const [args, message] of [
    [[], `missing PATH${see}`],
    [['', '--', 'true'], `PATH must not be empty${see}`],
    [['a.lock'], `missing COMMAND after '--'${see}`],
    [
      ['a.lock', '-n', '--', 'true'],
      `unexpected option '-n' after PATH; options precede PATH, the command follows '--'${see}`,
    ],
    [['-w', 'soon', 'a.lock', '--', 'true'], `invalid timeout 'soon': expected a number of seconds${see}`],
    [['-E', '256', 'a.lock', '--', 'true'], `invalid exit status '256': expected 0 to 255${see}`],
    [['--who', 'a.lock', '--', 'true'], `unexpected COMMAND after --who PATH${see}`],
    [['--frob', 'a.lock'], `Unknown option '--frob'${see}`],
  ]) {
    const { status, err } = await runLocket(t, args)
    assert.deepEqual({ status, err }, { status: 64, err: `locket: ${message}\n` })
  }
})

test('the command line reports what happens', knownCommandsOnly, async (t) => {
  const file = lockPath(t)
  const told = async (...args) => (await runLocket(t, args)).err
  const nothing = [process.execPath, '-e', '']
  assert.match(
    await told('-v', file, '--', ...nothing),
    /^locket: acquired the lock after \d+\.\d{6} s\nlocket: running .+\n$/,
  )
  assert.equal(await told(file, '--', 'no-such-command'), 'locket: no-such-command: command not found\n')
  const { pid } = await holder(t, file)
  assert.equal(
    await told('-v', '-w', '1.5', file, '--', ...nothing),
    `locket: waiting for lock '${file}' (held by process ${pid}: a holder)\n` +
      `locket: timed out after 1.5 s waiting for lock '${file}' (held by process ${pid}: a holder)\n`,
  )
})

/** Resolves to a process that holds the lock, under a title that does not depend on the machine. */
async function holder(t, file) {
  const peer = await startNode(t, { args: ['--title=a holder'] })
  await peer.acquire(file)
  return peer
}

test('an update that cannot be made is reported with the file and the reason', async (t) => {
  const folder = temporaryFolder(t)
  const file = path.join(folder, 'data.json')
  fs.writeFileSync(file, '{"a":')
  const release = () => lockFile(`${file}.lock`).release()
  await expect([
    [
      () => updateFile(file, 'text'),
      'The "fn" argument must be of type function. Received type string (\'text\')',
    ],
    [
      () => updateFile(file, () => 5),
      'Expected a string, Uint8Array, or undefined to be returned from the "fn" function but got type number (5).',
    ],
    [
      () => updateJsonSync(file, async () => 5, { repair: () => 1 }),
      'Expected a value that is no promise to be returned from the "fn" function but got an instance of Promise.',
    ],
    [
      () => updateFileSync(file, () => '', { signal: AbortSignal.abort() }),
      'The "options.signal" property is not supported by a synchronous update. Received an instance of AbortSignal',
    ],
    [
      () => updateFile(file, () => '', { mode: 0o1000 }),
      'The value of "options.mode" is out of range. It must be an integer >= 0 && <= 0o777. Received 512',
    ],
    [
      () => updateJson(file, () => 5),
      `cannot parse '${file}' as JSON: unexpected end at line 1, column 6 (position 5)`,
    ],
    [() => updateFile(file, release), `lock '${file}.lock' was lost: another caller released it`],
  ])
  fs.linkSync(file, `${file}.second`)
  await expect([
    [
      () => updateFile(file, () => ''),
      `EMLINK: too many links, rename '${file}' (the file has 2 names, hard links, and a replacement would have one; inPlace: true rewrites it)`,
    ],
    [
      () => updateFile(path.dirname(file), () => ''),
      `EISDIR: illegal operation on a directory, read '${path.dirname(file)}'`,
    ],
  ])
})

test('a file whose owner cannot be kept is reported with what to do', rootOnly, async (t) => {
  const file = lockPath(t, 'data.json')
  fs.writeFileSync(file, '')
  for (const name of [file, path.dirname(file)]) fs.chmodSync(name, 0o777)
  const other = await startOtherUser(t)
  const update = ({ updateFile }, file) => updateFile(file, () => '').catch(({ message }) => message)
  assert.equal(
    await other.run(update, file),
    `EPERM: operation not permitted, fchown '${file}' (the owner of the file (user 0, group 0) cannot be kept; inPlace: true keeps it)`,
  )
})

const canMount = works('unshare', '--mount', 'true')

test('a file that is mounted by itself is reported with what to do', {
  skip: !canMount && 'needs Linux and root, for mounts of its own',
}, async (t) => {
  const file = lockPath(t, 'data.json')
  fs.writeFileSync(file, '')
  const script = 'mount --bind "$0" "$0" && exec "$@"'
  const peer = await startNode(t, { prefix: ['unshare', '--mount', 'sh', '-c', script, file] })
  const update = ({ updateFile }, file) => updateFile(file, () => '').catch(({ message }) => message)
  assert.equal(
    await peer.run(update, file),
    `EBUSY: resource busy or locked, rename '${file}.locket.tmp' -> '${file}' (the file is a mount point and cannot be replaced; inPlace: true rewrites it)`,
  )
})
