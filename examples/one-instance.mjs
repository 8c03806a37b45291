// One instance of a program: the second one says where the first is, and leaves.
//   node examples/one-instance.mjs
import { once } from 'node:events'
import { createServer } from 'node:http'
import { lockFile } from 'locket'

const server = createServer((_request, response) => response.end('hello\n'))
await once(server.listen(0, '127.0.0.1'), 'listening')
const { port } = server.address()

const lock = lockFile('one-instance.lock', { label: 'the server', info: { port } })
try {
  // Not released on purpose: it is held until this process ends, however it ends.
  await lock.acquire(0)
} catch (error) {
  if (error.code !== 'ERR_LOCK_TIMEOUT') throw error
  const { holders } = await lock.inspect()
  const { pid = 'unknown', info } = holders[0] ?? {}
  console.error(`running already, as process ${pid}, at http://127.0.0.1:${info?.port ?? 'unknown'}`)
  process.exit(1)
}

console.log(`process ${process.pid} is the only one`)
// The program itself; with an argument it stays until its standard input ends.
if (process.argv[2] === 'stay') process.stdin.on('end', () => server.close()).resume()
else server.close()
