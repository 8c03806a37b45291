'use strict'

// Reads a journal (journal.js) and tells what cannot have happened if the lock is one.
//
// A holder enters after its grant and leaves before its release. One that was killed leaves when it
// dies, which is some time between the records `killing` and `died`: once somebody else has entered
// in its place, it must not be heard of again.
//
// Who holds in shared mode reads. Any number may, but for the time of a writer: who has entered.

/** What an acquire may be refused with while the machine is being tormented. */
const EXPECTED = new Set([
  'ABORTED',
  'BUSY',
  'ERR_LOCK_TIMEOUT',
  'ERR_LOCK_DEADLOCK',
  'ENOENT',
  'EACCES',
  'EMFILE',
  'ENOSPC',
])

/** Timers of Node may fire a little early. */
const EARLY = 0.005
/** No timeout that is asked for comes near it, nor does a process stand still for so long. */
const LATE = 60

/** The names of files whose locks are one a path, even when the file is deleted by its holder. */
function isOnePerPath(file) {
  return !file.startsWith('replaced')
}

class Checker {
  violations = []
  counts = {
    enter: 0,
    leave: 0,
    read: 0,
    unread: 0,
    lower: 0,
    readTogether: 0,
    killing: 0,
    died: 0,
    ended: 0,
    leak: 0,
    timeout: 0,
    refused: {},
    heldWhenKilled: 0,
    readWhenKilled: 0,
    sections: {},
  }
  /** By lock: who is in, who reads, what the counter can say, when the last writer and reader left. */
  #locks = new Map()
  #dying = new Set()
  /** Those in whose place somebody has entered. */
  #replaced = new Set()

  check(records) {
    // What ends by itself is known to have ended only after others have its place.
    for (const { kind, who } of records) if (kind === 'ended') this.#dying.add(who)
    for (const record of records) this.#record(record)
    return this
  }

  /** What the counters can say in the end, by file. */
  get finalValues() {
    return new Map([...this.#locks].map(([name, { values }]) => [name, values]))
  }

  #record(record) {
    this.#count(record)
    switch (record.kind) {
      case 'enter':
        return this.#enter(record)
      case 'leave':
        return this.#leave(record)
      case 'read':
        return this.#read(record)
      case 'unread':
        return this.#unread(record)
      case 'lower':
        return this.#lower(record)
      case 'killing':
        return this.#dying.add(record.who)
      case 'died':
        return this.#died(record)
      case 'timeout':
        if (record.waited < record.asked - EARLY) this.#violation('timed out too early', record)
        if (record.waited > record.asked + LATE) this.#violation('timed out too late', record)
        return
      case 'refused':
        if (!EXPECTED.has(record.code)) this.#violation('refused for no reason', record)
        return
      case 'ended':
        return this.#violation('ended by itself', record)
      case 'leak':
        return this.#violation('something was left behind', record)
    }
  }

  #count({ kind, who, code }) {
    if (kind === 'refused') this.counts.refused[code] = (this.counts.refused[code] ?? 0) + 1
    else this.counts[kind] += 1
    if (kind === 'enter' || kind === 'read') {
      const [peer] = who.split('.')
      this.counts.sections[peer] = (this.counts.sections[peer] ?? 0) + 1
    }
  }

  #enter(record) {
    this.#expectAlive(record)
    const lock = this.#lockOf(record)
    this.#expectNoWriter(lock, record, 'two at once')
    for (const reader of lock.readers.values()) {
      if (!this.#isDying(reader.who)) this.#violation('a writer beside a reader', reader, record)
      this.#supersedeReader(lock, reader)
    }
    this.#expectValue(lock, record)
    this.#expectAfter(lock.left, record, 'entered before the former had left')
    this.#expectAfter(lock.unread, record, 'entered before a reader had left')
    lock.inside = record
  }

  #read(record) {
    this.#expectAlive(record)
    const lock = this.#lockOf(record)
    this.#expectNoWriter(lock, record, 'a reader beside a writer')
    this.#expectValue(lock, record)
    this.#expectAfter(lock.left, record, 'read before the writer had left')
    if (lock.readers.size > 0) this.counts.readTogether += 1
    // Who was killed in writing has written or not: now it is known.
    if (isOnePerPath(record.file)) lock.values = new Set([record.value])
    lock.readers.set(nameOf(record), record)
  }

  #unread(record) {
    this.#expectAlive(record)
    const lock = this.#lockOf(record)
    const reader = lock.readers.get(nameOf(record))
    if (reader === undefined) return this.#violation('left without reading', record)
    lock.readers.delete(nameOf(record))
    if (isOnePerPath(record.file) && record.value !== reader.value) {
      this.#violation('written beside a reader', reader, record)
    }
    if (record.at !== undefined && (lock.unread === undefined || record.at > lock.unread)) {
      lock.unread = record.at
    }
  }

  #lower(record) {
    this.#leave(record)
    const lock = this.#lockOf(record)
    // Time passes between this and the downgrade, in which others can begin to read.
    lock.left = undefined
    lock.readers.set(nameOf(record), record)
  }

  /** Whoever is inside must be dying, and is dead by now. */
  #expectNoWriter(lock, record, otherwise) {
    if (lock.inside === undefined) return
    if (!this.#isDying(lock.inside.who)) this.#violation(otherwise, lock.inside, record)
    this.#supersede(lock)
  }

  #expectValue({ values }, record) {
    if (!isOnePerPath(record.file) || values.has(record.value)) return
    this.#violation(`an update was lost: expected ${[...values].join(' or ')}`, record)
  }

  /** Times are taken inside, so one that lies before the former's leave was an overlap. */
  #expectAfter(left, record, otherwise) {
    if (!isOnePerPath(record.file) || record.at === undefined || left === undefined) return
    if (record.at < left) this.#violation(otherwise, record)
  }

  #leave(record) {
    this.#expectAlive(record)
    const lock = this.#lockOf(record)
    const { inside } = lock
    if (inside?.who !== record.who || inside.section !== record.section) {
      return this.#violation('left without being inside', record, inside)
    }
    if (record.value !== inside.value + 1) this.#violation('wrote something else', inside, record)
    lock.inside = undefined
    lock.values = new Set([record.value])
    lock.left = record.at
  }

  #died({ who }) {
    for (const lock of this.#locks.values()) {
      if (lock.inside !== undefined && isPartOf(lock.inside.who, who)) this.#supersede(lock)
      for (const reader of lock.readers.values()) {
        if (isPartOf(reader.who, who)) this.#supersedeReader(lock, reader)
      }
    }
    this.#replaced.add(who)
  }

  /** The holder of the lock is dead: it may have written or not. */
  #supersede(lock) {
    this.counts.heldWhenKilled += 1
    this.#replaced.add(lock.inside.who)
    lock.values = new Set([lock.inside.value, lock.inside.value + 1])
    lock.left = undefined
    lock.inside = undefined
  }

  /** The reader is dead: it changed nothing. */
  #supersedeReader(lock, reader) {
    this.counts.readWhenKilled += 1
    this.#replaced.add(reader.who)
    lock.readers.delete(nameOf(reader))
  }

  #lockOf({ file, inode }) {
    // A file that is open keeps its inode's number: two who are inside with the same one have the same file.
    const name = isOnePerPath(file) ? file : `${file} ${inode}`
    let lock = this.#locks.get(name)
    if (lock === undefined) {
      lock = {
        inside: undefined,
        readers: new Map(),
        values: new Set([0]),
        left: undefined,
        unread: undefined,
      }
      this.#locks.set(name, lock)
    }
    return lock
  }

  #isDying(who) {
    return this.#isIn(this.#dying, who)
  }

  #expectAlive(record) {
    if (this.#isIn(this.#replaced, record.who)) this.#violation('went on after its death', record)
  }

  #isIn(set, who) {
    for (let name = who; name !== ''; name = name.slice(0, Math.max(0, name.lastIndexOf('.')))) {
      if (set.has(name)) return true
    }
    return false
  }

  #violation(what, ...records) {
    this.violations.push({ what, records })
  }
}

/** The name of a section. */
function nameOf({ who, section }) {
  return `${who} ${section}`
}

function isPartOf(who, whole) {
  return who === whole || who.startsWith(`${whole}.`)
}

module.exports = { Checker }
