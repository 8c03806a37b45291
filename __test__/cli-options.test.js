'use strict'

// Every option, beside flock(1) where both have it.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { lockFile } = require('..')
const { run, runLocket, start, startLocket } = require('../tools/child')
const { temporaryFolder } = require('../tools/folder')
const { shellOnly } = require('../tools/platform')
const { flock, locket, needs } = require('../tools/wrapper')

const flockOnly = needs('flock')

/** Holds a lock in the folder until its input ends. */
async function hold(t, folder, ...args) {
  const held = start(t, 'flock', [...args, 'sh', '-c', 'echo held; read line'], { cwd: folder })
  await held.says(/held/)
  return held
}

/** Runs both wrappers with the arguments, and returns what they end with. */
async function bothWays(t, folder, args) {
  const results = []
  for (const [program, ...rest] of [locket, flock]) {
    const { status, signal, out } = await run(t, program, [...rest, ...args], { cwd: folder })
    results.push({ status, signal, out })
  }
  return results
}

const SAY = ['echo', 'ran']

/** Of a lock that is free, held exclusively and held shared: does the command run? */
for (const [options, free, exclusive, shared] of [
  [['-n'], 0, 1, 1],
  [['--nb'], 0, 1, 1],
  [['--nonblock'], 0, 1, 1],
  [['--nonb'], 0, 1, 1],
  [['-x', '-n'], 0, 1, 1],
  [['-e', '-n'], 0, 1, 1],
  [['--exclusive', '-n'], 0, 1, 1],
  [['-s', '-n'], 0, 1, 0],
  [['--shared', '-n'], 0, 1, 0],
  [['-sn'], 0, 1, 0],
  [['-xsn'], 0, 1, 0],
  [['-sxn'], 0, 1, 1],
  [['-n', '-E', '9'], 0, 9, 9],
  [['-nE9'], 0, 9, 9],
  [['-n', '--conflict-exit-code=9'], 0, 9, 9],
  [['-n', '--conflict-exit-code', '0'], 0, 0, 0],
  [['--conf', '9', '-n'], 0, 9, 9],
  [['-w', '0'], 0, 1, 1],
  [['-w0.05'], 0, 1, 1],
  [['-w', '.05'], 0, 1, 1],
  [['--timeout', '0.05'], 0, 1, 1],
  [['--time=0.05'], 0, 1, 1],
  [['--wait=0.05'], 0, 1, 1],
  [['--wa', '0.05', '-E', '3'], 0, 3, 3],
  [['-w', '60', '-n'], 0, 1, 1],
  [['-n', '-o'], 0, 1, 1],
  [['-n', '--close'], 0, 1, 1],
  [['-n', '-F'], 0, 1, 1],
  [['-n', '--no-fork'], 0, 1, 1],
  [['-u'], 0, 0, 0],
  [['-n', '--'], 0, 1, 1],
]) {
  test(
    `${options.join(' ')} ends as with flock(1) on a free, a held and a shared lock`,
    flockOnly,
    async (t) => {
      const folder = temporaryFolder(t)
      for (const [how, status] of [
        [undefined, free],
        [['lock'], exclusive],
        [['-s', 'lock'], shared],
      ]) {
        const held = how && (await hold(t, folder, ...how))
        const [ours, flocks] = await bothWays(t, folder, [...options, 'lock', ...SAY])
        assert.equal(ours.status, status, `${how}`)
        assert.deepEqual(ours, flocks)
        held?.stdin.end()
        await held?.ended
      }
    },
  )
}

for (const args of [
  ['lock', '-c', 'echo "$0"; exit 3'],
  ['lock', '--command', 'echo a b; kill -9 $$'],
  ['lock', '-c', ''],
  ['.', 'echo', 'a folder'],
  ['./', 'echo', 'a folder'],
  ['missing/lock', 'true'],
  ['missing/', 'true'],
  ['plain/', 'true'],
  ['', 'true'],
  ['lock', '-c'],
  ['lock', '-c', 'true', 'more'],
  ['-F', '-o', 'lock', 'true'],
  ['-E', '256', 'lock', 'true'],
  ['-E', '-1', 'lock', 'true'],
  ['-w', 'soon', 'lock', 'true'],
  ['--unknown', 'lock', 'true'],
  ['--n', 'lock', 'true'],
  ['-w'],
  [],
  ['250'],
]) {
  test(`arguments ${JSON.stringify(args)} end as with flock(1)`, flockOnly, async (t) => {
    const folder = temporaryFolder(t)
    fs.writeFileSync(path.join(folder, 'plain'), '')
    const [ours, flocks] = await bothWays(t, folder, args)
    // flock(1) takes an empty PATH to the system, which finds no such file.
    const expected = args[0] === '' ? { ...flocks, status: 64 } : flocks
    assert.deepEqual(ours, expected)
  })
}

test('a descriptor of the shell is locked until the shell closes it', flockOnly, async (t) => {
  const folder = temporaryFolder(t)
  for (const wrapper of [locket, flock]) {
    const words = wrapper.map((word) => `'${word}'`).join(' ')
    const script = `( ${words} -n 9 || exit; echo held; read line; ${words} -u 9; echo free; read line ) 9>lock`
    const shell = start(t, 'sh', ['-c', script], { cwd: folder })
    await shell.says(/held/)
    const other = ['-n', '-E', '7', 'lock', 'true']
    assert.deepEqual(
      (await bothWays(t, folder, other)).map(({ status }) => status),
      [7, 7],
    )
    const conflict = await run(t, 'sh', ['-c', `${words} -n -E 8 9 9<lock`], { cwd: folder })
    assert.equal(conflict.status, 8)
    const timeout = await run(t, 'sh', ['-c', `${words} -w 0.05 -E 8 9 9<lock`], { cwd: folder })
    assert.equal(timeout.status, 8)
    shell.stdin.write('\n')
    await shell.says(/free/)
    assert.deepEqual(
      (await bothWays(t, folder, other)).map(({ status }) => status),
      [0, 0],
    )
    shell.stdin.end('\n')
    assert.equal((await shell.ended).status, 0)
  }
})

test('a descriptor that Node opened for itself is none of the shell', flockOnly, async (t) => {
  for (let number = 3; number < 30; number += 1) {
    // Those of the shell that starts this test are closed.
    const script = `exec ${number}>&-; "$@" -n ${number}`
    const { status } = await run(t, 'bash', ['-c', script, 'bash', ...locket])
    assert.equal(status, 65, String(number))
  }
})

test('-F becomes the command, which holds the lock until it ends', flockOnly, async (t) => {
  const folder = temporaryFolder(t)
  const file = path.join(folder, 'lock')
  const started = startLocket(t, ['-F', file, '--', 'sh', '-c', 'echo $$; read line; exit 7'])
  await started.says(/\d+\n/)
  assert.equal(Number(started.out), started.pid)
  assert.equal(lockFile(file).tryAcquire(), null)
  started.stdin.end('\n')
  assert.equal((await started.ended).status, 7)
  lockFile(file).tryAcquire().release()
})

test('-F passes the signals of Node on as they were', flockOnly, async (t) => {
  const folder = temporaryFolder(t)
  const [ours, flocks] = await bothWays(t, folder, [
    '-F',
    'lock',
    'grep',
    '-E',
    '^Sig(Ign|Blk)',
    '/proc/self/status',
  ])
  assert.deepEqual(ours, flocks)
})

test(
  'the command does not inherit the lock, and what it leaves behind does not keep it',
  shellOnly,
  async (t) => {
    const file = path.join(temporaryFolder(t), 'lock')
    const script = 'sleep 60 >/dev/null 2>&1 </dev/null & echo $!'
    const { status, out } = await runLocket(t, [file, '--', 'sh', '-c', script])
    assert.equal(status, 0)
    lockFile(file).tryAcquire().release()
    process.kill(Number(out), 'SIGKILL')
  },
)

test('a lock by --fcntl excludes one of the same bytes and no other', flockOnly, async (t) => {
  const folder = temporaryFolder(t)
  const range = (start, length) => ['--start', start, '--length', length]
  const holder = startLocket(t, [...range('1K', '1KiB'), 'lock', '--', 'sh', '-c', 'echo held; read line'], {
    cwd: folder,
  })
  await holder.says(/held/)
  for (const [options, status] of [
    [['--fcntl'], 1],
    [range('1024', '1'), 1],
    [range('2047', '9'), 1],
    [range('1KB', '1'), 0],
    [range('2048', '0'), 0],
    [['--length', '1024'], 0],
    [['-s', '--fcntl'], 1],
    [[], 0],
  ]) {
    const ended = await runLocket(t, ['-n', ...options, 'lock', '--', 'true'], { cwd: folder })
    assert.deepEqual([ended.status, ended.err], [status, ''], options.join(' '))
  }
  holder.stdin.end('\n')
  await holder.ended
})

test('several paths are locked together, in whatever order they are given', shellOnly, async (t) => {
  const folder = temporaryFolder(t)
  const names = ['a', 'b', 'c']
  const holds = ['sh', '-c', 'echo held; read line']
  const first = startLocket(t, ['c', 'a', 'b', '--', ...holds], { cwd: folder })
  await first.says(/held/)
  for (const name of names) assert.equal(lockFile(path.join(folder, name)).tryAcquire(), null)
  const others = [
    ['b', 'c'],
    ['c', 'b'],
    ['a', 'b', 'c', './a'],
  ].map((paths) => startLocket(t, ['-w', '60', ...paths, '--', 'echo', 'ran'], { cwd: folder }))
  first.stdin.end('\n')
  for (const other of others) assert.deepEqual((await other.ended).out, 'ran\n')
  for (const name of names) lockFile(path.join(folder, name)).tryAcquire().release()
})

test('one lock that is taken refuses all paths', shellOnly, async (t) => {
  const folder = temporaryFolder(t)
  const guard = lockFile(path.join(folder, 'b')).tryAcquire()
  const { status, out } = await runLocket(t, ['-n', 'a', 'b', '--', 'echo', 'ran'], { cwd: folder })
  assert.deepEqual({ status, out }, { status: 1, out: '' })
  guard.release()
  const missing = await runLocket(t, ['a', 'none/b', '--', 'echo', 'ran'], { cwd: folder })
  assert.equal(missing.status, 66)
  assert.equal(
    missing.err,
    `locket: ENOENT: no such file or directory, open '${path.join(folder, 'none/b')}'\n`,
  )
})

test('a program among several paths is refused, and no file is created', shellOnly, async (t) => {
  const folder = temporaryFolder(t)
  for (const second of ['sh', process.execPath]) {
    const { status, err } = await runLocket(t, ['lock', second, 'x', '--', '--flag'], { cwd: folder })
    assert.equal(status, 64)
    assert.match(err, /can be a PATH or the COMMAND/)
  }
  assert.deepEqual(fs.readdirSync(folder), [])
})

test('-q prints nothing while it waits', shellOnly, async (t) => {
  const file = path.join(temporaryFolder(t), 'lock')
  const guard = lockFile(file).tryAcquire()
  const ended = await runLocket(t, ['-q', '-w', '1.5', file, '--', 'true'])
  assert.deepEqual([ended.status, ended.err], [1, ''])
  guard.release()
})
