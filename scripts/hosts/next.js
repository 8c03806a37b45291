'use strict'

// Next: a route handler that takes a lock.

const fs = require('node:fs')
const net = require('node:net')
const path = require('node:path')
const { Child } = require('../../tools/child')
const { manifest } = require('../../tools/targets')
const { until } = require('../../tools/until')
const { command, elsewhere, newFolder, project } = require('./project')

const NEXT = ['next@16.4.6', 'react@19.3.1', 'react-dom@19.3.1']

const ROUTE = `import { spawnSync } from 'node:child_process'
import { lockFile } from '${manifest.name}'
export const dynamic = 'force-dynamic'
export async function GET() {
  const file = process.env.LOCK_FILE
  const guard = await lockFile(file).acquire(5)
  const status = () => spawnSync('flock', ['--nonblock', file, 'true']).status
  const held = status()
  guard.release()
  return Response.json({ held, released: status() })
}
`
const LAYOUT = 'export default ({ children }) => <html><body>{children}</body></html>\n'

/** Builds with the configuration; the folder of the project. */
function build(config) {
  const folder = project(
    { 'app/api/route.js': ROUTE, 'app/layout.js': LAYOUT, 'next.config.mjs': `export default ${config}\n` },
    { specs: NEXT },
  )
  command(process.execPath, ['node_modules/next/dist/bin/next', 'build'], { cwd: folder })
  return folder
}

/** Starts the server, asks it once, and throws unless its lock excludes. */
async function expectServer(cwd, args) {
  const port = await freePort()
  const env = {
    ...process.env,
    HOSTNAME: '127.0.0.1',
    LOCK_FILE: path.join(newFolder(), 'some.lock'),
    PORT: String(port),
  }
  const server = new Child(process.execPath, args, { cwd, env })
  try {
    let answer
    const ended = server.ended.then(({ err }) => Promise.reject(new Error(`the server ended: ${err}`)))
    ended.catch(() => {})
    const answered = until(async () => {
      answer = await fetch(`http://127.0.0.1:${port}/api`).catch(() => undefined)
      return answer !== undefined
    }, 'the server to answer')
    await Promise.race([answered, ended])
    const text = await answer.text()
    if (text !== '{"held":1,"released":0}') throw new Error(`the server says ${text}; ${server.err}`)
  } finally {
    await server.kill()
  }
}

function freePort() {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

const EXTERNAL = `serverExternalPackages: ['${manifest.name}']`

const next = {
  'Next 16, route handler': {
    tool: NEXT,
    needs: "`serverExternalPackages: ['locket']`",
    run: () => expectServer(build(`{ ${EXTERNAL} }`), ['node_modules/next/dist/bin/next', 'start']),
  },
  'Next 16, standalone, elsewhere': {
    tool: NEXT,
    needs: "`serverExternalPackages: ['locket']`, `output: 'standalone'`",
    run() {
      const folder = build(
        `{ output: 'standalone', ${EXTERNAL}, outputFileTracingRoot: import.meta.dirname }`,
      )
      const place = elsewhere(path.join(folder, '.next', 'standalone'))
      fs.rmSync(folder, { recursive: true })
      return expectServer(place, ['server.js'])
    },
  },
}

module.exports = { next }
