'use strict'

// Bundlers and tracers. Most of the results run elsewhere, without node_modules.

const fs = require('node:fs')
const path = require('node:path')
const { manifest } = require('../../tools/targets')
const { hosts } = require('../platforms/hosts')
const {
  PROGRAM,
  command,
  elsewhere,
  expectExclusion,
  expectNode,
  program,
  project,
  tools,
} = require('./project')

const ESBUILD = ['esbuild@0.28.2']
const ROLLUP = ['rollup@4.68.8']
const WEBPACK = ['webpack@5.112.2', 'webpack-cli@7.3.1', 'node-loader@2.1.0']
const RSPACK = ['@rspack/core@2.3.3', '@rspack/cli@2.2.8']
const NCC = ['@vercel/ncc@0.45.0']
const NFT = ['@vercel/nft@1.11.5']
const TSUP = ['tsup@9.0.0', 'typescript@5.9.3']
const VITE = ['vite@8.3.8']

const commonjs = () => project({ 'app.js': PROGRAM.cjs })
const module_ = () => project({ 'app.mjs': PROGRAM.esm })

/** The configuration that webpack and rspack share. */
const packConfig = (folder, more) => `module.exports = {
  mode: 'production',
  target: 'node',
  context: ${JSON.stringify(folder)},
  entry: './app.js',
  output: { path: ${JSON.stringify(path.join(folder, 'dist'))}, filename: 'main.js' },
  ${more}
}
`
const EXTERNALS = `externals: { '${manifest.name}': 'commonjs ${manifest.name}' },`

function bundleWithConfig(specs, name, more) {
  const folder = commonjs()
  const config = path.join(folder, `${name}.config.cjs`)
  fs.writeFileSync(config, packConfig(folder, more))
  command(program(specs, name), ['build', '--config', config], { cwd: folder })
  return path.join(folder, 'dist')
}

const bundlers = {
  'esbuild, elsewhere': {
    tool: ESBUILD,
    needs: '`--platform=node --loader:.node=copy`',
    short: true,
    run() {
      const folder = commonjs()
      const args = ['app.js', '--bundle', '--platform=node', '--loader:.node=copy', '--outdir=dist']
      command(program(ESBUILD, 'esbuild'), args, { cwd: folder })
      expectNode('app.js', { cwd: elsewhere(path.join(folder, 'dist')) })
    },
  },
  'esbuild, external': {
    tool: ESBUILD,
    needs: '`--external:locket`',
    run() {
      const folder = module_()
      const options = ['--bundle', '--platform=node', '--format=esm', `--external:${manifest.name}`]
      command(program(ESBUILD, 'esbuild'), ['app.mjs', ...options, '--outfile=dist/app.mjs'], { cwd: folder })
      expectNode('dist/app.mjs', { cwd: folder })
    },
  },
  'rollup, external': {
    tool: ROLLUP,
    needs: "`external: ['locket']`",
    run() {
      const folder = module_()
      const args = ['app.mjs', '--external', `${manifest.name},node:child_process`, '--file', 'dist/app.mjs']
      command(program(ROLLUP, 'rollup'), args, { cwd: folder })
      expectNode('dist/app.mjs', { cwd: folder })
    },
  },
  'webpack, externals': {
    tool: WEBPACK,
    needs: "`target: 'node'`, `externals: { locket: 'commonjs locket' }`",
    run: () => expectNode(path.join(bundleWithConfig(WEBPACK, 'webpack', EXTERNALS), 'main.js')),
  },
  'webpack, elsewhere': {
    tool: WEBPACK,
    needs: "`target: 'node'`, and node-loader for `.node` files",
    short: true,
    run() {
      const loader = path.join(tools(WEBPACK), 'node_modules', 'node-loader')
      const rule = `module: { rules: [{ test: /[.]node$/, loader: ${JSON.stringify(loader)} }] },`
      expectNode('main.js', { cwd: elsewhere(bundleWithConfig(WEBPACK, 'webpack', rule)) })
    },
  },
  'rspack, externals': {
    tool: RSPACK,
    needs: "`target: 'node'`, `externals: { locket: 'commonjs locket' }`",
    run: () => expectNode(path.join(bundleWithConfig(RSPACK, 'rspack', EXTERNALS), 'main.js')),
  },
  'rspack, elsewhere': {
    tool: RSPACK,
    needs: "`target: 'node'`, and node-loader for `.node` files",
    run() {
      const loader = path.join(tools(WEBPACK), 'node_modules', 'node-loader')
      const rule = `module: { rules: [{ test: /[.]node$/, loader: ${JSON.stringify(loader)} }] },`
      expectNode('main.js', { cwd: elsewhere(bundleWithConfig(RSPACK, 'rspack', rule)) })
    },
  },
  'ncc, elsewhere': {
    tool: NCC,
    needs: 'nothing',
    short: true,
    run() {
      const folder = commonjs()
      command(program(NCC, 'ncc'), ['build', 'app.js', '--out', 'dist'], { cwd: folder })
      expectNode('index.js', { cwd: elsewhere(path.join(folder, 'dist')) })
    },
  },
  'nft (Vercel, Netlify, Nitro), elsewhere': {
    tool: NFT,
    needs: 'nothing',
    short: true,
    run() {
      const folder = commonjs()
      const nft = path.join(tools(NFT), 'node_modules', '@vercel', 'nft')
      const script = `require(${JSON.stringify(nft)}).nodeFileTrace(['app.js'], { base: '.' })
        .then(({ fileList }) => console.log([...fileList].join('\\n')))`
      const files = command(process.execPath, ['-e', script], { cwd: folder }).trim().split('\n')
      const place = path.join(folder, 'traced')
      for (const file of files) fs.cpSync(path.join(folder, file), path.join(place, file))
      expectNode('app.js', { cwd: elsewhere(place) })
    },
  },
  'bun build, elsewhere': {
    tool: ['bun'],
    needs: '`--target=node`',
    run() {
      const folder = commonjs()
      const [bun] = hosts.bun().command
      command(bun, ['build', 'app.js', '--target=node', '--outdir=dist'], { cwd: folder })
      expectNode('app.js', { cwd: elsewhere(path.join(folder, 'dist')) })
    },
  },
  'bun build --compile, elsewhere': {
    tool: ['bun'],
    needs: 'nothing',
    run() {
      const folder = commonjs()
      const [bun] = hosts.bun().command
      command(bun, ['build', 'app.js', '--compile', '--outfile=dist/app'], { cwd: folder })
      const place = elsewhere(path.join(folder, 'dist'))
      expectExclusion(path.join(place, 'app'), [], { cwd: place })
    },
  },
  tsup: {
    tool: TSUP,
    needs: 'nothing: dependencies stay external',
    run() {
      const folder = project({ 'app.ts': PROGRAM.esm })
      command(program(TSUP, 'tsup'), ['app.ts', '--format', 'esm,cjs'], { cwd: folder })
      const outputs = fs.readdirSync(path.join(folder, 'dist')).filter((name) => /^app[.]m?c?js$/.test(name))
      if (outputs.length !== 2) throw new Error(`tsup made ${outputs}`)
      for (const output of outputs) expectNode(path.join('dist', output), { cwd: folder })
    },
  },
  'vite, SSR': {
    tool: VITE,
    needs: 'nothing: dependencies stay external',
    run() {
      const folder = module_()
      command(program(VITE, 'vite'), ['build', '--ssr', 'app.mjs'], { cwd: folder })
      const [output] = fs.readdirSync(path.join(folder, 'dist'))
      expectNode(path.join('dist', output), { cwd: folder })
    },
  },
}

module.exports = { ESBUILD, bundlers }
