'use strict'

// What is published, installed from its tarballs: without a network, without install scripts and
// without a compiler.

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { target } = require('../lib/target')
const { npm } = require('../scripts/npm')
const { nameOf, pack, tarball } = require('../scripts/package')
const { manifest, root, targets } = require('../scripts/targets')
const { temporaryFolder } = require('./support/folder')
const { npmOnly } = require('./support/platform')

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
  const packages = pack(temporaryFolder(t), [here])
  const folder = install(t, packages)
  const read = (name) => JSON.parse(fs.readFileSync(path.join(folder, 'node_modules', name, 'package.json')))

  await t.test('work side by side', () => useIn(folder))

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

  await t.test('on a platform without one, require names it and those there are', () => {
    const { code, message } = refusal(
      folder,
      "Object.defineProperty(process, 'platform', { value: 'sunos' })",
    )
    assert.equal(code, 'ERR_LOCK_NO_BINARY')
    assert.match(message, /no package for sunos on \w+: .*Linux.*macOS.*Windows.*build it from/s)
  })

  await t.test('without the one for the platform, require names platform, package and cure', () => {
    const { code, message } = refusal(install(t, packages.slice(-1)))
    assert.equal(code, 'ERR_LOCK_NO_BINARY')
    const name = nameOf(here)
    const parts = [`the package ${name} on ${here.name}`, `npm install ${name}@${manifest.version}`]
    for (const part of parts) assert.ok(message.includes(part), `${message} says ${part}`)
  })

  await t.test('with one that does not load, require tells why', () => {
    const addon = path.join(folder, 'node_modules', nameOf(here), path.basename(here.addon))
    fs.writeFileSync(addon, 'no program')
    const { code, message } = refusal(folder)
    assert.equal(code, 'ERR_LOCK_NO_BINARY')
    assert.ok(message.includes(`cannot load the package ${nameOf(here)}`), message)
  })
})

test('the package that npm pack makes of a clone works where it was made', npmOnly, (t) => {
  useIn(install(t, [tarball(root, temporaryFolder(t))]))
})

function useIn(folder) {
  fs.writeFileSync(path.join(folder, 'user.mjs'), USER)
  const { status, stdout, stderr } = node(folder, 'user.mjs')
  assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: 'held\n', stderr: '' })
}

/** What `require` throws, after some other code. */
function refusal(folder, first = '') {
  const tell = '({ code, message }) => console.log(JSON.stringify({ code, message }))'
  const script = `${first}\n try { require('${manifest.name}') } catch (error) { (${tell})(error) }`
  return JSON.parse(node(folder, '-e', script).stdout)
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
