'use strict'

// A process of its own for each library: `child.js QUESTION ROLE LIBRARY FILE`. It plays the role of
// the question; orders come and answers go as lines of JSON.

const readline = require('node:readline')
const path = require('node:path')
const { open } = require('./libraries')

const [question, role, library, file] = process.argv.slice(2)
const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]()

const parent = {
  /** The next order; undefined when there will be none. */
  async next() {
    const { value, done } = await lines.next()
    return done ? undefined : JSON.parse(value)
  },
  send(answer) {
    process.stdout.write(`${JSON.stringify(answer)}\n`)
  },
}

const { roles } = require(path.join(__dirname, '..', 'questions', question))
roles[role]({ library, file, parent, open: (name = file) => open(library, name) }).then(
  () => process.exit(),
  (error) => {
    console.error(error)
    process.exit(1)
  },
)
