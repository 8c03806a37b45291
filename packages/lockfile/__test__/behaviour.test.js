'use strict'

// What programs see of lockfile, asked of the old package and of this one. The answers are the same,
// but for those that name a difference and its reason.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { promisify } = require('node:util')
const { temporaryFolder } = require('../../../tools/folder')
const { startNode } = require('../../../tools/peer')
const { until } = require('../../../tools/until')

const IMPLEMENTATIONS = { old: require.resolve('lockfile'), new: require.resolve('..') }

/** Each answers with what is to be compared. */
const questions = {
  async 'exports: names and types'({ lockfile }) {
    return Object.entries(lockfile)
      .map(([name, value]) => [name, typeof value === 'function' ? 'function' : value])
      .toSorted()
  },

  async 'lock: the file is there, and the callback has no arguments'({ lockfile, file }) {
    const args = await new Promise((resolve) => lockfile.lock(file, (...args) => resolve(args)))
    return { args, isFile: fs.statSync(file).isFile(), size: fs.statSync(file).size }
  },

  async 'lock: a second one fails at once with EEXIST'({ file, lock, attempt }) {
    await lock(file)
    return { none: await attempt(() => lock(file)), options: await attempt(() => lock(file, {})) }
  },

  async 'lock: a relative path is shown as it was given'({ file, lock, attempt }) {
    const relative = path.relative(process.cwd(), file)
    await lock(relative)
    const { code, path: shown } = await attempt(() => lock(relative))
    return { code, isAsGiven: shown === relative }
  },

  async 'lock: a folder that is missing'({ folder, lock, attempt }) {
    return attempt(() => lock(path.join(folder, 'missing', 'a.lock')))
  },

  async 'lock: a folder at the path'({ file, lock, check, attempt }) {
    fs.mkdirSync(file)
    return { lock: await attempt(() => lock(file)), check: await attempt(() => check(file)) }
  },

  async 'lock: no path'({ lockfile, attempt }) {
    return [
      await attempt(() => lockfile.lock(undefined, () => {})),
      await attempt(() => lockfile.lockSync()),
      await attempt(() => lockfile.check(undefined, () => {})),
    ]
  },

  async 'an empty path'({ lockfile, lock, check, attempt }) {
    return [
      await attempt(() => lock('')),
      await attempt(() => lockfile.lockSync('')),
      await attempt(() => check('')),
      await attempt(() => lockfile.unlockSync('')),
    ]
  },

  async 'unlock: what is no path'({ lockfile, file, attempt }) {
    return [
      await attempt(() => lockfile.unlockSync()),
      await attempt(() => lockfile.unlockSync(`${file}\0`)),
      (await attempt(() => lockfile.unlock(undefined, () => {})))?.code,
    ]
  },

  async 'stale: what is no number, of a file of another program'({ lockfile, file, attempt }) {
    fs.writeFileSync(file, '')
    const answers = []
    for (const stale of [null, Number.NaN, '', 'x']) {
      answers.push(
        lockfile.checkSync(file, { stale }),
        await attempt(() => lockfile.lockSync(file, { stale })),
      )
    }
    return answers
  },

  async 'unlock: removes the file, and a second one is silent'({ lockfile, file, lock, folder }) {
    await lock(file)
    const args = []
    for (let round = 0; round < 2; round += 1) {
      await new Promise((resolve) =>
        lockfile.unlock(file, (...given) => {
          args.push(given)
          resolve()
        }),
      )
    }
    lockfile.unlockSync(file)
    return { args, left: fs.readdirSync(folder) }
  },

  async 'unlock: without a callback'({ lockfile, file, lock }) {
    await lock(file)
    lockfile.unlock(file)
    await until(() => !fs.existsSync(file), 'the file to go')
    return lockfile.checkSync(file)
  },

  async 'unlock: a lock that no process holds any more'({ lockfile, file, folder }) {
    fs.writeFileSync(file, '')
    lockfile.unlockSync(file)
    return fs.readdirSync(folder)
  },

  async 'wait: the lock is acquired once it is released'({ lockfile, file, lock }) {
    await lock(file)
    const waiting = lock(file, { wait: 60_000, pollPeriod: 10 })
    lockfile.unlockSync(file)
    await waiting
    return lockfile.checkSync(file)
  },

  async 'wait: EEXIST when it is held for longer'({ file, lock, attempt }) {
    await lock(file)
    return {
      wait: await attempt(() => lock(file, { wait: 50 })),
      retries: await attempt(() => lock(file, { retries: 2, retryWait: 20 })),
      both: await attempt(() => lock(file, { wait: 20, retries: 2, retryWait: 10 })),
    }
  },

  async 'retries: the lock is acquired once it is released'({ lockfile, file, lock }) {
    await lock(file)
    const waiting = lock(file, { retries: 1000, retryWait: 10 })
    lockfile.unlockSync(file)
    await waiting
    return lockfile.checkSync(file)
  },

  async 'wait: a file that another program removes'({ file, lock, check }) {
    fs.writeFileSync(file, '')
    const waiting = lock(file, { wait: 60_000, pollPeriod: 10 })
    setTimeout(() => fs.unlinkSync(file), 50)
    await waiting
    return check(file)
  },

  async 'stale: a file of another program, fresh and old'({ lockfile, file, lock, check, attempt }) {
    lockfile.filetime = 'mtime'
    const leave = (age) => {
      fs.writeFileSync(file, '')
      const then = new Date(Date.now() - age)
      fs.utimesSync(file, then, then)
    }
    leave(60_000)
    const answers = {
      never: await attempt(() => lock(file)),
      checks: [await check(file), await check(file, { stale: 70_000 }), await check(file, { stale: 50_000 })],
      younger: await attempt(() => lock(file, { stale: 70_000 })),
      older: (await attempt(() => lock(file, { stale: 50_000 }))) ?? 'acquired',
    }
    lockfile.unlockSync(file)
    leave(60_000)
    answers.sync = (await attempt(() => lockfile.lockSync(file, { stale: 50_000 }))) ?? 'acquired'
    lockfile.filetime = process.platform === 'win32' ? 'mtime' : 'ctime'
    return answers
  },

  async 'stale: a file that grows old while it is waited for'({ lockfile, file, lock }) {
    fs.writeFileSync(file, '')
    await lock(file, { wait: 60_000, pollPeriod: 10, stale: 100 })
    return lockfile.checkSync(file)
  },

  async 'check: free, held, released'({ lockfile, file, lock, check }) {
    const answers = [await check(file), lockfile.checkSync(file)]
    await lock(file)
    answers.push(await check(file), lockfile.checkSync(file), await check(file, { stale: 60_000 }))
    lockfile.unlockSync(file)
    answers.push(await check(file), lockfile.checkSync(file))
    return answers
  },

  async 'sync: lock, a second one, retries, unlock'({ lockfile, file, attempt }) {
    const answers = [await attempt(() => lockfile.lockSync(file)), lockfile.checkSync(file)]
    answers.push(await attempt(() => lockfile.lockSync(file)))
    answers.push(await attempt(() => lockfile.lockSync(file, { retries: 3 })))
    lockfile.unlockSync(file)
    answers.push(lockfile.checkSync(file), await attempt(() => lockfile.lockSync(file, {})))
    return answers
  },

  async 'sync: what cannot be waited for'({ lockfile, file, attempt }) {
    return [
      await attempt(() => lockfile.lockSync(file, { wait: 10 })),
      await attempt(() => lockfile.lockSync(file, { retryWait: 10 })),
      await attempt(() => lockfile.checkSync(file, { wait: 10 })),
    ]
  },

  async 'options: they stay as they are'({ file, lock }) {
    const options = { retries: 2, stale: 0 }
    await lock(file, options)
    return Object.keys(options)
  },

  async 'a callback that throws'({ peer, file }) {
    const answer = peer.run(
      ({ require }, module, file) =>
        new Promise((resolve) => {
          process.once('uncaughtException', ({ message }) => resolve(message))
          require(module).lock(file, () => {
            throw new Error('thrown by the callback')
          })
        }),
      peer.module,
      file,
    )
    return answer
  },

  async 'exit: what is held is removed, and what waits for it leaves nothing'({ peer, file, folder }) {
    peer.run(
      ({ require }, module, file) => {
        const lockfile = require(module)
        lockfile.lockSync(file)
        for (let i = 0; i < 3; i += 1) lockfile.lock(file, { wait: 60_000 }, () => {})
        setTimeout(() => process.exit(), 20)
      },
      peer.module,
      file,
    )
    return { status: (await peer.ended).status, left: fs.readdirSync(folder) }
  },

  async 'exit: what is held is removed'({ peer, file, folder }) {
    await peer.run(
      ({ require }, module, file) => {
        const lockfile = require(module)
        lockfile.lockSync(file)
        lockfile.lockSync(`${file}.other`)
        lockfile.unlockSync(`${file}.other`)
        setImmediate(() => process.exit())
      },
      peer.module,
      file,
    )
    await peer.ended
    return fs.readdirSync(folder)
  },

  async 'signals: SIGTERM'({ peer, file, lockfile, lock, attempt }) {
    await peer.run(({ require }, module, file) => require(module).lockSync(file), peer.module, file)
    peer.signal('SIGTERM')
    await peer.ended
    const isLeft = fs.existsSync(file)
    return {
      isLeft,
      held: lockfile.checkSync(file),
      next: (await attempt(() => lock(file)))?.code ?? 'acquired',
    }
  },

  async 'signals: SIGKILL'({ peer, file, lockfile, lock, attempt }) {
    await peer.run(({ require }, module, file) => require(module).lockSync(file), peer.module, file)
    await peer.kill()
    const held = lockfile.checkSync(file)
    return { held, next: (await attempt(() => lock(file)))?.code ?? 'acquired' }
  },

  async 'unlock: a lock that another process holds'({ peer, file, lockfile }) {
    await peer.run(({ require }, module, file) => require(module).lockSync(file), peer.module, file)
    lockfile.unlockSync(file)
    return lockfile.checkSync(file)
  },

  async 'stale: a lock that is held for longer'({ peer, file, lock, attempt }) {
    await peer.run(({ require }, module, file) => require(module).lockSync(file), peer.module, file)
    const { ctimeMs } = fs.statSync(file)
    await until(() => Date.now() > ctimeMs + 100, 'the lock to be older')
    return (await attempt(() => lock(file, { stale: 50 })))?.code ?? 'acquired'
  },
}

/** Of the questions whose answers are not the same: both answers, and why. */
const differences = {
  'options: they stay as they are': {
    why: 'the old one adds to the options of the caller',
    old: ['retries', 'stale', 'req', 'start'],
    new: ['retries', 'stale'],
  },
  'signals: SIGTERM': {
    why: 'no signal handler is installed: the file stays, and the lock is free',
    old: { isLeft: false, held: false, next: 'acquired' },
    new: { isLeft: true, held: false, next: 'acquired' },
  },
  'signals: SIGKILL': {
    why: 'the operating system frees the lock of a process that dies',
    old: { held: true, next: 'EEXIST' },
    new: { held: false, next: 'acquired' },
  },
  'unlock: a lock that another process holds': {
    why: 'only its holder releases a lock',
    old: false,
    new: true,
  },
  'stale: a lock that is held for longer': {
    why: 'a live holder is never robbed',
    old: 'acquired',
    new: 'EEXIST',
  },
}

function describe({ code, message, path, syscall }) {
  return { message, ...(code && { code, path, syscall }) }
}

/** What the implementation answers, with the folder of the files named `<folder>`. */
async function ask(t, name, question) {
  const folder = temporaryFolder(t)
  const module = IMPLEMENTATIONS[name]
  const lockfile = require(module)
  const context = {
    lockfile,
    lock: promisify(lockfile.lock),
    check: promisify(lockfile.check),
    folder,
    file: path.join(folder, 'some.lock'),
    attempt: async (action) => {
      try {
        return await action()
      } catch (error) {
        return describe(error)
      }
    },
  }
  if (/\bpeer\b/.test(question.toString().split(')')[0])) {
    context.peer = Object.assign(await startNode(t), { module })
  }
  return replaceIn(await question(context), folder)
}

function replaceIn(value, folder) {
  return JSON.parse(JSON.stringify(value ?? null).replaceAll(folder, '<folder>'))
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
