// One instance of a program: the second one says who is there already, and leaves.
//   node examples/one-instance.mjs
import { LockError, lockFile } from 'locket'

try {
  // Not released on purpose: it is held until this process ends, however it ends.
  await lockFile('one-instance.lock').acquire(0)
} catch (error) {
  if (!(error instanceof LockError)) throw error
  console.error(`running already, as process ${error.holder?.pid ?? 'unknown'}`)
  process.exit(1)
}

console.log(`process ${process.pid} is the only one`)
// The program itself; with an argument it stays until its standard input ends.
if (process.argv[2] === 'stay') process.stdin.resume()
