// Tests that share a port: run this file several times at once, and each run has the port for
// itself. A lock file stands for the port; any name will do that all of them use.
//   node examples/shared-port.mjs
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { lockFile } from 'locket'

// Below those that a system gives to connections by itself.
const PORT = Number(process.env.PORT ?? 18_917)
let guard

before(async () => {
  guard = await lockFile(join(tmpdir(), `port-${PORT}.lock`)).acquire(60)
})
after(() => guard.release())

test('the server answers', async (t) => {
  const server = createServer((_request, response) => response.end('hello')).listen(PORT, '127.0.0.1')
  t.after(() => new Promise((closed) => server.close(closed)))
  await once(server, 'listening')
  const response = await fetch(`http://127.0.0.1:${PORT}`, { headers: { connection: 'close' } })
  assert.equal(await response.text(), 'hello')
})
