// All that index.d.ts declares, used as it is meant.
import {
  type AcquireOptions,
  type AcquireSyncOptions,
  acquireAll,
  FileLock,
  type Holder,
  type JsonError,
  LockError,
  LockGuard,
  type LockGuards,
  type LockOptions,
  type LockState,
  lockFile,
  type Mode,
  type TryAcquireOptions,
  type UpdateContext,
  type UpdateFileOptions,
  updateFile,
  updateFileSync,
  updateJson,
  updateJsonSync,
} from 'locket'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function same<A, B>(_proof: Same<A, B>) {}

export async function paths() {
  const locks: FileLock[] = [
    lockFile('a.lock'),
    lockFile(Buffer.from('a.lock')),
    lockFile(new Uint8Array([97])),
    lockFile(new URL('file:///tmp/a.lock')),
    lockFile('a.lock', {}),
    lockFile('a.lock', { timeout: 0.5 }),
    lockFile('a.lock', { timeout: null }),
    lockFile('a.lock', { timeout: undefined }),
    lockFile('a.lock', undefined),
  ]
  const options: LockOptions = { timeout: Number.POSITIVE_INFINITY }
  same<typeof options.timeout, number | null | undefined>(true)
  return locks
}

export async function acquires(lock: FileLock) {
  same<typeof lock.path, string>(true)
  same<typeof lock.locked, boolean>(true)
  same<typeof lock.mode, Mode | null>(true)
  const onWait = (holder: Holder | null) => console.log(holder?.pid, holder?.sameProcess)
  const wait: AcquireSyncOptions = { timeout: 1, onWait }
  const all: AcquireOptions = { ...wait, signal: AbortSignal.timeout(1000) }

  for (const guard of [
    await lock.acquire(),
    await lock.acquire(30),
    await lock.acquire(null),
    await lock.acquire(all),
    await lock.acquire({ signal: new AbortController().signal }),
    lock.acquireSync(),
    lock.acquireSync(0),
    lock.acquireSync(null),
    lock.acquireSync(wait),
    await lock.acquire({ mode: 'shared' }),
    lock.acquireSync({ ...wait, mode: 'exclusive' }),
  ]) {
    same<typeof guard, LockGuard>(true)
    same<typeof guard.path, string>(true)
    same<typeof guard.released, boolean>(true)
    guard.release()
  }
  const tried = lock.tryAcquire()
  same<typeof tried, LockGuard | null>(true)
  const shared: TryAcquireOptions = { mode: 'shared' }
  const reader = lock.tryAcquire(shared)
  same<typeof reader, LockGuard | null>(true)
  same<LockGuard['mode'], Mode>(true)
  reader?.downgrade()
  same<Awaited<ReturnType<typeof lock.runShared<number>>>, number>(true)
  lock.release()
}

export async function exclusive(lock: FileLock) {
  const number = await lock.runExclusive(() => 1)
  same<typeof number, number>(true)
  const text = await lock.runExclusive(async () => 'text', { timeout: 1 })
  same<typeof text, string>(true)
  const nothing = await lock.runExclusive(() => {}, 30)
  same<typeof nothing, void>(true)
  const signal = await lock.runExclusive((guard) => guard.signal)
  same<typeof signal, AbortSignal>(true)
  const ended = await lock.runShared(({ released }) => released)
  same<typeof ended, boolean>(true)
}

export async function scopes(lock: FileLock) {
  {
    using guard = await lock.acquire()
    console.log(guard.path)
  }
  {
    await using guard = lock.acquireSync()
    console.log(guard.path)
  }
  using perhaps = lock.tryAcquire()
  return perhaps?.released
}

export function errors(error: unknown): string | undefined {
  if (!(error instanceof LockError)) return undefined
  same<typeof error.code, 'ERR_LOCK_TIMEOUT' | 'ERR_LOCK_NOT_HELD' | 'ERR_LOCK_DEADLOCK' | 'ERR_LOCK_LOST'>(
    true,
  )
  same<typeof error.path, string>(true)
  const plain: Error = error
  const holder: Holder | undefined = error.holder
  const pid: number | undefined = holder?.pid
  const sameProcess: boolean | undefined = holder?.sameProcess
  return `${plain.message} ${pid} ${sameProcess}`
}

export function kinds(value: unknown): boolean {
  return value instanceof FileLock || value instanceof LockGuard
}

export async function updates() {
  const options: UpdateFileOptions = {
    lock: new URL('file:///tmp/a.lock'),
    mode: 0o600,
    mkdir: true,
    fsync: false,
    inPlace: false,
    timeout: 30,
    signal: AbortSignal.timeout(1000),
    onWait: (holder: Holder | null) => console.log(holder?.pid),
  }
  const nothing = await updateFile(
    'a.txt',
    (now, context) => {
      same<typeof now, Buffer | null>(true)
      same<typeof context, UpdateContext>(true)
      same<typeof context.signal, AbortSignal>(true)
      return now ?? 'text'
    },
    options,
  )
  same<typeof nothing, void>(true)
  await updateFile(Buffer.from('a.txt'), async () => undefined)
  updateFileSync('a.txt', (now) => (now === null ? new Uint8Array(2) : undefined), { timeout: 0 })

  const count = await updateJson<{ n: number }>('a.json', async (now) => ({ n: (now?.n ?? 0) + 1 }), {
    ...options,
    space: '\t',
    repair: (text: string, error: JsonError) => ({ n: text.length + error.position + error.line }),
  })
  same<typeof count, { n: number } | undefined>(true)
  const some = await updateJson('a.json', (now) => now)
  same<typeof some, unknown>(true)
  const inferred = updateJsonSync('a.json', (now: string[] | undefined) => [...(now ?? []), 'more'], {
    space: 0,
  })
  same<typeof inferred, string[] | undefined>(true)
}

export async function several(a: FileLock, b: FileLock) {
  const guards = await acquireAll([a, b], 30)
  same<typeof guards, LockGuards>(true)
  same<typeof guards.paths, string[]>(true)
  await acquireAll(new Set([a]), { signal: AbortSignal.timeout(1000) })
  guards.release()
  using all = await acquireAll([])
  return all.released
}

export async function inspects(lock: FileLock, guard: LockGuard) {
  const options: LockOptions = { label: 'server', info: { port: 3000 }, directory: false }
  const state = await lockFile('a.lock', options).inspect()
  same<typeof state, LockState>(true)
  const { locked, mode, holders, waiting } = await lock.inspect()
  same<typeof locked, boolean>(true)
  same<typeof mode, Mode | null>(true)
  same<typeof waiting, number | null>(true)
  for (const { since, host, label, info } of holders) console.log(since?.getTime(), host, label, info)
  same<typeof guard.signal, AbortSignal>(true)
}
