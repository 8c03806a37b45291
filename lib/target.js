'use strict'

const fs = require('node:fs')

/** What this process runs on, as napi-rs names it; null where there is no package for it. */
function target() {
  const { arch, platform } = process
  if (arch !== 'x64' && arch !== 'arm64') return null
  switch (platform) {
    case 'linux':
      return `linux-${arch}-${usesMusl() ? 'musl' : 'gnu'}`
    case 'darwin':
      return `darwin-${arch}`
    case 'win32':
      return `win32-${arch}-msvc`
    default:
      return null
  }
}

/** By the dynamic loader that this very program asks for: a system can have several. */
function usesMusl() {
  const loader = loaderOf('/proc/self/exe')
  if (loader !== null) return loader.includes('/ld-musl-')
  // Slower by milliseconds, and always right.
  process.report.excludeNetwork = true
  return process.report.getReport().header.glibcVersionRuntime === undefined
}

/** The PT_INTERP of a 64-bit ELF program; null where there is none. */
function loaderOf(program) {
  let file
  try {
    file = fs.openSync(program)
    const [tableAt, entrySize, count] = headerOf(read(file, 0, 64))
    const table = read(file, tableAt, entrySize * count)
    for (let at = 0; at < table.length; at += entrySize) {
      const PT_INTERP = 3
      if (table.readUInt32LE(at) !== PT_INTERP) continue
      const place = Number(table.readBigUInt64LE(at + 8))
      return read(file, place, Number(table.readBigUInt64LE(at + 32))).toString()
    }
  } catch {
    // No /proc, or not such a program.
  } finally {
    if (file !== undefined) fs.closeSync(file)
  }
  return null
}

function headerOf(bytes) {
  return [Number(bytes.readBigUInt64LE(32)), bytes.readUInt16LE(54), bytes.readUInt16LE(56)]
}

function read(file, position, length) {
  const bytes = Buffer.alloc(length)
  fs.readSync(file, bytes, 0, length, position)
  return bytes
}

module.exports = { target }
