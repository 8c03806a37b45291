'use strict'

// What programs see of proper-lockfile, asked of the old package and of this one. The answers are the
// same, but for those that name a difference and its reason.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const memfs = require('memfs')
const { startNode } = require('../../../tools/peer')
const { temporaryFolder } = require('../../../tools/folder')
const { until } = require('../../../tools/until')

const IMPLEMENTATIONS = { old: require.resolve('proper-lockfile'), new: require.resolve('..') }

/** A number of tries that take 0.1 s. */
const BRIEFLY = { retries: 5, minTimeout: 20, factor: 1 }

/** Longer than any wait here. */
const PATIENTLY = { retries: 1000, minTimeout: 20, factor: 1 }

/** In milliseconds. */
const LEAST_STALE = 2000

/** Each answers with what is to be compared. */
const questions = {
  async 'exports: names, types, and lock as the module itself'({ lockfile }) {
    const types = Object.entries(lockfile).map(([name, value]) => [name, typeof value])
    return { types, isLock: lockfile === lockfile.lock }
  },

  async 'lock: makes FILE.lock, and the release removes it'({ lockfile, file, folder }) {
    const release = await lockfile.lock(file)
    const held = fs.readdirSync(folder)
    return { held, released: await release(), left: fs.readdirSync(folder) }
  },

  async 'lock: a second one fails at once with ELOCKED and the file'({ lockfile, file, attempt }) {
    await lockfile.lock(file)
    return attempt(() => lockfile.lock(file))
  },

  async 'lock: a file that is missing'({ lockfile, file, attempt }) {
    return attempt(() => lockfile.lock(`${file}.missing`))
  },

  async 'lock: a file that is missing, without realpath'({ lockfile, file, folder }) {
    const release = await lockfile.lock(`${file}.missing`, { realpath: false })
    const held = fs.readdirSync(folder)
    await release()
    return held
  },

  async 'lock: a relative path is made absolute'({ lockfile, file, attempt }) {
    await lockfile.lock(file)
    return attempt(() => lockfile.lock(path.relative(process.cwd(), file), { realpath: false }))
  },

  async 'lock: a symbolic link is the file, or its own without realpath'({ lockfile, file, attempt }) {
    fs.symlinkSync(file, `${file}.link`)
    await lockfile.lock(file)
    return {
      resolved: await attempt(() => lockfile.lock(`${file}.link`)),
      literal: await attempt(() => lockfile.lock(`${file}.link`, { realpath: false })),
    }
  },

  async 'lock: no path'({ lockfile, attempt }) {
    return {
      resolved: await attempt(() => lockfile.lock(undefined)),
      literal: await attempt(() => lockfile.lock(undefined, { realpath: false })),
    }
  },

  async 'lock: lockfilePath'({ lockfile, file, folder, attempt }) {
    const options = { lockfilePath: path.join(folder, 'other.lock') }
    const release = await lockfile.lock(file, options)
    const held = fs.readdirSync(folder)
    const checks = [await lockfile.check(file, options), await lockfile.check(file)]
    const second = await attempt(() => lockfile.lock(file, options))
    await release()
    return { held, checks, second, left: fs.readdirSync(folder) }
  },

  async 'lock: a folder'({ lockfile, folder, attempt }) {
    const release = await lockfile.lock(folder, { lockfilePath: path.join(folder, 'dir.lock') })
    const second = await attempt(() => lockfile.lock(folder, { lockfilePath: path.join(folder, 'dir.lock') }))
    await release()
    return second
  },

  async 'retries: the lock is acquired once it is released'({ lockfile, file }) {
    const release = await lockfile.lock(file)
    const second = lockfile.lock(file, { retries: PATIENTLY })
    await release()
    const next = await second
    return { again: await lockfile.check(file), released: await next(), after: await lockfile.check(file) }
  },

  async 'retries: as long as it is held, ELOCKED in the end'({ lockfile, file, attempt }) {
    await lockfile.lock(file)
    return {
      object: await attempt(() => lockfile.lock(file, { retries: BRIEFLY })),
      list: await attempt(() => lockfile.lock(file, { retries: [10, 20] })),
      time: await attempt(() => lockfile.lock(file, { retries: { ...PATIENTLY, maxRetryTime: 50 } })),
      none: await attempt(() => lockfile.lock(file, { retries: { retries: 0 } })),
    }
  },

  async 'retries: forever'({ lockfile, file }) {
    const release = await lockfile.lock(file)
    const second = lockfile.lock(file, { retries: { forever: true, minTimeout: 10, factor: 1 } })
    await release()
    return typeof (await second)
  },

  async 'release: a second one'({ lockfile, file, attempt }) {
    const release = await lockfile.lock(file)
    return { first: await attempt(release), second: await attempt(release) }
  },

  async 'release: two at once'({ lockfile, file, attempt }) {
    const release = await lockfile.lock(file)
    return Promise.all([attempt(release), attempt(release)])
  },

  async 'release: after unlock, and of a lock that was acquired anew'({ lockfile, file, attempt }) {
    const release = await lockfile.lock(file)
    await lockfile.unlock(file)
    const next = await lockfile.lock(file)
    return { old: await attempt(release), held: await lockfile.check(file), next: await attempt(next) }
  },

  async 'release: what was at the path is gone'({ lockfile, file, attempt, removeLock }) {
    const release = await lockfile.lock(file)
    removeLock()
    return attempt(release)
  },

  async 'unlock: held, not held, missing'({ lockfile, file, attempt }) {
    await lockfile.lock(file)
    return {
      held: await attempt(() => lockfile.unlock(file)),
      again: await attempt(() => lockfile.unlock(file)),
      missing: await attempt(() => lockfile.unlock(`${file}.missing`)),
      literal: await attempt(() => lockfile.unlock(`${file}.missing`, { realpath: false })),
    }
  },

  async 'unlock: a relative path'({ lockfile, file, attempt }) {
    await lockfile.lock(file)
    return attempt(() => lockfile.unlock(path.relative(process.cwd(), file)))
  },

  async 'unlock: with its lockfilePath'({ lockfile, file, folder, attempt }) {
    const options = { lockfilePath: path.join(folder, 'other.lock') }
    await lockfile.lock(file, options)
    return { value: await attempt(() => lockfile.unlock(file, options)), left: fs.readdirSync(folder) }
  },

  async 'unlock: with another lockfilePath'({ lockfile, file, folder, attempt }) {
    const lockfilePath = path.join(folder, 'other.lock')
    await lockfile.lock(file, { lockfilePath })
    const value = await attempt(() => lockfile.unlock(file))
    return { value, isHeld: fs.existsSync(lockfilePath) }
  },

  async 'check: free, held, released, missing'({ lockfile, file, attempt }) {
    const answers = [await lockfile.check(file)]
    const release = await lockfile.lock(file)
    answers.push(await lockfile.check(file))
    await release()
    answers.push(await lockfile.check(file), await lockfile.check(`${file}.missing`, { realpath: false }))
    return { answers, missing: await attempt(() => lockfile.check(`${file}.missing`)) }
  },

  async 'sync: lock, check, release, unlock'({ lockfile, file, attempt }) {
    const answers = [lockfile.checkSync(file)]
    const release = lockfile.lockSync(file)
    answers.push(lockfile.checkSync(file), await lockfile.check(file))
    const second = await attempt(() => lockfile.lockSync(file))
    const released = await attempt(release)
    const twice = await attempt(release)
    lockfile.lockSync(file)
    lockfile.unlockSync(file)
    answers.push(lockfile.checkSync(file))
    return { answers, second, released, twice, unlocked: await attempt(() => lockfile.unlockSync(file)) }
  },

  async 'sync: missing, without realpath, no path'({ lockfile, file, attempt }) {
    return {
      lock: await attempt(() => lockfile.lockSync(`${file}.missing`)),
      unlock: await attempt(() => lockfile.unlockSync(`${file}.missing`)),
      check: await attempt(() => lockfile.checkSync(`${file}.missing`)),
      literal: await attempt(() => lockfile.checkSync(`${file}.missing`, { realpath: false })),
      none: await attempt(() => lockfile.lockSync()),
    }
  },

  async 'sync: retries'({ lockfile, file, attempt }) {
    return {
      number: await attempt(() => lockfile.lockSync(file, { retries: 3 })),
      object: await attempt(() => lockfile.lockSync(file, { retries: { retries: 3 } })),
      unlock: await attempt(() => lockfile.unlockSync(file, { retries: 3 })),
      check: await attempt(() => lockfile.checkSync(file, { retries: 3 })),
      none: typeof (await lockfile.lockSync(file, { retries: 0 })),
    }
  },

  async 'sync: retries without their number, of a lock that is held'({ lockfile, file, attempt }) {
    lockfile.lockSync(file)
    return attempt(() => typeof lockfile.lockSync(file, { retries: { minTimeout: 1, factor: 1 } }))
  },

  async 'sync and async: each ends what the other has acquired'({ lockfile, file }) {
    lockfile.lockSync(file)
    await lockfile.unlock(file)
    const release = await lockfile.lock(file)
    lockfile.unlockSync(file)
    return [lockfile.checkSync(file), await release().catch(({ code }) => code)]
  },

  async 'stale: a folder that is fresh, old, and just old enough'({ lockfile, file, attempt, leaveFolder }) {
    leaveFolder(0)
    const fresh = [await attempt(() => lockfile.lock(file)), await lockfile.check(file)]
    leaveFolder(11_000)
    const old = [await lockfile.check(file), await attempt(() => lockfile.lock(file))]
    await lockfile.unlock(file)
    leaveFolder(3000)
    const options = { stale: 5000 }
    const younger = [await attempt(() => lockfile.lock(file, options)), await lockfile.check(file, options)]
    options.stale = 2500
    const older = [await lockfile.check(file, options), await attempt(() => lockfile.lock(file, options))]
    return { fresh, old, younger, older }
  },

  async 'stale: it is two seconds at the least'({ lockfile, file, attempt, leaveFolder }) {
    leaveFolder(1500)
    const answers = []
    for (const stale of [0, -1, 100, undefined, null]) {
      answers.push(await attempt(() => lockfile.lock(file, { stale })), await lockfile.check(file, { stale }))
    }
    return answers
  },

  async 'stale: a folder that is removed while it is waited for'({
    lockfile,
    file,
    leaveFolder,
    removeLock,
  }) {
    leaveFolder(0)
    const pending = lockfile.lock(file, { retries: PATIENTLY })
    setTimeout(removeLock, 50)
    return typeof (await pending)
  },

  async 'stale: a folder that grows old while it is waited for'({ lockfile, file, leaveFolder }) {
    leaveFolder(LEAST_STALE - 200)
    return typeof (await lockfile.lock(file, { stale: LEAST_STALE, retries: PATIENTLY }))
  },

  async 'stale: a folder with files in it'({ lockfile, file, attempt, leaveFolder }) {
    leaveFolder(0)
    fs.writeFileSync(path.join(`${file}.lock`, 'some'), '')
    leaveFolder(11_000)
    return (await attempt(() => lockfile.lock(file))).code
  },

  async 'lockfilePath in a folder that is missing'({ lockfile, file, folder, attempt }) {
    const { code, message } = await attempt(() =>
      lockfile.lock(file, { lockfilePath: path.join(folder, 'missing', 'a.lock') }),
    )
    return { code, message }
  },

  async 'lockfilePath in a folder that is missing, with retries'({ lockfile, file, folder }) {
    const place = path.join(folder, 'later')
    const pending = lockfile.lock(file, { lockfilePath: path.join(place, 'a.lock'), retries: PATIENTLY })
    setTimeout(() => fs.mkdirSync(place), 50)
    return typeof (await pending)
  },

  async 'a file at the path, not locked'({ lockfile, file, attempt }) {
    fs.writeFileSync(`${file}.lock`, '')
    return {
      fresh: [await lockfile.check(file), (await attempt(() => lockfile.lock(file))).code ?? 'acquired'],
    }
  },

  async 'compromised: what is at the path is deleted'({ lockfile, file, attempt, removeLock }) {
    const { release, error } = await compromise(lockfile, file, removeLock)
    return {
      code: error.code,
      isMissing: error.message.startsWith('ENOENT'),
      release: await attempt(release),
    }
  },

  async 'compromised: something else is at the path'({ lockfile, file, attempt, removeLock, leaveFolder }) {
    const { release, error } = await compromise(lockfile, file, () => {
      removeLock()
      leaveFolder(500)
    })
    return {
      error: describe(error),
      release: await attempt(release),
      unlock: await attempt(() => lockfile.unlock(file)),
      isLeft: fs.existsSync(`${file}.lock`),
    }
  },

  async 'compromised: by default'({ file, peer }) {
    await peer.run(
      async ({ require, kept }, module, file) => {
        kept.release = await require(module).lock(file, { stale: 2000 })
        const fs = require('node:fs')
        fs.rmSync(`${file}.lock`, { recursive: true })
        kept.warned = new Promise((resolve) => process.once('warning', resolve))
      },
      peer.module,
      file,
    )
    const warned = peer.run(async ({ kept }) => (await kept.warned).code).catch(() => 'no answer')
    return Promise.race([warned, peer.ended.then(({ status }) => ({ status }))])
  },

  async 'fs: a file system of the caller, with the calls of its own'({ lockfile, attempt }) {
    const volume = memfs.createFsFromVolume(memfs.Volume.fromJSON({ '/some/file': '' }))
    const options = { fs: volume }
    const release = await lockfile.lock('/some/file', options)
    const isFolder = volume.statSync('/some/file.lock').isDirectory()
    const checks = [await lockfile.check('/some/file', options), lockfile.checkSync('/some/file', options)]
    const second = await attempt(() => lockfile.lock('/some/file', options))
    await release()
    lockfile.lockSync('/some/file', options)
    lockfile.unlockSync('/some/file', options)
    const missing = await attempt(() => lockfile.lock('/some/other', options))
    return { isFolder, checks, second, left: volume.readdirSync('/some'), missing }
  },

  async 'fs: a folder grown old, and one that is deleted under its holder'({ lockfile }) {
    const volume = memfs.createFsFromVolume(memfs.Volume.fromJSON({ '/some/file': '' }))
    volume.mkdirSync('/some/file.lock')
    const before = new Date(Date.now() - 11_000)
    volume.utimesSync('/some/file.lock', before, before)
    const { error } = await compromise(lockfile, '/some/file', () => volume.rmdirSync('/some/file.lock'), {
      fs: volume,
    })
    return error.code
  },

  async 'fs: that of Node itself'({ lockfile, file, folder }) {
    const release = await lockfile.lock(file, { fs })
    const held = fs.readdirSync(folder)
    await release()
    return { held, left: fs.readdirSync(folder) }
  },

  async 'exit: what is held is removed'({ file, folder, peer }) {
    await peer.run(
      async ({ require }, module, file) => {
        await require(module).lock(file)
        require(module).lockSync(`${file}.other`, { realpath: false })
        setImmediate(() => process.exit())
      },
      peer.module,
      file,
    )
    await peer.ended
    return fs.readdirSync(folder)
  },

  async 'exit: what is held is removed, and what waits for it leaves nothing'({ file, folder, peer }) {
    peer.run(
      async ({ require }, module, file) => {
        const lockfile = require(module)
        await lockfile.lock(file)
        for (let i = 0; i < 3; i += 1) lockfile.lock(file, { retries: 1000 })
        setTimeout(() => process.exit(), 20)
      },
      peer.module,
      file,
    )
    return { status: (await peer.ended).status, left: fs.readdirSync(folder) }
  },

  async 'exit: a lock that is held does not keep the process alive'({ file, peer }) {
    await peer.run(
      async ({ require }, module, file) => {
        await require(module).lock(file)
        process.stdin.removeAllListeners('end')
        process.stdin.destroy()
      },
      peer.module,
      file,
    )
    return (await peer.ended).status
  },

  async 'exit: retries with unref'({ lockfile, file, peer }) {
    await lockfile.lock(file)
    await peer.run(
      async ({ require }, module, file) => {
        const retries = { retries: 4, minTimeout: 200, factor: 1, unref: true }
        require(module)
          .lock(file, { retries })
          .catch(() => process.exit(1))
        setTimeout(() => process.stdin.destroy(), 20)
      },
      peer.module,
      file,
    )
    return (await peer.ended).status
  },

  async 'signals: SIGTERM'({ lockfile, file, peer, attempt }) {
    await hold(peer, file)
    peer.signal('SIGTERM')
    const { signal } = await peer.ended
    const isLeft = fs.existsSync(`${file}.lock`)
    return {
      signal,
      isLeft,
      held: await lockfile.check(file),
      next: typeof (await attempt(() => lockfile.lock(file))),
    }
  },

  async 'signals: SIGKILL'({ lockfile, file, peer, attempt }) {
    await hold(peer, file)
    await peer.kill()
    return {
      held: await lockfile.check(file),
      next: (await attempt(() => lockfile.lock(file)))?.code ?? 'acquired',
    }
  },

  async 'signals: no handler, and the listeners of the process'({ peer, file }) {
    return peer.run(
      async ({ require }, module, file) => {
        const before = process.eventNames().map(String)
        await require(module).lock(file)
        const added = process.eventNames().filter((name) => !before.includes(String(name)))
        return { signals: added.some((name) => name.startsWith('SIG')), exit: added.includes('exit') }
      },
      peer.module,
      file,
    )
  },

  async 'stopped: a holder that does not run for longer than stale'({ lockfile, file, peer, attempt }) {
    await hold(peer, file, { stale: LEAST_STALE })
    peer.signal('SIGSTOP')
    const times = fs.statSync(`${file}.lock`).mtimeMs
    await until(() => Date.now() > times + LEAST_STALE + 500, 'the lock to look stale')
    const second = await attempt(() => lockfile.lock(file, { stale: LEAST_STALE }))
    peer.signal('SIGCONT')
    return second?.code ?? 'acquired'
  },

  async 'a minTimeout above the maxTimeout'({ file, peer }) {
    const answer = peer
      .run(
        async ({ require }, module, file) => {
          const retries = { minTimeout: 10, maxTimeout: 1 }
          return require(module)
            .lock(file, { retries })
            .catch(({ message }) => message)
        },
        peer.module,
        file,
      )
      .catch(() => 'no answer')
    return Promise.race([answer, peer.ended.then(({ status }) => ({ status }))])
  },
}

/** Of the questions whose answers are not the same: both answers, and why. */
const differences = {
  'unlock: with another lockfilePath': {
    why: 'the old one forgets the lock but leaves its folder; what is unlocked is let go',
    old: { value: undefined, isHeld: true },
    new: { value: undefined, isHeld: false },
  },
  'sync: retries without their number, of a lock that is held': {
    why: 'the old one returns a function that releases nothing',
    old: 'function',
    new: { code: 'ELOCKED', message: 'Lock file is already being held', file: '<folder>/file' },
  },
  'lockfilePath in a folder that is missing': {
    why: 'a file is opened where a folder was made',
    old: { code: 'ENOENT', message: "ENOENT: no such file or directory, mkdir '<folder>/missing/a.lock'" },
    new: { code: 'ENOENT', message: "ENOENT: no such file or directory, open '<folder>/missing/a.lock'" },
  },
  'a file at the path, not locked': {
    why: 'a file is what a lock is held on, and one that is not locked is what a crash leaves',
    old: { fresh: [true, 'ELOCKED'] },
    new: { fresh: [false, 'acquired'] },
  },
  'compromised: by default': {
    why: 'nothing is thrown where no caller can catch it: the process is warned, and the release rejects',
    old: { status: 1 },
    new: 'ECOMPROMISED',
  },
  'exit: retries with unref': {
    why: 'a pending acquire keeps the process alive, so that its outcome is known',
    old: 0,
    new: 1,
  },
  'signals: SIGTERM': {
    why: 'no signal handler is installed: the file stays, and the lock is free',
    old: { signal: 'SIGTERM', isLeft: false, held: false, next: 'function' },
    new: { signal: 'SIGTERM', isLeft: true, held: false, next: 'function' },
  },
  'signals: SIGKILL': {
    why: 'the operating system frees the lock of a process that dies',
    old: { held: true, next: 'ELOCKED' },
    new: { held: false, next: 'acquired' },
  },
  'signals: no handler, and the listeners of the process': {
    why: 'no signal handler is installed',
    old: { signals: true, exit: false },
    new: { signals: false, exit: true },
  },
  'stopped: a holder that does not run for longer than stale': {
    why: 'a live holder is never robbed',
    old: 'acquired',
    new: 'ELOCKED',
  },
  'a minTimeout above the maxTimeout': {
    why: 'the old one throws where no caller can catch it',
    old: { status: 1 },
    new: 'minTimeout is greater than maxTimeout',
  },
}

/** Acquires the lock, does `what` to it, and resolves once its holder is told. */
async function compromise(lockfile, file, what, options) {
  let release
  // Neither implementation keeps the process alive for it.
  const alive = setInterval(() => {}, 1000)
  const error = await new Promise((onCompromised, reject) => {
    lockfile.lock(file, { update: 1000, ...options, onCompromised }).then((acquired) => {
      release = acquired
      what()
    }, reject)
  })
  clearInterval(alive)
  return { release, error }
}

function hold(peer, file, options) {
  return peer.run(
    async ({ require }, module, file, options) => {
      await require(module).lock(file, options)
    },
    peer.module,
    file,
    options,
  )
}

function describe({ code, message, file }) {
  return { code, message, ...(file && { file }) }
}

/** What the implementation answers, with the folder of the files named `<folder>`. */
async function ask(t, name, question) {
  const folder = temporaryFolder(t)
  const file = path.join(folder, 'file')
  fs.writeFileSync(file, '')
  const module = IMPLEMENTATIONS[name]
  const lockfile = require(module)
  const context = {
    lockfile,
    folder,
    file,
    attempt: async (action) => {
      try {
        return await action()
      } catch (error) {
        return describe(error)
      }
    },
    removeLock: () => fs.rmSync(`${file}.lock`, { recursive: true }),
    leaveFolder: (age) => {
      const then = new Date(Date.now() - age)
      fs.mkdirSync(`${file}.lock`, { recursive: true })
      fs.utimesSync(`${file}.lock`, then, then)
    },
  }
  if (/\bpeer\b/.test(question.toString().split(')')[0])) {
    context.peer = Object.assign(await startNode(t), { module })
  }
  const answer = await question(context)
  endOldLocks()
  return replaceIn(answer, folder)
}

/** A lock whose folder goes with the test is compromised: of that the old one throws. */
function endOldLocks() {
  const { getLocks } = require('proper-lockfile/lib/lockfile')
  for (const file of Object.keys(getLocks())) {
    const { options } = getLocks()[file]
    require(IMPLEMENTATIONS.old).unlockSync(file, { ...options, retries: 0, realpath: false })
  }
}

/** The answer with functions as their type, and without what differs from run to run. */
function replaceIn(value, folder) {
  if (typeof value === 'function') return 'function'
  if (typeof value === 'string') return value.replaceAll(folder, '<folder>')
  if (Array.isArray(value)) return value.map((each) => replaceIn(each, folder))
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, replaceIn(each, folder)]))
}

for (const [name, question] of Object.entries(questions)) {
  const difference = differences[name]
  const title = difference === undefined ? name : `${name} (differs: ${difference.why})`
  test(title, async (t) => {
    const old = await ask(t, 'old', question)
    const answer = await ask(t, 'new', question)
    if (difference === undefined) {
      assert.deepEqual(answer, old)
    } else {
      assert.deepEqual(old, difference.old)
      assert.deepEqual(answer, difference.new)
    }
  })
}

test('each difference belongs to a question', () => {
  for (const name of Object.keys(differences)) assert.ok(Object.hasOwn(questions, name), name)
})
