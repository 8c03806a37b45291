'use strict'

// A Windows of our own under wine: a prefix in the cache.

const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { folder } = require('./cache')
const { need, run } = require('./commands')

/** What Rust's standard library takes its random numbers from, and older wines lack. */
const RANDOM_DLL = 'bcryptprimitives.dll'
const RANDOM_SOURCE = `
#include <windows.h>
#include <ntsecapi.h>
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T size) {
  const SIZE_T most = 1 << 20;
  for (; size > most; data += most, size -= most)
    if (!RtlGenRandom(data, most)) return FALSE;
  return RtlGenRandom(data, size);
}
`

/** The variables for it; made at the first use. */
function prepareWine() {
  const prefix = path.join(folder, 'wine')
  const { DISPLAY: _, ...env } = process.env
  Object.assign(env, { WINEPREFIX: prefix, WINEARCH: 'win64', WINEDEBUG: '-all' })
  const done = path.join(prefix, 'done')
  if (!fs.existsSync(done)) {
    fs.rmSync(prefix, { recursive: true, force: true })
    fs.mkdirSync(folder, { recursive: true })
    const options = { env, stdio: 'ignore' }
    run('wine', ['wineboot', '-i'], options)
    // Node asks for Windows 10.
    run('wine', ['winecfg', '-v', 'win10'], options)
    addRandomNumbers(path.join(prefix, 'drive_c', 'windows', 'system32'))
    fs.writeFileSync(done, '')
  }
  return env
}

function addRandomNumbers(system) {
  const dll = path.join(system, RANDOM_DLL)
  if (fs.existsSync(dll)) return
  need('x86_64-w64-mingw32-gcc', 'apt-get install gcc-mingw-w64-x86-64-posix')
  const source = path.join(os.tmpdir(), `locket-${process.pid}.c`)
  fs.writeFileSync(source, RANDOM_SOURCE)
  run('x86_64-w64-mingw32-gcc', ['-O2', '-s', '-shared', '-o', dll, source, '-ladvapi32'])
  fs.rmSync(source)
}

module.exports = { prepareWine }
