// A cluster: of all its processes one does what must be done once, such as a migration.
//   node examples/cluster.mjs
import cluster from 'node:cluster'
import { once } from 'node:events'
import { access, rm, writeFile } from 'node:fs/promises'
import { lockFile } from 'locket'

const DONE = 'migrated.txt'

async function migrateOnce() {
  await lockFile('migration.lock').runExclusive(async () => {
    const done = await access(DONE).then(
      () => true,
      () => false,
    )
    if (done) return
    console.log('one process migrates')
    await writeFile(DONE, '')
  }, 60)
}

if (cluster.isPrimary) {
  await rm(DONE, { force: true })
  const workers = [1, 2, 3].map(() => cluster.fork())
  await Promise.all(workers.map((worker) => once(worker, 'exit')))
  console.log('all processes are ready')
} else {
  await migrateOnce()
  process.exit()
}
