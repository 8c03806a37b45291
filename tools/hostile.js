'use strict'

// Values that no correct program passes, and some program does. Each entry makes one: some
// change by their use, and none may be looked at before it.

/** What hostile values throw; that it comes out again is their own affair. */
class Hostile extends Error {
  code = 'ERR_HOSTILE'
}

function refuse() {
  throw new Hostile('as was to be expected')
}

function revoked() {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

function detached() {
  const bytes = new Uint8Array(8).fill(97)
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
  return bytes
}

class StrangeUrl extends URL {
  get protocol() {
    return 'file:'
  }
  get pathname() {
    return refuse()
  }
}

const thenable = (method) => Object.defineProperty({}, 'then', { value: method })
const throwing = (property) => Object.defineProperty({}, property, { get: refuse, enumerable: true })
const named = (name) => Object.defineProperty(() => {}, 'name', { value: name })

const oddities = [
  revoked,
  detached,
  () => new Proxy({}, { get: refuse }),
  () => new Proxy({}, { has: refuse, getPrototypeOf: refuse, ownKeys: refuse }),
  () => new Proxy(() => {}, { apply: refuse, get: refuse }),
  () => new Proxy(new Uint8Array(3).fill(97), {}),
  () => Object.create(null),
  () => Object.create(URL.prototype),
  () => Object.create(Uint8Array.prototype),
  () => Object.create(AbortSignal.prototype),
  () => ({ constructor: { name: Symbol('name') } }),
  () => ({ constructor: throwing('name') }),
  () => throwing('constructor'),
  () => ({ toString: refuse, valueOf: refuse, [Symbol.toPrimitive]: refuse }),
  () => ({ [Symbol.for('nodejs.util.inspect.custom')]: refuse }),
  () => ({ [Symbol.toStringTag]: Symbol('tag') }),
  () => named(Symbol('name')),
  () => named({ toString: refuse }),
  () => thenable(refuse),
  () => thenable((resolve) => resolve(7)),
  () => new DataView(new ArrayBuffer(4)),
  () => new Uint8Array(new SharedArrayBuffer(4)).fill(97),
  () => new Uint8Array(0),
  () => new Uint16Array(4).fill(24929),
  () => new Date(Number.NaN),
  () => new Map([[throwing('x'), 1]]),
  () => new URL('https://example.org/x'),
  () => new URL('file://host/x'),
  () => new URL('file:///%E0%A4%A'),
  () => new URL('file:///x%00y'),
  () => new URL('file:///x%2Fy'),
  () => new URL('data:,x'),
  () => new StrangeUrl('https://example.org'),
  () => Symbol('s'),
  () => 10n,
  () => new Number(3),
  () => new String('x'),
  () => [1],
  () => 'x'.repeat(100_000),
]

const soon = (_type, listener) => setImmediate(listener)

/** Signals: Node's own, and others. */
const signals = [
  () => undefined,
  () => new AbortController().signal,
  () => AbortSignal.abort(),
  () => AbortSignal.abort(new Hostile()),
  () => AbortSignal.timeout(1),
  () => ({ aborted: false, addEventListener: refuse, removeEventListener() {} }),
  () => ({ aborted: false, addEventListener() {}, removeEventListener: refuse }),
  () => ({ aborted: false, addEventListener() {} }),
  () => ({ aborted: false, addEventListener: (_type, listener) => listener(), removeEventListener() {} }),
  () => ({ aborted: false, addEventListener: soon, removeEventListener() {} }),
  () =>
    Object.assign(throwing('reason'), { aborted: false, addEventListener: soon, removeEventListener() {} }),
  () => ({ aborted: true, addEventListener() {} }),
  () => Object.assign(throwing('aborted'), { addEventListener() {} }),
  () => new Proxy(new AbortController().signal, {}),
  () => new EventTarget(),
]

module.exports = { Hostile, named, oddities, refuse, signals, thenable }
