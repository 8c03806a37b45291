'use strict'

// What is published, installed from its tarballs: without a network, without install scripts and
// without a compiler.

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { target } = require('../lib/native/target')
const { npm } = require('../tools/npm')
const { additions, pack, tarball } = require('../tools/package')
const { manifest, nameOf, root, targets } = require('../tools/targets')
const { temporaryFolder } = require('../tools/folder')
const { npmOnly } = require('../tools/platform')

const here = targets.find(({ name }) => name === target())

/** Takes the lock by way of each module system. */
const USER = `
  import { createRequire } from 'node:module'
  import { lockFile } from '${manifest.name}'
  const required = createRequire(import.meta.url)('${manifest.name}')
  const guard = await lockFile('some.lock').acquire()
  if (required.lockFile('some.lock').tryAcquire() !== null) throw new Error('held twice')
  guard.release()
  await required.lockFile('some.lock').runExclusive(() => console.log('held'))
`

test('the packages', npmOnly, async (t) => {
  const [platform, main] = pack(temporaryFolder(t), [here])
  const folder = install(t, [platform, main])
  const read = (name) => JSON.parse(fs.readFileSync(path.join(folder, 'node_modules', name, 'package.json')))

  await t.test('work side by side', () => useIn(folder))

  await t.test('load as one file of JavaScript', () => {
    const main = path.join(fs.realpathSync(folder), 'node_modules', manifest.name)
    const script = `require('${manifest.name}'); console.log(JSON.stringify(Object.keys(require.cache)))`
    const loaded = JSON.parse(node(folder, '-e', script).stdout).filter((name) => name.endsWith('.js'))
    assert.deepEqual(loaded, [path.join(main, 'index.js')])
  })

  await t.test('bring no other package, and nothing to run or compile', () => {
    const names = fs.readdirSync(path.join(folder, 'node_modules'), { recursive: true })
    const files = names.filter((name) => ['package.json', 'binding.gyp'].includes(path.basename(name)))
    const expected = [manifest.name, nameOf(here)].map((name) => path.join(name, 'package.json'))
    assert.deepEqual(files.toSorted(), expected.toSorted())
    for (const name of [manifest.name, nameOf(here)]) assert.equal(read(name).scripts, undefined)
  })

  await t.test('are asked for by the main one in its own version', () => {
    const expected = targets.map((each) => [nameOf(each), manifest.version])
    assert.deepEqual(read(manifest.name).optionalDependencies, Object.fromEntries(expected))
  })

  await t.test('are for one platform each', () => {
    const { os, cpu, libc, main } = read(nameOf(here))
    assert.deepEqual({ os, cpu }, { os: [process.platform], cpu: [process.arch] })
    assert.equal(libc?.[0], here.libc)
    assert.equal(main, path.basename(here.addon))
  })
})

test('the packages on top of the main one work with it, and bring nothing else', npmOnly, (t) => {
  const [platform, main, ...others] = pack(temporaryFolder(t), [here])
  // What a package wants beside it cannot be installed without a network.
  const alone = additions().map(({ manifest: addition }) => addition.peerDependencies === undefined)
  const folder = install(t, [platform, main, ...others.filter((_, index) => alone[index])])
  const names = additions()
    .filter((_, index) => alone[index])
    .map(({ manifest: addition }) => addition.name)
  assert.ok(names.length > 0)
  const installed = fs.readdirSync(path.join(folder, 'node_modules'), { recursive: true })
  assert.deepEqual(
    installed.filter((name) => path.basename(name) === 'package.json').toSorted(),
    [manifest.name, nameOf(here), ...names].map((name) => path.join(name, 'package.json')).toSorted(),
  )
  for (const name of names) {
    const { status, stderr } = node(folder, '-e', `require('${name}')`)
    assert.deepEqual({ status, stderr }, { status: 0, stderr: '' }, name)
  }
})

test('the package that npm pack makes of a clone works where it was made', npmOnly, (t) => {
  useIn(install(t, [tarball(root, temporaryFolder(t))]))
})

function useIn(folder) {
  fs.writeFileSync(path.join(folder, 'user.mjs'), USER)
  const { status, stdout, stderr } = node(folder, 'user.mjs')
  assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: 'held\n', stderr: '' })
}

/** The tarballs alone: the packages they ask for, of other platforms, are nowhere to be had. */
function install(t, tarballs) {
  const folder = temporaryFolder(t)
  fs.writeFileSync(path.join(folder, 'package.json'), '{}')
  const options = ['--offline', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock']
  if (here.libc === 'musl' && !systemIsMusl()) options.push('--force')
  npm(['install', ...options, '--cache', path.join(folder, '.npm'), ...tarballs], {
    cwd: folder,
    env: bare(folder),
  })
  return folder
}

/** npm goes by the system, which can have another C library than this Node. */
function systemIsMusl() {
  const ldd = '/usr/bin/ldd'
  return !fs.existsSync(ldd) || fs.readFileSync(ldd, 'latin1').includes('musl')
}

function node(folder, ...args) {
  return spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8', env: bare(folder) })
}

/** No cargo, no compiler, and nothing of an npm that runs this test. */
function bare(folder) {
  const programs = path.join(folder, 'programs')
  if (!fs.existsSync(programs)) {
    fs.mkdirSync(programs)
    if (process.platform !== 'win32') fs.symlinkSync(process.execPath, path.join(programs, 'node'))
  }
  const foreign = /^(npm_.*|path|node_test_context)$/i
  const kept = Object.entries(process.env).filter(([name]) => !foreign.test(name))
  return { ...Object.fromEntries(kept), PATH: programs }
}
