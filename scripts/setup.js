'use strict'

// node scripts/setup.js: installs the dependencies of development, where they are missing or old.

const { installDependencies, setUp } = require('../tools/setup')

module.exports = { setUp }

if (require.main === module) installDependencies()
