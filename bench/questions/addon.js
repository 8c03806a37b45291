'use strict'

// How large is the addon, and how long does `require` take?

const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { names } = require('../support/libraries')
const { mapValues, peersOf, rounds } = require('../support/rounds')
const { median } = require('../support/statistics')

const ROOT = path.join(__dirname, '..', '..')
const PROCESSES = 7

function loadTime(name) {
  const target = name === 'locket' ? ROOT : path.join(__dirname, '..', 'peers', 'node_modules', name)
  const code = `const begin = performance.now(); require(${JSON.stringify(target)}); console.log(performance.now() - begin)`
  return Number(spawnSync(process.execPath, ['-e', code], { encoding: 'utf8' }).stdout)
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
  const times = mapValues(await rounds(count * PROCESSES, present(names), loadTime), median)
  return [
    {
      id: 'addon-size',
      what: 'the addon',
      unit: 'KB',
      goal: { atMost: 700 },
      measured: addonSize() / 1000,
      peers: {},
    },
    {
      id: 'require',
      what: 'require',
      unit: 'ms',
      goal: { atMost: 5 },
      measured: times.locket,
      peers: peersOf(times),
    },
  ]
}

module.exports = { run }
