'use strict'

const { LARGEST_CALL } = require('./read.js')

/** Writes all of the bytes into the open file, from `start` on. */
function* writeAt(io, fd, bytes, start) {
  for (let done = 0; done < bytes.length; ) {
    done += yield io.write(fd, bytes, done, Math.min(bytes.length - done, LARGEST_CALL), start + done)
  }
}

module.exports = { writeAt }
