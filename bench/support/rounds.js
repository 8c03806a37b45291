'use strict'

const { median } = require('./statistics')

/**
 * Measures every name once a round, so that whatever else the machine does falls on all alike, and
 * in another order each time: what one leaves behind (a processor that sleeps deeper, a cache) falls
 * on the next. The answers by name, one a round.
 */
async function rounds(count, names, measure) {
  const answers = Object.fromEntries(names.map((name) => [name, []]))
  for (let round = 0; round < count; round += 1) {
    for (const name of shuffled(names)) answers[name].push(await measure(name))
  }
  return answers
}

function shuffled(names) {
  const order = [...names]
  for (let left = order.length; left > 1; left -= 1) {
    const chosen = Math.floor(Math.random() * left)
    ;[order[left - 1], order[chosen]] = [order[chosen], order[left - 1]]
  }
  return order
}

/** By name: the median over the rounds of one part of the answers. */
function mediansOf(answers, part) {
  return mapValues(answers, (all) => median(all.map((answer) => answer[part])))
}

/** Those of the other packages that are present here. */
function othersOf(values) {
  const { locket: _, bare: __, ...others } = values
  return others
}

function mapValues(object, map) {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, map(value, name)]))
}

module.exports = { mapValues, mediansOf, othersOf, rounds }
