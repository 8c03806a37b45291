'use strict'

// Every way to change a JSON file in the same shape: `open(file)` resolves with a function that adds
// one to its `count`. Each is used as its own manual shows it.

const fs = require('node:fs')
const path = require('node:path')
const { POLL_MS, load } = require('./libraries')

const MODULES = path.join(__dirname, '..', 'packages', 'node_modules')

/** Packages that are ES modules alone. */
async function importPackage(name) {
  const { exports, main } = JSON.parse(fs.readFileSync(path.join(MODULES, name, 'package.json'), 'utf8'))
  const entry = exports?.['.'] ?? exports ?? main
  return import(path.join(MODULES, name, entry.default ?? entry))
}

const parse = async (file) => JSON.parse(await fs.promises.readFile(file, 'utf8'))
const textOf = (data) => `${JSON.stringify(data, null, 2)}\n`
const plusOne = ({ count, ...rest }) => ({ count: count + 1, ...rest })

const updaters = {
  async locket(file) {
    const { updateJson } = require('../..')
    return () => updateJson(file, plusOne)
  },

  async 'locket without fsync'(file) {
    const { updateJson } = require('../..')
    return () => updateJson(file, plusOne, { fsync: false })
  },

  /** The lines that are written by hand around a lock. */
  async 'proper-lockfile'(file) {
    const { lock } = load('proper-lockfile')
    const retries = { forever: true, minTimeout: POLL_MS, maxTimeout: POLL_MS }
    return async () => {
      const release = await lock(file, { retries })
      try {
        await fs.promises.writeFile(`${file}.tmp`, textOf(plusOne(await parse(file))))
        await fs.promises.rename(`${file}.tmp`, file)
      } finally {
        await release()
      }
    }
  },

  async 'write-file-atomic'(file) {
    const writeFileAtomic = load('write-file-atomic')
    return async () => writeFileAtomic(file, textOf(plusOne(await parse(file))))
  },

  async steno(file) {
    const { Writer } = await importPackage('steno')
    const writer = new Writer(file)
    return async () => writer.write(textOf(plusOne(await parse(file))))
  },

  async lowdb(file) {
    const { Low, JSONFile } = await lowdb()
    const db = new Low(new JSONFile(file), {})
    return async () => {
      await db.read()
      db.data = plusOne(db.data)
      await db.write()
    }
  },

  async conf(file) {
    const { default: Conf } = await importPackage('conf')
    const conf = new Conf({ cwd: path.dirname(file), configName: path.basename(file, '.json') })
    return async () => conf.set('count', conf.get('count') + 1)
  },
}

async function lowdb() {
  const [{ Low }, { JSONFile }] = await Promise.all(
    ['lib/index.js', 'lib/node.js'].map((entry) => import(path.join(MODULES, 'lowdb', entry))),
  )
  return { Low, JSONFile }
}

/** The names of those that are installed here. */
function presentUpdaters() {
  return Object.keys(updaters).filter(
    (name) => name.startsWith('locket') || fs.existsSync(path.join(MODULES, name)),
  )
}

function openUpdater(name, file) {
  return updaters[name](file)
}

module.exports = { openUpdater, presentUpdaters }
