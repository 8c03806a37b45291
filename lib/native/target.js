'use strict'

const fs = require('node:fs')
const process = require('node:process')

/** Returns the platform as napi-rs names it, whether there is a package for it or not. */
function target() {
  const { arch, platform } = process
  if (platform === 'linux')
    return `linux-${arch}-${usesMusl() ? 'musl' : 'gnu'}${arch === 'arm' ? 'eabihf' : ''}`
  if (platform === 'win32') return `win32-${arch}-msvc`
  return `${platform}-${arch}`
}

/** Goes by the dynamic loader that this program names: a system can have several. */
function usesMusl() {
  // Deno knows, and would ask for permission to look.
  const { Deno } = globalThis
  if (Deno?.build?.env !== undefined) return Deno.build.env === 'musl'
  const head = headOf('/proc/self/exe')
  if (head.includes('/ld-musl-')) return true
  if (head.includes('/ld-linux')) return false
  const header = reportHeader()
  return header !== undefined && header.glibcVersionRuntime === undefined
}

/** Slower by milliseconds than the program's head; undefined where there is no report. */
function reportHeader() {
  const { report } = process
  try {
    const { excludeNetwork } = report
    // The report would otherwise look up the host names of all connections.
    report.excludeNetwork = true
    try {
      return report.getReport().header
    } finally {
      report.excludeNetwork = excludeNetwork
    }
  } catch {
    return undefined
  }
}

/** Returns the first page of a program, where linkers put the name of the loader; '' if unreadable. */
function headOf(program) {
  let file
  try {
    file = fs.openSync(program)
    const page = new Uint8Array(4096)
    fs.readSync(file, page, 0, page.length, 0)
    return String.fromCharCode.apply(null, page)
  } catch {
    return ''
  } finally {
    if (file !== undefined) fs.closeSync(file)
  }
}

module.exports = { target }
