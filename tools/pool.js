'use strict'

const { pbkdf2 } = require('node:crypto')
const { promisify } = require('node:util')

const SIZE = Number(process.env.UV_THREADPOOL_SIZE ?? 4)

/** Gives every thread of the pool work, so that what comes after it has to wait. */
function occupyPool(iterations = 100_000) {
  const work = () => promisify(pbkdf2)('', '', iterations, 64, 'sha512')
  return Promise.all(Array.from({ length: SIZE }, work))
}

module.exports = { occupyPool }
