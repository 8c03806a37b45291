'use strict'

// Each program in examples/ runs, and says what it is meant to say.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const fs = require('node:fs')
const http = require('node:http')
const path = require('node:path')
const { test } = require('node:test')
const { run, start } = require('../tools/child')
const { namesHolders } = require('../tools/filesystem')
const { shellOnly } = require('../tools/platform')
const { ROOT, userProject } = require('../tools/project')
const { findPython } = require('../tools/python')

const folder = path.join(ROOT, 'examples')

/** What each says; a number in it stands for any. */
const OUTPUT = {
  'build-cache.mjs': 'from scratch\nfrom the cache\nfrom the cache\nfrom the cache\n',
  'cluster.mjs': 'one process migrates\nall processes are ready\n',
  'cron-job.mjs': 'the nightly work is done\nthe nightly work is done\n',
  'one-instance.mjs': 'process 1 is the only one\n',
  'opentelemetry.mjs':
    'locket.acquire.duration\nlocket.acquire.misses ERR_LOCK_TIMEOUT\nlocket.hold.duration\n',
  'python.mjs': 'Python has the lock\nNode tries: it is taken\nPython lets go\nNode has the lock\n',
  'reentrant.mjs': `ERR_LOCK_TIMEOUT timed out after 0.5 s waiting for lock 'FOLDER/reentrant.lock' (held by this process) { pid: 1, sameProcess: true }
ERR_LOCK_DEADLOCK deadlock: lock 'FOLDER/reentrant.lock' is already held by this thread, and no timeout is set { pid: 1, sameProcess: true }
saved
`,
  'settings.mjs': 'beta colour sound updates\n',
  'workers.mjs': '4 workers counted to 100\n',
}

/** What several processes say at once, in whatever order. */
const SEVERAL_SPEAK = ['build-cache.mjs', 'python.mjs']

/** A process number stands for any. */
function plain(text, project) {
  const shown = text.replaceAll(`${project.folder}${path.sep}`, 'FOLDER/')
  return shown.replace(/(process|pid:) \d+/g, '$1 1')
}

const python = findPython()
const needsPython = { skip: process.env.CI === undefined && python.reason }

function node(t, project, name, ...args) {
  return run(t, process.execPath, [path.join(folder, name), ...args], {
    cwd: project.folder,
    env: project.env,
  })
}

for (const [name, expected] of Object.entries(OUTPUT)) {
  test(
    `examples/${name} says what it is meant to say`,
    name === 'python.mjs' ? needsPython : {},
    async (t) => {
      const project = userProject(t)
      const { status, out, err } = await node(
        t,
        project,
        name,
        ...(name === 'python.mjs' ? [python.python] : []),
      )
      assert.deepEqual({ status, err }, { status: 0, err: '' })
      const said = plain(out, project)
      const order = SEVERAL_SPEAK.includes(name) ? sorted : (text) => text
      assert.equal(order(said), order(expected))
    },
  )
}

function sorted(text) {
  return text.split('\n').sort().join('\n')
}

test('examples/one-instance.mjs runs once at a time', async (t) => {
  const project = userProject(t)
  const options = { cwd: project.folder, env: project.env }
  const first = start(t, process.execPath, [path.join(folder, 'one-instance.mjs'), 'stay'], options)
  await first.says(/is the only one/)
  const { status, err } = await node(t, project, 'one-instance.mjs')
  assert.equal(status, 1)
  const pid = namesHolders ? first.pid : 'unknown'
  assert.match(err, new RegExp(`^running already, as process ${pid}, at http://127\\.0\\.0\\.1:\\w+\\n$`))
  first.stdin.end()
  await first.ended
  assert.equal((await node(t, project, 'one-instance.mjs')).status, 0)
})

/** Not so under wine. */
async function fetchesFromItself() {
  const server = http.createServer((_request, response) => response.end()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    await fetch(`http://127.0.0.1:${server.address().port}`, { headers: { connection: 'close' } })
    return true
  } catch {
    return false
  } finally {
    server.close()
  }
}

test('examples/shared-port.mjs has the port for itself, several times at once', async (t) => {
  if (!(await fetchesFromItself())) return t.skip('fetch reaches no server of this machine')
  const project = userProject(t)
  // Another suite may run on this machine, in a system of its own that has other lock files.
  const PORT = String(20_000 + (process.pid % 10_000))
  const env = { ...project.env, PORT }
  const runs = [1, 2, 3].map(() => node(t, { ...project, env }, 'shared-port.mjs'))
  for (const { status, out } of await Promise.all(runs)) assert.equal(status, 0, out)
})

test('examples/command-line.sh runs its steps', shellOnly, async (t) => {
  const { folder: cwd, env } = userProject(t)
  const { status, out, err } = await run(t, 'sh', [path.join(folder, 'command-line.sh')], { cwd, env })
  assert.deepEqual(
    { status, out, err },
    { status: 0, out: 'with the lock held\nthe only run\nthe lock is free\n', err: '' },
  )
})

test('there is no example that is not run here', () => {
  const run = [...Object.keys(OUTPUT), 'shared-port.mjs', 'command-line.sh', 'python_side.py']
  assert.deepEqual(fs.readdirSync(folder).toSorted(), run.toSorted())
})
