'use strict'

// The rows of all questions as a table, for a terminal.

const COLUMNS = ['what', 'goal', 'locket', '÷ goal', '÷ limit', 'limit', 'other packages']

/** The columns of a row, as text. */
function cells(row) {
  const { goal, limit, measured, others, unit, what } = row
  return [
    what,
    goal ? goalText(goal, unit) : '',
    amount(measured, unit),
    goal ? `${ratio(measured, goal)} ${meets(row) ? '✓' : '✗'}` : '',
    limit ? (measured / limit.value).toFixed(2) : '',
    limit ? `${amount(limit.value, unit)}: ${limit.what}` : '',
    Object.entries(others)
      .map(([name, value]) => `${name} ${amount(value, unit)}`)
      .join(', '),
  ]
}

function goalText({ atMost, atLeast, what }, unit) {
  const bound = atMost === undefined ? `≥ ${amount(atLeast, unit)}` : `≤ ${amount(atMost, unit)}`
  return what ? `${bound}: ${what}` : bound
}

function ratio(measured, { atMost, atLeast }) {
  if (atMost === 0) return String(measured)
  return (measured / (atMost ?? atLeast)).toFixed(2)
}

/** Undefined where there is no goal. */
function meets({ goal, measured }) {
  if (!goal) return undefined
  return goal.atMost === undefined ? measured >= goal.atLeast : measured <= goal.atMost
}

function amount(value, unit) {
  if (value === undefined || value === null) return '–'
  if (typeof value === 'string') return value
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2
  const number = Number.isInteger(value) || digits === 0 ? Math.round(value) : value.toFixed(digits)
  return `${number.toLocaleString('en')}${unit && unit !== '×' ? ' ' : ''}${unit}`
}

function table(result) {
  const blocks = result.rows.map((row) => {
    const [what, ...rest] = cells(row)
    const lines = rest.map((text, i) => text && `    ${COLUMNS[i + 1].padEnd(8)} ${text}`)
    return [what, ...lines, row.note && `    ${row.note}`].filter(Boolean).join('\n')
  })
  const missed = result.rows.filter((row) => meets(row) === false).map((row) => row.id)
  const verdict = missed.length === 0 ? 'every goal is met' : `short of the goal: ${missed.join(', ')}`
  return `${blocks.join('\n')}\n\n${conditions(result)}\n${verdict}`
}

function conditions({ environment, rounds, seconds }) {
  const { day, load, node, processor, system } = environment
  return `Measured on ${day} in ${Math.round(seconds)} s with Node ${node} on ${system}, ${processor}, load average ${load.toFixed(1)} at the start. Medians of interleaved rounds (${rounds} here), each library in a process of its own.`
}

module.exports = { amount, conditions, meets, table }
