// A file of settings that several processes change: no change is lost, and no reader sees a part.
// Without an argument this starts four processes that each add an entry.
//   node examples/settings.mjs
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { updateJson } from 'locket'

const FILE = 'settings.json'

const [, , name] = process.argv
if (name !== undefined) {
  await updateJson(FILE, (settings = {}) => ({ ...settings, [name]: true }), { mode: 0o600 })
} else {
  await rm(FILE, { force: true })
  const program = fileURLToPath(import.meta.url)
  const names = ['colour', 'sound', 'updates', 'beta']
  const children = names.map((name) => spawn(process.execPath, [program, name], { stdio: 'inherit' }))
  await Promise.all(children.map((child) => once(child, 'exit')))
  console.log(
    Object.keys(JSON.parse(await readFile(FILE, 'utf8')))
      .toSorted()
      .join(' '),
  )
}
