'use strict'

const fs = require('node:fs')
const path = require('node:path')
const { env } = require('node:process')

/** Returns `true` if the word is a program that can be run. */
function isCommand(word) {
  if (word.includes('/')) return isExecutable(word)
  return (env.PATH ?? '').split(path.delimiter).some((folder) => isExecutable(path.join(folder, word)))
}

function isExecutable(file) {
  try {
    fs.accessSync(file, fs.constants.X_OK)
    return fs.statSync(file).isFile()
  } catch {
    return false
  }
}

module.exports = { isCommand }
