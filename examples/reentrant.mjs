// What not to do: acquire a lock that you hold already. A lock is not re-entrant; the second acquire
// waits for the first one to end, which waits for the second.
//   node examples/reentrant.mjs
import { LockError, lockFile } from 'locket'

const lock = lockFile('reentrant.lock')

async function save() {
  await lock.runExclusive(() => console.log('saved'), 0.5)
}

// acquire() cannot know that nobody else will release the lock; with a timeout it says who has it.
try {
  await lock.runExclusive(async () => {
    await save()
  })
} catch (error) {
  report(error)
}

// acquireSync() can: nobody but this thread could release it, and this thread would be waiting.
const guard = await lock.acquire()
try {
  lock.acquireSync()
} catch (error) {
  report(error)
}
guard.release()

// The cure: what needs the lock held takes no lock, and whoever calls it does.
function saveLocked() {
  console.log('saved')
}
await lock.runExclusive(saveLocked)

function report(error) {
  if (!(error instanceof LockError)) throw error
  console.log(error.code, error.message, error.holder)
}
