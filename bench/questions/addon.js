'use strict'

// How large is the addon, and how long does `require` take?

const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { bundle } = require('../../tools/bundle')
const { makeFolder, removeFolder } = require('../../tools/folder')
const { names } = require('../support/libraries')
const { mapValues, othersOf, rounds } = require('../support/rounds')
const { median } = require('../support/statistics')

const ROOT = path.join(__dirname, '..', '..')
const PROCESSES = 7

function loadTime(name, published) {
  const target = name === 'locket' ? published : path.join(__dirname, '..', 'packages', 'node_modules', name)
  const code = `const begin = performance.now(); require(${JSON.stringify(target)}); console.log(performance.now() - begin)`
  return Number(spawnSync(process.execPath, ['-e', code], { encoding: 'utf8' }).stdout)
}

/** Makes a folder that holds what is loaded of the package as it is published. */
function publish() {
  const folder = makeFolder('locket-bench-')
  fs.writeFileSync(path.join(folder, 'index.js'), bundle(ROOT))
  for (const name of fs.readdirSync(ROOT).filter((name) => name.endsWith('.node'))) {
    fs.copyFileSync(path.join(ROOT, name), path.join(folder, name))
  }
  return folder
}

/** Bytes of what a platform's package holds beside its package.json. */
function addonSize() {
  const prefix = `locket.${process.platform}-${process.arch}`
  const sizes = fs
    .readdirSync(ROOT)
    .filter((name) => name.startsWith(prefix) && name.endsWith('.node'))
    .map((name) => fs.statSync(path.join(ROOT, name)).size)
  return Math.max(...sizes)
}

async function run({ count, present }) {
  const published = publish()
  const load = (name) => loadTime(name, published)
  const times = mapValues(await rounds(count * PROCESSES, present(names), load), median)
  removeFolder(published)
  return [
    {
      id: 'addon-size',
      what: 'the addon',
      unit: 'KB',
      goal: { atMost: 750 },
      measured: addonSize() / 1000,
      others: {},
    },
    {
      id: 'require',
      what: 'require',
      unit: 'ms',
      goal: { atMost: 5 },
      measured: times.locket,
      others: othersOf(times),
    },
  ]
}

module.exports = { run }
