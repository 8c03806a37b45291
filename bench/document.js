'use strict'

// Puts the results of `npm run bench` into the documents, as it does itself at its end.
//
//   <!-- bench: hand-over shared -->    the rows with these ids, and with ids that begin so, as a table
//   <!-- bench: picture waiting -->     the picture of that name
//   <!-- bench: conditions -->          where and when it was measured
//   <!-- figures:begin -->              the figures of the README
//   <!-- figure: hand-over fs-ext -->   one figure, in a sentence

const fs = require('node:fs')
const path = require('node:path')
const { ROOT, documentNames, readDocument } = require('../tools/documents')
const { PICTURES, drawPictures } = require('./picture')
const { amount, conditions, meets } = require('./report')

const SECTION = /(<!-- bench: ([\w -]+) -->\n).*?(<!-- bench:end -->)/gs
const FIGURES = /(<!-- figures:begin -->\n).*?(<!-- figures:end -->)/gs
const FIGURE = /(<!-- figure: ([\w-]+)(?: ([\w -]+))? -->).*?(<!-- figure:end -->)/g

const NOT_MEASURED = 'Not measured in the last run.'

/** The peers that have a column wherever they were measured, in this order. */
const PEERS = ['fs-native-extensions', 'fs-ext', 'proper-lockfile', 'lockfile']

/** What the README shows, and in which words. */
const README_FIGURES = {
  'hand-over': 'release in one process → acquire in another',
  'holder-killed': 'SIGKILL of the holder → acquire',
  'tasks-of-one-process': '1,000 tasks of one process, each',
  'several-processes': '4 processes × 8 tasks',
  'cost-of-waiting-cpu': '1,000 waiters, processor time a second',
}
const README_PICTURE = `![${PICTURES.waiting.title}](docs/pictures/waiting.svg)`

/** Returns the text of a document with the results in it. */
function withResults(text, result) {
  return text
    .replace(SECTION, (_all, begin, ids, end) => `${begin}\n${section(ids.split(' '), result)}\n\n${end}`)
    .replace(FIGURES, (_all, begin, end) => `${begin}\n${readmeFigures(result)}\n\n${end}`)
    .replace(FIGURE, (_all, begin, id, name, end) => `${begin}${figure(id, name, result)}${end}`)
}

function section(ids, result) {
  if (ids[0] === 'conditions') return conditions(result)
  if (ids[0] === 'picture') return pictureOf(ids[1], result)
  const rows = rowsOf(ids, result)
  if (rows.length === 0) return NOT_MEASURED
  const notes = rows.map(noteOf).filter(Boolean)
  return [tableOf(rows), ...(notes.length > 0 ? ['', ...notes] : [])].join('\n')
}

function pictureOf(name, result) {
  if (!(name in drawPictures(result))) return NOT_MEASURED
  return `![${PICTURES[name].title}](pictures/${name}.svg)`
}

/** The rows whose id is one of these, or begins with one of them. */
function rowsOf(ids, { rows }) {
  return rows.filter((row) => ids.some((id) => row.id === id || row.id.startsWith(`${id}-`)))
}

/** A column for each peer: no cell is longer than a figure. */
function tableOf(rows) {
  const names = [...new Set(rows.flatMap(({ others }) => Object.keys(others)))]
  const peers = [
    ...PEERS.filter((name) => names.includes(name)),
    ...names.filter((name) => !PEERS.includes(name)),
  ]
  const hasGoal = rows.some(({ goal }) => goal)
  const hasLimit = rows.some(({ limit }) => limit)
  const columns = [
    ['', titleOf],
    ...(hasGoal ? [['goal', goalOf]] : []),
    ['locket', oursOf],
    ...(hasLimit ? [['possible', ({ limit, unit }) => (limit ? cell(limit.value, unit) : '')]] : []),
    ...peers.map((name) => [name, ({ others, unit }) => (name in others ? cell(others[name], unit) : '')]),
  ]
  const lines = [
    columns.map(([title]) => title),
    columns.map(() => '---'),
    ...rows.map((row) => columns.map(([, shown]) => shown(row))),
  ]
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** The unit stands in the title, so that a cell is a number. */
function titleOf({ unit, what }) {
  return unit === '' || unit === '×' ? what : `${what}, ${unit}`
}

function cell(value, unit) {
  return amount(value, unit === '×' ? unit : '')
}

function goalOf({ goal, unit }) {
  if (!goal) return ''
  return goal.atMost === undefined ? `≥ ${cell(goal.atLeast, unit)}` : `≤ ${cell(goal.atMost, unit)}`
}

function oursOf(row) {
  const shown = `**${cell(row.measured, row.unit)}**`
  const isMet = meets(row)
  return isMet === undefined ? shown : `${shown} ${isMet ? '✓' : '✗'}`
}

/** What the figures of a row mean, if that is not in its name. */
function noteOf({ goal, limit, note, what }) {
  const parts = [goal?.what && `goal: ${goal.what}`, limit && `possible: ${limit.what}`, note]
  const said = parts.filter(Boolean)
  return said.length > 0 && `- ${what}: ${said.join('; ')}.`
}

function readmeFigures(result) {
  const rows = Object.entries(README_FIGURES).flatMap(([id, what]) => {
    const row = result.rows.find((each) => each.id === id)
    return row === undefined
      ? []
      : [{ ...row, what, goal: undefined, limit: undefined, others: peersOf(row) }]
  })
  const { day, node, processor } = result.environment
  const where = `Measured on ${day} with Node ${node} on ${processor}. [All measurements](docs/measurements.md).`
  return [tableOf(rows), '', README_PICTURE, '', where].join('\n')
}

function peersOf({ others }) {
  return Object.fromEntries(PEERS.filter((name) => name in others).map((name) => [name, others[name]]))
}

/** One figure: ours, or that of another package. */
function figure(id, name, { rows }) {
  const row = rows.find((each) => each.id === id)
  if (row === undefined) throw new Error(`there is no figure '${id}'`)
  const value = name === undefined ? row.measured : row.others[name]
  if (value === undefined) throw new Error(`'${id}' has no figure of '${name}'`)
  return amount(value, row.unit)
}

/** Writes the results into all documents. A figure that is missing leaves its document as it is. */
function putIntoDocuments(result) {
  for (const name of documentNames()) {
    const text = readDocument(name)
    try {
      const changed = withResults(text, result)
      if (changed !== text) fs.writeFileSync(path.join(ROOT, name), changed)
    } catch (error) {
      console.error(`bench: ${name} stays as it is: ${error.message}`)
    }
  }
}

module.exports = { NOT_MEASURED, putIntoDocuments, rowsOf, withResults }
