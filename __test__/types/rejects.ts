// Each line that follows a directive must fail, or the compiler complains of the directive.
import {
  acquireAll,
  FileLock,
  LockError,
  LockGuard,
  lockFile,
  updateFile,
  updateFileSync,
  updateJson,
} from 'locket'

const lock = lockFile('a.lock')

// @ts-expect-error a path is needed
lockFile()
// @ts-expect-error no number
lockFile(1)
// @ts-expect-error no null
lockFile(null)
// @ts-expect-error the timeout is in the options
lockFile('a.lock', 30)
// @ts-expect-error a number of seconds, no text
lockFile('a.lock', { timeout: '30' })
// @ts-expect-error a misspelt option
lockFile('a.lock', { timout: 30 })
// @ts-expect-error signals are for acquires
lockFile('a.lock', { signal: AbortSignal.timeout(1) })
// @ts-expect-error a number of seconds, no text
lock.acquire('30')
// @ts-expect-error a number of seconds, no bigint
lock.acquire(30n)
// @ts-expect-error a signal, not its controller
lock.acquire({ signal: new AbortController() })
// @ts-expect-error a function
lock.acquire({ onWait: true })
// @ts-expect-error the holder may be null
lock.acquire({ onWait: (holder) => holder.pid })
// @ts-expect-error a misspelt option
lock.acquire({ onwait: () => {} })
// @ts-expect-error nothing can abort a thread that waits
lock.acquireSync({ signal: AbortSignal.timeout(1) })
// @ts-expect-error one of two words
lock.acquire({ mode: 'read' })
// @ts-expect-error its name says it
lock.runExclusive(() => 1, { mode: 'shared' })
// @ts-expect-error it never waits
lock.tryAcquire({ timeout: 1 })
// @ts-expect-error it never waits
lock.tryAcquire(30)
// @ts-expect-error it may be null
lock.tryAcquire().release()
// @ts-expect-error a function is needed
lock.runExclusive()
// @ts-expect-error a function, not its promise
lock.runExclusive(Promise.resolve(1))
// @ts-expect-error the value is fn's
export const text: Promise<string> = lock.runExclusive(() => 1)
// @ts-expect-error a guard, after the wait
lock.acquire().release()
// @ts-expect-error an acquire has to be awaited, or it ends nothing
using _guard = lock.acquire()
// @ts-expect-error a read-only property
lock.locked = false
// @ts-expect-error a read-only property
lock.path = 'b.lock'
// @ts-expect-error it ends by release()
lock.acquireSync().released = true
// @ts-expect-error lockFile() makes it
new FileLock('a.lock')
// @ts-expect-error acquire() makes it
new LockGuard()
// @ts-expect-error locket makes it
new LockError('ERR_LOCK_TIMEOUT', 'message', 'a.lock')

export function compare(error: LockError): boolean {
  // @ts-expect-error no such code
  return error.code === 'ELOCKED'
}

export function pid(error: LockError): number {
  // @ts-expect-error the holder may be unknown
  return error.holder.pid
}

// @ts-expect-error a function makes the content
updateFile('a.txt', 'content')
// @ts-expect-error content is text or bytes
updateFile('a.txt', () => 5)
// @ts-expect-error a thread that waits does not wait for a promise
updateFileSync('a.txt', async () => 'content')
// @ts-expect-error nothing can abort a thread that waits
updateFileSync('a.txt', () => 'content', { signal: new AbortController().signal })
// @ts-expect-error an update is exclusive: its mode is that of a new file
updateFile('a.txt', () => 'content', { mode: 'shared' })
// @ts-expect-error the value stays of its type
updateJson<{ n: number }>('a.json', () => ({ n: 'one' }))
// @ts-expect-error bytes have no indentation
updateFile('a.txt', () => 'content', { space: 2 })

// @ts-expect-error locks, not their paths
acquireAll(['a.lock'])

// @ts-expect-error a label is text
lockFile('a.lock', { label: 5 })
// @ts-expect-error a folder or none
lockFile('folder', { directory: 'folder' })
// @ts-expect-error it is not for others to set
lock.acquireSync().signal = AbortSignal.abort()
