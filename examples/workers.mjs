// Workers: threads of one process exclude each other as processes do, and a worker that ends
// without having released frees its lock.
//   node examples/workers.mjs
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { isMainThread, Worker } from 'node:worker_threads'
import { lockFile } from 'locket'

const lock = lockFile('workers.lock')

if (isMainThread) {
  await writeFile('workers.txt', '0')
  const file = fileURLToPath(import.meta.url)
  const workers = [1, 2, 3, 4].map(() => new Worker(file))
  await Promise.all(workers.map((worker) => once(worker, 'exit')))
  console.log(`4 workers counted to ${await readFile('workers.txt', 'utf8')}`)
} else {
  for (let round = 0; round < 25; round++) {
    await lock.runExclusive(async () => {
      const count = Number(await readFile('workers.txt', 'utf8'))
      await writeFile('workers.txt', String(count + 1))
    })
  }
  await lock.acquire()
  // This worker ends here, and the lock with it.
}
