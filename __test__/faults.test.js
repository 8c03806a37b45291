'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { after, before, describe, test } = require('node:test')
const { lockFile } = require('..')
const { Faulty, whyNoFaults } = require('../tools/faulty')
const { makeFolder, removeFolder } = require('../tools/folder')

const { errno: ERRNO } = os.constants
const FAULTS = ['EINTR', 'ENOLCK', 'EOPNOTSUPP', 'EIO', 'ENOSPC', 'EMFILE']
/** More calls of one kind than any acquire makes: where the list of them ends. */
const MOST_CALLS = 20
const FOR_EVER = 2 ** 31 - 1

describe('when system calls fail', { skip: whyNoFaults() }, () => {
  let folder
  let child
  let files = 0
  let injected = 0

  before(async () => {
    folder = makeFolder('locket-faults-')
    child = await Faulty.start(folder)
  })
  after(async () => {
    await child?.kill()
    removeFolder(folder)
    process.stderr.write(`${injected} system calls were made to fail\n`)
  })

  function newPath() {
    files += 1
    return path.join(folder, `${files}.lock`)
  }

  const situations = {
    'a file that exists': {
      begin: (file) => fs.writeFileSync(file, ''),
      calls: ['open', 'fstat', 'flock', 'stat', 'close'],
    },
    'a file that is missing': { begin() {}, calls: ['open', 'fstat', 'flock', 'stat', 'close'] },
    'a file that another process holds and releases': {
      begin: (file) => lockFile(file).acquireSync(),
      calls: ['open', 'fstat', 'flock', 'stat', 'close', 'pthread_create'],
    },
  }

  /** One acquire under one fault; afterwards nothing remains of it. Tells how often the fault hit. */
  async function attempt(way, situation, fault) {
    const file = newPath()
    const mine = situations[situation].begin(file)
    const acquire = child.acquire({ path: file, way, timeout: 20 }, fault)
    if (mine !== undefined) {
      await child.waits(acquire)
      mine.release()
    }
    const result = await acquire
    const told = JSON.stringify({ way, situation, ...fault, ...result })

    if (result.error !== undefined) {
      const { code, errno, syscall, path: named, message } = result.error
      assert.equal(errno, -fault.errno, told)
      assert.notEqual(code, 'EINTR', `an interrupted call is made again: ${told}`)
      assert.equal(os.constants.errno[code], fault.errno, told)
      assert.equal(named, file, told)
      const calls = fault.call === 'fstat' ? ['open', 'fstat'] : [fault.call]
      assert.ok(calls.includes(syscall), told)
      assert.ok(message.startsWith(`${code}: `) && message.endsWith(`, ${syscall} '${file}'`), told)
      assert.equal(result.locked, false, told)
    } else {
      assert.equal(result.granted, true, told)
      assert.equal(lockFile(file).tryAcquire(), null, `granted, and not held: ${told}`)
      await child.send('release')
    }
    const { hits } = await child.send('disarm')
    const other = lockFile(file).tryAcquire()
    assert.notEqual(other, null, `something holds the lock still: ${told}`)
    other.release()

    const again = await child.acquire({ path: file, way, timeout: 20 }, { call: 'none', errno: 0 })
    assert.equal(again.granted, true, `the next acquire failed: ${told}`)
    await child.send('release')
    await settled(result.before, told)
    injected += hits
    return hits
  }

  /** A thread needs a moment to end after what it did can be seen. */
  async function settled(expected, told) {
    const limit = Date.now() + 20_000
    for (;;) {
      const now = await child.send('resources')
      if (now.descriptors <= expected.descriptors && now.threads <= expected.threads) return
      if (Date.now() > limit) assert.deepEqual(now, expected, `something remains: ${told}`)
    }
  }

  for (const way of ['acquire', 'acquireSync']) {
    for (const [situation, { calls }] of Object.entries(situations)) {
      test(`${way} of ${situation}: each call fails in turn, with each error`, async () => {
        for (const call of calls) {
          let longest = 0
          for (const name of call === 'pthread_create' ? ['EAGAIN'] : FAULTS) {
            for (let skip = 0; skip < MOST_CALLS; skip += 1) {
              const hits = await attempt(way, situation, { call, errno: ERRNO[name], skip })
              if (hits === 0) break
              longest = Math.max(longest, skip + 1)
            }
          }
          assert.ok(longest >= 1, `${call} was never made`)
          assert.ok(longest < MOST_CALLS, `${call} does not come to an end`)
        }
      })
    }
  }
  for (const way of ['acquire', 'acquireSync', 'tryAcquire']) {
    for (const call of ['open', 'fstat', 'flock', 'stat']) {
      test(`${way}: where ${call} fails always, so does the acquire, with each error`, async () => {
        for (const name of FAULTS.filter((fault) => fault !== 'EINTR')) {
          const hits = await attempt(way, 'a file that exists', { call, errno: ERRNO[name], times: FOR_EVER })
          assert.ok(hits > 0)
        }
      })
    }
    test(`${way}: where close fails always, the lock works`, async () => {
      const fault = { call: 'close', errno: ERRNO.EIO, times: FOR_EVER }
      assert.ok((await attempt(way, 'a file that exists', fault)) > 0)
    })
  }

  for (const way of ['acquire', 'acquireSync', 'tryAcquire']) {
    test(`${way}: where a server has forgotten the file (ESTALE), it is opened anew`, async () => {
      for (const call of ['open', 'fstat', 'flock', 'stat']) {
        const fault = { call, errno: ERRNO.ESTALE, times: 3 }
        const result = await child.acquire({ path: newPath(), way, timeout: 20 }, fault)
        assert.equal(result.granted, true, `${call}: ${JSON.stringify(result)}`)
        await child.send('release')
        assert.ok((await child.send('disarm')).hits > 0, call)
      }
    })
  }

  test('a wait that the restart of an SMB server ends (EAGAIN) goes on', async () => {
    const file = newPath()
    const mine = lockFile(file).acquireSync()
    // The first call is the attempt, the second one waits.
    const fault = { call: 'flock', errno: ERRNO.EAGAIN, skip: 1, times: 2 }
    const acquire = child.acquire({ path: file, way: 'acquire', timeout: 20 }, fault)
    await child.waits(acquire)
    mine.release()
    assert.equal((await acquire).granted, true)
    await child.send('release')
    assert.ok((await child.send('disarm')).hits > 0)
  })
})
