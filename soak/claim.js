'use strict'

// The holder's name, in a file beside each lock file. A holder that enters must find it empty, or with
// the name of a peer that was killed inside; a holder that leaves must find its own name. Readers find
// it as one who enters does, all the time.

const fs = require('node:fs')
const path = require('node:path')

/** Of one length, written in one call, so that no peer can be killed in the middle of it. */
const NAME_LENGTH = 40

class Claim {
  #fd
  #folder

  constructor(file) {
    this.#folder = path.dirname(file)
    this.#fd = fs.openSync(`${file}.claim`, fs.constants.O_RDWR | fs.constants.O_CREAT)
  }

  enter(name) {
    this.observe(name)
    this.#write(name)
  }

  observe(name) {
    const found = this.#read()
    if (found !== '' && !isEnded(this.#folder, found)) throw new Violation(`${name} came in beside ${found}`)
  }

  leave(name) {
    const found = this.#read()
    if (found !== name) throw new Violation(`${name} leaves and finds '${found}' inside`)
    this.#write('')
  }

  #read() {
    const buffer = Buffer.alloc(NAME_LENGTH)
    fs.readSync(this.#fd, buffer, 0, NAME_LENGTH, 0)
    return buffer.toString('latin1').replace(/[\0 ]+$/, '')
  }

  #write(name) {
    fs.writeSync(this.#fd, name.padEnd(NAME_LENGTH), 0)
  }

  close() {
    fs.closeSync(this.#fd)
  }
}

/** To be called before anything is done that ends the peer. */
function recordEnd(folder, name) {
  fs.writeFileSync(endOf(folder, name), '')
}

function isEnded(folder, name) {
  return fs.existsSync(endOf(folder, name.split('/')[0]))
}

function endOf(folder, name) {
  return path.join(folder, 'ended', name)
}

class Violation extends Error {}

module.exports = { Claim, Violation, recordEnd }
