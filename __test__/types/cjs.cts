// What a CommonJS module can require.
import locket = require('locket')

const lock: locket.FileLock = locket.lockFile('cjs.lock')
export const guard: locket.LockGuard | null = lock.tryAcquire()
