'use strict'

// npm run demo: several processes, some of them Python's where there is one, add to one counter
// under one lock; one is killed while it holds the lock. Ends with 0 if nothing was lost.

const { spawn } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { setUp } = require('./setup')
const { findPython } = require('../__test__/support/python')

const TURNS = 10
/** How long a turn lasts, in milliseconds. */
const LASTING = 15
const VICTIM = 'node 3'
const DIES_AT = 5

/** Columns of the picture. */
const WIDTH = 72
/** The demo takes two seconds; what takes so long hangs. */
const HANGS_AFTER = 13_000

async function main() {
  setUp()
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'locket-demo-'))
  fs.writeFileSync(path.join(folder, 'counter'), '0')
  const contenders = start(folder)
  try {
    const hanging = setTimeout(() => {
      console.error(`not done after ${HANGS_AFTER / 1000} s: something hangs`)
      for (const { child } of contenders) child.kill('SIGKILL')
    }, HANGS_AFTER)
    const death = await run(contenders)
    clearTimeout(hanging)
    report(folder, contenders, death)
  } finally {
    for (const { child } of contenders) child.kill('SIGKILL')
    fs.rmSync(folder, { recursive: true, force: true })
  }
}

function start(folder) {
  const script = (suffix) => path.join(__dirname, 'demo', `contender.${suffix}`)
  const node = (name) =>
    contender(process.execPath, script('js'), name, folder, name === VICTIM ? [DIES_AT] : [])
  const contenders = ['node 1', 'node 2', 'node 3', 'node 4'].map(node)
  const { python, reason } = findPython()
  if (python === undefined) console.log(`without Python's locket: ${reason.split('\n')[0]}`)
  else
    contenders.push(
      ...['python 1', 'python 2'].map((name) => contender(python, script('py'), name, folder, [])),
    )
  return contenders
}

function contender(command, script, name, folder, more) {
  const args = [script, name, folder, TURNS, LASTING, ...more].map(String)
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.on('error', () => {})
  return { name, child, ready: once(child.stdout, 'data'), ended: once(child, 'close') }
}

/** Lets them all begin at once, and kills the victim while it holds the lock; answers when. */
async function run(contenders) {
  await Promise.all(contenders.map(({ ready }) => ready))
  const { child: victim } = contenders.find(({ name }) => name === VICTIM)
  const holding = once(victim.stdout, 'data')
  for (const { child } of contenders) child.stdin.write('go\n')
  await holding
  const death = Date.now()
  victim.kill('SIGKILL')
  const ends = await Promise.all(contenders.map(({ ended }) => ended))
  for (const [index, [code]] of ends.entries()) {
    const { name, child } = contenders[index]
    if (child !== victim && code !== 0) fail(`${name} failed with ${code}`)
  }
  return death
}

function report(folder, contenders, death) {
  const lines = fs.readFileSync(path.join(folder, 'journal'), 'latin1').trim().split('\n')
  const entries = lines.map((line) => JSON.parse(line))
  const counter = Number(fs.readFileSync(path.join(folder, 'counter'), 'latin1'))
  const killed = contenders.find(({ name }) => name === VICTIM).child.pid

  console.log(`${contenders.length} processes, one lock, one counter. Who held the lock when:\n`)
  draw(entries, contenders, death)
  const next = entries.find(({ begin }) => begin >= death)
  console.log(`\n${VICTIM} (process ${killed}) was killed with SIGKILL while it held the lock (x):`)
  console.log(
    `${next?.name ?? 'nobody'} had it ${next === undefined ? '' : `${next.begin - death} ms `}later.`,
  )

  const expected = (contenders.length - 1) * TURNS + DIES_AT - 1
  const inOrder = entries.every(({ value }, index) => value === index + 1)
  console.log(`${entries.length} read-modify-writes, and the counter says ${counter}.`)
  if (counter !== expected || entries.length !== expected || !inOrder) fail(`${expected} were to be done`)
  else console.log('Nothing was lost.')
}

/** A row for each process, a column for each moment. */
function draw(entries, contenders, death) {
  const first = entries[0].begin
  const span = Math.max(1, entries.at(-1).end - first)
  const column = (time) => Math.min(WIDTH - 1, Math.max(0, Math.floor(((time - first) / span) * WIDTH)))
  for (const { name } of contenders) {
    const row = Array(WIDTH).fill('·')
    for (const entry of entries.filter((entry) => entry.name === name)) {
      row.fill('█', column(entry.begin), Math.max(column(entry.begin) + 1, column(entry.end)))
    }
    if (name === VICTIM) row[column(death)] = 'x'
    console.log(`${name.padEnd(10)}${row.join('')}`)
  }
  const scale = `${(span / 1000).toFixed(1)} s`
  console.log(`${' '.repeat(10)}0${scale.padStart(WIDTH - 1)}`)
}

function fail(message) {
  console.error(message)
  process.exitCode = 1
}

main()
