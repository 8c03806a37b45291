'use strict'

// The main package's modules in one file, as it is published: `require` takes 0.2 ms and more for each
// file, more than what is in it.

const fs = require('node:fs')
const path = require('node:path')

/** A module of the package that another one requires. */
const REQUIRE = /\brequire\('(\.[^']+)'\)/g

/**
 * Returns the text of an index.js that holds all that the index.js in `folder` requires. Modules run
 * when they are required, in the order they had.
 */
function bundle(folder) {
  const modules = new Map()
  const entry = inlined(folder, 'index.js', modules)
  const definitions = Array.from(modules, ([name, text]) => `  '${name}'(module) {\n${text}\n  },\n`)
  return `'use strict'

// Made of lib/, module by module: one file takes less time to load.

const modules = {
${definitions.join('\n')}}

const loaded = new Map()

function loadModule(name) {
  const known = loaded.get(name)
  if (known !== undefined) return known.exports
  const made = { exports: {}, filename: module.filename && require('node:path').join(module.filename, '..', name) }
  loaded.set(name, made)
  modules[name](made)
  return made.exports
}

${entry}`
}

/** Returns the text of the module, and adds those that it requires to `modules`. */
function inlined(folder, name, modules) {
  const source = fs.readFileSync(path.join(folder, name), 'utf8').replace(/^'use strict'\n+/, '')
  return source.replace(REQUIRE, (_, specifier) => {
    const required = path.posix.join(path.posix.dirname(name), specifier)
    if (!modules.has(required)) {
      // First, so that a module in a circle is found.
      modules.set(required, '')
      modules.set(required, textOf(folder, required, modules))
    }
    return `loadModule('${required}')`
  })
}

function textOf(folder, name, modules) {
  if (!name.endsWith('.json')) return inlined(folder, name, modules)
  return `module.exports = ${fs.readFileSync(path.join(folder, name), 'utf8')}`
}

module.exports = { bundle }
