'use strict'

// updateFile() and its kin: many processes change one file, those who read it need no lock, and
// what fails leaves it as it was.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { lockFile, updateFile, updateFileSync, updateJson, updateJsonSync } = require('..')
const { temporaryFolder } = require('../tools/folder')
const { startNode } = require('../tools/peer')
const { linuxOnly, notOnWindows, rootOnly, symlinksOnly } = require('../tools/platform')
const { resources, untilResourcesAre } = require('../tools/resources')
const { until } = require('../tools/until')
const { startOtherUser } = require('../tools/user')
const { works } = require('../tools/mounts')

const posixOnly = notOnWindows('Windows has no modes and owners')

/** A file of a new folder, with that content if it is given. */
function dataFile(t, content, name = 'data.json') {
  const file = path.join(temporaryFolder(t), name)
  if (content !== undefined) fs.writeFileSync(file, content)
  return file
}

const read = (file) => fs.readFileSync(file, 'utf8')
const modeOf = (file) => fs.statSync(file).mode & 0o7777
/** What is in the folder of the file, but for its lock. */
const beside = (file) => fs.readdirSync(path.dirname(file)).filter((name) => !name.endsWith('.lock'))

/** Both ways to update a file: a thread that waits, and a promise. */
const WAYS = [
  ['updateFile', updateFile],
  ['updateFileSync', async (...args) => updateFileSync(...args)],
]

for (const [name, update] of WAYS) {
  test(`${name}() gives fn what is there now and replaces it`, async (t) => {
    const file = dataFile(t)
    const seen = []
    assert.equal(
      await update(file, (now) => {
        seen.push(now)
        return 'one'
      }),
      undefined,
    )
    for (const made of [Buffer.from('two'), undefined]) {
      await update(file, (now) => {
        seen.push(String(now))
        return made
      })
    }
    assert.deepEqual(seen, [null, 'one', 'two'])
    assert.equal(read(file), 'two')
    assert.deepEqual(beside(file), ['data.json'])
  })

  test(`${name}() whose fn throws leaves the file as it was`, async (t) => {
    const file = dataFile(t, 'old')
    const error = new Error('from fn')
    const thrower = () => {
      throw error
    }
    for (const options of [{}, { inPlace: true }]) {
      await assert.rejects(update(file, thrower, options), (thrown) => thrown === error)
      assert.equal(read(file), 'old')
      assert.deepEqual(beside(file), ['data.json'])
      assert.equal(lockFile(`${file}.lock`).locked, false)
    }
  })

  test(`${name}() keeps the mode of an existing file, and gives a new one its own`, posixOnly, async (t) => {
    const file = dataFile(t, 'old')
    for (const mode of [0o640, 0o400, 0o755, 0o600]) {
      fs.chmodSync(file, mode)
      await update(file, () => 'new', { mode: 0o666 })
      assert.equal(modeOf(file).toString(8), mode.toString(8))
    }
    fs.unlinkSync(file)
    const umask = process.umask(0o022)
    try {
      await update(file, () => 'new')
      assert.equal(modeOf(file).toString(8), '644')
      fs.unlinkSync(file)
      await update(file, () => 'new', { mode: 0o600 })
      assert.equal(modeOf(file).toString(8), '600')
    } finally {
      process.umask(umask)
    }
  })

  test(
    `${name}() through symbolic links replaces the target and leaves the links`,
    symlinksOnly,
    async (t) => {
      const file = dataFile(t, 'old')
      const folder = path.dirname(file)
      const link = path.join(folder, 'link')
      fs.mkdirSync(path.join(folder, 'sub'))
      fs.symlinkSync(path.join('sub', '..', 'data.json'), path.join(folder, 'inner'))
      fs.symlinkSync('inner', link)
      await update(link, (now) => `${now}, new`)
      assert.ok(fs.lstatSync(link).isSymbolicLink())
      assert.ok(fs.lstatSync(path.join(folder, 'inner')).isSymbolicLink())
      assert.equal(read(file), 'old, new')
      assert.ok(fs.existsSync(`${file}.lock`))
      assert.ok(!fs.existsSync(`${link}.lock`))
    },
  )

  test(`${name}() through a link whose target is missing creates the target`, symlinksOnly, async (t) => {
    const file = dataFile(t)
    const link = path.join(path.dirname(file), 'link')
    fs.symlinkSync('data.json', link)
    await update(link, (now) => String(now))
    assert.ok(fs.lstatSync(link).isSymbolicLink())
    assert.equal(read(file), 'null')
  })

  test(`${name}() follows no link that is planted as its temporary file`, symlinksOnly, async (t) => {
    const file = dataFile(t, 'old')
    const victim = path.join(path.dirname(file), 'victim')
    const temporary = `${file}.locket.tmp`
    const plants = [() => fs.symlinkSync(victim, temporary), () => fs.linkSync(victim, temporary)]
    for (const plant of plants) {
      fs.writeFileSync(victim, 'precious')
      plant()
      await update(file, () => 'new')
      assert.equal(read(file), 'new')
      assert.equal(read(victim), 'precious')
      assert.ok(!fs.lstatSync(file).isSymbolicLink())
      assert.ok(!fs.existsSync(temporary))
    }
  })

  test(`${name}() creates the folder where mkdir is true, and fails without`, async (t) => {
    const file = path.join(temporaryFolder(t), 'a', 'b', 'data.json')
    await assert.rejects(
      update(file, () => 'new'),
      { code: 'ENOENT' },
    )
    await update(file, () => 'new', { mkdir: true, mode: 0o600 })
    assert.equal(read(file), 'new')
  })

  test(`${name}() refuses a file with two names, and rewrites it with inPlace`, async (t) => {
    const file = dataFile(t, 'old')
    fs.linkSync(file, `${file}.second`)
    await assert.rejects(
      update(file, () => assert.fail('too late')),
      {
        code: 'EMLINK',
        path: file,
        message: /inPlace: true/,
      },
    )
    await update(file, (now) => `${now}er`, { inPlace: true })
    assert.equal(read(`${file}.second`), 'older')
  })

  test(`${name}() with inPlace rewrites longer, shorter and missing files`, async (t) => {
    const file = dataFile(t)
    const seen = []
    for (const made of ['one', 'longer than one', '', 'two', undefined]) {
      const fn = (now) => {
        seen.push(now && String(now))
        return made
      }
      await update(file, fn, { inPlace: true, mode: 0o600 })
    }
    assert.deepEqual(seen, [null, 'one', 'longer than one', null, 'two'])
    assert.equal(read(file), 'two')
    if (process.platform !== 'win32') {
      assert.equal(modeOf(file).toString(8), '600')
      assert.deepEqual(fs.readdirSync(path.dirname(file)), ['data.json'])
    }
  })

  test(`${name}() of what is no regular file is an error of the system`, posixOnly, async (t) => {
    const file = dataFile(t)
    fs.mkdirSync(file)
    await assert.rejects(
      update(file, () => 'new'),
      { code: 'EISDIR' },
    )
    await assert.rejects(
      update('/dev/null', () => 'new', { lock: `${file}.lock` }),
      { code: 'EINVAL' },
    )
    await assert.rejects(
      update(`${file}.none/`, () => 'new'),
      { code: /ENOENT|ENOTDIR/ },
    )
  })

  test(`${name}() with wrong arguments opens nothing`, async (t) => {
    const file = dataFile(t)
    const type = { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' }
    for (const options of [
      { mkdir: 1 },
      { fsync: null },
      { inPlace: 'yes' },
      { repair: 'no' },
      { space: true },
      { mode: '600' },
      { lock: 5 },
      null,
      30,
    ]) {
      await assert.rejects(async () => update(file, () => 'new', options), type)
    }
    for (const mode of [-1, 0.5, 0o1000]) {
      await assert.rejects(async () => update(file, () => 'new', { mode }), { code: 'ERR_OUT_OF_RANGE' })
    }
    await assert.rejects(async () => update(file, 'fn'), type)
    await assert.rejects(async () => update(5, () => 'new'), type)
    assert.deepEqual(fs.readdirSync(path.dirname(file)), [])
  })

  test(`${name}() whose fn returns what is no content writes nothing`, async (t) => {
    const file = dataFile(t, 'old')
    for (const made of [null, 5, {}, [], true]) {
      await assert.rejects(
        update(file, () => made),
        { name: 'TypeError', code: 'ERR_INVALID_RETURN_VALUE' },
      )
    }
    assert.equal(read(file), 'old')
  })

  test(`${name}() that another caller's release() has ended writes nothing`, async (t) => {
    const file = dataFile(t, 'old')
    const release = () => {
      lockFile(`${file}.lock`).release()
      return 'new'
    }
    await assert.rejects(update(file, release), { code: 'ERR_LOCK_LOST', path: `${file}.lock` })
    assert.equal(read(file), 'old')
  })
}

test('a synchronous update whose fn returns a promise writes nothing', (t) => {
  const file = dataFile(t, '{}')
  const wrong = { name: 'TypeError', code: 'ERR_INVALID_RETURN_VALUE' }
  assert.throws(() => updateFileSync(file, async () => 'new'), wrong)
  assert.throws(() => updateJsonSync(file, async () => 5), wrong)
  assert.throws(() => updateFileSync(file, () => '', { signal: new AbortController().signal }), {
    code: 'ERR_INVALID_ARG_TYPE',
  })
  assert.equal(read(file), '{}')
})

test('updates of eight processes that read, add one and write lose none, and their readers see no part', async (t) => {
  const file = dataFile(t, '{"count":0,"padding":""}\n')
  const PROCESSES = 8
  // Under wine each takes some 30 ms.
  const EACH = process.platform === 'win32' ? 40 : 500
  const PARTS = 10
  const peers = await Promise.all(Array.from({ length: PROCESSES }, () => startNode(t)))
  const work = ({ require }, file, times) => {
    const { updateJson } = require('.')
    const add = ({ count }) => ({ count: count + 1, padding: 'x'.repeat((count * 997) % 20_000) })
    return (async () => {
      for (let i = 0; i < times; i += 1) await updateJson(file, add, { fsync: false })
    })()
  }
  let isDone = false
  let reads = 0
  // In parts: an answer that takes minutes, as it would on a busy machine, counts as missing.
  const updateAll = async (peer) => {
    for (let part = 0; part < PARTS; part += 1) await peer.run(work, file, EACH / PARTS)
  }
  const running = Promise.all(peers.map(updateAll)).finally(() => {
    isDone = true
  })
  while (!isDone) {
    const { count, padding } = JSON.parse(await fs.promises.readFile(file, 'utf8'))
    if (count > 0) assert.equal(padding.length, ((count - 1) * 997) % 20_000)
    reads += 1
  }
  await running
  assert.equal(JSON.parse(read(file)).count, PROCESSES * EACH)
  assert.deepEqual(beside(file), ['data.json'])
  t.diagnostic(`${reads} reads meanwhile`)
})

test('updates in place of several processes, some of which wait synchronously, lose none', async (t) => {
  const file = dataFile(t, '0')
  const peers = await Promise.all(Array.from({ length: 4 }, () => startNode(t)))
  const work = ({ require }, file, isSync) => {
    const { updateFile, updateFileSync } = require('.')
    const update = isSync ? updateFileSync : updateFile
    return (async () => {
      for (let i = 0; i < 100; i += 1) {
        await update(file, (now) => String(Number(now) + 1), { inPlace: true, fsync: false })
      }
    })()
  }
  await Promise.all(peers.map((peer, i) => peer.run(work, file, i % 2 === 0)))
  assert.equal(read(file), '400')
})

for (const [name, update] of WAYS) {
  test(`${name}() in place whose lock is the file itself locks it once`, async (t) => {
    const file = dataFile(t, 'old')
    for (const lock of [file, path.relative(process.cwd(), file)]) {
      await update(file, (now) => `${now}er`, { inPlace: true, lock, timeout: 60 })
    }
    assert.equal(read(file), 'olderer')
  })
}

test('an update in place is excluded by a lock of the file itself', posixOnly, async (t) => {
  const file = dataFile(t, 'old')
  const peer = await startNode(t)
  await peer.acquire(file)
  const options = { inPlace: true, timeout: 0.05 }
  await assert.rejects(
    updateFile(file, () => 'new', options),
    { code: 'ERR_LOCK_TIMEOUT', path: file },
  )
  const update = updateFile(file, () => 'new', { inPlace: true, lock: `${file}.other` })
  await peer.release(file)
  await update
  assert.equal(read(file), 'new')
  assert.ok(fs.existsSync(`${file}.other`))
})

test('many that refresh a token at once refresh it one time', async (t) => {
  const file = dataFile(t)
  let refreshes = 0
  const refresh = () =>
    updateJson(file, async (now) => {
      if (now !== undefined) return undefined
      refreshes += 1
      await new Promise(setImmediate)
      return { token: 'fresh' }
    })
  const tokens = await Promise.all(Array.from({ length: 10 }, refresh))
  assert.equal(refreshes, 1)
  for (const token of tokens) assert.deepEqual(token, { token: 'fresh' })
})

test('updates lock LINK, TARGET and the relative path as one file', symlinksOnly, async (t) => {
  const file = dataFile(t, '0')
  const link = path.join(path.dirname(file), 'link')
  fs.symlinkSync(file, link)
  const names = [file, link, path.relative(process.cwd(), file), new URL(`file://${file}`), Buffer.from(link)]
  const add = async (now) => {
    await new Promise(setImmediate)
    return String(Number(now) + 1)
  }
  await Promise.all(names.flatMap((name) => [updateFile(name, add), updateFile(name, add)]))
  assert.equal(read(file), '10')
})

test(
  'a path whose link is pointed elsewhere during the wait is the file it names then',
  symlinksOnly,
  async (t) => {
    const first = dataFile(t, 'first')
    const second = dataFile(t, 'second')
    const link = path.join(path.dirname(first), 'link')
    fs.symlinkSync(first, link)
    const guard = await lockFile(`${first}.lock`).acquire()
    let isWaiting = false
    const onWait = () => {
      isWaiting = true
    }
    const update = updateFile(link, (now) => `${now} updated`, { onWait })
    await until(() => isWaiting, 'the update to wait')
    fs.unlinkSync(link)
    fs.symlinkSync(second, link)
    guard.release()
    await update
    assert.equal(read(first), 'first')
    assert.equal(read(second), 'second updated')
  },
)

test('a name that is not UTF-8 is that file', linuxOnly, async (t) => {
  const folder = temporaryFolder(t)
  const file = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xff, 0xfe]), Buffer.from('.json')])
  const link = path.join(folder, 'link')
  await updateFile(file, () => 'bytes')
  fs.symlinkSync(file, link)
  await updateFile(link, (now) => `${now}!`)
  assert.equal(fs.readFileSync(file, 'utf8'), 'bytes!')
  assert.equal(fs.readdirSync(folder).length, 3)
})

test('an update rejects with ERR_LOCK_TIMEOUT while its lock is held', async (t) => {
  const file = dataFile(t, 'old')
  const guard = await lockFile(`${file}.lock`).acquire()
  const refused = { code: 'ERR_LOCK_TIMEOUT', path: `${file}.lock` }
  await assert.rejects(updateFile(file, assert.fail, { timeout: 0 }), refused)
  const message = /\b0\.02 s\b/
  await assert.rejects(updateFile(file, assert.fail, { timeout: 0.02 }), { ...refused, message })
  assert.throws(() => updateFileSync(file, assert.fail, { timeout: 0 }), refused)
  assert.throws(() => updateFileSync(file, assert.fail), { code: 'ERR_LOCK_DEADLOCK' })
  guard.release()
})

test('an abort before, during the wait and while fn runs writes nothing', async (t) => {
  const file = dataFile(t, 'old')
  const reason = new Error('the reason')
  const isReason = (error) => error === reason
  const aborted = AbortSignal.abort(reason)
  await assert.rejects(updateFile(file, assert.fail, { signal: aborted }), isReason)
  assert.ok(!fs.existsSync(`${file}.lock`))

  const guard = await lockFile(`${file}.lock`).acquire()
  const waiting = new AbortController()
  const options = { signal: waiting.signal, onWait: () => waiting.abort(reason) }
  await assert.rejects(updateFile(file, assert.fail, options), isReason)
  guard.release()

  for (const inPlace of [false, true]) {
    const running = new AbortController()
    const fn = async (_now, { signal }) => {
      assert.equal(signal.aborted, false)
      running.abort(reason)
      assert.equal(signal.aborted, true)
      assert.equal(signal.reason, reason)
      return 'new'
    }
    await assert.rejects(updateFile(file, fn, { signal: running.signal, inPlace }), isReason)
    assert.equal(read(file), 'old')
    assert.deepEqual(beside(file), ['data.json'])
  }
})

test('an update that is over hears its signal no more', async (t) => {
  const { getEventListeners } = require('node:events')
  const controller = new AbortController()
  const file = dataFile(t)
  let inner
  const fn = (_now, { signal }) => {
    inner = signal
    return 'new'
  }
  await updateFile(file, fn, { signal: controller.signal })
  assert.equal(getEventListeners(controller.signal, 'abort').length, 0)
  controller.abort()
  assert.equal(inner.aborted, false)
})

test('fn runs in the async context of its caller', async (t) => {
  const { AsyncLocalStorage } = require('node:async_hooks')
  const storage = new AsyncLocalStorage()
  const file = dataFile(t)
  await storage.run('mine', () => updateFile(file, () => storage.getStore()))
  assert.equal(read(file), 'mine')
})

test("a fresh folder at the lock's path is an old proper-lockfile's lock, and is waited for", async (t) => {
  const file = dataFile(t, 'old')
  const folder = `${file}.lock`
  fs.mkdirSync(folder)
  const refused = { code: 'ERR_LOCK_TIMEOUT', path: folder }
  await assert.rejects(updateFile(file, assert.fail, { timeout: 0 }), refused)
  await assert.rejects(updateFile(file, assert.fail, { timeout: 0.1 }), refused)
  assert.throws(() => updateFileSync(file, assert.fail, { timeout: 0.1 }), refused)
  const signal = AbortSignal.timeout(20)
  await assert.rejects(updateFile(file, assert.fail, { signal }), { name: 'TimeoutError' })
  assert.ok(fs.statSync(folder).isDirectory())
  const holders = []
  const onWait = (holder) => {
    holders.push(holder)
    fs.rmdirSync(folder)
  }
  await updateFile(file, (now) => `${now}, new`, { onWait })
  assert.deepEqual(holders, [null])
  assert.equal(read(file), 'old, new')
  assert.ok(fs.statSync(folder).isFile())
})

test("a stale folder at the lock's path is removed", async (t) => {
  const file = dataFile(t, 'old')
  const folder = `${file}.lock`
  const past = new Date(Date.now() - 11_000)
  for (const update of [updateFile, updateFileSync]) {
    fs.rmSync(folder, { force: true })
    fs.mkdirSync(folder)
    fs.utimesSync(folder, past, past)
    await update(file, (now) => `${now}!`, { timeout: 0.5 })
    assert.ok(fs.statSync(folder).isFile())
  }
  assert.equal(read(file), 'old!!')
  assert.deepEqual(beside(file), ['data.json'])
})

test("a link to a stale folder at the lock's path is an error, and both stay", symlinksOnly, async (t) => {
  const file = dataFile(t, 'old')
  const folder = `${file}.folder`
  fs.mkdirSync(folder)
  const past = new Date(Date.now() - 11_000)
  fs.utimesSync(folder, past, past)
  fs.symlinkSync(folder, `${file}.lock`)
  await assert.rejects(updateFile(file, assert.fail), { code: 'EISDIR' })
  assert.throws(() => updateFileSync(file, assert.fail), { code: 'EISDIR' })
  assert.ok(fs.lstatSync(`${file}.lock`).isSymbolicLink())
  assert.ok(fs.statSync(folder).isDirectory())
})

test("a folder with files at the lock's path is an error, and stays", async (t) => {
  const file = dataFile(t, 'old')
  const folder = `${file}.lock`
  fs.mkdirSync(folder)
  fs.writeFileSync(path.join(folder, 'file'), 'precious')
  const past = new Date(Date.now() - 11_000)
  fs.utimesSync(folder, past, past)
  await assert.rejects(updateFile(file, assert.fail), { code: /ENOTEMPTY|EEXIST/ })
  assert.equal(read(path.join(folder, 'file')), 'precious')
})

test('the owner of the file stays, or the update is refused', rootOnly, async (t) => {
  const file = dataFile(t, 'old')
  fs.chownSync(file, 65533, 65532)
  fs.chmodSync(file, 0o6664)
  await updateFile(file, () => 'new')
  const { uid, gid } = fs.statSync(file)
  assert.deepEqual({ uid, gid, mode: modeOf(file) }, { uid: 65533, gid: 65532, mode: 0o6664 })

  fs.chmodSync(file, 0o666)
  fs.chmodSync(path.dirname(file), 0o777)
  fs.chmodSync(`${file}.lock`, 0o666)
  const other = await startOtherUser(t)
  const update = ({ updateFile }, file, options) => updateFile(file, (now) => `${now}er`, options)
  const refused = { code: 'EPERM', syscall: 'fchown', path: file, message: /inPlace: true/ }
  await assert.rejects(other.run(update, file, {}), refused)
  assert.equal(read(file), 'new')
  assert.deepEqual(beside(file), ['data.json'])
  await other.run(update, file, { inPlace: true })
  assert.equal(read(file), 'newer')
})

test('a folder that may not be written to is found before fn runs', rootOnly, async (t) => {
  const file = dataFile(t, 'old')
  fs.writeFileSync(`${file}.lock`, '')
  fs.chmodSync(file, 0o644)
  fs.chmodSync(path.dirname(file), 0o755)
  const other = await startOtherUser(t)
  const update = async ({ updateFile }, file) => {
    let hasRun = false
    const fn = () => {
      hasRun = true
      return 'new'
    }
    const { code } = await updateFile(file, fn).catch((error) => error)
    return { code, hasRun }
  }
  assert.deepEqual(await other.run(update, file), { code: 'EACCES', hasRun: false })
  assert.equal(read(file), 'old')
})

test('a folder that vanishes while fn runs is an error', async (t) => {
  const file = path.join(temporaryFolder(t), 'sub', 'data.json')
  fs.mkdirSync(path.dirname(file))
  const vanish = () => {
    fs.renameSync(path.dirname(file), `${path.dirname(file)}.gone`)
    return 'new'
  }
  await assert.rejects(updateFile(file, vanish), process.platform === 'win32' ? Error : { code: 'ENOENT' })
  assert.ok(!fs.existsSync(file))
})

test('without descriptors an update fails with EMFILE, and the file stays', linuxOnly, async (t) => {
  const file = dataFile(t, 'old')
  const peer = await startNode(t, { prefix: ['sh', '-c', 'ulimit -n 64; exec "$@"', 'sh'] })
  const useUp = ({ require, kept }) => {
    const fs = require('node:fs')
    kept.open ??= []
    try {
      for (;;) kept.open.push(fs.openSync('/dev/null'))
    } catch {}
    return kept.open.length
  }
  /** Frees one descriptor, updates, and answers what that said. */
  const update = async ({ require, kept }, file, inPlace) => {
    require('node:fs').closeSync(kept.open.pop())
    const { updateFile } = require('.')
    return updateFile(file, () => 'new', { inPlace }).then(
      () => null,
      ({ code }) => code,
    )
  }
  const all = await peer.run(useUp)
  for (const inPlace of [false, true]) {
    const codes = []
    for (let free = 1; free <= 8; free += 1) {
      fs.writeFileSync(file, 'old')
      const code = await peer.run(update, file, inPlace)
      codes.push(code)
      assert.equal(read(file), code === null ? 'new' : 'old')
      assert.deepEqual(beside(file), ['data.json'])
    }
    const failures = codes.filter((code) => code !== null)
    assert.ok(failures.length > 0)
    assert.ok(
      failures.every((code) => code === 'EMFILE'),
      String(codes),
    )
    assert.equal(codes.at(-1), null)
    // As many as before can be opened: none was lost.
    assert.equal(await peer.run(useUp), all)
  }
})

/** A process with mounts of its own, that `mount` makes: a line of a shell, `$0` is the folder. */
function startMounted(t, folder, mount) {
  return startNode(t, { prefix: ['unshare', '--mount', 'sh', '-c', `${mount} && exec "$@"`, folder] })
}

const canMount = works('unshare', '--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt')
const ownMountsOnly = { skip: !canMount && 'needs Linux and root, for mounts of its own' }

for (const inPlace of [false, true]) {
  const how = inPlace ? 'in place ' : ''
  test(
    `an update ${how}on a full disk fails with ENOSPC, and the old content stays`,
    ownMountsOnly,
    async (t) => {
      const folder = temporaryFolder(t)
      const peer = await startMounted(t, folder, 'mount -t tmpfs -o size=64k tmpfs "$0"')
      const answer = await peer.run(
        async ({ require }, file, inPlace) => {
          const fs = require('node:fs')
          const { updateFile } = require('.')
          const old = 'old '.repeat(4000)
          await updateFile(file, () => old, { inPlace })
          const error = await updateFile(file, () => 'new '.repeat(20_000), { inPlace }).catch(
            (error) => error,
          )
          const isOld = fs.readFileSync(file, 'utf8') === old
          await updateFile(file, () => 'smaller', { inPlace })
          const names = fs.readdirSync(require('node:path').dirname(file))
          const { code, message } = error
          return { code, message, isOld, content: fs.readFileSync(file, 'utf8'), names }
        },
        path.join(folder, 'data'),
        inPlace,
      )
      const { code, isOld, content, names } = answer
      assert.deepEqual({ code, isOld, content }, { code: 'ENOSPC', isOld: true, content: 'smaller' })
      assert.match(answer.message, /^ENOSPC: no space left on device, write '/)
      assert.deepEqual(
        names.filter((name) => !name.endsWith('.lock')),
        ['data'],
      )
    },
  )
}

test(
  'a file that is mounted by itself is refused with EBUSY, and rewritten with inPlace',
  ownMountsOnly,
  async (t) => {
    const file = dataFile(t, 'old')
    const peer = await startMounted(t, file, 'mount --bind "$0" "$0"')
    const update = ({ updateFile }, file, options) => updateFile(file, () => 'new', options)
    const refused = { code: 'EBUSY', syscall: 'rename', dest: file, message: /mount point.*inPlace: true/ }
    await assert.rejects(peer.run(update, file, {}), refused)
    assert.equal(read(file), 'old')
    assert.deepEqual(beside(file), ['data.json'])
    await peer.run(update, file, { inPlace: true })
    assert.equal(read(file), 'new')
  },
)

test('updates leave no descriptor behind', async (t) => {
  const file = dataFile(t)
  await updateFile(file, () => 'first')
  const before = await resources()
  for (const inPlace of [false, true]) {
    await updateFile(file, () => 'new', { inPlace })
    updateFileSync(file, () => 'new', { inPlace })
    await assert.rejects(updateFile(file, () => 5, { inPlace }))
  }
  await untilResourcesAre(before)
})
