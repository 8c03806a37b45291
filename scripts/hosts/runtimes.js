'use strict'

// Programs that run JavaScript, and forms in which they carry it.

const fs = require('node:fs')
const path = require('node:path')
const { manifest } = require('../../tools/targets')
const { NODE, hosts } = require('../platforms/hosts')
const { ESBUILD } = require('./bundlers')
const {
  PROGRAM,
  command,
  expectExclusion,
  expectNode,
  here,
  newFolder,
  program,
  project,
  write,
} = require('./project')

const POSTJECT = ['postject@1.0.0-alpha.6']
const ASAR = ['@electron/asar@4.3.2']
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'

/** Node's child_process would want to read the environment. */
const DENO = PROGRAM.esm
  .replace(/^import.*child_process'\n/, '')
  .replace('process.argv[2]', 'Deno.args[0]')
  .replace(
    "spawnSync('flock', ['--nonblock', file, 'true']).status",
    "new Deno.Command('flock', { args: ['--nonblock', file, 'true'] }).outputSync().code",
  )

/** Takes the addon out of the program, into a file, and names it to the package. */
const SINGLE = `const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { getRawAsset } = require('node:sea')
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'app-'))
process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }))
process.env.NAPI_RS_NATIVE_LIBRARY_PATH = path.join(folder, 'locket.node')
fs.writeFileSync(process.env.NAPI_RS_NATIVE_LIBRARY_PATH, Buffer.from(getRawAsset('locket.node')))
${PROGRAM.cjs}`

/** Bundles without the addon. */
function bundle(source) {
  const folder = project({ 'app.js': source })
  const options = ['--bundle', '--platform=node', `--external:${manifest.name}-*`, '--outfile=dist/app.js']
  command(program(ESBUILD, 'esbuild'), ['app.js', ...options], { cwd: folder })
  return folder
}

function single(major) {
  const [node] = hosts.node(major).command
  const folder = bundle(SINGLE)
  const assets = {
    'locket.node': path.join('node_modules', `${manifest.name}-${here.name}`, path.basename(here.addon)),
  }
  const config = { main: 'dist/app.js', output: 'app.blob', disableExperimentalSEAWarning: true, assets }
  write(folder, { 'sea.json': JSON.stringify(config) })
  command(node, ['--experimental-sea-config', 'sea.json'], { cwd: folder })
  const place = newFolder()
  const app = path.join(place, 'app')
  fs.copyFileSync(node, app)
  const args = [app, 'NODE_SEA_BLOB', path.join(folder, 'app.blob'), '--sentinel-fuse', FUSE]
  command(program(POSTJECT, 'postject'), args)
  fs.rmSync(folder, { recursive: true })
  expectExclusion(app, [], { cwd: place })
}

/** The error that the act throws. */
function attempt(act) {
  try {
    act()
  } catch (error) {
    return error
  }
}

const runtimes = {
  Node: { needs: 'nothing', run: () => expectNode('app.js', { cwd: project({ 'app.js': PROGRAM.cjs }) }) },
  'Node, --permission': {
    needs: '`--allow-addons`',
    run() {
      const [node] = hosts.node(24).command
      const folder = project({ 'app.js': PROGRAM.cjs })
      const options = ['--permission', '--allow-addons', '--allow-child-process', `--allow-fs-read=${folder}`]
      expectExclusion(node, [...options, 'app.js'], { cwd: folder })
    },
  },
  ...Object.fromEntries(
    Object.keys(NODE).map((major) => [
      `single executable, Node ${major}`,
      {
        tool: [`node@${NODE[major]}`, ...ESBUILD, ...POSTJECT],
        needs: 'the addon as an asset, see below',
        run: () => single(major),
      },
    ]),
  ),
  'startup snapshot': {
    tool: [`node@${NODE[24]}`, ...ESBUILD],
    needs: '`require` in the deserialized main function, see below',
    run() {
      const [node] = hosts.node(24).command
      const env = { NAPI_RS_NATIVE_LIBRARY_PATH: here.addon }
      const build = ['--snapshot-blob', 'app.blob', '--build-snapshot', 'dist/app.js']
      const early = bundle(PROGRAM.cjs)
      const refusal = attempt(() => command(node, build, { cwd: early, env }))
      if (!refusal?.message.includes('while Node builds a startup snapshot'))
        throw new Error(`refused with ${refusal}`)
      const main = PROGRAM.cjs.replace('process.argv[2]', 'process.argv.at(-1)')
      const late = bundle(`require('node:v8').startupSnapshot.setDeserializeMainFunction(() => {${main}})`)
      command(node, build, { cwd: late, env })
      expectExclusion(node, ['--snapshot-blob', 'app.blob'], { cwd: late, env })
    },
  },
  Bun: {
    tool: ['bun'],
    needs: 'nothing',
    run() {
      const folder = project({ 'app.js': PROGRAM.cjs, 'app.mjs': PROGRAM.esm })
      const [bun] = hosts.bun().command
      for (const file of ['app.js', 'app.mjs']) expectExclusion(bun, [file], { cwd: folder })
    },
  },
  Deno: {
    tool: ['deno'],
    needs: '`--allow-ffi`, and `--allow-read` for the project',
    run() {
      const folder = project({ 'app.mjs': DENO })
      const [deno] = hosts.deno().command
      const options = ['--no-prompt', '--allow-ffi', `--allow-read=${folder}`, '--allow-run=flock']
      const env = { DENO_NO_UPDATE_CHECK: '1' }
      expectExclusion(deno, ['run', ...options, '--node-modules-dir=manual', 'app.mjs'], { cwd: folder, env })
    },
  },
  'Electron, asar': {
    tool: ASAR,
    needs: "the addon unpacked: `asar: { unpack: '**/*.node' }`, or `asarUnpack: ['**/*.node']`",
    run() {
      const folder = project({ 'app.js': PROGRAM.cjs })
      const out = newFolder()
      const archive = path.join(out, 'app.asar')
      // It needs a later Node than this package.
      const [node] = hosts.node(24).command
      const asar = (...args) => command(node, [program(ASAR, 'asar'), ...args])
      asar('pack', folder, archive, '--unpack', '**/*.node')
      const unpacked = fs
        .readdirSync(`${archive}.unpacked`, { recursive: true })
        .filter((name) => name.endsWith('.node'))
      if (unpacked.length !== 1) throw new Error(`unpacked: ${unpacked}`)
      // Electron reads the archive; the rest is as if it were a folder, with the addon outside.
      const extracted = path.join(out, 'extracted')
      asar('extract', archive, extracted)
      fs.rmSync(path.join(extracted, 'node_modules', `${manifest.name}-${here.name}`), { recursive: true })
      const env = { NAPI_RS_NATIVE_LIBRARY_PATH: path.join(`${archive}.unpacked`, unpacked[0]) }
      expectNode('app.js', { cwd: extracted, env })
    },
  },
}

module.exports = { runtimes }
