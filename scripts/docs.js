'use strict'

// npm run docs: writes the generated part of docs/api.md, from index.d.ts.

const fs = require('node:fs')
const path = require('node:path')
const { ROOT, readDocument } = require('../tools/documents')
const { DOCUMENT, withReference } = require('../tools/reference')

fs.writeFileSync(path.join(ROOT, DOCUMENT), withReference(readDocument(DOCUMENT)))
