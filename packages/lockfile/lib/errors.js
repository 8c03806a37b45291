'use strict'

const { getSystemErrorMap } = require('node:util')

/** Returns the error of the call that lockfile makes a lock with: the path is taken. */
function exists(path, cause) {
  const options = cause === undefined ? undefined : { cause }
  const [errno] = Array.from(getSystemErrorMap()).find(([, [code]]) => code === 'EEXIST')
  const error = new Error(`EEXIST: file already exists, open '${path}'`, options)
  return Object.assign(error, { errno, code: 'EEXIST', syscall: 'open', path })
}

/** Returns an error of the system about the file that is locked as one about the path of the lock. */
function aboutPath({ message, errno, code, syscall, path: file }, path) {
  return Object.assign(new Error(message.replace(file, path)), { errno, code, syscall, path })
}

module.exports = { aboutPath, exists }
