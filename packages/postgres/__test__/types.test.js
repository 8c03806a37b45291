'use strict'

const path = require('node:path')
const { test } = require('node:test')
const { compiled, tsc } = require('../../../tools/typescript')

test('right uses compile and each wrong one fails', compiled, () => {
  tsc('--project', path.join(__dirname, 'types', 'tsconfig.json'))
})
