'use strict'

// npm run test:dependents: installs packages of the registry that depend on proper-lockfile and
// lockfile, with those of packages/ in their place, and has them do their work: several processes at
// once, and nothing may be lost. Then jest and vitest mock the packages. Uses the network.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { Child } = require('../tools/child')
const { makeFolder, removeFolder } = require('../tools/folder')
const { npm } = require('../tools/npm')
const { pack } = require('../tools/package')
const { setUp } = require('../tools/setup')
const { manifest, nameOf, targets } = require('../tools/targets')
const { target } = require('../lib/native/target')

const PROCESSES = 4
const ROUNDS = 25
const DEPENDENTS = {
  verdaccio: {
    package: '@verdaccio/file-locking@13.0.1',
    replaced: 'lockfile',
    prepare: (folder) => fs.writeFileSync(path.join(folder, 'package.json'), '{"versions":[]}'),
    count: (folder) => JSON.parse(fs.readFileSync(path.join(folder, 'package.json'))).versions.length,
  },
  salesforce: {
    package: '@salesforce/core@7',
    replaced: 'proper-lockfile',
    // It would make the file without its lock.
    prepare(folder) {
      fs.mkdirSync(path.join(folder, '.sfdx'))
      fs.writeFileSync(path.join(folder, '.sfdx', 'alias.json'), '{"orgs":{}}')
    },
    count: (folder) =>
      Object.keys(JSON.parse(fs.readFileSync(path.join(folder, '.sfdx', 'alias.json'))).orgs).length,
  },
  ipfs: {
    package: 'ipfs-repo@17.0.0',
    replaced: 'proper-lockfile',
    prepare: (folder) => fs.writeFileSync(path.join(folder, 'count'), '0'),
    count: (folder) => Number(fs.readFileSync(path.join(folder, 'count'))),
  },
}

/** Returns a project with the dependents, and with the packages of this repository in place of the old ones. */
function install(folder) {
  const here = targets.find(({ name }) => name === target())
  const tarballs = pack(folder, [here]).map((file) => `file:${path.basename(file)}`)
  const [platform, main] = tarballs
  const replacement = (name) => tarballs.find((file) => file.includes(`locket-${name}-`))
  const project = {
    private: true,
    dependencies: {
      [manifest.name]: main,
      [nameOf(here)]: platform,
      ...Object.fromEntries(Object.values(DEPENDENTS).map((each) => specOf(each.package))),
      ...Object.fromEntries(['jest@30', 'vitest@4'].map(specOf)),
    },
    overrides: { 'proper-lockfile': replacement('proper-lockfile'), lockfile: replacement('lockfile') },
  }
  fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify(project, null, 2))
  npm(['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: folder })
}

/** Splits `name@version`. */
function specOf(spec) {
  const at = spec.lastIndexOf('@')
  return [spec.slice(0, at), spec.slice(at + 1)]
}

/** Has processes of the dependent work on one folder at once. */
async function work(project, name, { replaced, prepare, count }) {
  const folder = path.join(project, name)
  fs.mkdirSync(folder)
  prepare?.(folder)
  const program = path.join(project, `${name}.mjs`)
  fs.copyFileSync(path.join(__dirname, 'dependents', `${name}.mjs`), program)
  const env = { ...process.env, HOME: folder, USERPROFILE: folder, NODE_DEBUG: replaced }
  const begin = performance.now()
  const children = Array.from({ length: PROCESSES }, (_, index) => {
    const args = [program, folder, ...[index, ROUNDS, PROCESSES].map(String)]
    return new Child(process.execPath, args, { cwd: project, env })
  })
  for (const { status, err } of await Promise.all(children.map((child) => child.ended))) {
    assert.equal(status, 0, err)
    assert.doesNotMatch(err, /without locks of the system/)
  }
  const seconds = ((performance.now() - begin) / 1000).toFixed(1)
  assert.equal(count(folder), PROCESSES * ROUNDS, `${name} has lost updates`)
  console.log(
    `${name}: ${PROCESSES} processes, ${count(folder)} updates of ${PROCESSES * ROUNDS}, ${seconds} s`,
  )
}

/** Each test runner makes mocks of all that the packages export. */
async function mock(project) {
  const tests = path.join(__dirname, 'dependents')
  for (const [file, args] of [
    ['mocks.test.cjs', ['jest', '--rootDir=.', '--testMatch=**/mocks.test.cjs']],
    ['mocks.test.mjs', ['vitest', 'run', '--root=.', 'mocks.test.mjs']],
  ]) {
    fs.copyFileSync(path.join(tests, file), path.join(project, file))
    const [runner, ...options] = args
    const manifestOf = require(path.join(project, 'node_modules', runner, 'package.json'))
    const bin = typeof manifestOf.bin === 'string' ? manifestOf.bin : manifestOf.bin[runner]
    const program = path.join(project, 'node_modules', runner, bin)
    const { status, out, err } = await new Child(process.execPath, [program, ...options], { cwd: project })
      .ended
    assert.equal(status, 0, `${out}${err}`)
    console.log(`${runner} ${manifestOf.version}: mocks as expected`)
  }
}

async function main() {
  setUp()
  const project = makeFolder('locket-dependents-')
  try {
    install(project)
    for (const { replaced } of Object.values(DEPENDENTS)) {
      const { name } = require(path.join(project, 'node_modules', replaced, 'package.json'))
      assert.match(name, /^@/, `${replaced} is replaced`)
    }
    for (const [name, dependent] of Object.entries(DEPENDENTS)) await work(project, name, dependent)
    await mock(project)
  } finally {
    removeFolder(project)
  }
}

main()
