// Histograms of how long locks are waited for and held, with OpenTelemetry's API if it is installed.
//   npm install @opentelemetry/api && node examples/opentelemetry.mjs
import { subscribe } from 'node:diagnostics_channel'
import { lockFile } from 'locket'

/** Records every acquire of this process with a meter of OpenTelemetry. */
export function observeLocks(meter) {
  const waited = meter.createHistogram('locket.acquire.duration', { unit: 's' })
  const held = meter.createHistogram('locket.hold.duration', { unit: 's' })
  const misses = meter.createCounter('locket.acquire.misses')
  subscribe('locket:acquire.grant', ({ path, waited: seconds }) => waited.record(seconds, { path }))
  subscribe('locket:release', ({ path, held: seconds }) => held.record(seconds, { path }))
  subscribe('locket:acquire.miss', ({ path, error }) => misses.add(1, { path, code: error?.code }))
}

/** Prints the names of what is recorded: where the API is not installed. */
const printer = {
  createHistogram: (name) => ({ record: () => console.log(name) }),
  createCounter: (name) => ({ add: (_count, { code }) => console.log(name, code) }),
}

const api = await import('@opentelemetry/api').catch(() => null)
observeLocks(api?.metrics.getMeter('locket') ?? printer)

const lock = lockFile('observed.lock')
await lock.runExclusive(async () => {
  await lock.acquire(0).catch(({ code }) => code)
})
