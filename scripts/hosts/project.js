'use strict'

// Projects that use the packages as they are published, and the tools that they use.

const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { target } = require('../../lib/native/target')
const { makeFolder, removeFolder } = require('../../tools/folder')
const { npm } = require('../../tools/npm')
const { pack } = require('../../tools/package')
const { manifest, nameOf, targets } = require('../../tools/targets')
const { cached } = require('../platforms/cache')
const { run } = require('../platforms/commands')

const here = targets.find(({ name }) => name === target())

/** In milliseconds: what takes so long hangs. */
const HANGS_AFTER = 300_000

/** Takes the lock whose path is the first argument; flock(1) tells whether it excludes. */
const BODY = `
const file = process.argv[2]
const guard = lockFile(file).tryAcquire()
const status = () => spawnSync('flock', ['--nonblock', file, 'true']).status
const held = status()
guard.release()
const released = status()
console.log(held === 1 && released === 0 ? 'excluded' : \`held \${held}, released \${released}\`)
`
const PROGRAM = {
  cjs: `const { spawnSync } = require('node:child_process')
const { lockFile } = require('${manifest.name}')
${BODY}`,
  esm: `import { spawnSync } from 'node:child_process'
import { lockFile } from '${manifest.name}'
${BODY}`,
}

const made = []
let tarballs

function removeAll() {
  for (const folder of made) removeFolder(folder)
}

/** A new folder; where npm's packages lie elsewhere, none is above it. */
function newFolder() {
  const folder = makeFolder('locket-host-')
  made.push(folder)
  return folder
}

/** The tarballs of the platform's package and the main one. */
function packed() {
  tarballs ??= pack(newFolder(), [here]).slice(0, 2)
  return tarballs
}

/** Packages from the registry, installed once: the folder that has their node_modules. */
function tools(specs) {
  return cached(path.join('hosts', specs.join('+').replaceAll('/', '_')), (place) => {
    fs.writeFileSync(path.join(place, 'package.json'), '{}')
    npm(['install', '--no-audit', '--no-fund', ...specs], { cwd: place })
  })
}

/** The program of a tool. */
function program(specs, name) {
  return path.join(tools(specs), 'node_modules', '.bin', name)
}

/**
 * A folder with the files by name, and with the packages in its node_modules; with those of the
 * tools, too, for tools that ask for that.
 */
function project(files, { specs = [] } = {}) {
  const folder = newFolder()
  const modules = path.join(folder, 'node_modules')
  // As links to the same files: a tool can have hundreds of megabytes.
  if (specs.length > 0) run('cp', ['-al', path.join(tools(specs), 'node_modules'), modules])
  for (const [index, name] of [nameOf(here), manifest.name].entries()) {
    const place = path.join(modules, name)
    fs.mkdirSync(place, { recursive: true })
    run('tar', ['xzf', packed()[index], '--strip-components=1', '-C', place])
  }
  const dependencies = { [manifest.name]: manifest.version }
  write(folder, { 'package.json': JSON.stringify({ name: 'host', private: true, dependencies }), ...files })
  return folder
}

function write(folder, files) {
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(folder, name)
    fs.mkdirSync(path.dirname(file), { recursive: true })
    fs.writeFileSync(file, content)
  }
}

/** A copy of the folder away from the project. */
function elsewhere(folder) {
  const place = path.join(newFolder(), 'app')
  fs.cpSync(folder, place, { recursive: true, verbatimSymlinks: true })
  return place
}

/** Runs a command to its end; answers what it wrote, and throws that if it fails. */
function command(program, args, { cwd, env } = {}) {
  const { NODE_TEST_CONTEXT: _, ...inherited } = process.env
  const result = spawnSync(program, args, {
    cwd,
    encoding: 'utf8',
    env: { ...inherited, CI: 'true', NEXT_TELEMETRY_DISABLED: '1', ...env },
    maxBuffer: 2 ** 26,
    timeout: HANGS_AFTER,
  })
  const text = `${result.stdout ?? ''}${result.stderr ?? ''}`
  if (result.status === 0) return text
  throw new Error(
    `${path.basename(program)} ${args.join(' ')} failed (${result.error ?? result.status}): ${text}`,
  )
}

/** Runs a program that is the one above, or holds it: throws unless its lock excludes flock(1). */
function expectExclusion(program, args, options) {
  const file = path.join(newFolder(), 'some.lock')
  const text = command(program, [...args, file], options)
  if (!/^excluded$/m.test(text)) throw new Error(`the lock does not exclude: ${text}`)
}

/** The same with this Node. */
function expectNode(file, options) {
  expectExclusion(process.execPath, [file], options)
}

module.exports = {
  PROGRAM,
  command,
  elsewhere,
  expectExclusion,
  expectNode,
  here,
  newFolder,
  packed,
  program,
  project,
  removeAll,
  tools,
  write,
}
