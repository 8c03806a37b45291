'use strict'

// npm run demo: several processes, some of them Python's where there is one, add to one counter
// under one lock; one is killed while it holds the lock. Ends with 0 if nothing was lost.

const fs = require('node:fs')
const path = require('node:path')
const { Child } = require('../tools/child')
const { makeFolder, removeFolder } = require('../tools/folder')
const { setUp } = require('../tools/setup')
const { findPython } = require('../tools/python')

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
  const folder = makeFolder('locket-demo-')
  fs.writeFileSync(path.join(folder, 'counter'), '0')
  const peers = start(folder)
  try {
    const hanging = setTimeout(() => {
      console.error(`not done after ${HANGS_AFTER / 1000} s: something hangs`)
      for (const { child } of peers) child.signal('SIGKILL')
    }, HANGS_AFTER)
    const death = await run(peers)
    clearTimeout(hanging)
    report(folder, peers, death)
  } finally {
    for (const { child } of peers) child.signal('SIGKILL')
    removeFolder(folder)
  }
}

function start(folder) {
  const script = (suffix) => path.join(__dirname, 'demo', `peer.${suffix}`)
  const node = (name) =>
    startPeer(process.execPath, script('js'), name, folder, name === VICTIM ? [DIES_AT] : [])
  const peers = ['node 1', 'node 2', 'node 3', 'node 4'].map(node)
  const { python, reason } = findPython()
  if (python === undefined) console.log(`without Python's locket: ${reason.split('\n')[0]}`)
  else
    peers.push(...['python 1', 'python 2'].map((name) => startPeer(python, script('py'), name, folder, [])))
  return peers
}

function startPeer(command, script, name, folder, more) {
  const args = [script, name, folder, TURNS, LASTING, ...more].map(String)
  return { name, child: new Child(command, args, { stdio: ['pipe', 'pipe', 'inherit'] }) }
}

/** Lets them all begin at once, and kills the victim while it holds the lock; answers when. */
async function run(peers) {
  await Promise.all(peers.map(({ child }) => child.says(/ready/)))
  const { child: victim } = peers.find(({ name }) => name === VICTIM)
  for (const { child } of peers) child.stdin.write('go\n')
  await victim.says(/holding/)
  const death = Date.now()
  victim.signal('SIGKILL')
  const ends = await Promise.all(peers.map(({ child }) => child.ended))
  for (const [index, { status }] of ends.entries()) {
    const { name, child } = peers[index]
    if (child !== victim && status !== 0) fail(`${name} failed with ${status}`)
  }
  return death
}

function report(folder, peers, death) {
  const lines = fs.readFileSync(path.join(folder, 'journal'), 'latin1').trim().split('\n')
  const entries = lines.map((line) => JSON.parse(line))
  const counter = Number(fs.readFileSync(path.join(folder, 'counter'), 'latin1'))
  const killed = peers.find(({ name }) => name === VICTIM).child.pid

  console.log(`${peers.length} processes, one lock, one counter. Who held the lock when:\n`)
  draw(entries, peers, death)
  const next = entries.find(({ begin }) => begin >= death)
  console.log(`\n${VICTIM} (process ${killed}) was killed with SIGKILL while it held the lock (x):`)
  console.log(
    next === undefined
      ? 'No process had it afterwards.'
      : `${next.name} had it ${next.begin - death} ms later.`,
  )

  const expected = (peers.length - 1) * TURNS + DIES_AT - 1
  const inOrder = entries.every(({ value }, index) => value === index + 1)
  console.log(`${entries.length} read-modify-writes, and the counter says ${counter}.`)
  if (counter !== expected || entries.length !== expected || !inOrder) fail(`${expected} were to be done`)
  else console.log('Nothing was lost.')
}

/** A row for each process, a column for each moment. */
function draw(entries, peers, death) {
  const first = entries[0].begin
  const span = Math.max(1, entries.at(-1).end - first)
  const column = (time) => Math.min(WIDTH - 1, Math.max(0, Math.floor(((time - first) / span) * WIDTH)))
  for (const { name } of peers) {
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
