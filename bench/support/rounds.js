'use strict'

const { median } = require('./statistics')

/**
 * Measures every name once a round, so that whatever else the machine does falls on all alike.
 * The answers by name, one a round.
 */
async function rounds(count, names, measure) {
  const answers = Object.fromEntries(names.map((name) => [name, []]))
  for (let round = 0; round < count; round += 1) {
    for (const name of names) answers[name].push(await measure(name))
  }
  return answers
}

/** By name: the median over the rounds of one part of the answers. */
function mediansOf(answers, part) {
  return mapValues(answers, (all) => median(all.map((answer) => answer[part])))
}

/** Those of the peers that are present here, without locket. */
function peersOf(values) {
  const { locket: _, bare: __, ...peers } = values
  return peers
}

function mapValues(object, map) {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, map(value, name)]))
}

module.exports = { mapValues, mediansOf, peersOf, rounds }
