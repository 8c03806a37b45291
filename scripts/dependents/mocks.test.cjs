// Run by jest, which mocks the packages by itself.

jest.mock('proper-lockfile')
jest.mock('lockfile')

const lockfile = require('lockfile')
const properLockfile = require('proper-lockfile')

test('jest mocks all exports', async () => {
  for (const name of ['lock', 'unlock', 'check', 'lockSync', 'unlockSync', 'checkSync']) {
    for (const mocked of [lockfile, properLockfile]) expect(jest.isMockFunction(mocked[name])).toBe(true)
  }
  expect(jest.isMockFunction(properLockfile)).toBe(true)
  properLockfile.lock.mockResolvedValue(async () => 'released')
  const release = await properLockfile.lock('some/file')
  expect(await release()).toBe('released')
})

test('jest leaves the package itself usable', async () => {
  const actual = jest.requireActual('proper-lockfile')
  const release = await actual.lock(__filename)
  expect(actual.checkSync(__filename)).toBe(true)
  await release()
})

test('fake timers of jest hold nothing back', async () => {
  jest.useFakeTimers()
  const actual = jest.requireActual('proper-lockfile')
  const release = await actual.lock(__filename)
  const waiting = actual.lock(__filename, { retries: 5 })
  await release()
  await (await waiting)()

  const { lock, unlock } = jest.requireActual('lockfile')
  const path = `${__filename}.lock`
  await new Promise((resolve, reject) => {
    lock(path, { wait: 1000 }, (error) => (error ? reject(error) : resolve()))
  })
  await new Promise((resolve) => unlock(path, resolve))
  jest.useRealTimers()
})
