// Shared and exclusive locks of other programs, and ours, on the same file.

'use strict'

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const { describe, test } = require('node:test')
const { lockFile } = require('..')
const { Child } = require('../tools/child')
const { atEnd } = require('../tools/end')
const { lockPath } = require('../tools/folder')
const { queuedFor, untilQueued } = require('../tools/kernel')
const { linuxOnly } = require('../tools/platform')
const { findPython } = require('../tools/python')
const { until, within } = require('../tools/until')

const MODES = ['shared', 'exclusive']

/** Says `held` once it has the lock, and holds it until its input ends. */
const PYTHON = `
import fcntl, os, sys
descriptor = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
fcntl.flock(descriptor, {'shared': fcntl.LOCK_SH, 'exclusive': fcntl.LOCK_EX}[sys.argv[2]])
print('held', flush=True)
sys.stdin.read()
`

const { python, reason } = findPython()
const hasFlock = spawnSync('flock', ['--version'], { stdio: 'ignore' }).status === 0

const programs = [
  {
    name: 'flock(1)',
    commandFor: (file, mode) => ['flock', [`--${mode}`, file, 'sh', '-c', 'echo held; read line']],
    skip: !hasFlock && 'there is no flock(1)',
  },
  {
    name: "Python's fcntl.flock",
    commandFor: (file, mode) => [python, ['-c', PYTHON, file, mode]],
    skip: reason ?? (process.platform === 'win32' && 'Windows has no fcntl'),
  },
]

for (const { name, commandFor, skip } of programs) {
  describe(name, { skip }, () => {
    const start = (t, file, mode) => {
      const [command, args] = commandFor(file, mode)
      const child = new Child(command, args, { detached: true })
      atEnd(t, () => child.kill())
      const held = child.says(/^held\n$/)
      return { pid: child.pid, held, release: () => child.stdin.end(), ended: child.ended }
    }

    for (const theirs of MODES) {
      for (const ours of MODES) {
        const areBoth = theirs === 'shared' && ours === 'shared'
        const verb = areBoth ? 'goes with' : 'excludes'

        test(`${theirs} of ${name} ${verb} ${ours} of ours`, async (t) => {
          const file = lockPath(t)
          const lock = lockFile(file)
          const program = start(t, file, theirs)
          await within(program.held, `${name} to hold the lock`)
          if (areBoth) {
            lock.tryAcquire({ mode: ours }).release()
            return
          }
          assert.equal(lock.tryAcquire({ mode: ours }), null)
          const pending = lock.acquire({ mode: ours })
          program.release()
          const guard = await within(pending, 'our acquire')
          guard.release()
        })

        test(`${ours} of ours ${verb} ${theirs} of ${name}`, linuxOnly, async (t) => {
          const file = lockPath(t)
          const lock = lockFile(file)
          const guard = await lock.acquire({ mode: ours })
          const program = start(t, file, theirs)
          if (!areBoth) {
            await untilQueued(file, program.pid, theirs)
            guard.release()
          }
          await within(program.held, `${name} to hold the lock`)
          assert.equal(lock.mode, areBoth ? 'shared' : null)
          guard.release()
          program.release()
          await program.ended
        })
      }
    }

    test(`${name} gets in once a downgrade lets readers in`, linuxOnly, async (t) => {
      const file = lockPath(t)
      const guard = await lockFile(file).acquire()
      const [reader, writer] = [start(t, file, 'shared'), start(t, file, 'exclusive')]
      await untilQueued(file, reader.pid, 'shared')
      await untilQueued(file, writer.pid)
      guard.downgrade()
      await within(reader.held, 'the reader')
      reader.release()
      await reader.ended
      await until(() => queuedFor(file).includes(writer.pid), 'the writer to wait on')
      guard.release()
      await within(writer.held, 'the writer')
    })
  })
}
