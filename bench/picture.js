'use strict'

// Three small charts as one SVG: how fast a lock is handed over, and what it costs to wait for it.

const { amount } = require('./report')

const WIDTH = 840
const MARGIN = 24
const NAMES_WIDTH = 176
const VALUES_WIDTH = 96
const BAR = 16
const STEP = 24
const CHART_HEAD = 46

/** Short of it, a bar would not be seen. */
const SHORTEST = 3

const CHARTS = [
  {
    id: 'hand-over',
    title: 'Another process releases, we have the lock',
    scale: 'µs, logarithmic; shorter is better',
    withLimit: 'a blocked flock in Rust',
  },
  {
    id: 'cost-of-waiting-cpu',
    title: '1,000 waiters on one path: processor time',
    scale: 'ms a second, logarithmic; shorter is better',
  },
  {
    id: 'cost-of-waiting-memory',
    title: '1,000 waiters on one path: memory',
    scale: 'resident bytes a waiter, logarithmic; shorter is better',
  },
  {
    id: 'cost-of-waiting-threads',
    title: '1,000 waiters on one path: threads',
    scale: 'more than before; fs-ext occupies the thread pool instead',
  },
]

const STYLE = `
    text { font: 13px system-ui, sans-serif; fill: #1f2328; }
    .title { font-weight: 600; font-size: 14px; }
    .scale { fill: #59636e; font-size: 12px; }
    .card { fill: #ffffff; stroke: #d1d9e0; }
    .ours { fill: #0969da; }
    .peer { fill: #afb8c1; }
    .limit { fill: none; stroke: #59636e; stroke-dasharray: 4 3; }
    .bold { font-weight: 600; }
    @media (prefers-color-scheme: dark) {
      text { fill: #f0f6fc; }
      .scale { fill: #9198a1; }
      .card { fill: #0d1117; stroke: #3d444d; }
      .ours { fill: #4493f8; }
      .peer { fill: #656c76; }
      .limit { stroke: #9198a1; }
    }`

function drawPicture({ rows }) {
  const charts = CHARTS.map((chart) => ({ ...chart, row: rows.find((row) => row.id === chart.id) }))
  let y = MARGIN
  const parts = charts.map((chart) => {
    const bars = barsOf(chart)
    const drawn = drawChart(chart, bars, y)
    y += CHART_HEAD + bars.length * STEP + MARGIN
    return drawn
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}" role="img" aria-labelledby="title">
  <title id="title">Hand-over between processes and the cost of waiting, locket beside its peers</title>
  <style>${STYLE}
  </style>
  <rect class="card" x="0.5" y="0.5" width="${WIDTH - 1}" height="${y - 1}" rx="8"/>
${parts.join('\n')}
</svg>
`
}

function barsOf({ row, withLimit }) {
  const bars = [{ name: 'locket', value: row.measured, kind: 'ours' }]
  if (withLimit && row.limit) bars.push({ name: withLimit, value: row.limit.value, kind: 'limit' })
  for (const [name, value] of Object.entries(row.peers)) bars.push({ name, value, kind: 'peer' })
  return bars
}

function drawChart({ row, scale, title }, bars, top) {
  const numbers = bars.map(({ value }) => value).filter((value) => typeof value === 'number')
  // Each chart begins a little below its smallest value, and at no less than a tenth.
  const least = Math.max(0.1, Math.min(...numbers.filter((value) => value > 0))) / 2
  const most = Math.max(...numbers)
  const room = WIDTH - 2 * MARGIN - NAMES_WIDTH - VALUES_WIDTH
  const lengthOf = (value) => {
    if (typeof value !== 'number' || value <= least) return SHORTEST
    return Math.max(SHORTEST, (Math.log(value / least) / Math.log(most / least)) * room)
  }
  const lines = bars.map(({ kind, name, value }, i) => {
    const y = top + CHART_HEAD + i * STEP
    const length = lengthOf(value)
    const bold = kind === 'ours' ? ' class="bold"' : ''
    return `  <text${bold} x="${MARGIN + NAMES_WIDTH - 10}" y="${y + 13}" text-anchor="end">${name}</text>
  <rect class="${kind}" x="${MARGIN + NAMES_WIDTH}" y="${y}" width="${length.toFixed(1)}" height="${BAR}" rx="2"/>
  <text${bold} x="${(MARGIN + NAMES_WIDTH + length + 8).toFixed(1)}" y="${y + 13}">${amount(value, row.unit)}</text>`
  })
  return `  <text class="title" x="${MARGIN}" y="${top + 14}">${title}</text>
  <text class="scale" x="${MARGIN}" y="${top + 32}">${scale}</text>
${lines.join('\n')}`
}

module.exports = { drawPicture }
