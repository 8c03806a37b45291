'use strict'

// What the processes of tools/matrix.js have seen, judged: which of it must not have happened.

/** Later than this, in milliseconds, no process is in the section any more in which it was stopped. */
const SLOW = 2000

/**
 * Returns what happened, and as `faults` what must not. `ledger` is the text that the sections wrote;
 * `overlaps` are `{ by, other, at }`, by the numbers of processes; `members` has by its number
 * `{ kind, stops, killed }` of each; `ends` are processes that ended by themselves.
 */
function judge({ ledger, overlaps, members, ends = [] }) {
  const lines = ledger === '' ? [] : ledger.trimEnd().split('\n')
  const nameOf = (pid) => members.get(pid)?.kind.name ?? `process ${pid}`
  const mayBeRobbed = (pid, by, at) => isRobbedByProtocol(members, pid, by, at)
  const textOf = ({ by, others }) => {
    const names = new Set(others.map(nameOf))
    return `${nameOf(by)} loses an update of ${[...names].join(' and ')}`
  }
  const lost = lostUpdates(lines)
  const shared = overlaps.filter(({ other, at }) => !isDying(members.get(other), at))
  const faults = [
    ...ends,
    ...shared
      .filter(({ by, other, at }) => !mayBeRobbed(other, by, at))
      .map(({ by, other }) => `${nameOf(by)} overlaps ${nameOf(other)}`),
    ...lost
      .filter(({ by, others, at }) =>
        others.every((other) => !mayBeRobbed(other, by, at) && !mayBeRobbed(by, other, at)),
      )
      .map(textOf),
  ]
  return {
    sections: lines.length,
    lost: tally(lost.map(textOf)),
    robbed: tally(shared.map(({ by, other }) => `${nameOf(by)} robs ${nameOf(other)}`)),
    faults: tally(faults),
  }
}

/**
 * A process that is killed loses its files one after the other: often the lock before the witness. On a
 * busy machine another acquires the lock in between, and finds the witness of the dead.
 */
function isDying(member, at) {
  return member !== undefined && member.killed <= at
}

/**
 * Does the protocol let `by` have the lock that the process holds? It was stopped for so long, or an old
 * copy was, went on with its section, and removed in the end what it took for its own.
 */
function isRobbedByProtocol(members, pid, by, at) {
  const victim = members.get(pid)
  const robber = members.get(by)?.kind.name
  if (victim === undefined || by === pid) return false
  if (wasStopped(victim, robber, at, SLOW)) return true
  if (!victim.kind.isRemovedByOld || (robber !== 'old' && victim.kind.name !== 'old')) return false
  return [...members.values()].some(
    (member) => member.kind.name === 'old' && wasStopped(member, robber, at, Infinity),
  )
}

/** Was it stopped for long enough, until `at` or a while before? */
function wasStopped({ kind, stops }, robber, at, before) {
  return stops.some(
    ({ from, to }) => from < at && to + before > at && Math.min(to, at) - from >= kind.robbedAfter[robber],
  )
}

/**
 * The lines of the ledger, numbers in their order, whose writer did not see what others had written:
 * `{ by, others, at }`, by the numbers of the processes.
 */
function lostUpdates(lines) {
  const entries = lines.map((line) => line.split(' ').map(Number))
  return entries.flatMap(([number, by, at], index) => {
    const before = index === 0 ? 0 : entries[index - 1][0]
    if (number === before + 1) return []
    const seen = entries.slice(0, index).findLastIndex(([other]) => other === number - 1)
    return [{ by, at, others: entries.slice(seen + 1, index).map(([, pid]) => pid) }]
  })
}

/** How often each text is among them. */
function tally(texts) {
  const counts = {}
  for (const text of texts) counts[text] = (counts[text] ?? 0) + 1
  return counts
}

module.exports = { judge }
