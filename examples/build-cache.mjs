// A build cache: of many processes that need the same thing, one makes it, and the others wait for
// it and use it. Without an argument this starts four of them.
//   node examples/build-cache.mjs
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { lockFile } from 'locket'

const CACHE = 'cache'
const ENTRY = `${CACHE}/entry.json`

async function cached() {
  await mkdir(CACHE, { recursive: true })
  return lockFile(`${ENTRY}.lock`).runExclusive(async () => {
    const found = await readFile(ENTRY, 'utf8').catch(() => undefined)
    if (found !== undefined) return { ...JSON.parse(found), from: 'the cache' }
    const made = { madeBy: process.pid }
    // Renamed into place, so that whoever reads it without the lock sees all of it or nothing.
    await writeFile(`${ENTRY}.new`, JSON.stringify(made))
    await rename(`${ENTRY}.new`, ENTRY)
    return { ...made, from: 'scratch' }
  })
}

if (process.argv[2] === 'one') {
  const { from } = await cached()
  console.log(`from ${from}`)
} else {
  await rm(ENTRY, { force: true })
  const file = fileURLToPath(import.meta.url)
  const children = [1, 2, 3, 4].map(() => spawn(process.execPath, [file, 'one'], { stdio: 'inherit' }))
  await Promise.all(children.map((child) => once(child, 'exit')))
}
