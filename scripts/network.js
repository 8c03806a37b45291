'use strict'

// npm run test:network -- FOLDER COMMAND COMMAND: tries locks in a folder that two machines mount, and
// prints what holds there as a table in Markdown. Each COMMAND starts a command on one of the
// machines, such as 'ssh one' or 'nsenter --target 123 --mount --net --pid'. On both, this checkout and
// Node have the same paths as here, and the folder is mounted at FOLDER.
//
// More folders, each with `--folder`, are more columns. Ends with 1 if two held a lock at one time.

const crypto = require('node:crypto')
const path = require('node:path')
const { parseArgs } = require('node:util')
const { startNode } = require('../tools/peer')
const { network } = require('../tools/network')

async function main() {
  const { values, positionals } = parseArgs({
    options: { folder: { type: 'string', multiple: true, default: [] }, only: { type: 'string' } },
    allowPositionals: true,
  })
  const commands = positionals.slice(-2).map((command) => command.split(' '))
  const folders = [...positionals.slice(0, -2), ...values.folder]
  if (commands.length < 2 || folders.length === 0) {
    console.error("usage: npm run test:network -- FOLDER 'COMMAND' 'COMMAND'")
    process.exitCode = 2
    return
  }
  const names = Object.keys(network).filter((name) => values.only === undefined || name.includes(values.only))
  const rows = names.map((name) => [name])
  for (const folder of folders) {
    for (const row of rows) {
      const answer = await tryOne(network[row[0]], folder, commands)
      console.error(`${folder}: ${row[0]}: ${answer}`)
      row.push(answer)
    }
  }
  print([['', ...folders.map((folder) => path.basename(folder))], ...rows])
  if (rows.flat().some((answer) => answer.includes('TWO HELD IT'))) process.exitCode = 1
}

/** Resolves to the answer in a few words; what fails is one too. */
async function tryOne(question, folder, commands) {
  const undo = []
  const t = { after: (end) => undo.push(end) }
  /** Starts a process on the first machine, 0, or on the second, 1. */
  const on = (machine) => startNode(t, { prefix: commands[machine] })
  try {
    return await question(on, path.join(folder, `locket-${process.pid}-${crypto.randomUUID()}.lock`))
  } catch (error) {
    return `failed: ${error.message.replaceAll('|', '/').split('\n')[0]}`
  } finally {
    for (const end of undo) await end().catch(() => {})
  }
}

function print(rows) {
  const [head, ...rest] = rows
  const line = (cells) => `| ${cells.join(' | ')} |`
  console.log([line(head), line(head.map(() => '---')), ...rest.map(line)].join('\n'))
}

main()
