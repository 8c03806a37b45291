'use strict'

// One round of the plan, carried out: a folder, processes in it, events, and the check at the end.

const fs = require('node:fs')
const path = require('node:path')
const { setTimeout: sleep } = require('node:timers/promises')
const { lockFile } = require('..')
const { makeFolder, removeFolder } = require('../tools/folder')
const { unmount } = require('../tools/mounts')
const { Checker } = require('./checker')
const { Counter } = require('./counter')
const { Journal, parse } = require('./journal')
const { mountSmall } = require('./machine')
const { peersOf } = require('./plan')
const { Supervisor } = require('./supervisor')

/** In milliseconds after the last event: a peer that has not ended by then hangs. */
const HANGING = 60_000
const PEERS = path.join(__dirname, 'peers')
const KINDS = ['shared', 'deleted', 'small', 'replaced']

class Round {
  events = {}
  #plan
  #tools
  #folder
  #journal
  #locks
  #peers = new Map()
  #undoing = new Set()
  #finishing = false

  /** `tools`: the python and the clock library, where there are any. */
  constructor(plan, tools) {
    this.#plan = plan
    this.#tools = tools
    this.#folder = makeFolder('locket-chaos-')
    this.#journal = new Journal(path.join(this.#folder, 'journal'))
    for (const kind of KINDS) fs.mkdirSync(path.join(this.#folder, kind))
    this.#hasSmall = mountSmall(path.join(this.#folder, 'small'))
    this.#locks = KINDS.flatMap((kind) => this.#locksOf(kind))
    for (const { name } of this.#locks) Counter.create(this.#folder, name)
    fs.writeFileSync(this.#clock, '+0')
  }

  #hasSmall

  #locksOf(kind) {
    if (kind === 'small' && !this.#hasSmall) return []
    return Array.from({ length: this.#plan.setup[kind] }, (_, i) => ({
      kind,
      name: `${kind}${i}`,
      path: this.#in(kind, `${kind}${i}.lock`),
      isDeleted: kind === 'deleted' || kind === 'small',
    }))
  }

  #in(...names) {
    return path.join(this.#folder, ...names)
  }

  get #clock() {
    return this.#in('clock')
  }

  /** Resolves with the checker when all have ended. */
  async run() {
    for (const name of peersOf(this.#plan.setup)) {
      const command = this.#commandFor(name)
      if (command !== undefined) {
        this.#peers.set(name, new Supervisor(name, this.#journal, command, () => this.#finishing))
      }
    }
    const start = performance.now()
    for (const event of this.#plan.events) {
      await sleep(start + event.at - performance.now())
      this.#carryOut(event)
    }
    await sleep(start + this.#plan.length - performance.now())
    await Promise.all(this.#undoing)
    this.#finishing = true
    fs.writeFileSync(this.#in('finish'), '')
    const hanging = await this.#untilFinished()
    return this.#check(hanging)
  }

  #commandFor(peer) {
    const { seed, setup } = this.#plan
    const { python, clockLibrary } = this.#tools
    const folder = this.#folder
    const shared = this.#locks.filter(({ kind }) => kind === 'shared')
    if (peer.startsWith('node')) {
      const { tasks, workers } = setup
      // The first one lives by a clock that jumps; its monotonic clock does not.
      const isFaked = peer === 'node0' && clockLibrary !== undefined
      const env = isFaked
        ? {
            LD_PRELOAD: clockLibrary,
            FAKETIME_TIMESTAMP_FILE: this.#clock,
            FAKETIME_CACHE_DURATION: '1',
            FAKETIME_DONT_FAKE_MONOTONIC: '1',
            NO_FAKE_STAT: '1',
          }
        : {}
      return (who) => {
        const share = { seed, who, folder, tasks, workers, locks: this.#locks }
        const args = [path.join(PEERS, 'node.js'), JSON.stringify(share)]
        return { command: process.execPath, args, env, ipc: true }
      }
    }
    if (peer.startsWith('python')) {
      if (python === undefined) return
      return (who) => {
        const share = { seed, who, folder, locks: shared }
        return { command: python, args: [path.join(PEERS, 'foreign.py'), JSON.stringify(share)] }
      }
    }
    if (!this.#tools.flock) return
    return (who) => ({
      command: path.join(PEERS, 'foreign.sh'),
      args: [folder, who, ...shared.map((lock) => `${lock.name}=${lock.path}`)],
    })
  }

  #carryOut(event) {
    const peer = this.#peers.get(event.target)
    if (event.target !== undefined && peer === undefined) return
    this.events[event.kind] = (this.events[event.kind] ?? 0) + 1
    const acts = {
      kill: () => peer.kill(),
      crash: () => peer.order(event),
      terminate: () => peer.order(event),
      exhaust: () => peer.order(event),
      abort: () => peer.end(() => peer.order(event)),
      exit: () => peer.end(() => peer.order(event)),
      stop: () => this.#later(event, peer.stop()),
      rename: () => this.#rename(event),
      readonly: () => this.#readonly(event),
      fill: () => this.#fill(event),
      replace: () => this.#replace(event),
      clock: () => fs.writeFileSync(this.#clock, event.offset),
    }
    acts[event.kind]()
  }

  #later({ lasts }, undo) {
    const undoing = sleep(lasts).then(undo)
    this.#undoing.add(undoing)
    undoing.finally(() => this.#undoing.delete(undoing))
  }

  #rename(event) {
    const folder = this.#in(event.folder)
    const away = `${folder}.away`
    if (fs.existsSync(away)) return
    fs.renameSync(folder, away)
    this.#later(event, () => fs.renameSync(away, folder))
  }

  #readonly(event) {
    const folder = this.#in(event.folder)
    if (!fs.existsSync(folder)) return
    // By a descriptor: the folder may be renamed in between.
    const descriptor = fs.openSync(folder)
    fs.fchmodSync(descriptor, 0o555)
    this.#later(event, () => {
      fs.fchmodSync(descriptor, 0o777)
      fs.closeSync(descriptor)
    })
  }

  /** Until there is neither a page nor an inode. */
  #fill(event) {
    const ballast = (number) => this.#in('small', `ballast${number}`)
    const files = untilFull((number) => fs.writeFileSync(ballast(number), ''))
    untilFull(() => fs.appendFileSync(ballast(0), Buffer.alloc(4096)))
    this.#later(event, () => {
      for (let number = 0; number < files; number += 1) fs.rmSync(ballast(number), { force: true })
    })
  }

  #replace({ file, how }) {
    const target = this.#in('replaced', `replaced${file}.lock`)
    try {
      if (how === 'delete') return fs.unlinkSync(target)
      fs.writeFileSync(`${target}.new`, '')
      fs.renameSync(`${target}.new`, target)
    } catch (error) {
      if (error.code !== 'ENOENT') throw error
    }
  }

  /** The names of the peers that never end. */
  async #untilFinished() {
    const waiting = new Map(this.#peers)
    for (const [name, peer] of this.#peers) peer.finished.then(() => waiting.delete(name))
    const all = Promise.all([...this.#peers.values()].map((peer) => peer.finished))
    const limit = new AbortController()
    await Promise.race([all, sleep(HANGING, undefined, { signal: limit.signal }).catch(() => {})])
    limit.abort()
    const hanging = [...waiting.keys()]
    for (const peer of waiting.values()) peer.kill()
    await all
    return hanging
  }

  #check(hanging) {
    const checker = new Checker().check(parse(fs.readFileSync(this.#in('journal'), 'latin1')))
    const violations = [...checker.violations]
    for (const name of hanging) violations.push({ what: `${name} hung` })
    const said = [...this.#peers.values()].map(({ stderr }) => stderr).filter(Boolean)
    for (const { name, path: file, kind } of this.#locks) {
      const counter = new Counter(this.#folder, name)
      const value = counter.read()
      counter.close()
      const possible = checker.finalValues.get(name)
      if (kind !== 'replaced' && possible !== undefined && !possible.has(value)) {
        violations.push({ what: `${name} counts ${value} in the end, not ${[...possible].join(' or ')}` })
      }
      const guard = lockFile(file).tryAcquire()
      if (guard === null) violations.push({ what: `${name} is held after all peers have ended` })
      else guard.release()
    }
    this.#journal.close()
    if (this.#hasSmall) unmount(this.#in('small'))
    if (violations.length === 0) removeFolder(this.#folder)
    return { counts: checker.counts, events: this.events, violations, said, folder: this.#folder }
  }
}

/** Tells how often `act` went well before the disk was full. */
function untilFull(act) {
  for (let times = 0; ; times += 1) {
    try {
      act(times)
    } catch (error) {
      if (error.code === 'ENOSPC') return times
      throw error
    }
  }
}

module.exports = { Round }
