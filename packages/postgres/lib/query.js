'use strict'

/** Rows are arrays of text, whatever parsers the program has set for its own queries. */
const PLAIN = { rowMode: 'array', types: { getTypeParser: () => (text) => text } }

/** A limit of the client's own, in milliseconds, is not for a query that waits for a lock. */
const NO_LIMIT = 2 ** 31 - 1

/** Resolves to the rows of the last statement that has any. */
async function query(client, text) {
  const result = await client.query({ ...PLAIN, text, query_timeout: NO_LIMIT })
  const results = Array.isArray(result) ? result : [result]
  return results.findLast(({ rows }) => rows.length > 0)?.rows ?? []
}

module.exports = { query }
