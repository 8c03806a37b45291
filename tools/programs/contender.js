'use strict'

// A process of tools/matrix.js: takes the lock of a file again and again by a package, and in each
// section adds a line to a ledger. Arguments: the name of the kind, how to call the package (see
// below), the module, the file, the options as JSON.

const fs = require('node:fs')
const { setTimeout: sleep } = require('node:timers/promises')
const { lockFile } = require('../..')

const [kind, style, name, file, options] = process.argv.slice(2)
const settings = JSON.parse(options)
const library = require(name)

/** How to acquire, in each style of package: answers with the function that releases. */
const styles = {
  promises() {
    return library.lock(file, { ...settings, onCompromised: () => tell({ event: 'compromised' }) })
  },
  callbacks() {
    const path = `${file}.lock`
    return new Promise((resolve, reject) => {
      const release = () => new Promise((done) => library.unlock(path, done))
      library.lock(path, { ...settings }, (error) => (error ? reject(error) : resolve(release)))
    })
  },
}

/** A section's length, and the longest pause between two, in which others get their turn. */
const SECTION = 2
const PAUSE = 40

/** Held in each section: a lock of the system tells of another process in there, and dies with it. */
const witness = lockFile(`${file}.witness`)
const inside = `${file}.inside`
const ledger = `${file}.ledger`

function tell(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`)
}

async function section() {
  const guard = witness.tryAcquire()
  if (guard === null) {
    const other = Number(fs.readFileSync(inside, 'latin1'))
    tell({ event: 'overlap', other, at: Date.now() })
  } else enter()
  const number = lastNumber() + 1
  await sleep(SECTION)
  fs.appendFileSync(ledger, `${number} ${process.pid} ${Date.now()}\n`)
  guard?.release()
}

/** In one step: another that comes in reads the whole number. */
function enter() {
  fs.writeFileSync(`${inside}.${process.pid}`, String(process.pid))
  fs.renameSync(`${inside}.${process.pid}`, inside)
}

/** What the last line of the ledger begins with, or 0. */
function lastNumber() {
  const descriptor = fs.openSync(ledger, 'a+')
  try {
    const { size } = fs.fstatSync(descriptor)
    const tail = Buffer.alloc(Math.min(size, 64))
    fs.readSync(descriptor, tail, 0, tail.length, size - tail.length)
    return Number(tail.toString('latin1').trimEnd().split('\n').at(-1).split(' ')[0])
  } finally {
    fs.closeSync(descriptor)
  }
}

async function contend() {
  for (;;) {
    let release
    try {
      release = await styles[style]()
    } catch (error) {
      tell({ event: 'refused', code: error.code })
      continue
    }
    await section()
    await release().catch(() => {})
    tell({ event: 'done' })
    await sleep(Math.random() * PAUSE)
  }
}

process.stdin.on('end', () => process.exit()).resume()
tell({ event: 'ready', kind })
contend()
