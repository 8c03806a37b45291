import { type PostgresHolder, postgresLock, transactionLock } from '@locket/postgres'
import { type FileLock, type Lock, lockFile } from 'locket'
import { Client, Pool, type PoolClient } from 'pg'

/** Takes any lock. */
async function once(lock: Lock, work: () => Promise<number>): Promise<number | undefined> {
  const guard = await lock.tryAcquire()
  if (guard === null) return undefined
  try {
    return await work()
  } finally {
    await guard.release()
  }
}

export async function uses(client: PoolClient) {
  const pool = new Pool()
  const lock = postgresLock(pool, 'name', { timeout: 5, keepAlive: 10 })
  await once(lock, async () => 1)
  await once(lockFile('a.lock'), async () => 1)
  const locks: Lock[] = [lock, lockFile('a.lock') satisfies FileLock]
  for (const one of locks) {
    await using guard = await one.acquire({ timeout: 5, signal: AbortSignal.timeout(1000) })
    const released: boolean = guard.released
    const sum: number = await one.runExclusive(async () => 1 + Number(released), 30)
    await one.runShared?.(() => sum)
  }

  postgresLock('postgres://127.0.0.1/db', 5n)
  postgresLock({ host: '127.0.0.1', port: 5432 }, [1, 2n])
  const guard = await postgresLock(new Client(), 7).acquire({
    mode: 'shared',
    onWait: async (holder: PostgresHolder | null) =>
      console.log(holder?.application, holder?.since?.getTime()),
  })
  await fetch('http://127.0.0.1/', { signal: guard.signal })
  await guard.release()
  const text: string = await lock.runExclusive(({ name }) => name)
  const { holders, waiting } = await lock.inspect()
  const numbers: number[] = [...holders.map(({ pid }) => pid), waiting, text.length]
  await transactionLock(client, 'name').acquire(5)
  const isHeld: boolean = await transactionLock(client, ['a'.length, 1]).tryAcquire({ mode: 'shared' })

  // @ts-expect-error
  postgresLock(pool, true)
  // @ts-expect-error
  postgresLock(pool, [1, 2, 3])
  // @ts-expect-error
  postgresLock(pool, 'name').acquire({ mode: 'both' })
  // @ts-expect-error
  transactionLock(pool, 'name')
  return { numbers, isHeld }
}
