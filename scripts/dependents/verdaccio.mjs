// The store of verdaccio, a registry: adds to a JSON file under its lock. Arguments: folder, process, rounds, processes.

import fs from 'node:fs'
import path from 'node:path'
import locking from '@verdaccio/file-locking'

const [folder, process_, rounds] = process.argv.slice(2)
const file = path.join(folder, 'package.json')

for (let round = 0; round < Number(rounds); round += 1) {
  const manifest = await locking.readFileNext(file, { lock: true, parse: true })
  manifest.versions.push(`${process_}.${round}`)
  fs.writeFileSync(file, JSON.stringify(manifest))
  await locking.unlockFileNext(file)
}
