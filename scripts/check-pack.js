'use strict'

// What the packages ship must be just this, and the addons no larger than promised.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { built, checkSize } = require('./check-addon')
const { npmPack } = require('../tools/npm')
const { withAdditions, withMain } = require('../tools/package')
const { root } = require('../tools/targets')

/** The manual, to be read without a network. */
const DOCUMENTS = ['docs', 'docs/pictures'].flatMap((folder) =>
  fs
    .readdirSync(path.join(root, folder))
    .filter((name) => path.extname(name) !== '')
    .map((name) => `${folder}/${name}`),
)

const SHIPPED = [
  'LICENSE',
  'README.md',
  'bin/locket.js',
  ...DOCUMENTS,
  'index.d.ts',
  'index.js',
  'lib/cli/arguments.js',
  'lib/cli/help.js',
  'lib/cli/main.js',
  'lib/cli/output.js',
  'lib/cli/program.js',
  'lib/cli/status.js',
  'lib/cli/unix.js',
  'lib/cli/who.js',
  'lib/cli/windows.js',
  'lib/common/abort.js',
  'lib/common/argument-errors.js',
  'lib/common/deadline.js',
  'lib/common/diagnostics.js',
  'lib/common/errors.js',
  'lib/common/folder-lock.js',
  'lib/common/held-file.js',
  'lib/common/index.d.ts',
  'lib/common/index.js',
  'lib/common/options.js',
  'lib/common/path.js',
  'lib/common/record.js',
  'lib/common/steps.js',
  'lib/common/time.js',
  'lib/content/context.js',
  'lib/content/errors.js',
  'lib/content/json.js',
  'lib/content/nesting.js',
  'lib/content/options.js',
  'lib/content/place.js',
  'lib/content/read.js',
  'lib/content/replace.js',
  'lib/content/replaceable.js',
  'lib/content/rewrite.js',
  'lib/content/steps.js',
  'lib/content/update.js',
  'lib/content/wait.js',
  'lib/content/write.js',
  'lib/file/acquire.js',
  'lib/file/all.js',
  'lib/file/guard.js',
  'lib/file/inspect.js',
  'lib/file/lock.js',
  'lib/native/binding.js',
  'lib/native/completions.js',
  'lib/native/holders.js',
  'lib/native/no-binary.js',
  'lib/native/outcome.js',
  'lib/native/packages.js',
  'lib/native/target.js',
  'llms.txt',
  'package.json',
]

const ADDITIONS = {
  '@locket/lockfile': [
    'LICENSE',
    'README.md',
    'index.js',
    'lib/api.js',
    'lib/errors.js',
    'lib/file-lock.js',
    'lib/options.js',
    'lib/os-lock.js',
    'lib/path-file.js',
    'package.json',
  ],
  '@locket/postgres': [
    'LICENSE',
    'README.md',
    'index.d.ts',
    'index.js',
    'lib/client-session.js',
    'lib/errors.js',
    'lib/guard.js',
    'lib/holders.js',
    'lib/key.js',
    'lib/lock.js',
    'lib/options.js',
    'lib/pending.js',
    'lib/pooler.js',
    'lib/query.js',
    'lib/queue.js',
    'lib/session.js',
    'lib/sessions.js',
    'lib/sql.js',
    'lib/target.js',
    'lib/transaction.js',
    'lib/wait.js',
    'lib/waiter.js',
    'package.json',
  ],
  '@locket/proper-lockfile': [
    'LICENSE',
    'README.md',
    'index.js',
    'lib/api.js',
    'lib/errors.js',
    'lib/folder-lock.js',
    'lib/held.js',
    'lib/options.js',
    'lib/os-lock.js',
    'package.json',
  ],
}

/** Fails unless the tarball holds those files. */
function check(tarball, shippedOf) {
  const { name, filename, files, size } = npmPack([tarball, '--dry-run'])
  const paths = files.map((file) => file.path)
  assert.deepEqual(paths.toSorted(), shippedOf(name).toSorted())
  console.log(`${filename}: ${paths.length} files, ${size} bytes`)
}

withMain((tarball) => check(tarball, () => SHIPPED))
withAdditions((tarballs) => {
  for (const tarball of tarballs) check(tarball, (name) => ADDITIONS[name.replace(/^.*\//, '@locket/')])
})
assert.notEqual(built().length, 0, 'no addon is built (npm run build)')
for (const target of built()) console.log(checkSize(target))
