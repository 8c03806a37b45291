'use strict'

const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')

/** The program of npm, for this very Node: the npm that runs us, or the first on PATH. */
function findNpm() {
  const { npm_execpath: running, PATH = '' } = process.env
  const places = PATH.split(path.delimiter).flatMap((folder) => [
    path.join(folder, 'npm'),
    // Beside node.exe.
    path.join(folder, 'node_modules', 'npm', 'bin', 'npm-cli.js'),
  ])
  return [running ?? '', ...places]
    .filter((file) => fs.existsSync(file))
    .map((file) => fs.realpathSync.native(file))
    .find((file) => file.endsWith('.js'))
}

/** Runs npm; answers what it wrote, and throws that when it fails. */
function npm(args, options) {
  const program = findNpm()
  if (program === undefined) throw new Error('npm is not on PATH')
  const settings = { encoding: 'utf8', maxBuffer: 2 ** 26, ...options }
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [program, ...args], settings)
  if (status === 0) return stdout
  throw new Error(`${stdout ?? ''}${stderr ?? ''}\n'npm ${args.join(' ')}' failed ${error ?? ''}`)
}

/** Packs one package, and answers what npm says of it. */
function npmPack(args, options) {
  // npm 12 answers with an object by package, before it was a list.
  const [packed] = Object.values(JSON.parse(npm(['pack', '--json', '--ignore-scripts', ...args], options)))
  return packed
}

module.exports = { findNpm, npm, npmPack }
