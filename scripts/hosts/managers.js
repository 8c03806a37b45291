'use strict'

// Package managers: each installs the release from a registry and runs the program; none runs the
// scripts of a package.

const fs = require('node:fs')
const path = require('node:path')
const { Child } = require('../../tools/child')
const { findNpm } = require('../../tools/npm')
const { pack } = require('../../tools/package')
const { manifest, nameOf, targets } = require('../../tools/targets')
const { hosts } = require('../platforms/hosts')
const { run: runQuietly } = require('../platforms/commands')
const {
  PROGRAM,
  command,
  expectExclusion,
  expectNode,
  here,
  newFolder,
  program,
  tools,
  write,
} = require('./project')

const PNPM = ['pnpm@10.28.0']
const YARN1 = ['yarn@1.22.22']
const YARN = ['@yarnpkg/cli-dist@4.18.1']

let release

/** A folder with the tarballs of a release. */
function packRelease() {
  if (release !== undefined) return release
  release = newFolder()
  pack(release, [here])
  const draft = newFolder()
  for (const target of targets.filter((each) => each !== here)) {
    const place = path.join(draft, target.name, 'package')
    const content = {
      name: nameOf(target),
      version: manifest.version,
      os: [target.os],
      cpu: [target.cpu],
      ...(target.libc && { libc: [target.libc] }),
      main: 'locket.node',
    }
    write(place, { 'package.json': JSON.stringify(content), 'locket.node': 'no addon' })
    const tarball = path.join(release, `${nameOf(target).replace('/', '-')}.tgz`)
    runQuietly('tar', ['czf', tarball, '-C', path.dirname(place), 'package'])
  }
  return release
}

/** Gives `use` a new project, and the address of the registry while it runs. */
async function withRegistry(use) {
  const registry = new Child(process.execPath, [path.join(__dirname, 'registry.js'), packRelease()])
  await registry.says(/^\d+\n/)
  try {
    const folder = newFolder()
    const dependencies = { [manifest.name]: manifest.version }
    write(folder, {
      'app.cjs': PROGRAM.cjs,
      'app.mjs': PROGRAM.esm,
      'package.json': JSON.stringify({ name: 'host', private: true, dependencies }),
    })
    return await use(folder, `http://127.0.0.1:${registry.out.trim()}`)
  } finally {
    const { err } = await registry.kill()
    if (err !== '') console.error(err)
  }
}

/** The package's program under `node`: both module systems. */
function expectBoth(folder) {
  for (const file of ['app.cjs', 'app.mjs']) expectNode(file, { cwd: folder })
}

function npm(folder, url, args) {
  const options = ['--no-audit', '--no-fund', '--registry', url, '--cache', path.join(folder, '.npm')]
  return command(process.execPath, [findNpm(), ...args, ...options], { cwd: folder })
}

/** The platforms whose packages are in node_modules. */
function installed(folder) {
  const modules = path.join(folder, 'node_modules')
  return targets.filter((target) => fs.existsSync(path.join(modules, nameOf(target)))).map(({ name }) => name)
}

/** The registry is of `http:`, and its packages are as old as the rules of managers want. */
const YARN_RC = (url) => `npmRegistryServer: ${url}
unsafeHttpWhitelist: ['127.0.0.1']
enableGlobalCache: false
globalFolder: ./.yarn-global
enableTelemetry: false
enableImmutableInstalls: false
pnpEnableEsmLoader: true
`

const managers = {
  npm: {
    needs: 'nothing',
    run: () =>
      withRegistry((folder, url) => {
        npm(folder, url, ['install', '--ignore-scripts'])
        expectBoth(folder)
      }),
  },
  'npm ci, for another platform': {
    needs: '`--os=linux --cpu=arm64 --libc=musl`, and the like',
    run: () =>
      withRegistry((folder, url) => {
        npm(folder, url, ['install', '--package-lock-only'])
        for (const { cpu, libc, name, os } of targets) {
          if (os === 'android') continue
          npm(folder, url, ['ci', `--os=${os}`, `--cpu=${cpu}`, ...(libc ? [`--libc=${libc}`] : [])])
          const found = installed(folder)
          if (found.join() !== name) throw new Error(`for ${name}: ${found}`)
        }
      }),
  },
  pnpm: {
    tool: PNPM,
    needs: 'nothing',
    short: true,
    run: () =>
      withRegistry((folder, url) => {
        const options = ['--registry', url, '--store-dir', path.join(folder, '.store'), '--ignore-scripts']
        command(program(PNPM, 'pnpm'), ['install', ...options], { cwd: folder })
        expectBoth(folder)
      }),
  },
  'yarn 1': {
    tool: YARN1,
    needs: 'nothing',
    run: () =>
      withRegistry((folder, url) => {
        const options = ['--registry', url, '--cache-folder', path.join(folder, '.cache'), '--ignore-scripts']
        command(program(YARN1, 'yarn'), ['install', '--no-lockfile', ...options], { cwd: folder })
        expectBoth(folder)
      }),
  },
  'yarn 4, PnP': {
    tool: YARN,
    needs: '`pnpEnableEsmLoader: true`, for ES modules',
    run: () =>
      withRegistry((folder, url) => {
        const yarn = path.join(tools(YARN), 'node_modules', '@yarnpkg', 'cli-dist', 'bin', 'yarn.js')
        write(folder, { '.yarnrc.yml': YARN_RC(url), 'yarn.lock': '' })
        const env = { YARN_ENABLE_SCRIPTS: '0', YARN_IGNORE_PATH: '1' }
        command(process.execPath, [yarn, 'install'], { cwd: folder, env })
        for (const file of ['app.cjs', 'app.mjs']) {
          expectExclusion(process.execPath, [yarn, 'node', file], { cwd: folder, env })
        }
      }),
  },
  'bun install': {
    tool: ['bun'],
    needs: 'nothing',
    run: () =>
      withRegistry((folder, url) => {
        const [bun] = hosts.bun().command
        write(folder, { 'bunfig.toml': `[install]\nregistry = "${url}"\ncache = { dir = ".cache" }\n` })
        command(bun, ['install', '--ignore-scripts'], { cwd: folder })
        expectBoth(folder)
      }),
  },
}

module.exports = { managers }
