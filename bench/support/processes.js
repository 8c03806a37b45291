'use strict'

// Starts the children of the questions, and speaks with them.

const { EventEmitter, once } = require('node:events')
const fs = require('node:fs')
const path = require('node:path')
const { setTimeout: sleep } = require('node:timers/promises')
const { Child } = require('../../tools/child')
const { makeFolder, removeFolder } = require('../../tools/folder')
const { until } = require('../../tools/until')

const CHILD = path.join(__dirname, 'child.js')
const BARE = path.join(__dirname, '..', 'bare', 'target', 'release', 'locket-bench-bare')

/** A measurement that takes longer has failed. */
const HANGS_AFTER_MS = 120_000

/** Long enough to begin to wait, where that cannot be seen. */
const UNSEEN_MS = 20

const running = new Set()
process.on('exit', () => {
  for (const child of running) child.signal('SIGKILL')
})

/** A process of a question: orders go and answers come as lines of JSON. */
class RoleProcess extends Child {
  #answers = []
  #arrived = new EventEmitter()

  constructor(command, args) {
    const onLine = (line) => {
      this.#answers.push(JSON.parse(line))
      this.#arrived.emit('answer')
    }
    super(command, args, { stdio: ['pipe', 'pipe', 'inherit'], onLine })
    running.add(this)
    this.ended.finally(() => running.delete(this))
  }

  send(order) {
    this.stdin.write(`${JSON.stringify(order)}\n`)
  }

  /** The next answer; undefined when there was none for so many milliseconds. */
  async next(limit = HANGS_AFTER_MS) {
    if (this.#answers.length > 0) return this.#answers.shift()
    const late = new AbortController()
    const failed = this.ended.then(() => {
      // What it wrote last comes before its end.
      if (this.#answers.length === 0) throw new Error('a process of the measurement ended too early')
    })
    const limited = sleep(limit, undefined, { signal: late.signal })
    try {
      await Promise.race([once(this.#arrived, 'answer', { signal: late.signal }), failed, limited])
    } finally {
      late.abort()
    }
    return this.#answers.shift()
  }

  async ask(order, limit) {
    this.send(order)
    const answer = await this.next(limit)
    if (answer === undefined) throw new Error(`no answer to ${JSON.stringify(order)}`)
    return answer
  }

  /**
   * Resolves when one of its threads is blocked in a lock call. /proc/locks would tell too, but
   * reading it slows down every lock call of the machine for a while.
   */
  async blocked() {
    const tasks = `/proc/${this.pid}/task`
    if (!fs.existsSync(`${tasks}/${this.pid}/wchan`)) return sleep(UNSEEN_MS)
    await until(
      () => fs.readdirSync(tasks).some((task) => isLockCall(`${tasks}/${task}/wchan`)),
      'a thread blocked in a lock call',
    )
  }
}

/** The kernel's name for where the thread sleeps; the thread may have ended. */
function isLockCall(wchan) {
  try {
    return /lock_inode_wait|fcntl_setlk/.test(fs.readFileSync(wchan, 'utf8'))
  } catch {
    return false
  }
}

/** `question` is its file's __filename. */
function startChild(question, role, library, file, nodeOptions = []) {
  const name = path.basename(question)
  return new RoleProcess(process.execPath, [...nodeOptions, CHILD, name, role, library, file])
}

function startBare(...args) {
  return new RoleProcess(BARE, args)
}

function hasBare() {
  return fs.existsSync(BARE)
}

/** The one answer of a child that plays its role alone. */
function answerOf(question, role, library) {
  return withFile(async (file) => {
    const child = startChild(question, role, library, file)
    const answer = await child.next()
    await child.kill()
    return answer
  })
}

/** Runs `body` with a new file in a folder that is removed afterwards. */
async function withFile(body) {
  const folder = makeFolder('locket-bench-')
  const file = path.join(folder, 'lock')
  fs.writeFileSync(file, '')
  try {
    return await body(file, folder)
  } finally {
    removeFolder(folder)
  }
}

module.exports = { answerOf, hasBare, sleep, startBare, startChild, withFile }
