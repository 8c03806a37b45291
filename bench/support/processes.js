'use strict'

// Starts the children of the questions, and speaks with them.

const { spawn } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const readline = require('node:readline')

const CHILD = path.join(__dirname, 'child.js')
const BARE = path.join(__dirname, '..', 'bare', 'target', 'release', 'locket-bench-bare')

/** A measurement that takes longer has failed. */
const HANGS_AFTER_MS = 120_000

/** Long enough to begin to wait, where that cannot be seen. */
const UNSEEN_MS = 20

const running = new Set()
process.on('exit', () => {
  for (const child of running) child.kill()
})

class Child {
  #process
  #lines
  #exited

  constructor(command, args) {
    this.#process = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    running.add(this)
    this.#process.stdin.on('error', () => {})
    this.#lines = readline.createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]()
    this.#exited = new Promise((resolve) => {
      this.#process.on('close', () => {
        running.delete(this)
        resolve()
      })
    })
  }

  get pid() {
    return this.#process.pid
  }

  send(order) {
    this.#process.stdin.write(`${JSON.stringify(order)}\n`)
  }

  /** The next answer; undefined when there was none for so long. */
  async next(patience = HANGS_AFTER_MS) {
    let timer
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, patience, undefined)
    })
    const line = this.#lines.next().then(({ value, done }) => {
      if (done) throw new Error('a process of the measurement ended too early')
      return JSON.parse(value)
    })
    try {
      return await Promise.race([line, late])
    } finally {
      clearTimeout(timer)
    }
  }

  async ask(order, patience) {
    this.send(order)
    const answer = await this.next(patience)
    if (answer === undefined) throw new Error(`no answer to ${JSON.stringify(order)}`)
    return answer
  }

  /**
   * Resolves when one of its threads is blocked in a lock call. /proc/locks would tell too, but who
   * reads it slows down every lock call of the machine for a while.
   */
  async blocked() {
    const tasks = `/proc/${this.pid}/task`
    if (!fs.existsSync(`${tasks}/${this.pid}/wchan`)) return sleep(UNSEEN_MS)
    const end = performance.now() + HANGS_AFTER_MS
    while (!fs.readdirSync(tasks).some((task) => isLockCall(`${tasks}/${task}/wchan`))) {
      if (performance.now() > end) throw new Error('nobody came to wait for the lock')
      await sleep(1)
    }
  }

  kill() {
    this.#process.kill('SIGKILL')
  }

  /** Ends it, and waits until it is gone. */
  async end() {
    this.kill()
    await this.#exited
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
  return new Child(process.execPath, [...nodeOptions, CHILD, name, role, library, file])
}

function startBare(...args) {
  return new Child(BARE, args)
}

function hasBare() {
  return fs.existsSync(BARE)
}

/** The one answer of a child that plays its role alone. */
function answerOf(question, role, library) {
  return withFile(async (file) => {
    const child = startChild(question, role, library, file)
    const answer = await child.next()
    await child.end()
    return answer
  })
}

/** Runs `body` with a new file in a folder of its own, which is gone afterwards. */
async function withFile(body) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'locket-bench-'))
  const file = path.join(folder, 'lock')
  fs.writeFileSync(file, '')
  try {
    return await body(file, folder)
  } finally {
    fs.rmSync(folder, { recursive: true, force: true })
  }
}

function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

module.exports = { answerOf, hasBare, sleep, startBare, startChild, withFile }
