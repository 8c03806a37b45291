'use strict'

const { after, before } = require('node:test')
const { PostgresServer, hasPostgres } = require('../../../../tools/postgres')

/** In CI on Linux everything must be there (.ci/postgres): what is missing fails there. */
const mustRun = process.env.CI !== undefined && process.platform === 'linux'

/** The options of tests that need the server: missing, they skip by name. */
const serverOnly = { skip: !mustRun && !hasPostgres && 'there is no PostgreSQL server' }

/** Starts a server before the tests of this file. `prefix` is a command that starts a command. */
function startServer({ prefix = [], skip = serverOnly.skip } = {}) {
  const server = new PostgresServer(prefix)
  if (skip) return server
  before(() => server.create())
  after(() => server.remove())
  return server
}

module.exports = { mustRun, serverOnly, startServer }
