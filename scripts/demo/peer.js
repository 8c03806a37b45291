'use strict'

// One process of the demo: takes the lock, adds one to the counter, writes down when it held the
// lock, again and again. Told to die, it stops in the middle of that and waits for its end.

const { once } = require('node:events')
const fs = require('node:fs')
const { setTimeout: sleep } = require('node:timers/promises')
const { lockFile } = require('../..')

async function main([name, folder, turns, lasting, diesAt]) {
  const lock = lockFile(`${folder}/lock`)
  console.log('ready')
  await once(process.stdin, 'data')
  for (let turn = 1; turn <= Number(turns); turn += 1) {
    const guard = await lock.acquire()
    const begin = Date.now()
    const count = Number(fs.readFileSync(`${folder}/counter`, 'latin1'))
    await sleep(Number(lasting))
    if (turn === Number(diesAt)) {
      console.log('holding')
      await sleep(60_000)
    }
    fs.writeFileSync(`${folder}/counter`, String(count + 1))
    const entry = { name, value: count + 1, begin, end: Date.now() }
    fs.appendFileSync(`${folder}/journal`, `${JSON.stringify(entry)}\n`)
    guard.release()
  }
  process.exit()
}

main(process.argv.slice(2))
