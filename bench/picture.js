'use strict'

// The pictures of docs/pictures/: charts of bars, light and dark, to be read at a width of 600 pixels.

const { amount } = require('./report')

const WIDTH = 600
const MARGIN = 20
const NAMES_WIDTH = 156
const VALUES_WIDTH = 100
const BAR = 16
const STEP = 24
const CHART_HEAD = 48

/** Short of it, a bar would not be seen. */
const SHORTEST = 3

/** `scale` says below the title what is drawn. Without `isLinear`, lengths are logarithms. */
const PICTURES = {
  waiting: {
    title: 'Hand-over between processes and the cost of waiting, locket beside other packages',
    charts: [
      {
        id: 'hand-over',
        title: 'One process releases, another acquires',
        scale: 'µs, logarithmic; shorter is better',
        limitName: 'flock in Rust',
      },
      {
        id: 'cost-of-waiting-cpu',
        title: '1,000 waiters for one file: processor time',
        scale: 'ms a second, logarithmic; shorter is better',
      },
      {
        id: 'cost-of-waiting-memory',
        title: '1,000 waiters for one file: memory',
        scale: 'resident bytes for each, logarithmic; shorter is better',
      },
      {
        id: 'cost-of-waiting-threads',
        title: '1,000 waiters for one file: threads',
        scale: 'logarithmic; the waiters of fs-ext occupy the thread pool instead',
      },
    ],
  },
  writers: {
    title: 'How long a writer waits behind readers that overlap, with and without the gate',
    charts: [
      {
        id: 'shared-writer-wait',
        title: 'A writer behind readers that overlap',
        scale: 'ms until it has the lock, logarithmic; shorter is better',
        limitName: 'one reader',
      },
    ],
  },
  updates: {
    title: 'Lost updates of a JSON file that eight processes change, by package',
    charts: [
      {
        id: 'json-updates-lost',
        title: 'A JSON file that 8 processes change: lost updates',
        scale: (row) => `of ${totalOf(row)?.toLocaleString('en')}; shorter is better`,
        isLinear: true,
      },
      {
        id: 'json-updates-torn',
        title: 'The same: reads that saw no whole file',
        scale: 'of a million, logarithmic; shorter is better',
      },
    ],
  },
}

const STYLE = `
    text { font: 13px system-ui, sans-serif; fill: #1f2328; }
    .title { font-weight: 600; font-size: 15px; }
    .scale { fill: #59636e; }
    .card { fill: #ffffff; stroke: #d1d9e0; }
    .ours { fill: #0969da; }
    .other { fill: #afb8c1; }
    .limit, .endless { fill: none; stroke: #59636e; stroke-dasharray: 4 3; }
    .bold { font-weight: 600; }
    @media (prefers-color-scheme: dark) {
      text { fill: #f0f6fc; }
      .scale { fill: #9198a1; }
      .card { fill: #0d1117; stroke: #3d444d; }
      .ours { fill: #4493f8; }
      .other { fill: #656c76; }
      .limit, .endless { stroke: #9198a1; }
    }`

/** Returns the pictures that the results are enough for: `{ waiting: '<svg …' }`. */
function drawPictures({ rows }) {
  const drawn = Object.entries(PICTURES).flatMap(([name, { charts, title }]) => {
    const measured = charts
      .map((chart) => ({ ...chart, row: rows.find((row) => row.id === chart.id) }))
      .filter(({ row }) => row !== undefined)
    return measured.length === 0 ? [] : [[name, drawPicture(title, measured)]]
  })
  return Object.fromEntries(drawn)
}

function drawPicture(title, charts) {
  let y = MARGIN
  const parts = charts.map((chart) => {
    const bars = barsOf(chart)
    const drawn = drawChart(chart, bars, y)
    y += CHART_HEAD + bars.length * STEP + MARGIN
    return drawn
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}" role="img" aria-labelledby="title">
  <title id="title">${title}</title>
  <style>${STYLE}
  </style>
  <rect class="card" x="0.5" y="0.5" width="${WIDTH - 1}" height="${y - 1}" rx="8"/>
${parts.join('\n')}
</svg>
`
}

function barsOf({ limitName, row }) {
  const bars = [{ name: 'locket', value: row.measured, kind: 'ours' }]
  if (limitName && row.limit) bars.push({ name: limitName, value: row.limit.value, kind: 'limit' })
  for (const [name, value] of Object.entries(row.others)) bars.push({ name, value, kind: kindOf(name) })
  return bars
}

/** Another way to use this package is ours too. */
function kindOf(name) {
  return name.startsWith('locket') ? 'ours' : 'other'
}

function drawChart(chart, bars, top) {
  const { row, scale, title } = chart
  const lengthOf = lengths(chart, bars)
  const lines = bars.map(({ kind, name, value }, i) => {
    const y = top + CHART_HEAD + i * STEP
    const length = lengthOf(value)
    const bold = kind === 'ours' ? ' class="bold"' : ''
    // A text says that there was no end.
    const look = typeof value === 'string' ? 'endless' : kind
    return `  <text${bold} x="${MARGIN + NAMES_WIDTH - 10}" y="${y + 13}" text-anchor="end">${name}</text>
  <rect class="${look}" x="${MARGIN + NAMES_WIDTH}" y="${y}" width="${length.toFixed(1)}" height="${BAR}" rx="2"/>
  <text${bold} x="${(MARGIN + NAMES_WIDTH + length + 8).toFixed(1)}" y="${y + 13}">${amount(value, row.unit)}</text>`
  })
  return `  <text class="title" x="${MARGIN}" y="${top + 15}">${title}</text>
  <text class="scale" x="${MARGIN}" y="${top + 35}">${typeof scale === 'string' ? scale : scale(row)}</text>
${lines.join('\n')}`
}

/** Returns the length of the bar of a value. */
function lengths({ isLinear, row }, bars) {
  const width = WIDTH - 2 * MARGIN - NAMES_WIDTH - VALUES_WIDTH
  // What has no end goes beyond every number.
  const hasEndless = bars.some(({ value }) => typeof value === 'string')
  const room = hasEndless ? 0.8 * width : width
  const numbers = bars.map(({ value }) => value).filter((value) => typeof value === 'number')
  const most = isLinear ? (totalOf(row) ?? Math.max(...numbers)) : Math.max(...numbers)
  // Each chart begins a little below its smallest value, and at no less than a tenth.
  const least = Math.max(0.1, Math.min(...numbers.filter((value) => value > 0))) / 2
  return (value) => {
    if (typeof value === 'string') return width
    if (isLinear) return Math.max(SHORTEST, (value / most) * room)
    if (value <= least) return SHORTEST
    return Math.max(SHORTEST, (Math.log(value / least) / Math.log(most / least)) * room)
  }
}

/** The number of all updates, which the row has in its name: `8 processes × 500 updates`. */
function totalOf({ what }) {
  const [, processes, each] = /(\d+) processes × (\d+)/.exec(what) ?? []
  return processes && Number(processes) * Number(each)
}

module.exports = { PICTURES, drawPictures }
