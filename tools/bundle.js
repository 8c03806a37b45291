'use strict'

// The main package's modules in one file, as it is published: `require` takes 0.2 ms and more for each
// file, more than what is in it.

const fs = require('node:fs')
const path = require('node:path')

/** A module of the package that another one requires. */
const REQUIRE = /\brequire\('(\.[^']+)'\)/g

/** What a module is to have of its own. Node would take `module.exports = {` for the exports of the whole. */
const OWN = /\bmodule\.(exports|filename)\b/g

/** A line of a function: what it requires is loaded with the first use. */
const INDENTED = /^\s/

/**
 * Returns the text of an index.js that holds all that the index.js in `folder` requires. Modules run
 * when they are required, in the order they had.
 */
function bundle(folder) {
  const modules = new Map()
  const { text: entry, atOnce } = inlined(folder, 'index.js', modules)
  const first = reachable(atOnce, modules)
  const definitions = Array.from(modules, ([name, { text }]) => define(name, text, first.has(name)))
  return `'use strict'

// Made of lib/, module by module: one file takes less time to load.

const modules = {
${definitions.join('\n')}}

const loaded = new Map()

function loadModule(name) {
  const known = loaded.get(name)
  if (known !== undefined) return known.exports
  const made = { exports: {}, filename: module.filename && require('node:path').join(module.filename, '..', name) }
  modules[name](made)
  // Last: one that is interrupted, as by the end of the stack, is run again.
  loaded.set(name, made)
  return made.exports
}

${entry}`
}

/** V8 compiles a function in parentheses at once, and scans another one first: that would be for nothing. */
function define(name, text, isRunAtOnce) {
  return isRunAtOnce
    ? `  '${name}': (function (part) {\n${text}\n  }),\n`
    : `  '${name}'(part) {\n${text}\n  },\n`
}

/** Returns the text of the module and the modules that it requires as it is run; adds all to `modules`. */
function inlined(folder, name, modules) {
  const source = fs.readFileSync(path.join(folder, name), 'utf8').replace(/^'use strict'\n+/, '')
  const atOnce = []
  const text = source.replace(REQUIRE, (_, specifier, at) => {
    const required = path.posix.join(path.posix.dirname(name), specifier)
    if (modules.get(required) === null) throw new Error(`${required} requires itself through ${name}`)
    if (!modules.has(required)) {
      modules.set(required, null)
      modules.set(required, read(folder, required, modules))
    }
    if (!INDENTED.test(source.slice(source.lastIndexOf('\n', at) + 1))) atOnce.push(required)
    return `loadModule('${required}')`
  })
  return { text, atOnce }
}

function read(folder, name, modules) {
  if (!name.endsWith('.json')) {
    const { text, atOnce } = inlined(folder, name, modules)
    return { text: text.replace(OWN, 'part.$1'), atOnce }
  }
  const text = `part.exports = ${fs.readFileSync(path.join(folder, name), 'utf8')}`
  return { text, atOnce: [] }
}

/** Returns the modules, with those that they require as they are run. */
function reachable(names, modules) {
  const found = new Set()
  const add = (name) => {
    if (found.has(name)) return
    found.add(name)
    modules.get(name).atOnce.forEach(add)
  }
  names.forEach(add)
  return found
}

module.exports = { bundle }
