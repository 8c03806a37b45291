// Options of a test that not every platform can run.

'use strict'

const { findNpm } = require('../../scripts/npm')

const { platform } = process

/** What is seen through /proc. */
const linuxOnly = { skip: platform !== 'linux' && 'looks into /proc' }

const unixOnly = { skip: platform === 'win32' && 'Windows has no such thing' }

/** Another user can be had by root alone. */
const rootOnly = { skip: process.getuid?.() !== 0 && 'needs root, to become another user' }

/** A Node alone, as under an emulator, has none. */
const npmOnly = { skip: findNpm() === undefined && 'there is no npm' }

module.exports = { linuxOnly, npmOnly, rootOnly, unixOnly }
