'use strict'

// How the code blocks of documents are run, by language: `{ options, run(t, code, server) }`. `options` are
// those of the test. Each block runs in a folder as a user has it, with `locket` installed.

const fs = require('node:fs')
const path = require('node:path')
const locket = require('..')
const { run } = require('./child')
const { shellOnly } = require('./platform')
const { userProject } = require('./project')
const { findPython } = require('./python')
const { ROOT } = require('./documents')
const { compiled, tsc } = require('./typescript')

const MODULES = path.join(ROOT, 'node_modules')

/** Of the repository, for blocks that use them. */
const OTHERS = ['@locket', 'pg']

const python = findPython()

const LANGUAGES = {
  js: { options: {}, run: runJavaScript },
  ts: { options: compiled, run: runTypeScript },
  sh: { options: shellOnly, run: runShell },
  python: { options: { skip: process.env.CI === undefined && python.reason }, run: runPython },
  sql: { options: {}, run: runSql },
  json: { options: {}, run: parseJson },
}

/** Not programs: a picture, and configuration whose parser Node does not have. */
const UNTRIED = ['mermaid', 'yaml', 'toml', 'ini', 'dockerfile', 'diff']

/** Returns `true` if the block needs a PostgreSQL server. */
function needsServer({ code, language }) {
  return language === 'sql' || code.includes('@locket/postgres')
}

async function runJavaScript(t, code, server) {
  const project = projectWith(t, code)
  return runNode(t, project, write(project, 'block.mjs', wholeProgram(code)), server)
}

async function runTypeScript(t, code, server) {
  const project = projectWith(t, code)
  const source = write(project, 'block.mts', wholeProgram(code))
  const types = ['--types', 'node', '--typeRoots', path.join(MODULES, '@types')]
  const target = ['--target', 'es2022', '--lib', 'es2022', '--module', 'node16', '--strict']
  tsc(source, ...target, ...types, '--outDir', project.folder)
  return runNode(t, project, path.join(project.folder, 'block.mjs'), server)
}

function runShell(t, code) {
  const { env, folder } = userProject(t)
  return run(t, 'sh', ['-euc', code], { cwd: folder, env })
}

function runPython(t, code) {
  const project = userProject(t)
  const file = write(project, 'block.py', code)
  return run(t, python.python, [file], { cwd: project.folder, env: project.env })
}

async function runSql(_t, code, server) {
  await server.query(code)
  return { status: 0, out: '', err: '' }
}

function parseJson(_t, code) {
  JSON.parse(code)
  return { status: 0, out: '', err: '' }
}

/**
 * A block that does not import `locket` has all its exports, and a `lock`. The rest of it is a scope of
 * its own, so that it can declare a `lock` too.
 */
function wholeProgram(code) {
  if (/from '(locket|@locket\/\w+)'/.test(code)) return code
  const imports = code.match(/^import .*$/gm) ?? []
  const rest = code.replace(/^import .*$/gm, '')
  const names = `import { ${Object.keys(locket).join(', ')} } from 'locket'`
  return [names, ...imports, "const lock = lockFile('app.lock')", '{', rest, '}', ''].join('\n')
}

function projectWith(t, code) {
  const project = userProject(t)
  for (const name of OTHERS.filter((name) => code.includes(`'${name}`))) {
    fs.symlinkSync(path.join(MODULES, name), path.join(project.folder, 'node_modules', name))
  }
  return project
}

function runNode(t, { env, folder }, file, server) {
  const { host, port, user, database } = server?.options ?? {}
  const settings = server && { PGHOST: host, PGPORT: String(port), PGUSER: user, PGDATABASE: database }
  return run(t, process.execPath, [file], { cwd: folder, env: { ...env, ...settings } })
}

function write({ folder }, name, text) {
  const file = path.join(folder, name)
  fs.writeFileSync(file, text)
  return file
}

module.exports = { LANGUAGES, UNTRIED, needsServer, runShell }
