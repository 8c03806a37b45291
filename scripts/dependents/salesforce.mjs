// The settings of the Salesforce command line: sets aliases, which it writes under the lock of their
// file, in the home folder. Arguments: folder, process, rounds, processes.

import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import core from '@salesforce/core'

const [folder, process_, rounds, processes] = process.argv.slice(2)
const { aliases } = await core.StateAggregator.getInstance()

// It reads the file once without the lock, when it begins: no process may write it before all have.
const ready = path.join(folder, 'ready')
fs.mkdirSync(path.join(ready, process_), { recursive: true })
while (fs.readdirSync(ready).length < Number(processes)) await sleep(5)

for (let round = 0; round < Number(rounds); round += 1) {
  await aliases.setAndSave(`alias-${process_}-${round}`, 'user@example.org')
}
