'use strict'

// Test runners: a timeout must end an acquire whatever clock they fake, and nothing may stay open.

const fs = require('node:fs')
const path = require('node:path')
const { manifest } = require('../../tools/targets')
const { hosts } = require('../platforms/hosts')
const { command, newFolder, program, project } = require('./project')

const JEST = ['jest@30.5.2']
const VITEST = ['vitest@5.1.1']
const SINON = ['sinon@22.1.0']
const WHY = ['why-is-node-running@3.2.3']

/** Starts a holder of the file in another process, and returns how to end it. */
const HOLD = `
const { spawn } = require('node:child_process')
const { once } = require('node:events')
async function hold(file) {
  const holder = spawn('flock', [file, 'sh', '-c', 'echo held; read line'], { stdio: ['pipe', 'pipe', 'ignore'] })
  await once(holder.stdout, 'data')
  return async () => {
    const ended = once(holder, 'close')
    holder.stdin.end()
    await ended
  }
}
module.exports = { hold }
`

/** Calls \`fake()\` before and after the package is used for the first time. */
const tests = (header, fakes) => `${header}
const file = process.env.LOCK_FILE
${fakes
  .map(
    ({ name, fake, real }, index) => `
test('${name}', async () => {
  const path = file + ${index}
  const end = await hold(path)
  try {
    if (${index} % 2 === 1) lockFile(path)
    ${fake}
    const error = await lockFile(path).acquire(0.2).catch((error) => error)
    ${real}
    if (error.code !== 'ERR_LOCK_TIMEOUT') throw error
  } finally {
    await end()
  }
  const guard = await lockFile(path).acquire(20)
  guard.release()
}, 60_000)`,
  )
  .join('\n')}
`

const JEST_FAKES = [
  { name: 'modern fakes', fake: 'jest.useFakeTimers()', real: 'jest.useRealTimers()' },
  { name: 'modern fakes, after use', fake: 'jest.useFakeTimers()', real: 'jest.useRealTimers()' },
  {
    name: 'legacy fakes',
    fake: 'jest.useFakeTimers({ legacyFakeTimers: true })',
    real: 'jest.useRealTimers()',
  },
  {
    name: 'legacy fakes, after use',
    fake: 'jest.useFakeTimers({ legacyFakeTimers: true })',
    real: 'jest.useRealTimers()',
  },
]
const VITEST_FAKE =
  "vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'setInterval', 'Date', 'performance', 'hrtime'] })"
const VITEST_FAKES = [
  { name: 'fakes', fake: VITEST_FAKE, real: 'vi.useRealTimers()' },
  { name: 'fakes, after use', fake: VITEST_FAKE, real: 'vi.useRealTimers()' },
]
const SINON_FAKES = [
  { name: 'fakes', fake: 'const clock = sinon.useFakeTimers()', real: 'clock.restore()' },
  { name: 'fakes, after use', fake: 'const clock = sinon.useFakeTimers()', real: 'clock.restore()' },
]

const lockFileEnv = () => ({ LOCK_FILE: path.join(newFolder(), 'some.lock') })

const JEST_HEADER = `const { lockFile } = require('${manifest.name}')\nconst { hold } = require('./hold.js')`

const testRunners = {
  'jest, fake timers and --detectOpenHandles': {
    tool: JEST,
    needs: 'nothing',
    short: true,
    run() {
      // Two files: each has an instance of the package.
      const text = tests(JEST_HEADER, JEST_FAKES)
      const folder = project({ 'hold.js': HOLD, 'a.test.js': text, 'b.test.js': text })
      const args = ['--runInBand', '--detectOpenHandles', '--rootDir', folder]
      const output = command(program(JEST, 'jest'), args, { cwd: folder, env: lockFileEnv() })
      if (/open handle/i.test(output)) throw new Error(output)
    },
  },
  ...Object.fromEntries(
    ['threads', 'vmThreads', 'forks'].map((pool) => [
      `vitest, fake timers, ${pool}`,
      {
        tool: VITEST,
        needs: 'nothing',
        run() {
          const header = `import { test, vi } from 'vitest'\nimport { lockFile } from '${manifest.name}'\nimport { hold } from './hold.cjs'`
          const folder = project(
            {
              'hold.cjs': HOLD,
              'a.test.mjs': tests(header, VITEST_FAKES),
              'b.test.mjs': tests(header, VITEST_FAKES).replaceAll('file + ', "file + 'b' + "),
            },
            { specs: VITEST },
          )
          const args = ['run', '--pool', pool, '--root', folder]
          // Its vmThreads need a later Node than this package.
          const [node] = hosts.node(24).command
          const vitest = path.join(folder, 'node_modules', 'vitest', 'vitest.mjs')
          command(node, [vitest, ...args], { cwd: folder, env: lockFileEnv() })
        },
      },
    ]),
  ),
  'sinon, fake timers': {
    tool: SINON,
    needs: 'nothing',
    run() {
      const header = `const { test } = { test: (name, body) => require('node:test').test(name, body) }\nconst sinon = require('sinon')\n${JEST_HEADER}`
      const folder = project({ 'hold.js': HOLD, 'a.test.js': tests(header, SINON_FAKES) }, { specs: SINON })
      command(process.execPath, ['--test', 'a.test.js'], { cwd: folder, env: lockFileEnv() })
    },
  },
  'why-is-node-running': {
    tool: WHY,
    needs: 'nothing',
    run() {
      const source = `import whyIsNodeRunning from 'why-is-node-running'
import { lockFile } from '${manifest.name}'
const guard = await lockFile(process.env.LOCK_FILE).acquire(5)
guard.release()
whyIsNodeRunning()
`
      const folder = project({ 'app.mjs': source }, { specs: WHY })
      const output = command(process.execPath, ['app.mjs'], { cwd: folder, env: lockFileEnv() })
      const own = fs.realpathSync(path.join(folder, 'node_modules', manifest.name))
      if (output.includes(own) || /[1-9]\\d* handle/.test(output)) throw new Error(output)
    },
  },
}

module.exports = { testRunners }
