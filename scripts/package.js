'use strict'

// node scripts/package.js [FOLDER]: packs what is published, into FOLDER (dist/): a package for each
// platform whose addon is here, and the main one, which asks for all of them.
//
// The name of the package stands in package.json and nowhere else. With --all, an addon that is
// missing is an error.

const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { npmPack } = require('./npm')
const { files, manifest, root, targets } = require('./targets')

/** What every package says of itself, in the words of the main one. */
const SHARED = [
  'version',
  'description',
  'keywords',
  'author',
  'license',
  'homepage',
  'repository',
  'bugs',
  'engines',
  'publishConfig',
]

/** The tarballs, the main one last: what it asks for is to be there before it. */
function pack(destination, chosen = targets.filter(({ addon }) => fs.existsSync(addon))) {
  fs.mkdirSync(destination, { recursive: true })
  const draft = fs.mkdtempSync(path.join(os.tmpdir(), 'locket-package-'))
  try {
    return [...chosen.map((target) => packPlatform(target, draft, destination)), packMain(draft, destination)]
  } finally {
    fs.rmSync(draft, { recursive: true })
  }
}

function nameOf(target) {
  return `${manifest.name}-${target.name}`
}

function packPlatform(target, draft, destination) {
  const place = path.join(draft, target.name)
  const addon = path.basename(target.addon)
  const shared = Object.entries(manifest).filter(([key]) => SHARED.includes(key))
  write(place, {
    name: nameOf(target),
    ...Object.fromEntries(shared),
    description: `The part of ${manifest.name} that is compiled for ${target.name}`,
    os: [target.os],
    cpu: [target.cpu],
    ...(target.libc && { libc: [target.libc] }),
    main: addon,
    files: [addon],
  })
  fs.copyFileSync(target.addon, path.join(place, addon))
  fs.copyFileSync(path.join(root, 'LICENSE'), path.join(place, 'LICENSE'))
  const readme = `# ${nameOf(target)}\n\nThe part of \`${manifest.name}\` that is compiled for \`${target.triple}\`. Install \`${manifest.name}\` instead.\n`
  fs.writeFileSync(path.join(place, 'README.md'), readme)
  return tarball(place, destination)
}

function packMain(draft, destination) {
  const place = path.join(draft, 'main')
  const { devDependencies, napi, scripts, ...kept } = manifest
  const optionalDependencies = Object.fromEntries(targets.map((target) => [nameOf(target), manifest.version]))
  write(place, { ...kept, files, optionalDependencies })
  for (const name of [...files, 'LICENSE', 'README.md']) {
    fs.cpSync(path.join(root, name), path.join(place, name), { recursive: true })
  }
  return tarball(place, destination)
}

function write(place, content) {
  fs.mkdirSync(place, { recursive: true })
  fs.writeFileSync(path.join(place, 'package.json'), `${JSON.stringify(content, null, 2)}\n`)
}

/** Packs the folder `place` as it is. */
function tarball(place, destination) {
  const folder = path.resolve(destination)
  return path.join(folder, npmPack(['--pack-destination', folder], { cwd: place }).filename)
}

/** Gives `look` the tarball of the main package, for as long as it takes. */
function withMain(look) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'locket-main-'))
  try {
    look(packMain(folder, folder))
  } finally {
    fs.rmSync(folder, { recursive: true })
  }
}

module.exports = { nameOf, pack, tarball, withMain }

if (require.main === module) {
  const args = process.argv.slice(2)
  const [folder = path.join(root, 'dist')] = args.filter((arg) => !arg.startsWith('--'))
  for (const file of pack(folder, args.includes('--all') ? targets : undefined)) console.log(file)
}
