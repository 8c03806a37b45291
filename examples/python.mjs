// A Python program on the other side: it locks the same file with Python's `locket` (or with
// `filelock`, or a shell script with flock(1)).
//   pip install locket && node examples/python.mjs [path of python]
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { lockFile } from 'locket'

const [, , command = 'python3'] = process.argv
const script = fileURLToPath(new URL('python_side.py', import.meta.url))
const python = spawn(command, [script], { stdio: ['pipe', 'pipe', 'inherit'] })
const lock = lockFile('python.lock')

for await (const line of createInterface({ input: python.stdout })) {
  console.log(line)
  if (line !== 'Python has the lock') continue
  console.log('Node tries:', lock.tryAcquire() === null ? 'it is taken' : 'it is free')
  python.stdin.end()
  const guard = await lock.acquire(30)
  console.log('Node has the lock')
  guard.release()
}
