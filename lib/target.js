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
  const head = headOf('/proc/self/exe')
  if (head.includes('/ld-musl-')) return true
  if (head.includes('/ld-linux-')) return false
  // Slower by milliseconds, and always right.
  process.report.excludeNetwork = true
  return process.report.getReport().header.glibcVersionRuntime === undefined
}

/** The first page of a program, where linkers put the name of the loader; empty if unreadable. */
function headOf(program) {
  let file
  try {
    file = fs.openSync(program)
    const page = Buffer.allocUnsafe(4096)
    return page.latin1Slice(0, fs.readSync(file, page, 0, page.length, 0))
  } catch {
    return ''
  } finally {
    if (file !== undefined) fs.closeSync(file)
  }
}

module.exports = { target }
