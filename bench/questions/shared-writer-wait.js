'use strict'

// Four processes hold the lock in shared mode, 40 ms each time and in overlap, and a writer wants it
// every 500 ms: how long does the writer wait at most, and how many reads are left?

const { spawn } = require('node:child_process')
const { once } = require('node:events')
const { SHARING } = require('../support/libraries')
const { hasBare, sleep, startBare, startChild, withFile } = require('../support/processes')
const { mapValues, mediansOf, othersOf, rounds } = require('../support/rounds')
const { median } = require('../support/statistics')

const READERS = 4
const HOLD_MS = 40
const PAUSE_MS = 500
/** One after the other begins, so that they overlap. */
const OFFSET_MS = HOLD_MS / READERS
/** After so long without the lock, a writer starves. */
const PATIENCE_MS = 8_000

/** Reads until the parent says so; answers how often. */
async function read({ open, parent, library, file }) {
  const readOnce = library === 'flock -s' ? () => readByCommand(file) : readBy(open())
  const order = parent.next()
  let isOver = false
  order.then(() => {
    isOver = true
  })
  let reads = 0
  for (; !isOver; reads += 1) await readOnce()
  parent.send(reads)
}

function readBy(lock) {
  return async () => {
    const held = await lock.acquireShared()
    await sleep(HOLD_MS)
    await held.release()
  }
}

async function readByCommand(file) {
  await once(spawn('flock', ['-s', file, 'sleep', String(HOLD_MS / 1000)]), 'close')
}

/** Writes when it is told to; answers how long it waited, in milliseconds. */
async function write({ open, parent, library, file }) {
  const writeOnce = library === 'flock -s' ? () => writeByCommand(file) : writeBy(open())
  for (let order = await parent.next(); order !== undefined; order = await parent.next()) {
    parent.send(await writeOnce())
  }
}

function writeBy(lock) {
  return async () => {
    const begin = performance.now()
    const held = await lock.acquire()
    const waited = performance.now() - begin
    await held.release()
    return waited
  }
}

async function writeByCommand(file) {
  const begin = performance.now()
  const child = spawn('flock', [file, 'echo'])
  await once(child.stdout, 'data')
  return performance.now() - begin
}

/** The bare program is a process that obeys: what the others do by themselves is told to it. */
class Bare {
  #child
  #isOver = false
  #reads

  constructor(file) {
    this.#child = startBare('lock', file)
  }

  read() {
    const loop = async () => {
      let reads = 0
      for (; !this.#isOver; reads += 1) {
        await this.#child.ask('acquire-shared')
        await sleep(HOLD_MS)
        await this.#child.ask('release')
      }
      return reads
    }
    this.#reads = loop()
  }

  stop() {
    this.#isOver = true
    return this.#reads
  }

  async write(patience) {
    const begin = performance.now()
    this.#child.send('acquire')
    if ((await this.#child.next(patience)) === undefined) return undefined
    const waited = performance.now() - begin
    await this.#child.ask('release')
    return waited
  }

  kill() {
    return this.#child.kill()
  }
}

class Player {
  #child

  constructor(role, library, file) {
    this.#child = startChild(__filename, role, library, file)
  }

  read() {}

  stop() {
    return this.#child.ask('stop')
  }

  write(patience) {
    this.#child.send('write')
    return this.#child.next(patience)
  }

  kill() {
    return this.#child.kill()
  }
}

/** Answers the reads a second and the writer's longest wait, which is undefined if it starves. */
function contest(library, seconds, writes) {
  return withFile(async (file) => {
    const start = (role) => (library === 'bare' ? new Bare(file) : new Player(role, library, file))
    const readers = []
    for (let number = 0; number < READERS; number += 1) {
      const reader = start('read')
      reader.read()
      readers.push(reader)
      await sleep(OFFSET_MS)
    }
    const writer = start('write')
    // The processes start meanwhile.
    await sleep(500)
    const begin = performance.now()
    let longest = 0
    while (longest !== undefined && performance.now() - begin < seconds * 1000) {
      await sleep(PAUSE_MS)
      const waited = writes ? await writer.write(PATIENCE_MS) : 0
      longest = waited === undefined ? undefined : Math.max(longest, waited)
    }
    const end = performance.now()
    const reads = await Promise.all(readers.map((reader) => reader.stop()))
    for (const player of [writer, ...readers]) await player.kill()
    // What was read while the processes started counts, and so does that time.
    const took = (end - begin) / 1000 + 0.5
    return { longest, rate: reads.reduce((sum, count) => sum + count, 0) / took }
  })
}

async function run({ count, quick, present }) {
  const names = [...present(SHARING), 'flock -s']
  if (hasBare()) names.push('bare')
  const seconds = quick ? 3 : 6
  const answers = await rounds(count, names, (name) => contest(name, seconds, true))
  const alone = await rounds(count, ['locket'], (name) => contest(name, seconds, false))
  const longest = mapValues(answers, (all) => {
    const waits = all.map((answer) => answer.longest)
    return waits.includes(undefined) ? `not in ${PATIENCE_MS / 1000} s` : Math.max(...waits)
  })
  const rate = mediansOf(answers, 'rate')
  const { bare, ...others } = othersOf({ ...longest })
  const rateAlone = median(alone.locket.map((answer) => answer.rate))
  return [
    {
      id: 'shared-writer-wait',
      what: 'a writer behind readers that overlap, longest wait',
      unit: 'ms',
      goal: { atMost: 2 * HOLD_MS, what: 'two of the readers’ holds' },
      measured: longest.locket,
      limit: { value: HOLD_MS, what: 'one reader’s hold' },
      others: { ...others, ...(longest.bare !== undefined && { 'a bare flock': longest.bare }) },
    },
    {
      id: 'shared-reads',
      what: 'the same, reads',
      unit: 'reads/s',
      goal: { atLeast: 0.88 * rateAlone, what: '12 % below the readers alone' },
      measured: rate.locket,
      limit: { value: rateAlone, what: 'the readers alone' },
      others: othersOf(rate),
    },
  ]
}

module.exports = { roles: { read, write }, run }
