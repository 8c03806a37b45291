'use strict'

// Makes lib/native/packages.js, by which the main package finds the package of the platform.

const { manifest, nameOf, targets } = require('./targets')

/** Returns the text of the module. */
function packagesModule() {
  const cases = targets.map(
    (target) => `      case '${target.name}':
        return { addon: require('${nameOf(target)}') }`,
  )
  return `'use strict'

// Made by scripts/packages.js from package.json; not edited by hand.

const name = '${manifest.name}'
const version = '${manifest.version}'
const targets = [
${targets.map((target) => `  '${target.name}',`).join('\n')}
]

/**
 * Returns \`{ addon }\`, \`{ error }\`, or \`{}\` if there is no package for the target. Bundlers and
 * tracers follow a literal name alone, and inside of \`try\` they bear that a package is not installed.
 */
function requirePackage(target) {
  try {
    switch (target) {
${cases.join('\n')}
      default:
        return {}
    }
  } catch (error) {
    return { error }
  }
}

module.exports = { name, requirePackage, targets, version }
`
}

module.exports = { packagesModule }
