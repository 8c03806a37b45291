'use strict'

// What does it cost to lock and unlock with the packages that take the place of proper-lockfile and
// lockfile, beside those themselves? Each call is awaited, as their programs do.

const path = require('node:path')
const { answerOf } = require('../support/processes')
const { mapValues, rounds } = require('../support/rounds')
const { median } = require('../support/statistics')

const SECONDS = 0.5

const PLACES = {
  old: path.join(__dirname, '..', 'packages', 'node_modules'),
  new: path.join(__dirname, '..', '..', 'packages'),
}

/** By package: how to lock and unlock the file once. */
const CYCLES = {
  'proper-lockfile': (library, file) => async () => {
    const release = await library.lock(file)
    await release()
  },
  lockfile: (library, file) => async () => {
    await new Promise((resolve, reject) => {
      library.lock(`${file}.lock`, (error) => (error ? reject(error) : resolve()))
    })
    await new Promise((resolve) => library.unlock(`${file}.lock`, resolve))
  },
}

/** `library` is `old NAME` or `new NAME`. */
async function time({ library, file, parent }) {
  const [place, name] = library.split(' ')
  const cycle = CYCLES[name](require(path.join(PLACES[place], name)), file)
  for (let i = 0; i < 200; i += 1) await cycle()
  const begin = performance.now()
  const end = begin + SECONDS * 1000
  let count = 0
  while (performance.now() < end) {
    for (let i = 0; i < 10; i += 1) await cycle()
    count += 10
  }
  parent.send(((performance.now() - begin) * 1000) / count)
}

async function run({ count, present }) {
  const names = present(Object.keys(CYCLES))
  const libraries = names.flatMap((name) => [`old ${name}`, `new ${name}`])
  const answers = await rounds(count, libraries, (library) => answerOf(__filename, 'time', library))
  const cycle = mapValues(answers, median)
  return names.map((name) => ({
    id: `drop-in-${name}`,
    what: `lock + unlock in the place of ${name}`,
    unit: 'µs',
    measured: cycle[`new ${name}`],
    others: { [name]: cycle[`old ${name}`] },
  }))
}

module.exports = { roles: { time }, run }
