'use strict'

// Test runners load each file in a context of its own, with its own Promise, Array and Uint8Array,
// but the addon outside of it, once.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { createRequire } = require('node:module')
const path = require('node:path')
const { test } = require('node:test')
const { pathToFileURL } = require('node:url')
const vm = require('node:vm')
const { lockFile } = require('..')
const { lockPath } = require('../tools/folder')

/** Loads the package into the context, all but what is not JavaScript. */
function loadInto(context) {
  const modules = new Map()
  const load = (file) => {
    if (modules.has(file)) return modules.get(file).exports
    const module = { exports: {}, filename: file }
    modules.set(file, module)
    const outer = createRequire(file)
    const inner = (id) => {
      const found = outer.resolve(id)
      return path.isAbsolute(found) && found.endsWith('.js') ? load(found) : outer(id)
    }
    const source = `(function (exports, require, module, __filename, __dirname) {${fs.readFileSync(file, 'utf8')}\n})`
    const run = vm.runInContext(source, context, { filename: file })
    run(module.exports, Object.assign(inner, { resolve: outer.resolve }), module, file, path.dirname(file))
    return module.exports
  }
  return load(require.resolve('..'))
}

function newContext() {
  return vm.createContext({ process, performance, AbortController, URL })
}

test('the package works in a context of its own, beside others of the process', async (t) => {
  const file = lockPath(t)
  const contexts = [newContext(), newContext()]
  const [one, other] = contexts.map((context) => loadInto(context).lockFile(file))
  const ours = lockFile(file)
  const guard = await one.acquire()
  assert.equal(other.locked, true)
  assert.equal(ours.tryAcquire(), null)
  await assert.rejects(other.acquire(0.001), { code: 'ERR_LOCK_TIMEOUT' })
  const waiting = [other.acquire({ onWait() {} }), ours.acquire(), one.acquire()]
  guard.release()
  for (const acquire of waiting) (await acquire).release()
  const controller = new AbortController()
  controller.abort('reason')
  await assert.rejects(one.acquire({ signal: controller.signal }), (error) => error === 'reason')
  one.acquireSync().release()
  assert.equal(ours.locked, false)
})

test('a URL of another class or realm is taken, as node:fs takes it', (t) => {
  const file = lockPath(t)
  const { href, protocol, hostname, pathname } = pathToFileURL(file)
  class OtherUrl {
    constructor() {
      Object.assign(this, { href, protocol, hostname, pathname })
    }
  }
  const global = globalThis.URL
  const urls = [
    new OtherUrl(),
    pathToFileURL(file),
    vm.runInNewContext('({ ...parts })', { parts: { href, protocol } }),
  ]
  globalThis.URL = OtherUrl
  t.after(() => {
    globalThis.URL = global
  })
  for (const url of urls) assert.equal(lockFile(url).path, file)
  const legacy = { ...urls[2], auth: null, path: pathname }
  assert.throws(() => lockFile(legacy), { code: 'ERR_INVALID_ARG_TYPE' })
})

test('bytes, options and callbacks of another context are taken', async (t) => {
  const file = lockPath(t)
  const context = vm.createContext({ lockFile, text: file })
  const taken = await vm.runInContext(
    `(async () => {
      const lock = lockFile(Uint8Array.from(text, (letter) => letter.charCodeAt()), { timeout: 20 })
      return lock.runExclusive(async () => lock.locked, { timeout: 20, onWait() {} })
    })()`,
    context,
  )
  assert.equal(taken, true)
})
