// The repository of IPFS: one process at a time has it open. Arguments: folder, process, rounds, processes.

import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'

const [folder, , rounds] = process.argv.slice(2)
// Its class of locks is not among the exports.
const locks = path.resolve('node_modules', 'ipfs-repo', 'src', 'locks', 'fs.js')
const { FSLock } = await import(pathToFileURL(locks))
const count = path.join(folder, 'count')

for (let round = 0; round < Number(rounds); round += 1) {
  const lock = await open()
  const before = Number(fs.readFileSync(count, 'utf8'))
  await sleep(1)
  fs.writeFileSync(count, String(before + 1))
  await lock.close()
}

/** As its users do: a repository that is open is tried again. */
async function open() {
  for (;;) {
    try {
      return await FSLock.lock(folder)
    } catch (error) {
      if (error.code !== 'ERR_LOCK_EXISTS') throw error
      await sleep(5)
    }
  }
}
