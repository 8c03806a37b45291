'use strict'

// A Node process of the chaos, and each of its workers: it acquires and releases locks in every way
// there is, and does its share of the events that it is told of.

const fs = require('node:fs')
const path = require('node:path')
const { setImmediate: turn, setTimeout: sleep } = require('node:timers/promises')
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads')
const { lockFile } = require('../..')
const { Counter } = require('../counter')
const { Journal } = require('../journal')
const { countWaits } = require('../../tools/resources')
const { Random } = require('../../tools/random')

const LONGEST_HOLD = 8
const TIMEOUTS = [undefined, null, 0, 0.002, 0.05, 0.5]

const share = isMainThread ? JSON.parse(process.argv[2]) : workerData
const { seed, who, folder, tasks, workers, locks } = share
const thread = isMainThread ? `${who}.main` : share.thread
const journal = new Journal(path.join(folder, 'journal'))
const counters = new Map(locks.map(({ name }) => [name, new Counter(folder, name)]))
const finish = path.join(folder, 'finish')
let sections = 0
/** Where in its next section the process is to end. */
let crash

async function task(random) {
  while (!fs.existsSync(finish)) {
    const lock = random.pick(locks)
    try {
      await ways[random.pick(Object.keys(ways))](lockFile(lock.path), lock, random)
    } catch (error) {
      refused(error)
    }
    if (random.chance(0.3)) await sleep(random.between(0, 5))
    else await turn()
  }
}

const ways = {
  async guard(lockable, lock, random) {
    const guard = await timed(random.pick(TIMEOUTS), (timeout) => lockable.acquire({ timeout }))
    await section(lock, random, () => guard.release())
  },
  async path(lockable, lock, random) {
    await timed(random.pick(TIMEOUTS), (timeout) => lockable.acquire(timeout))
    await section(lock, random, () => lockable.release())
  },
  async scope(lockable, lock, random) {
    await timed(random.pick(TIMEOUTS), (timeout) =>
      lockable.runExclusive(() => section(lock, random, () => {}), { timeout, onWait() {} }),
    )
  },
  async abort(lockable, lock, random) {
    const signal = AbortSignal.timeout(random.between(0, 30))
    const guard = await lockable.acquire({ signal })
    await section(lock, random, () => guard.release())
  },
  async sync(lockable, lock, random) {
    // Bounded: while this thread waits, its other tasks keep what they hold.
    const guard = lockable.acquireSync(random.between(0, 20) / 1000)
    await section(lock, random, () => guard.release())
  },
  async try(lockable, lock, random) {
    const guard = lockable.tryAcquire()
    if (guard === null) return refused({ code: 'BUSY' })
    await section(lock, random, () => guard.release())
  },
  async downgrade(lockable, lock, random) {
    const guard = await timed(random.pick(TIMEOUTS), (timeout) => lockable.acquire({ timeout }))
    await section(
      lock,
      random,
      () => guard.release(),
      () => guard.downgrade(),
    )
  },
  async shared(lockable, lock, random) {
    const options = { mode: 'shared', ...(random.chance(0.5) && { onWait() {} }) }
    const guard = await timed(random.pick(TIMEOUTS), (timeout) => lockable.acquire({ ...options, timeout }))
    await reading(lock, random, () => guard.release())
  },
  async sharedPath(lockable, lock, random) {
    await timed(random.pick(TIMEOUTS), (timeout) => lockable.acquire({ mode: 'shared', timeout }))
    await reading(lock, random, () => lockable.release())
  },
  async sharedScope(lockable, lock, random) {
    await timed(random.pick(TIMEOUTS), (timeout) =>
      lockable.runShared(() => reading(lock, random, () => {}), { timeout }),
    )
  },
  async sharedAbort(lockable, lock, random) {
    const signal = AbortSignal.timeout(random.between(0, 30))
    const guard = await lockable.acquire({ mode: 'shared', signal })
    await reading(lock, random, () => guard.release())
  },
  async sharedSync(lockable, lock, random) {
    const guard = lockable.acquireSync({ mode: 'shared', timeout: random.between(0, 20) / 1000 })
    await reading(lock, random, () => guard.release())
  },
  async sharedTry(lockable, lock, random) {
    const guard = lockable.tryAcquire({ mode: 'shared' })
    if (guard === null) return refused({ code: 'BUSY' })
    await reading(lock, random, () => guard.release())
  },
}

/** Keeps the books of an acquire that may time out. */
async function timed(timeout, acquire) {
  const start = process.hrtime.bigint()
  try {
    return await acquire(timeout)
  } catch (error) {
    if (error.code === 'ERR_LOCK_TIMEOUT') {
      journal.write('timeout', thread, timeout, Number(process.hrtime.bigint() - start) / 1e9)
    }
    throw error
  }
}

const holds = [
  (random) => sleep(random.between(0, LONGEST_HOLD)),
  (random) => sleep(random.between(0, LONGEST_HOLD)),
  () => turn(),
  () => undefined,
]

/**
 * What a holder does, whatever comes of it: it has left when it calls `release`. With `downgrade` it
 * goes on as a reader.
 */
async function section(lock, random, release, downgrade) {
  try {
    await inside(lock, random, downgrade)
  } finally {
    release()
  }
}

/** What a holder in shared mode does. */
async function reading(lock, random, release) {
  try {
    const entry = enter('read', lock)
    if (entry === undefined) return
    await random.pick(holds)(random)
    if (crash === 'reading') end()
    entry.write('unread', counters.get(lock.name).read())
  } finally {
    release()
  }
}

/** Records that a section begins. Undefined where it must stay out of the journal. */
function enter(kind, lock) {
  sections += 1
  const mine = `${process.pid}/${sections}`
  const inode = lock.kind === 'replaced' ? heldInode(lock.path) : '-'
  if (inode === undefined) return
  const value = counters.get(lock.name).read()
  const write = (what, counted) => {
    journal.write(what, thread, mine, lock.name, process.hrtime.bigint(), counted, inode)
  }
  write(kind, value)
  return { value, write }
}

async function inside(lock, random, downgrade) {
  const counter = counters.get(lock.name)
  const entry = enter('enter', lock)
  if (entry === undefined) return
  const value = entry.value + 1
  await random.pick(holds)(random)
  if (crash === 'before writing') end()
  counter.write(value)
  if (crash === 'after writing') end()
  if (downgrade !== undefined) {
    entry.write('lower', value)
    downgrade()
    if (crash === 'downgraded') end()
    await random.pick(holds)(random)
    return entry.write('unread', counter.read())
  }
  entry.write('leave', value)
  if (crash === 'after leaving') end()
  // The holder alone may do this, and only when it is done.
  if (lock.isDeleted && random.chance(0.3)) deleteOrReplace(lock.path, random)
}

function end() {
  journal.write('killing', who)
  process.kill(process.pid, 'SIGKILL')
}

function deleteOrReplace(file, random) {
  try {
    if (random.chance(0.5)) return fs.unlinkSync(file)
    const fresh = `${file}.${thread}`
    fs.writeFileSync(fresh, '')
    fs.renameSync(fresh, file)
  } catch (error) {
    if (!['EMFILE', 'EACCES', 'ENOSPC', 'ENOENT'].includes(error.code)) throw error
  }
}

/**
 * The inode whose lock this process holds under the path: others may lie there by now. Undefined
 * where it cannot be told, as while another section of this process holds a file that lay there before.
 */
function heldInode(file) {
  const descriptors = unless('EMFILE', () => fs.readdirSync('/proc/self/fd')) ?? []
  const inodes = new Set()
  for (const descriptor of descriptors) {
    if (!nameOf(descriptor)?.startsWith(file)) continue
    const info = infoOf(descriptor)
    if (info === undefined) return
    const found = /^lock:.* FLOCK +ADVISORY +(?:READ|WRITE) \S+ \S+:(\d+) /m.exec(info)
    if (found !== null) inodes.add(found[1])
  }
  const [inode] = inodes
  return inodes.size === 1 ? inode : undefined
}

/** What the kernel says of a descriptor: nothing, if another thread has closed it meanwhile. */
function infoOf(descriptor) {
  return unless('EMFILE', () => {
    return unless('ENOENT', () => fs.readFileSync(`/proc/self/fdinfo/${descriptor}`, 'latin1')) ?? ''
  })
}

function nameOf(descriptor) {
  return unless('ENOENT', () => fs.readlinkSync(`/proc/self/fd/${descriptor}`))
}

/** What `act` returns; undefined where it fails with one of the codes. */
function unless(...codesAndAct) {
  const act = codesAndAct.pop()
  try {
    return act()
  } catch (error) {
    if (!codesAndAct.includes(error.code)) throw error
  }
}

function refused({ name, code, stack }) {
  const word = name === 'TimeoutError' || name === 'AbortError' ? 'ABORTED' : code
  if (word === undefined) process.stderr.write(`${thread}: ${stack}\n`)
  journal.write('refused', thread, word)
}

function work() {
  return Promise.all(Array.from({ length: tasks }, (_, i) => task(Random.of(seed, `${thread} task ${i}`))))
}

async function mainThread() {
  const crew = Array.from({ length: workers }, (_, index) => new WorkerSupervisor(index))
  const orders = {
    crash({ phase }) {
      crash = phase
    },
    abort() {
      process.abort()
    },
    exit() {
      process.exit()
    },
    terminate: ({ index }) => crew[index].terminate(),
    exhaust,
  }
  process.on('message', (order) => orders[order.kind](order))
  await work()
  await Promise.all(crew.map((worker) => worker.finished))
  // The descriptors may still be used up.
  await gate
  await tellLeaks()
  process.disconnect()
}

/** One thing after the other: a worker cannot start while there are no descriptors. */
let gate = Promise.resolve()
function inTurn(act) {
  const done = gate.then(act)
  gate = done
  return done
}

/** Uses up all descriptors for a while. */
function exhaust({ lasts }) {
  return inTurn(async () => {
    const taken = []
    try {
      for (;;) taken.push(fs.openSync('/dev/null'))
    } catch {
      // That was the last.
    }
    await sleep(lasts)
    for (const descriptor of taken) fs.closeSync(descriptor)
  })
}

/** A worker, and the next one when it was terminated. */
class WorkerSupervisor {
  #index
  #worker
  #born = 0
  #terminating = false
  finished

  constructor(index) {
    this.#index = index
    this.finished = this.#live()
  }

  async terminate() {
    if (this.#worker === undefined || this.#terminating) return
    this.#terminating = true
    journal.write('killing', this.#name)
    await this.#worker.terminate()
  }

  get #name() {
    return `${who}.w${this.#index}x${this.#born}`
  }

  async #live() {
    do {
      const ended = await inTurn(() => this.#bear())
      await ended.promise
      this.#worker = undefined
      journal.write('died', this.#name)
    } while (this.#terminating)
  }

  /** Resolves when the next one has started, with the promise of its end. */
  async #bear() {
    this.#born += 1
    this.#terminating = false
    const worker = new Worker(__filename, { workerData: { ...share, thread: this.#name } })
    this.#worker = worker
    const promise = new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject))
    const started = new Promise((resolve) => worker.once('message', resolve))
    await Promise.race([started, promise])
    return { promise }
  }
}

/** Nothing is held or waited for any more; a thread needs a moment to end. */
async function tellLeaks() {
  const limit = performance.now() + 10_000
  let left = leaks()
  while (left.length > 0 && performance.now() < limit) {
    await sleep(1)
    left = leaks()
  }
  for (const what of left) journal.write('leak', thread, what)
}

function leaks() {
  const names = fs.readdirSync('/proc/self/fd').map(nameOf)
  return [
    ...names.filter((name) => name?.includes('.lock')),
    ...Array.from({ length: countWaits() }, () => 'a thread that waits'),
  ]
}

if (isMainThread) mainThread()
else {
  parentPort.postMessage('started')
  work().then(() => parentPort.close())
}
