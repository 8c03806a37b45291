'use strict'

// npm run test:filesystems [-- --only NAME] [THEME...]: makes a file system of each kind in an image
// of its own, runs the suite on it (or the themes alone), and ends with a table. Needs root on Linux.

const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { parseArgs } = require('node:util')
const { Child } = require('../tools/child')
const { makeFolder, removeFolder } = require('../tools/folder')
const { readReport } = require('../tools/report')
const { enterOwnMounts, hasOwnMounts, mount, unmount, works } = require('../tools/mounts')
const { setUp } = require('../tools/setup')

const IMAGE_SIZE = 512 * 2 ** 20

/** How each is mounted at a folder. `work` is a folder for what that needs. */
const kinds = {
  tmpfs: { mount: (folder) => mount('-t', 'tmpfs', 'tmpfs', folder) },
  ext4: inImage('mkfs.ext4', '-q', '-F'),
  xfs: inImage('mkfs.xfs', '-q', '-f'),
  btrfs: inImage('mkfs.btrfs', '-q', '-f'),
  overlay: {
    mount(folder, work) {
      // On a file system of its own: an overlay does not lie on every other.
      mount('-t', 'tmpfs', 'tmpfs', work)
      overlay(folder, work, work)
    },
  },
  'overlay over another': {
    // A file of the lower one changes its identity when it is opened for writing.
    mount(folder, work) {
      mount('-t', 'tmpfs', 'tmpfs', work)
      const lower = makeFolder('locket-lower-')
      overlay(folder, work, lower)
    },
  },
  'fuse (bindfs)': {
    tool: 'bindfs',
    mount(folder, work) {
      const { status, stderr } = spawnSync('bindfs', ['-o', 'hard_remove', work, folder], {
        encoding: 'utf8',
      })
      if (status !== 0) throw new Error(stderr.trim())
    },
  },
}

function inImage(mkfs, ...options) {
  return {
    tool: mkfs,
    mount(folder, work) {
      const image = path.join(work, 'image')
      fs.closeSync(fs.openSync(image, 'w'))
      fs.truncateSync(image, IMAGE_SIZE)
      const { status, stderr } = spawnSync(mkfs, [...options, image], { encoding: 'utf8' })
      if (status !== 0) throw new Error(stderr.trim())
      mount('-o', 'loop', image, folder)
    },
  }
}

function overlay(folder, work, lowerHome) {
  const [lower, upper, scratch] = [
    path.join(lowerHome, 'lower'),
    path.join(work, 'upper'),
    path.join(work, 'scratch'),
  ]
  for (const name of [lower, upper, scratch]) fs.mkdirSync(name)
  mount('-t', 'overlay', '-o', `lowerdir=${lower},upperdir=${upper},workdir=${scratch}`, 'overlay', folder)
}

async function main() {
  const { values, positionals } = parseArgs({
    options: { only: { type: 'string', multiple: true } },
    allowPositionals: true,
  })
  enterOwnMounts()
  if (!hasOwnMounts()) {
    console.error('file systems are mounted by root on Linux, with unshare(1): not available here')
    process.exitCode = 1
    return
  }
  setUp()
  const rows = []
  for (const name of values.only ?? Object.keys(kinds)) rows.push(await tryOn(name, positionals))
  console.table(Object.fromEntries(rows.map(({ name, ...row }) => [name, row])))
  if (rows.some(({ result }) => result === 'failed')) process.exitCode = 1
}

async function tryOn(name, themes) {
  const kind = kinds[name]
  if (kind === undefined) throw new Error(`unknown: ${name}; there are ${Object.keys(kinds).join(', ')}`)
  if (kind.tool !== undefined && !works('which', kind.tool)) return { name, result: `no ${kind.tool} here` }
  const home = makeFolder('locket-fs-')
  const [folder, work] = [path.join(home, 'mounted'), path.join(home, 'work')]
  fs.mkdirSync(folder)
  fs.mkdirSync(work)
  try {
    kind.mount(folder, work)
  } catch (error) {
    return { name, result: `not mounted: ${error.message.split('\n')[0]}` }
  }
  fs.chmodSync(home, 0o755)
  fs.chmodSync(folder, 0o1777)
  console.log(`\n${name}`)
  const counts = await runSuite(folder, themes)
  unmount(folder)
  unmount(work)
  removeFolder(home)
  return { name, ...counts }
}

/** The suite with its temporary files in the folder; what failed is shown. */
async function runSuite(folder, themes) {
  const script = path.join(__dirname, 'test.js')
  const { ended } = new Child(process.execPath, [script, '--test-reporter=junit', ...themes], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TMPDIR: folder },
  })
  const { status, out } = await ended
  const { passed, failed, skipped, notes } = readReport(out)
  for (const { name, reason, details } of failed) console.log(`failed: ${name}: ${reason}\n${details}`)
  const holders = notes.map((note) => /^(\d+ of \d+) holders are known/.exec(note)).find(Boolean)
  return {
    result: status === 0 ? 'passed' : 'failed',
    passed: passed.length,
    failed: failed.length,
    skipped: skipped.length,
    'holders named': holders?.[1] ?? '',
  }
}

main()
