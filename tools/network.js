'use strict'

// What scripts/network.js asks of a folder that two machines mount. Each question is given `on`, which
// starts a process on machine 0 or 1, and a path of its own, and resolves to a few words.

/** In seconds: longer than a server under an emulator takes for anything. */
const LONG = 60
/** In milliseconds: how long others wait before the lock is free. */
const SOON = 1000

/** Of each of four processes. */
const SECTIONS = 25

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

const TWO = 'TWO HELD IT'

const network = {
  async 'another machine is excluded'(on, file) {
    const [one, two] = [await on(0), await on(1)]
    await one.acquire(file, LONG)
    if (await two.tryAcquire(file)) return TWO
    await one.release(file)
    return (await two.tryAcquire(file)) ? 'yes' : 'yes, and after the release still'
  },

  async 'another process of the machine is excluded'(on, file) {
    const [one, two] = [await on(0), await on(0)]
    await one.acquire(file, LONG)
    return (await two.tryAcquire(file)) ? TWO : 'yes'
  },

  async 'a wait is granted after the release'(on, file) {
    const [one, two] = [await on(0), await on(1)]
    await one.acquire(file, LONG)
    const granted = two.acquire(file, LONG)
    await sleep(SOON)
    return after(granted, () => one.release(file))
  },

  async 'after SIGKILL of the holder'(on, file) {
    const [one, two] = [await on(0), await on(1)]
    await one.acquire(file, LONG)
    const granted = two.acquire(file, LONG)
    await sleep(SOON)
    return after(granted, () => kill(one))
  },

  async 'after SIGKILL of another waiter'(on, file) {
    const [one, two, other] = [await on(0), await on(1), await on(1)]
    await one.acquire(file, LONG)
    other.acquire(file, LONG).catch(() => {})
    await sleep(SOON)
    const granted = two.acquire(file, LONG)
    await sleep(SOON)
    await kill(other)
    return after(granted, () => one.release(file))
  },

  async 'a timeout ends the wait'(on, file) {
    const [one, two] = [await on(0), await on(1)]
    await one.acquire(file, LONG)
    return how(
      () => two.acquire(file, 1),
      ({ code }) => code === 'ERR_LOCK_TIMEOUT',
    )
  },

  async 'an abort ends the wait'(on, file) {
    const [one, two] = [await on(0), await on(1)]
    await one.acquire(file, LONG)
    const abort = async ({ lockFile }, file) => {
      const controller = new AbortController()
      setTimeout(() => controller.abort(), 1000)
      await lockFile(file).acquire({ signal: controller.signal })
    }
    return how(
      () => two.run(abort, file),
      ({ name }) => name === 'AbortError',
    )
  },

  async 'the holder is named on its machine'(on, file) {
    return named(await on(0), await on(0), file)
  },

  async 'the holder is named on the other machine'(on, file) {
    return named(await on(0), await on(1), file)
  },

  async 'two readers share, a writer waits'(on, file) {
    const [one, two, writer] = [await on(0), await on(1), await on(1)]
    await one.run(share, file)
    await two.run(share, file)
    if (await writer.tryAcquire(file)) return TWO
    const granted = writer.acquire(file, LONG)
    await one.run(({ kept }) => kept.guard.release())
    await sleep(SOON)
    return after(granted, () => two.run(({ kept }) => kept.guard.release()))
  },

  'noticed: the file is deleted': replaced((file, fs) => {
    fs.rmSync(file)
    fs.writeFileSync(file, '')
  }),

  'noticed: another is renamed over it': replaced((file, fs) => {
    fs.writeFileSync(`${file}.new`, '')
    fs.renameSync(`${file}.new`, file)
  }),

  'noticed: it is moved away': replaced((file, fs) => {
    fs.renameSync(file, `${file}.old`)
    fs.writeFileSync(file, '')
  }),

  'kept: another process opens and closes it': kept((_, file, fs) => fs.closeSync(fs.openSync(file, 'r+'))),

  'kept: another process tries to lock it': kept(({ lockFile }, file) => {
    lockFile(file).tryAcquire()
  }),

  async 'updates by two machines are all there'(on, file) {
    const peers = [await on(0), await on(1), await on(0), await on(1)]
    await peers[0].run(({ require }, file) => require('node:fs').writeFileSync(file, '0'), `${file}.counter`)
    const counts = await Promise.all(peers.map((peer) => peer.run(count, file, SECTIONS)))
    const errors = counts.filter((error) => error !== null)
    const sum = await peers[1].run(
      ({ require }, file) => Number(require('node:fs').readFileSync(file, 'latin1')),
      `${file}.counter`,
    )
    if (errors.length > 0) return `${errors.length} of 4 processes failed: ${errors[0]}`
    return sum === 4 * SECTIONS ? 'yes' : `${TWO}: ${sum} of ${4 * SECTIONS}`
  },
}

async function count({ lockFile, require }, file, sections) {
  const fs = require('node:fs')
  try {
    for (let section = 0; section < sections; section += 1) {
      await lockFile(file).runExclusive(() => {
        const number = Number(fs.readFileSync(`${file}.counter`, 'latin1'))
        fs.writeFileSync(`${file}.counter`, String(number + 1))
      }, 100)
    }
    return null
  } catch (error) {
    return error.message
  }
}

async function share({ lockFile, kept }, file) {
  kept.guard = await lockFile(file).acquire({ mode: 'shared', timeout: 60 })
}

/** One machine holds the lock and replaces the file, where it locks the new one, while the other waits. */
function replaced(replace) {
  return async (on, file) => {
    const [one, other, two] = [await on(0), await on(0), await on(1)]
    await one.acquire(file, LONG)
    const granted = two.acquire(file, LONG).then(() => true)
    await sleep(SOON)
    const source = `({ require }, file) => (${replace})(file, require('node:fs'))`
    await one.send('run', source, file)
    await other.acquire(file, LONG)
    await one.run(({ lockFile }, file) => lockFile(file).release(), file).catch(() => {})
    const tooEarly = await Promise.race([granted, sleep(5 * SOON).then(() => false)])
    if (tooEarly) return TWO
    return after(granted, () => other.release(file))
  }
}

/** Does the lock outlast what another process of the holder's machine does to the file? */
function kept(act) {
  return async (on, file) => {
    const [one, other, two] = [await on(0), await on(0), await on(1)]
    await one.acquire(file, LONG)
    const source = `(tools, file) => (${act})(tools, file, tools.require('node:fs'))`
    await other.send('run', source, file)
    return (await two.tryAcquire(file)) ? TWO : 'yes'
  }
}

async function named(one, two, file) {
  await one.acquire(file, LONG)
  const pid = await one.run(() => process.pid)
  const look = async ({ lockFile }, file) => (await lockFile(file).inspect()).holders[0]?.pid
  const seen = await two.run(look, file)
  if (seen === pid) return 'yes'
  return seen === undefined ? 'no' : `wrongly: ${seen}`
}

/** The other end of the pipe is not always the process itself. */
async function kill(peer) {
  peer.run(() => process.kill(process.pid, 'SIGKILL')).catch(() => {})
  await peer.ended
}

/** How long after `act` the promise resolves. */
async function after(promise, act) {
  const start = performance.now()
  await act()
  await promise
  return `yes, ${shown(start)}`
}

/** How an acquire of a lock that is held ends, which it does with an error that `isRight`. */
async function how(acquire, isRight) {
  const start = performance.now()
  try {
    await acquire()
    return TWO
  } catch (error) {
    return isRight(error) ? `yes, after ${shown(start)}` : `no: ${error.message}`
  }
}

function shown(start) {
  return `${((performance.now() - start) / 1000).toFixed(1)} s`
}

module.exports = { network }
