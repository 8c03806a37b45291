'use strict'

// node scripts/package.js [FOLDER]: packs what is published, into FOLDER (dist/): a package for each
// platform whose addon is here, and the main one. With --all, a missing addon is an error.

const path = require('node:path')
const { pack } = require('../tools/package')
const { root, targets } = require('../tools/targets')

const args = process.argv.slice(2)
const [folder = path.join(root, 'dist')] = args.filter((arg) => !arg.startsWith('--'))
for (const file of pack(folder, args.includes('--all') ? targets : undefined)) console.log(file)
