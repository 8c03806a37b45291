// A job that a timer starts: when the last run is not done yet, this one is left out; when it takes
// far too long, that is an error.
//   node examples/cron-job.mjs
import { LockError, lockFile } from 'locket'

const lock = lockFile('cron-job.lock')

const guard = lock.tryAcquire()
if (guard === null) {
  console.log('the last run is not done yet')
} else {
  await nightly()
  guard.release()
}

// The other habit: wait for the last run, but not for ever.
try {
  await lock.runExclusive(nightly, {
    timeout: 10,
    onWait: (holder) => console.log('waiting for', holder?.pid),
  })
} catch (error) {
  if (!(error instanceof LockError)) throw error
  console.error(error.message)
  process.exitCode = 1
}

async function nightly() {
  console.log('the nightly work is done')
}
