'use strict'

const { execFileSync } = require('node:child_process')
const { pbkdf2 } = require('node:crypto')
const fs = require('node:fs')
const path = require('node:path')
const { promisify } = require('node:util')
const { atEnd } = require('./end')
const { temporaryFolder } = require('./folder')

const SIZE = Number(process.env.UV_THREADPOOL_SIZE ?? 4)

/** Gives every thread of the pool work, so that what comes after it has to wait. */
function occupyPool(iterations = 100_000) {
  const work = () => promisify(pbkdf2)('', '', iterations, 64, 'sha512')
  return Promise.all(Array.from({ length: SIZE }, work))
}

/**
 * Makes every thread of the pool stand still, as on a dead mount, until the function that it returns is
 * called, or the test ends. Where there are named pipes.
 */
function blockPool(t) {
  const pipe = path.join(temporaryFolder(t), 'pipe')
  execFileSync('mkfifo', [pipe])
  // Each waits for a writer.
  const opened = Array.from({ length: SIZE }, () => fs.promises.open(pipe, 'r'))
  let writer
  const free = async () => {
    if (writer !== undefined) return
    writer = fs.openSync(pipe, 'r+')
    for (const file of await Promise.all(opened)) await file.close()
    fs.closeSync(writer)
  }
  atEnd(t, free)
  return free
}

module.exports = { blockPool, occupyPool }
