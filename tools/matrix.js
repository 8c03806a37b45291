'use strict'

// Old copies of a package and its replacement contend for one lock, while processes of both kinds are
// killed and stopped. The ledger that the sections write shows each lost update, and a witness in
// each section every other process that is in there.

const fs = require('node:fs')
const path = require('node:path')
const { setTimeout: sleep } = require('node:timers/promises')
const { Child } = require('./child')
const { judge } = require('./matrix-judge')
const { Random } = require('./random')

/** What is older is stale to an old copy, in milliseconds; in lockfile there is no heartbeat. */
const STALE = 2000
const HEARTBEAT = 1000

/** So much of that can be over, on a busy machine, before the process is stopped that holds the lock. */
const MARGIN = 500

const PROPER_LOCKFILE = {
  style: 'promises',
  options: { stale: STALE, update: HEARTBEAT, retries: { retries: 1e6, minTimeout: 5, factor: 1 } },
}
const LOCKFILE = {
  isRemovedByOld: true,
  style: 'callbacks',
  options: { stale: STALE, wait: 1e9, pollPeriod: 5 },
}

/** The kinds that contend, by package: what comes from the registry, and what is in packages/. */
const packages = {
  'proper-lockfile': {
    old: {
      ...PROPER_LOCKFILE,
      robbedAfter: { old: STALE - HEARTBEAT - MARGIN, new: STALE - HEARTBEAT - MARGIN },
    },
    // A folder is removed, a file is not.
    new: { ...PROPER_LOCKFILE, isRemovedByOld: false, robbedAfter: { old: Infinity, new: Infinity } },
  },
  lockfile: {
    old: { ...LOCKFILE, robbedAfter: { old: STALE - MARGIN, new: STALE - MARGIN } },
    new: { ...LOCKFILE, robbedAfter: { old: STALE - HEARTBEAT - MARGIN, new: Infinity } },
  },
}

/** Returns the kinds of the package, `old` and `new`. */
function kindsOf(name) {
  const modules = { old: require.resolve(name), new: path.join(__dirname, '..', 'packages', name) }
  return Object.entries(packages[name]).map(([kind, settings]) => ({
    name: kind,
    module: modules[kind],
    ...settings,
  }))
}

const PROGRAM = path.join(__dirname, 'programs', 'contender.js')

/** Between two kills or stops, and of a stop; in milliseconds. */
const PAUSES_MS = [200, 1000]
const STOPS = [100, 4000]

/**
 * Runs `copies` of each kind for `seconds` on a file in the folder. A kind is `{ name, style, module,
 * options, robbedAfter, isRemovedByOld }`: `robbedAfter` says by the name of a kind how long, in
 * milliseconds, a holder must have been stopped before processes of that one may take its lock; Infinity
 * if never. `isRemovedByOld`: an old copy that was robbed removes what a holder has made.
 */
async function runMatrix({ folder, kinds, copies, seconds, seed = Date.now() }) {
  const matrix = new Matrix(folder, kinds, Random.of(seed, 'matrix'))
  for (const kind of kinds) for (let copy = 0; copy < copies; copy += 1) matrix.start(kind)
  await matrix.disturb(seconds * 1000)
  await matrix.end()
  return { seed, ...matrix.judge() }
}

class Matrix {
  #file
  #kinds
  #random
  /** All processes there were, by their numbers: `{ kind, child, stops, killed }`. */
  #members = new Map()
  #overlaps = []
  /** Those that end by themselves. */
  #ends = []
  #counts = {}

  constructor(folder, kinds, random) {
    this.#file = path.join(folder, 'file')
    fs.writeFileSync(this.#file, '')
    this.#kinds = kinds
    this.#random = random
    for (const { name } of kinds) {
      this.#counts[name] = { done: 0, refused: 0, compromised: 0, killed: 0, stopped: 0 }
    }
  }

  start(kind) {
    const args = [PROGRAM, kind.name, kind.style, kind.module, this.#file, JSON.stringify(kind.options)]
    const child = new Child(process.execPath, args, {
      stdio: ['pipe', 'pipe', 'inherit'],
      onLine: (line) => this.#hear(member, JSON.parse(line)),
    })
    const member = { kind, child, stops: [], killed: Infinity, isAlive: true }
    this.#members.set(child.pid, member)
    child.ended.then(({ status, signal }) => {
      if (member.isAlive) this.#ends.push(`${kind.name} ends with ${signal ?? status}`)
      member.isAlive = false
    })
  }

  #hear({ kind, child }, { event, other, at }) {
    if (event === 'overlap') this.#overlaps.push({ by: child.pid, other, at })
    else if (event !== 'ready') this.#counts[kind.name][event] += 1
  }

  /** Kills and stops processes at random for that long. */
  async disturb(milliseconds) {
    const end = performance.now() + milliseconds
    const stops = []
    while (performance.now() < end) {
      await sleep(this.#random.between(...PAUSES_MS))
      const member = this.#choose()
      if (member === undefined) continue
      if (this.#random.chance(0.3)) await this.#kill(member)
      else stops.push(this.#stop(member))
    }
    await Promise.all(stops)
  }

  /** Half of the blows meet the process that was the last in a section, which may be there still. */
  #choose() {
    const running = this.#alive().filter((member) => !isStopped(member))
    const inside = this.#members.get(this.#inside())
    if (this.#random.chance(0.5) && running.includes(inside)) return inside
    const kind = this.#random.pick(this.#kinds)
    const others = running.filter((member) => member.kind === kind)
    return others.length === 0 ? undefined : this.#random.pick(others)
  }

  /** Returns the process that was the last to enter a section. */
  #inside() {
    try {
      return Number(fs.readFileSync(`${this.#file}.inside`, 'latin1'))
    } catch {
      return undefined // There was none yet.
    }
  }

  async #kill(member) {
    this.#counts[member.kind.name].killed += 1
    await this.#end(member)
    this.start(member.kind)
  }

  #end(member) {
    member.isAlive = false
    member.killed = Date.now()
    return member.child.kill()
  }

  async #stop(member) {
    const stop = { from: Date.now(), to: Infinity }
    member.stops.push(stop)
    this.#counts[member.kind.name].stopped += 1
    member.child.signal('SIGSTOP')
    await sleep(this.#random.between(...STOPS))
    member.child.signal('SIGCONT')
    stop.to = Date.now()
  }

  #alive() {
    return [...this.#members.values()].filter(({ isAlive }) => isAlive)
  }

  async end() {
    await Promise.all(this.#alive().map((member) => this.#end(member)))
  }

  judge() {
    const ledger = fs.readFileSync(`${this.#file}.ledger`, 'utf8')
    const judged = judge({ ledger, overlaps: this.#overlaps, members: this.#members, ends: this.#ends })
    return { ...judged, counts: this.#counts }
  }
}

function isStopped({ stops }) {
  return stops.at(-1)?.to === Infinity
}

module.exports = { kindsOf, runMatrix }
