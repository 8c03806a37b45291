// Run by vitest, which mocks the packages by itself.

import { createRequire } from 'node:module'
import lockfile from 'lockfile'
import properLockfile, { check, lock } from 'proper-lockfile'
import { expect, test, vi } from 'vitest'

vi.mock('proper-lockfile')
vi.mock('lockfile')

test('vitest mocks all exports', async () => {
  for (const name of ['lock', 'unlock', 'check', 'lockSync', 'unlockSync', 'checkSync']) {
    for (const mocked of [lockfile, properLockfile]) expect(vi.isMockFunction(mocked[name])).toBe(true)
  }
  vi.mocked(lock).mockResolvedValue(async () => 'released')
  const release = await lock('some/file')
  expect(await release()).toBe('released')
  vi.mocked(check).mockResolvedValue(true)
  expect(await check('some/file')).toBe(true)
})

test('vitest leaves the package itself usable', async () => {
  const actual = createRequire(import.meta.url)('proper-lockfile')
  const { filename } = import.meta
  const release = await actual.lock(filename)
  expect(actual.checkSync(filename)).toBe(true)
  await release()
})
