'use strict'

// Rule 20: who holds the lock. What the system does not tell is absent.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { inspect } = require('node:util')
const { lockFile } = require('..')
const { works } = require('../tools/mounts')
const { runLocket, start } = require('../tools/child')
const { daemons, fuseOnly, mountFuse } = require('../tools/fuse')
const { lockPath, temporaryFolder } = require('../tools/folder')
const { startNode } = require('../tools/peer')
const { linuxOnly, nativeOnly } = require('../tools/platform')
const { startThread } = require('../tools/thread')

async function timeoutOf(lock, timeout = 0.01) {
  try {
    await lock.acquire(timeout)
  } catch (error) {
    return error
  }
  assert.fail('the lock is not taken')
}

const knownCommandsOnly = { skip: linuxOnly.skip || nativeOnly.skip }

test('a timeout names the process that holds the lock and its command', knownCommandsOnly, async (t) => {
  const file = lockPath(t)
  const holder = await startNode(t, { args: ['--title=a title'] })
  await holder.acquire(file)
  const error = await timeoutOf(lockFile(file), 0.05)
  assert.deepEqual(error.holder, { pid: holder.pid, sameProcess: false })
  assert.ok(error.message.startsWith(`timed out after 0.05 s waiting for lock '${file}'`), error.message)
  assert.match(error.message, new RegExp(` \\(held by process ${holder.pid}: a title\\)$`))
  const once = await timeoutOf(lockFile(file), 0)
  assert.ok(
    once.message.startsWith(`lock '${file}' is already held by process ${holder.pid}: `),
    once.message,
  )
  assert.throws(() => lockFile(file).acquireSync(0.01), { holder: { pid: holder.pid, sameProcess: false } })
})

test('holder.command has all arguments, and no log shows it unasked', knownCommandsOnly, async (t) => {
  const file = lockPath(t)
  const holder = await startNode(t, { args: ['--no-warnings'] })
  await holder.acquire(file)
  const error = await timeoutOf(lockFile(file))
  assert.match(error.holder.command, /node\S* --no-warnings \S*peer\.js/)
  for (const shown of [inspect(error), JSON.stringify(error), error.message]) {
    assert.ok(!shown.includes('--no-warnings'), shown)
  }
  let noticed
  const controller = new AbortController()
  const onWait = (known) => {
    noticed = known
    controller.abort()
  }
  await assert.rejects(lockFile(file).acquire({ signal: controller.signal, onWait }), { name: 'AbortError' })
  assert.equal(noticed.command, error.holder.command)
})

test('a timeout names this process if it holds the lock', async (t) => {
  const file = lockPath(t)
  const guard = await lockFile(file).acquire()
  for (const timeout of [0, 0.01]) {
    const error = await timeoutOf(lockFile(file), timeout)
    assert.deepEqual(error.holder, { pid: process.pid, sameProcess: true })
    assert.match(error.message, /held by this process\)?$/)
  }
  guard.release()
})

test('a lock that a worker holds is held by this process', async (t) => {
  const file = lockPath(t)
  const hold = async ({ lockFile, tell, stay }, file) => {
    await lockFile(file).acquire()
    stay()
    tell('holds')
  }
  await startThread(t, hold, file)
  const { holder } = await timeoutOf(lockFile(file))
  assert.deepEqual(holder, { pid: process.pid, sameProcess: true })
})

test('onWait is called once with the holder, despite many hand-overs', async (t) => {
  const file = lockPath(t)
  const lock = lockFile(file)
  const holder = await startNode(t)
  await holder.acquire(file)
  const calls = []
  const acquires = ['a', 'b', 'c'].map((name) => {
    return lock.acquire({ onWait: (process) => calls.push([name, process]) })
  })
  let released
  const onWait = () => {
    released = holder.release(file)
  }
  const told = lock.acquire({ timeout: 60, onWait })
  for (const acquire of [...acquires, told]) {
    const guard = await acquire
    guard.release()
  }
  await released
  const known = process.platform === 'linux' ? { pid: holder.pid, sameProcess: false } : null
  assert.deepEqual(calls, [
    ['a', known],
    ['b', known],
    ['c', known],
  ])
})

test('onWait is called with this process if it holds the lock', async (t) => {
  const lock = lockFile(lockPath(t))
  const guard = await lock.acquire()
  let holder
  const waits = lock.acquire({
    onWait(process) {
      holder = process
      guard.release()
    },
  })
  const next = await waits
  assert.deepEqual(holder, { pid: process.pid, sameProcess: true })
  next.release()
})

test('acquire() rejects with the rejection of an async onWait', async (t) => {
  const file = lockPath(t)
  const refused = new Error('of onWait')
  const onWait = async () => {
    throw refused
  }
  const lock = lockFile(file)
  const guard = await lock.acquire()
  await assert.rejects(lock.acquire({ onWait }), refused)
  guard.release()
  assert.equal(lock.locked, false)
  const holder = await startNode(t)
  await holder.acquire(file)
  await assert.rejects(lock.acquire({ onWait }), refused)
  await holder.release(file)
  assert.equal(await holder.tryAcquire(file), true)
})

test('a rejection of an async onWait after the grant is ignored', async (t) => {
  const lock = lockFile(lockPath(t))
  const first = await lock.acquire()
  let refuse
  const returned = new Promise((_resolve, reject) => {
    refuse = reject
  })
  const waiting = lock.acquire({ onWait: () => returned })
  first.release()
  const guard = await waiting
  refuse(new Error('too late'))
  await assert.rejects(returned)
  assert.equal(guard.released, false)
  guard.release()
})

test('onWait is not called without a wait', async (t) => {
  const lock = lockFile(lockPath(t))
  const guard = await lock.acquire({ onWait: assert.fail })
  await assert.rejects(lock.acquire({ timeout: 0, onWait: assert.fail }), { code: 'ERR_LOCK_TIMEOUT' })
  guard.release()
})

test('a process that took the lock and left it to its children is not named', linuxOnly, async (t) => {
  const file = lockPath(t)
  // The kernel goes on naming flock(1), which has ended by then.
  const script = 'exec 9>"$0"; flock 9; echo locked; exec sleep 600'
  const shell = start(t, 'sh', ['-c', script, file])
  await shell.says(/locked/)
  const error = await timeoutOf(lockFile(file))
  assert.equal('holder' in error, false)
  assert.equal(error.message, `timed out after 0.01 s waiting for lock '${file}'`)
  const { status, out } = await runLocket(t, ['--who', file])
  assert.deepEqual({ status, out }, { status: 0, out: 'unknown\n' })
})

test('a holder outside of the pid namespace is absent', { skip: whyNoNamespace() }, async (t) => {
  const file = lockPath(t)
  const guard = await lockFile(file).acquire()
  const inside = await startNode(t, {
    prefix: ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'],
  })
  const look = async ({ lockFile }, file) => {
    const lock = lockFile(file)
    const controller = new AbortController()
    const seen = []
    const onWait = (holder) => {
      seen.push(holder)
      controller.abort()
    }
    await lock.acquire({ signal: controller.signal, onWait }).catch(() => {})
    const error = await lock.acquire(0.01).catch((error) => error)
    return { seen, code: error.code, names: 'holder' in error, message: error.message }
  }
  assert.deepEqual(await inside.run(look, file), {
    seen: [null],
    code: 'ERR_LOCK_TIMEOUT',
    names: false,
    message: `timed out after 0.01 s waiting for lock '${file}'`,
  })
  guard.release()
})

test('two files whose paths look alike without .. have their own holders', linuxOnly, async (t) => {
  const folder = temporaryFolder(t)
  fs.mkdirSync(path.join(folder, 'other', 'sub'), { recursive: true })
  fs.symlinkSync('other/sub', path.join(folder, 'link'))
  const spellings = [`${folder}/a.lock`, `${folder}/link/../a.lock`]
  const holders = await Promise.all([startNode(t), startNode(t)])
  await holders[0].acquire(spellings[0])
  await holders[1].acquire(path.join(folder, 'other', 'a.lock'))
  const pids = holders.map(({ pid }) => pid)
  const told = []
  const errors = spellings.map((file, at) => {
    const onWait = (holder) => {
      told[at] = holder.pid
    }
    return lockFile(file)
      .acquire({ timeout: 0.05, onWait })
      .catch(({ holder }) => holder.pid)
  })
  assert.deepEqual(await Promise.all(errors), pids)
  assert.deepEqual(told, pids)
})

test('acquires that time out together share the searches for their holders', linuxOnly, async (t) => {
  const folder = temporaryFolder(t)
  const holder = await startNode(t)
  const files = Array.from({ length: 200 }, (_, number) => path.join(folder, `${number}.lock`))
  for (const file of files) await holder.acquire(file)
  const waiter = await startNode(t, {
    args: ['--require', path.join(__dirname, 'fixtures', 'count-searches.js')],
  })
  const outcome = await waiter.run(
    async ({ lockFile }, files, seconds) => {
      const acquires = files.map((file) => lockFile(file).acquire(seconds))
      const errors = await Promise.all(acquires.map((acquire) => acquire.catch((error) => error)))
      return { holders: [...new Set(errors.map(({ holder }) => holder?.pid))], searches: globalThis.searches }
    },
    files,
    0.1,
  )
  assert.deepEqual(outcome.holders, [holder.pid])
  assert.ok(outcome.searches < files.length / 10, `${outcome.searches} searches`)
})

test('a holder with a file open on a mount that does not answer is named, in time', fuseOnly, async (t) => {
  const folder = await mountFuse(t, 'local')
  const { pid } = daemons.get(folder)
  const file = lockPath(t)
  const holder = await startNode(t)
  await holder.run(
    ({ require }, file) => {
      require('node:fs').openSync(file, 'w+')
    },
    path.join(folder, 'open'),
  )
  await holder.acquire(file)
  const waiter = await startNode(t)
  const expected = { code: 'ERR_LOCK_TIMEOUT', holder: { pid: holder.pid, sameProcess: false } }
  process.kill(pid, 'SIGSTOP')
  try {
    const outcomes = await waiter.run(async ({ lockFile }, file) => {
      const lock = lockFile(file)
      const outcome = ({ code, holder }) => ({ code, holder })
      const outcomes = [await lock.acquire(0.05).catch(outcome), await lock.acquire(0).catch(outcome)]
      try {
        lock.acquireSync(0.05)
      } catch (error) {
        outcomes.push(outcome(error))
      }
      return outcomes
    }, file)
    assert.deepEqual(outcomes, [expected, expected, expected])
  } finally {
    process.kill(pid, 'SIGCONT')
  }
})

test('in a pid namespace with the /proc of another, a holder has its own number', {
  skip: whyNoNamespace(),
}, async (t) => {
  const file = lockPath(t)
  // A shell is process 1 there, and starts two that differ in number from what /proc shows.
  const inside = ['unshare', '--pid', '--fork', '--kill-child', 'sh', '-c', '"$@"; exit', 'sh']
  const waiter = await startNode(t, { prefix: inside })
  const [holder, told] = await waiter.run(async ({ lockFile, require }, file) => {
    const { once } = require('node:events')
    const { spawn } = require('node:child_process')
    const script = `require(${JSON.stringify(require.resolve('./index.js'))}).lockFile(process.argv[1]).acquireSync()
      console.log(process.pid)
      process.stdin.resume()`
    const holder = spawn(process.execPath, ['-e', script, file], { stdio: ['pipe', 'pipe', 'inherit'] })
    const [pid] = await once(holder.stdout, 'data')
    const error = await lockFile(file)
      .acquire(0.05)
      .catch((error) => error)
    holder.stdin.end()
    await once(holder, 'exit')
    return [Number(pid), error.holder]
  }, file)
  assert.deepEqual(told, { pid: holder, sameProcess: false })
})

test('in a pid namespace with the /proc of another, a holder outside is absent', {
  skip: whyNoNamespace(),
}, async (t) => {
  const file = lockPath(t)
  const guard = await lockFile(file).acquire()
  const inside = await startNode(t, { prefix: ['unshare', '--pid', '--fork', '--kill-child'] })
  const names = await inside.run(async ({ lockFile }, file) => {
    return (
      'holder' in
      (await lockFile(file)
        .acquire(0.05)
        .catch((error) => error))
    )
  }, file)
  assert.equal(names, false)
  guard.release()
})

test('a holder on an overlay of two file systems is named', { skip: whyNoOverlay() }, async (t) => {
  const folder = temporaryFolder(t)
  const script = `
    mount -t tmpfs none "$1" && mkdir "$1/lower" "$1/over" "$1/top" && mount -t tmpfs none "$1/top" &&
    mkdir "$1/top/upper" "$1/top/work" && touch "$1/lower/below.lock" &&
    mount -t overlay -o "lowerdir=$1/lower,upperdir=$1/top/upper,workdir=$1/top/work" none "$1/over" &&
    shift && exec "$@"`
  const prefix = ['unshare', '--mount', '--propagation', 'private', 'sh', '-ec', script, 'sh', folder]
  const inside = await startNode(t, { prefix })
  const fixture = require.resolve('../tools/programs/peer.js')
  const told = await inside.run(
    async ({ lockFile, require }, files, fixture) => {
      const { once } = require('node:events')
      const { spawn } = require('node:child_process')
      const peer = spawn(process.execPath, [fixture], { stdio: ['pipe', 'pipe', 'inherit'] })
      const answers = require('node:readline').createInterface({ input: peer.stdout })
      const told = []
      for (const file of files) {
        peer.stdin.write(`${JSON.stringify({ id: 1, command: 'acquire', args: [file] })}\n`)
        await once(answers, 'line')
        const error = await lockFile(file)
          .acquire(0.05)
          .catch((error) => error)
        told.push(error.holder?.pid === peer.pid)
      }
      peer.stdin.end()
      await once(peer, 'exit')
      return told
    },
    ['new.lock', 'below.lock'].map((name) => path.join(folder, 'over', name)),
    fixture,
  )
  assert.deepEqual(told, [true, true])
})

function whyNoNamespace() {
  if (process.platform !== 'linux') return 'namespaces are of Linux'
  return !works('unshare', '--pid', '--fork', '--mount-proc', 'true') && 'no pid namespace can be made here'
}

function whyNoOverlay() {
  if (process.platform !== 'linux') return 'overlays are of Linux'
  return !works('unshare', '--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt') && 'nothing can be mounted here'
}
