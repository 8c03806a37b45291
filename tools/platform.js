// Options of a test that not every platform can run.

'use strict'

const fs = require('node:fs')
const path = require('node:path')
const { withFolder } = require('./folder')
const { findNpm } = require('./npm')

const { platform } = process

/** What is seen through /proc. */
const linuxOnly = { skip: platform !== 'linux' && 'looks into /proc' }

/** For what Windows does not have, or has in another way: the reason tells what. */
const notOnWindows = (reason) => ({ skip: platform === 'win32' && reason })

const shellOnly = notOnWindows('Windows has no sh')

const windowsOnly = { skip: platform !== 'win32' && 'Windows alone has it' }

const signalsOnly = notOnWindows('Windows has no signals')

/**
 * Its server keeps a descriptor for each look at a locked file until the lock is released: tests that
 * look often do so less often there.
 */
const isWine = platform === 'win32' && process.env.WINEPREFIX !== undefined

/** Under wine, a writer that gives up keeps readers out until its wait is granted. */
const endedWaitsOnly = { skip: isWine && 'wine cannot end a wait' }

/** Windows lets few users make them, and wine none. */
function makesNoSymlinks() {
  return withFolder((folder) => {
    const link = path.join(folder, 'link')
    try {
      fs.symlinkSync('nowhere', link)
      return !fs.lstatSync(link).isSymbolicLink()
    } catch {
      return true
    }
  })
}

const symlinksOnly = { skip: makesNoSymlinks() && 'symbolic links cannot be made here' }

/** Another user can be had by root alone. */
const rootOnly = { skip: process.getuid?.() !== 0 && 'needs root, to become another user' }

/** A Node alone, as under an emulator, has none. */
const npmOnly = { skip: findNpm() === undefined && 'there is no npm' }

/** scripts/platforms/hosts.js says so: an emulator shows a process what it is without it. */
const isEmulated = process.env.LOCKET_TEST_EMULATED === 'true'

const nativeOnly = { skip: isEmulated && 'an emulator has its own command line, threads and signals' }

module.exports = {
  endedWaitsOnly,
  isWine,
  linuxOnly,
  nativeOnly,
  notOnWindows,
  npmOnly,
  rootOnly,
  shellOnly,
  signalsOnly,
  symlinksOnly,
  windowsOnly,
}
