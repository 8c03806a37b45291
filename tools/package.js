'use strict'

// node scripts/package.js [FOLDER]: packs what is published, into FOLDER (dist/): a package for each
// platform whose addon is here, the main one, which asks for all of them, and those in packages/,
// which ask for the main one.
//
// The name of the package stands in package.json and nowhere else; those in packages/ are published
// under its scope. With --all, an addon that is missing is an error.

const fs = require('node:fs')
const path = require('node:path')
const { makeFolder, removeFolder, withFolder } = require('./folder')
const { npmPack } = require('./npm')
const { bundle } = require('./bundle')
const { documentNames, readDocument } = require('./documents')
const { publishedLinks } = require('./links')
const { packagesModule } = require('./packages')
const { files, manifest, nameOf, root, targets } = require('./targets')

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

/** The scope of packages/ in a clone, and of a release of a main package that has none. */
const SCOPE = '@locket'

/** The tarballs: what a package asks for comes before it. */
function pack(destination, chosen = targets.filter(({ addon }) => fs.existsSync(addon))) {
  fs.mkdirSync(destination, { recursive: true })
  const draft = makeFolder('locket-package-')
  try {
    return [
      ...chosen.map((target) => packPlatform(target, draft, destination)),
      packMain(draft, destination),
      ...additions().map((addition) => packAddition(addition, draft, destination)),
    ]
  } finally {
    removeFolder(draft)
  }
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
  const { devDependencies, napi, scripts, workspaces, ...kept } = manifest
  const optionalDependencies = Object.fromEntries(targets.map((target) => [nameOf(target), manifest.version]))
  write(place, { ...kept, files, optionalDependencies })
  for (const name of [...files, 'LICENSE', 'README.md']) {
    fs.cpSync(path.join(root, name), path.join(place, name), { recursive: true })
  }
  rewriteLinks(place)
  // A release can have another name.
  fs.writeFileSync(path.join(place, 'lib', 'native', 'packages.js'), packagesModule())
  fs.writeFileSync(path.join(place, 'index.js'), bundle(place))
  return tarball(place, destination)
}

/** Documents that lie beside each other in the package keep their links; npm shows the README alone. */
function rewriteLinks(place) {
  const isShipped = (name) => fs.existsSync(path.join(place, name))
  for (const name of documentNames().filter(isShipped)) {
    const keeps = name === 'README.md' ? undefined : isShipped
    const text = fs.readFileSync(path.join(place, name), 'utf8')
    fs.writeFileSync(path.join(place, name), publishedLinks(text, name, manifest, keeps))
  }
}

/** What is published of packages/, all but what is private: each its folder, and its manifest then. */
function additions() {
  const parent = path.join(root, 'packages')
  return fs
    .readdirSync(parent)
    .map((name) => path.join(parent, name))
    .map((folder) => ({ folder, manifest: JSON.parse(fs.readFileSync(path.join(folder, 'package.json'))) }))
    .filter(({ manifest }) => !manifest.private)
    .map(({ folder, manifest }) => ({ folder, manifest: published(manifest) }))
}

function scope() {
  return manifest.name.startsWith('@') ? manifest.name.split('/')[0] : SCOPE
}

/** In a clone they depend on the folder of the main package, and once published on its version. */
function published({ name, devDependencies, scripts, ...addition }) {
  const range = `^${manifest.version}`
  // Their code requires the name that the main package has in a clone.
  const main = manifest.name === 'locket' ? range : `npm:${manifest.name}@${range}`
  const shared = Object.entries(manifest).filter(([key]) => SHARED.includes(key))
  return {
    name: name.replace(SCOPE, scope()),
    ...Object.fromEntries(shared),
    ...addition,
    version: manifest.version,
    ...(addition.dependencies && { dependencies: { ...addition.dependencies, locket: main } }),
  }
}

function packAddition({ folder, manifest: addition }, draft, destination) {
  const place = path.join(draft, path.basename(folder))
  write(place, addition)
  for (const name of addition.files) {
    fs.cpSync(path.join(folder, name), path.join(place, name), { recursive: true })
  }
  const name = path.posix.join('packages', path.basename(folder), 'README.md')
  const readme = publishedLinks(readDocument(name), name, manifest)
  fs.writeFileSync(path.join(place, 'README.md'), readme.replaceAll(`${SCOPE}/`, `${scope()}/`))
  fs.copyFileSync(path.join(root, 'LICENSE'), path.join(place, 'LICENSE'))
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
  withFolder((folder) => look(packMain(folder, folder)))
}

/** Gives `look` the tarballs of packages/, for as long as it takes. */
function withAdditions(look) {
  withFolder((folder) => look(additions().map((addition) => packAddition(addition, folder, folder))))
}

module.exports = { additions, pack, tarball, withAdditions, withMain }
