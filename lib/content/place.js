'use strict'

// The file that a path names: where its content, its lock and its temporary file are.

const { Buffer } = require('node:buffer')
const path = require('node:path')
const { cwd, platform } = require('node:process')
const { checkRegular } = require('./errors.js')

const isWindows = platform === 'win32'

/** As many links as the kernel follows. */
const MAX_LINKS = 40

/** In bytes, on Windows in UTF-16 units; few file systems allow less. */
const LONGEST_NAME = 255

/** One character a byte, so that names which are not UTF-8 come through; Windows has text. */
function textOf(native) {
  return typeof native === 'string' ? native : native.toString('latin1')
}

function nativeOf(text) {
  return isWindows ? text : Buffer.from(text, 'latin1')
}

/** An absolute path. */
class Place {
  #text
  /** There was a file when it was located. */
  isThere

  constructor(text, isThere = false) {
    this.#text = text
    this.isThere = isThere
  }

  /** `given` as it is now, whatever the working directory becomes. What `..` means the system knows. */
  static of(given) {
    const text = textOf(typeof given === 'string' && !isWindows ? Buffer.from(given) : given)
    if (isWindows) return new Place(path.resolve(text))
    return new Place(path.isAbsolute(text) ? text : `${textOf(Buffer.from(cwd()))}/${text}`)
  }

  /** What `fs` takes. */
  get native() {
    return nativeOf(this.#text)
  }

  /** What messages show. */
  get shown() {
    return String(this.native)
  }

  get folder() {
    return new Place(path.dirname(this.#text))
  }

  /** The file beside it whose name is longer by `suffix`. */
  beside(suffix) {
    return new Place(this.#text + suffix)
  }

  /** Returns `true` if the name of the file beside it can be too long. */
  hasLongName(suffix) {
    return path.basename(this.#text).length + suffix.length > LONGEST_NAME
  }

  get text() {
    return this.#text
  }

  equals(other) {
    return this.#text === other.text
  }
}

/**
 * Returns the place, without links on its way, of the file that `asked` names now. A link is
 * followed, also one whose target is missing.
 *
 * Throws for what is no regular file, before a lock is created beside a device. Throws what the system
 * says: the kernel is asked first, because it follows no link that a stranger put into a sticky folder
 * (fs.protected_symlinks).
 */
function* locate(io, asked) {
  let { text } = asked
  let last
  for (let links = 0; links <= MAX_LINKS; links += 1) {
    try {
      const [stats, real] = yield io.together([io.stat(nativeOf(text)), realPath(io, text)])
      const place = new Place(textOf(real), true)
      checkRegular(stats, place.shown)
      return place
    } catch (error) {
      if (error.code !== 'ENOENT' || text.endsWith(path.sep)) throw error
      last = error
    }
    const folder = textOf(yield realPath(io, path.dirname(text)))
    const file = path.join(folder, path.basename(text))
    const target = yield* linkTarget(io, file)
    if (target === undefined) return new Place(file)
    text = path.isAbsolute(target) ? target : `${folder}${path.sep}${target}`
  }
  throw last
}

function realPath(io, text) {
  return io.realpath(nativeOf(text), { encoding: isWindows ? 'utf8' : 'buffer' })
}

/** Returns where the link leads, or undefined if there is no link. */
function* linkTarget(io, text) {
  try {
    return textOf(yield io.readlink(nativeOf(text), { encoding: isWindows ? 'utf8' : 'buffer' }))
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'EINVAL' || error.code === 'UNKNOWN') return undefined
    throw error
  }
}

module.exports = { Place, isWindows, locate }
