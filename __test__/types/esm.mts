// What an ES module can import.
import locket, { type FileLock, LockError, type LockGuard, lockFile } from 'locket'

const lock: FileLock = lockFile('esm.lock')
const same: FileLock = locket.lockFile('esm.lock')
export const guard: LockGuard = await lock.acquire()
export const isError: boolean = new Error() instanceof LockError && same.locked
