// What packages that build on locket take from it.
import type { AcquireOptions } from 'locket'
import { forget, invalidType, LockError, listen, parseAcquireOptions, parsePath } from 'locket/common'

export function acquire(path: string, options: AcquireOptions) {
  const { timeout, signal, onWait } = parseAcquireOptions(options, 5)
  const seconds: number = timeout
  onWait?.({ pid: 1, sameProcess: false })
  const waiter = { abort(_reason: unknown) {} }
  if (signal !== undefined) {
    listen(signal, waiter)
    forget(signal, waiter)
  }
  if (seconds === 0) throw new LockError('ERR_LOCK_TIMEOUT', 'timed out', String(parsePath(path)))
  const error: TypeError = invalidType('options', 'of type object', options)
  return error
}
