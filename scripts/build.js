'use strict'

// node scripts/build.js TRIPLE...: builds the addon, as it is shipped, for these platforms.
//
// The standard library for a platform comes from rustup (`rustup target add`), or is built along
// where only its source is there. For Linux, zig links: against glibc 2.28 or musl, wherever this
// runs; for FreeBSD, too. For Android, the NDK does.

const fs = require('node:fs')
const path = require('node:path')
const { check } = require('./check-addon')
const { cached, pythonPrograms } = require('./platforms/cache')
const { Missing, executable, need, onPath, run } = require('./platforms/commands')
const { describe, root } = require('../tools/targets')

/** RHEL 8, Debian 10, Ubuntu 18.10: as far back as Node's own binaries go. */
const OLDEST_GLIBC = '2.28'

const ZIG = ['ziglang==0.17.1', 'cargo-zigbuild==0.24.0']

function build(triple) {
  const target = describe(triple)
  const { cargo, rustc, std } = toolchain(triple)
  const env = { ...process.env, RUSTC: rustc, CARGO: cargo }
  const options = ['--release', '--locked', '--target-dir', path.join(root, 'target')]
  if (std === 'source') {
    env.RUSTC_BOOTSTRAP = '1'
    options.push('-Zbuild-std=std,panic_abort')
  }
  let program = cargo
  let command = ['build', '--target', triple]
  if (target.os !== process.platform || target.os === 'linux') {
    if (triple.endsWith('windows-gnu')) prepareMingw(env)
    else if (target.os === 'android') prepareAndroid(env)
    else if (target.os === 'win32') throw new Missing(`Windows itself, to build ${triple}`)
    else {
      const bin = pythonPrograms(...ZIG)
      env.CARGO_ZIGBUILD_ZIG_PATH = path.join(bin, 'python-zig')
      program = path.join(bin, 'cargo-zigbuild')
      const oldest = target.libc === 'glibc' ? `.${OLDEST_GLIBC}` : ''
      command = ['zigbuild', '--target', `${triple}${oldest}`]
    }
  }
  // To see that it links, and its size: what is shipped comes from a Mac, which strips and signs it.
  const isForeignMac = target.os === 'darwin' && process.platform !== 'darwin'
  if (isForeignMac) {
    need('llvm-strip', 'apt-get install llvm')
    env.CARGO_PROFILE_RELEASE_STRIP = 'none'
  }
  if (target.os === 'darwin') env.MACOSX_DEPLOYMENT_TARGET ??= '11.0'
  // Its instructions take the most room of all: 8 % less.
  if (target.cpu === 'ppc64') env.CARGO_PROFILE_RELEASE_OPT_LEVEL = 'z'
  run(program, [...command, ...options], { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] })
  // Beside a loaded addon, not over it.
  fs.rmSync(target.addon, { force: true })
  fs.copyFileSync(path.join(root, 'target', triple, 'release', target.library), target.addon)
  if (isForeignMac) run('llvm-strip', ['-x', target.addon])
  return target
}

/** The first cargo on PATH whose rustc has the platform's standard library, or its source. */
function toolchain(triple) {
  let fallback
  for (const cargo of onPath('cargo')) {
    const rustc = path.join(path.dirname(cargo), executable('rustc'))
    if (!fs.existsSync(rustc)) continue
    const libraries = path.join(run(rustc, ['--print', 'sysroot'], { cwd: root }), 'lib', 'rustlib')
    if (fs.existsSync(path.join(libraries, triple, 'lib'))) return { cargo, rustc, std: 'built' }
    if (fs.existsSync(path.join(libraries, 'src', 'rust', 'library'))) {
      fallback ??= { cargo, rustc, std: 'source' }
    }
  }
  if (fallback) return fallback
  throw new Missing(`no Rust with a standard library for ${triple} (rustup target add ${triple})`)
}

/** Google's NDK links; the oldest Android is the one of Node's own builds. */
function prepareAndroid(env) {
  const ndk = process.env.ANDROID_NDK_LATEST_HOME ?? process.env.ANDROID_NDK_HOME
  if (ndk === undefined) throw new Missing('the Android NDK (ANDROID_NDK_HOME)')
  const bin = path.join(ndk, 'toolchains', 'llvm', 'prebuilt', 'linux-x86_64', 'bin')
  env.CARGO_TARGET_AARCH64_LINUX_ANDROID_LINKER = path.join(bin, 'aarch64-linux-android24-clang')
}

/** The build script of napi wants a libnode.dll to link with; nothing is imported from it. */
function prepareMingw(env) {
  need('x86_64-w64-mingw32-gcc', 'apt-get install gcc-mingw-w64-x86-64-posix')
  env.LIBNODE_PATH = cached('libnode', (place) => {
    fs.writeFileSync(path.join(place, 'libnode.dll'), '')
    run('x86_64-w64-mingw32-ar', ['crs', path.join(place, 'libnode.dll.a')])
  })
}

module.exports = { OLDEST_GLIBC, build }

if (require.main === module) {
  for (const triple of process.argv.slice(2)) console.log(check(build(triple)))
}
