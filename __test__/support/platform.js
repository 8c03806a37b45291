// Options of a test that not every platform can run.

'use strict'

const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { findNpm } = require('../../scripts/npm')

const { platform } = process

/** What is seen through /proc. */
const linuxOnly = { skip: platform !== 'linux' && 'looks into /proc' }

/** For what Windows does not have, or has in another way: the reason tells what. */
const notOnWindows = (reason) => ({ skip: platform === 'win32' && reason })

const shellOnly = notOnWindows('Windows has no sh')

const windowsOnly = { skip: platform !== 'win32' && 'Windows alone has it' }

const signalsOnly = notOnWindows('Windows has no signals')

/** Windows lets few users make them, and wine nobody. */
function makesNoSymlinks() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'locket-'))
  const link = path.join(folder, 'link')
  try {
    fs.symlinkSync('nowhere', link)
    return !fs.lstatSync(link).isSymbolicLink()
  } catch {
    return true
  } finally {
    fs.rmSync(folder, { recursive: true })
  }
}

const symlinksOnly = { skip: makesNoSymlinks() && 'symbolic links cannot be made here' }

/** Another user can be had by root alone. */
const rootOnly = { skip: process.getuid?.() !== 0 && 'needs root, to become another user' }

/**
 * The kernel names locks by the device that is mounted. Files of btrfs, and of an overlay over
 * another file system, show a device of their own: then nobody can tell whose lock it is.
 */
function hidesHolders() {
  if (platform !== 'linux') return false
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'locket-'))
  const file = path.join(folder, 'some.lock')
  fs.writeFileSync(file, '')
  const { dev } = fs.statSync(file)
  fs.rmSync(folder, { recursive: true })
  const device = `${(dev >> 8) & 0xfff}:${(dev & 0xff) | ((dev >> 12) & 0xfff00)}`
  return !fs.readFileSync('/proc/self/mountinfo', 'utf8').includes(` ${device} `)
}

const namedHoldersOnly = { skip: hidesHolders() && 'this file system hides whose lock it is' }

/** A Node alone, as under an emulator, has none. */
const npmOnly = { skip: findNpm() === undefined && 'there is no npm' }

module.exports = {
  linuxOnly,
  namedHoldersOnly,
  notOnWindows,
  npmOnly,
  rootOnly,
  shellOnly,
  signalsOnly,
  symlinksOnly,
  windowsOnly,
}
