'use strict'

// What a command finds under locket: the same as under flock(1), whatever starts them.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { lockFile } = require('..')
const { run, start, startLocket } = require('../tools/child')
const { temporaryFolder } = require('../tools/folder')
const { nativeOnly, rootOnly } = require('../tools/platform')
const { until } = require('../tools/until')
const { flock, locket, needs } = require('../tools/wrapper')

const shellsOnly = needs('flock', 'python3', 'bash')

/** Prints what a process is started with, but for what the run itself makes different. */
const REPORT = String.raw`
grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status
cat /proc/self/limits
ls -l /proc/self/fd | sed -e '1d; s/^.* \([0-9]* ->\)/\1/; s/[[][0-9]*]/[]/; s,/proc/[0-9]*,/proc/N,'
grep -hs flags /proc/self/fdinfo/*
env | grep -av '^_=' | sort | od -c
printf '%s|' "$@" | od -c
pwd; umask; nice; tty
exit 0
`

const SHOW = ['sh', 'report.sh', 'an argument']

/** Runs a script of a shell with each wrapper as "$@". */
async function bothWays(t, shell, script, options = {}) {
  const folder = temporaryFolder(t)
  fs.writeFileSync(path.join(folder, 'report.sh'), REPORT)
  const results = []
  for (const wrapper of [locket, [...flock, '-o']]) {
    const command = [shell, '-c', script, shell, ...wrapper, 'lock', ...SHOW]
    // By way of setsid, in which nothing is left of how the tests were started.
    const { status, out, err } = await run(t, 'setsid', ['--wait', ...command], { cwd: folder, ...options })
    results.push({ status, out, err })
  }
  return results
}

for (const [what, shell, script] of [
  ['a plain shell', 'sh', '"$@"; exit $?'],
  ['a bash', 'bash', '"$@"; exit $?'],
  ['nohup', 'bash', 'nohup "$@" </dev/null 2>/dev/null; exit $?'],
  ['nohup of env', 'bash', 'nohup env A=b "$@" </dev/null 2>/dev/null; exit $?'],
  ['a script under nohup', 'bash', `nohup sh -c '"$@"; exit $?' sh "$@" </dev/null 2>/dev/null; exit $?`],
  ['a shell that ignores signals', 'sh', 'trap "" HUP INT QUIT USR1 PIPE; "$@"; exit $?'],
  ['a bash that ignores signals', 'bash', 'trap "" HUP INT TERM; "$@"; exit $?'],
  ['setsid', 'sh', 'setsid --wait "$@"; exit $?'],
  ['more descriptors', 'bash', '"$@" 3>out 7</etc/passwd 15<out 16>>out 40<out; exit $?'],
  ['a descriptor that is written and read', 'bash', '"$@" 5<>out; exit $?'],
  ['the ends of pipes', 'bash', 'exec 5< <(true) 6> >(true); "$@" | cat; exit $?'],
  ['a lower limit of open files', 'bash', 'ulimit -Sn 256; "$@"; exit $?'],
  ['a umask and a nice value', 'sh', 'umask 027; nice -n 3 "$@"; exit $?'],
  ['bytes that are no text', 'bash', `export V=$'caf\\xe9'; "$@" $'\\xff' ''; exit $?`],
  ['an empty environment', 'bash', 'env -i PATH="$PATH" "$@"; exit $?'],
]) {
  test(`the command under ${what} finds what it finds under flock(1)`, shellsOnly, async (t) => {
    const [ours, flocks] = await bothWays(t, shell, script)
    assert.equal(ours.out, flocks.out)
    assert.deepEqual({ status: ours.status, err: ours.err }, { status: 0, err: '' })
  })
}

test('the command runs where standard input, output and error are closed', shellsOnly, async (t) => {
  for (const closed of ['0<&-', '1>&-', '2>&-', '0<&- 1>&- 2>&-']) {
    const folder = temporaryFolder(t)
    const script = `"$@" ${closed}; echo $? >status`
    await run(t, 'sh', ['-c', script, 'sh', ...locket, '-v', 'lock', 'sh', '-c', 'touch ran; exit 7'], {
      cwd: folder,
    })
    assert.equal(fs.readFileSync(path.join(folder, 'status'), 'utf8'), '7\n', closed)
    assert.ok(fs.existsSync(path.join(folder, 'ran')))
  }
})

test('a message that cannot be written changes nothing', shellsOnly, async (t) => {
  const folder = temporaryFolder(t)
  for (const to of ['/dev/full', '>(exec true)']) {
    const script = `"$@" 2> ${to}; exit $?`
    const { status } = await run(
      t,
      'bash',
      ['-c', script, 'bash', ...locket, '-v', 'lock', 'sh', '-c', 'exit 7'],
      { cwd: folder },
    )
    assert.equal(status, 7, to)
  }
})

test('the answer of --who that cannot be written is an error', shellsOnly, async (t) => {
  const folder = temporaryFolder(t)
  const guard = lockFile(path.join(folder, 'lock')).tryAcquire()
  const { status, err } = await run(t, 'sh', ['-c', '"$@" >/dev/full', 'sh', ...locket, '--who', 'lock'], {
    cwd: folder,
  })
  assert.equal(status, 74)
  assert.match(err, /^locket: ENOSPC: [^\n]+\n$/)
  guard.release()
})

test('a make under locket has the jobserver of the make above', needs('make'), async (t) => {
  const folder = temporaryFolder(t)
  const wrapper = locket.map((word) => `'${word}'`).join(' ')
  fs.writeFileSync(
    path.join(folder, 'Makefile'),
    `all: ; +@${wrapper} lock -- $(MAKE) -s sub\nsub: a b\na b: ; @echo $@\n`,
  )
  const { status, out, err } = await run(t, 'make', ['-s', '-j2'], { cwd: folder })
  assert.deepEqual({ status, err }, { status: 0, err: '' })
  assert.deepEqual(out.trim().split('\n').toSorted(), ['a', 'b'])
})

test('a socket of LISTEN_FDS reaches the command', shellsOnly, async (t) => {
  const starter = `
import os, socket, sys
server = socket.create_server(("127.0.0.1", 0))
os.dup2(server.fileno(), 3)
os.set_inheritable(3, True)
client = socket.create_connection(server.getsockname())
os.environ["LISTEN_FDS"] = "1"
command = """
import os, socket
accepted, _ = socket.socket(fileno=3).accept()
accepted.sendall(os.environb[b"LISTEN_FDS"])
"""
if os.fork() == 0:
    os.execvp(sys.argv[1], [*sys.argv[1:], "lock", sys.executable, "-c", command])
os.close(3)
server.close() if server.fileno() != 3 else server.detach()
print(client.recv(9), os.waitstatus_to_exitcode(os.wait()[1]))
`
  const { out, err } = await run(t, 'python3', ['-c', starter, ...locket], { cwd: temporaryFolder(t) })
  assert.deepEqual({ out, err }, { out: "b'1' 0\n", err: '' })
})

/** Runs the command under timeout(1), with more time where the machine is too slow for it to start. */
async function runOutOfTime(t, options, folder, seconds = 0.5) {
  const args = [...options, String(seconds), ...locket, 'lock', 'sh', '-c', 'echo $$; exec sleep 600']
  const { status, out } = await run(t, 'timeout', args, { cwd: folder })
  return out === '' ? runOutOfTime(t, options, folder, seconds * 4) : { status, command: Number(out) }
}

test('timeout(1) ends the command and locket', needs('timeout'), async (t) => {
  for (const options of [[], ['--foreground']]) {
    const folder = temporaryFolder(t)
    const { status, command } = await runOutOfTime(t, options, folder)
    assert.equal(status, 124)
    assert.throws(() => process.kill(command, 0), { code: 'ESRCH' })
    lockFile(path.join(folder, 'lock')).tryAcquire().release()
  }
})

const otherUserOnly = rootOnly.skip ? rootOnly : needs('setpriv')

test('a command that has become another user runs on under the lock', otherUserOnly, async (t) => {
  const folder = temporaryFolder(t)
  fs.chmodSync(folder, 0o777)
  const file = path.join(folder, 'lock')
  const setpriv = path.join(folder, 'setpriv')
  const { out: found } = await run(t, 'sh', ['-c', 'command -v setpriv'])
  fs.copyFileSync(found.trim(), setpriv)
  fs.chmodSync(setpriv, 0o4755)
  // Loaded as root, wherever the package lies; then a user whose signals the command does not take.
  const source = `
    process.argv.splice(1, 1, 'locket')
    const { cliBegin, cliLock, cliRun, cliWait } = require(${JSON.stringify(require.resolve('../lib/native/binding.js'))})
    process.setgroups([]); process.setgid(65534); process.setuid(65534)
    cliBegin(process.argv.slice(2))
    cliLock([0], undefined, 0, 0)
    cliWait(0)
    cliRun(1, undefined, false)`
  const command = [setpriv, '--reuid', '0', '--clear-groups', 'sh', '-c', 'echo runs; read line; exit 7']
  const started = start(t, process.execPath, ['-e', source, 'x', file, ...command], { cwd: folder })
  await started.says(/runs/)
  const asOther = ['--reuid', '65534', '--clear-groups', 'kill', '-TERM', String(started.pid)]
  assert.equal((await run(t, 'setpriv', asOther)).status, 0)
  await until(() => /^ShdPnd:\s*0+$/m.test(fs.readFileSync(`/proc/${started.pid}/status`, 'utf8')))
  assert.equal(lockFile(file).tryAcquire(), null)
  started.stdin.end('\n')
  assert.equal((await started.ended).status, 7)
})

const namespaceOnly = rootOnly.skip ? rootOnly : needs('unshare')

test('a waiting process 1 ends at SIGTERM', namespaceOnly, async (t) => {
  const folder = temporaryFolder(t)
  const guard = lockFile(path.join(folder, 'lock')).tryAcquire()
  const args = ['--pid', '--fork', '--kill-child', ...locket, 'lock', '--', 'true']
  const unshare = start(t, 'unshare', args, { cwd: folder })
  await unshare.says(/waiting/, 'err')
  const children = fs.readFileSync(`/proc/${unshare.pid}/task/${unshare.pid}/children`, 'utf8')
  process.kill(Number(children), 'SIGTERM')
  assert.equal((await unshare.ended).status, 128 + 15)
  guard.release()
})

const nativeShellsOnly = { skip: shellsOnly.skip || nativeOnly.skip }

test('an absolute path needs no working directory', nativeShellsOnly, async (t) => {
  const folder = temporaryFolder(t)
  const gone = path.join(folder, 'gone')
  fs.mkdirSync(gone)
  const script = 'cd gone && rmdir ../gone && exec "$@"'
  const lock = path.join(folder, 'lock')
  const { status, out, err } = await run(
    t,
    'sh',
    ['-c', script, 'sh', ...locket, lock, '--', 'echo', 'runs'],
    { cwd: folder },
  )
  assert.deepEqual({ status, out, err }, { status: 0, out: 'runs\n', err: '' })
})

test('a lock file whose name is no text is that file', shellsOnly, async (t) => {
  const folder = temporaryFolder(t)
  const script = `"$@" $'\\xe9.lock' -- flock -n -E 9 $'\\xe9.lock' true`
  const { status } = await run(t, 'bash', ['-c', script, 'bash', ...locket], { cwd: folder })
  assert.equal(status, 9)
  assert.deepEqual(fs.readdirSync(folder, 'buffer'), [Buffer.from('\xe9.lock', 'latin1')])
})

test(
  'a command that is killed while locket is stopped ends locket once it goes on',
  shellsOnly,
  async (t) => {
    const file = path.join(temporaryFolder(t), 'lock')
    const started = startLocket(t, [file, '--', 'sh', '-c', 'echo $$; exec sleep 60'])
    await started.says(/\d+\n/)
    started.signal('SIGSTOP')
    process.kill(Number(started.out), 'SIGKILL')
    assert.equal(lockFile(file).tryAcquire(), null)
    started.signal('SIGCONT')
    assert.equal((await started.ended).status, 128 + 9)
  },
)
