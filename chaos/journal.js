'use strict'

// The journal of a round. A record is a line, written by one write to a file opened for appending,
// so that the order of the lines is the order in which they were written:
//
//   enter WHO SECTION FILE NANOSECONDS VALUE INODE   after the grant; VALUE is what the counter said
//   leave WHO SECTION FILE NANOSECONDS VALUE -       before the release; VALUE is what it says now
//   read WHO SECTION FILE NANOSECONDS VALUE INODE    after a grant in shared mode
//   unread WHO SECTION FILE NANOSECONDS VALUE -      before its release; VALUE is read again
//   lower WHO SECTION FILE NANOSECONDS VALUE -       who has entered will downgrade; VALUE as of leave
//   killing WHO                                      before anything is done that ends WHO
//   ended WHO HOW                                    WHO ended, and nobody had ended it
//   died WHO                                         WHO runs no more
//   timeout WHO ASKED WAITED                         in seconds of the monotonic clock
//   refused WHO CODE                                 an acquire that failed
//   leak WHO WHAT
//
// WHO is a name with dots (node1.4.w0: peer, incarnation, thread); what is said of node1.4 goes for
// its threads. Foreign software writes - for what it cannot tell.

const fs = require('node:fs')

class Journal {
  #descriptor

  constructor(file) {
    this.#descriptor = fs.openSync(file, 'a')
  }

  write(...words) {
    fs.writeSync(this.#descriptor, `${words.join(' ')}\n`)
  }

  close() {
    fs.closeSync(this.#descriptor)
  }
}

/** The records of a journal's text. */
function parse(text) {
  return text.split('\n').filter(Boolean).map(parseLine)
}

function parseLine(line) {
  const [kind, who, ...rest] = line.split(' ')
  switch (kind) {
    case 'enter':
    case 'leave':
    case 'read':
    case 'unread':
    case 'lower': {
      const [section, file, nanoseconds, value, inode] = rest
      return { kind, who, section, file, at: bigOf(nanoseconds), value: Number(value), inode }
    }
    case 'timeout':
      return { kind, who, asked: Number(rest[0]), waited: Number(rest[1]) }
    case 'refused':
      return { kind, who, code: rest[0] }
    case 'ended':
    case 'leak':
      return { kind, who, what: rest.join(' ') }
    case 'killing':
    case 'died':
      return { kind, who }
    default:
      throw new Error(`no record: ${line}`)
  }
}

function bigOf(word) {
  return word === '-' ? undefined : BigInt(word)
}

module.exports = { Journal, parse }
