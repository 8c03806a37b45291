'use strict'

const { parseArgs } = require('node:util')

const OPTIONS = {
  nonblock: { type: 'boolean', short: 'n' },
  timeout: { type: 'string', short: 'w' },
  'conflict-exit-code': { type: 'string', short: 'E' },
  verbose: { type: 'boolean', short: 'v' },
  who: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'V' },
}

/** A wrong call; the message is for the person who made it. */
class UsageError extends Error {}

/**
 * As flock(1) reads them: options, the path, the command with all that is its own. The `--` before
 * the command may be missing.
 */
function parseArguments(args) {
  const { options, path, command } = split(args)
  const { values } = parseStrictly(options)
  if (values.help) return { action: 'help' }
  if (values.version) return { action: 'version' }
  if (path === undefined) throw new UsageError('no PATH is given')
  if (path === '') throw new UsageError('PATH is empty')
  if (values.who) {
    if (command.length > 0) throw new UsageError('--who takes no command')
    return { action: 'who', path }
  }
  if (command.length === 0) throw new UsageError('no COMMAND is given after PATH --')
  return {
    action: 'run',
    path,
    command,
    timeout: values.nonblock ? 0 : parseSeconds(values.timeout),
    conflictStatus: parseStatus(values['conflict-exit-code']),
    verbose: values.verbose === true,
  }
}

/** The first argument that is neither an option nor an option's value is the path. */
function split(args) {
  const { tokens } = parseArgs({
    args,
    options: OPTIONS,
    allowPositionals: true,
    strict: false,
    tokens: true,
  })
  const end = tokens.find((token) => token.kind !== 'option')
  if (end === undefined) return { options: args, path: undefined, command: [] }
  const at = end.kind === 'option-terminator' ? end.index + 1 : end.index
  const rest = args.slice(at + 1)
  if (rest[0] === '--') rest.shift()
  else if (rest[0]?.startsWith('-')) {
    throw new UsageError(`${rest[0]} after PATH: options come first, the command after --`)
  }
  return { options: args.slice(0, end.index), path: args[at], command: rest }
}

function parseStrictly(args) {
  try {
    return parseArgs({ args, options: OPTIONS })
  } catch (error) {
    throw new UsageError(error.message.split('\n', 1)[0])
  }
}

function parseSeconds(text) {
  if (text === undefined) return undefined
  if (!/^(\d+\.?\d*|\.\d+)$/.test(text)) throw new UsageError(`'${text}' is no number of seconds`)
  return Number(text)
}

function parseStatus(text) {
  if (text === undefined) return undefined
  if (!/^\d+$/.test(text) || Number(text) > 255)
    throw new UsageError(`'${text}' is no exit status (0 to 255)`)
  return Number(text)
}

module.exports = { UsageError, parseArguments }
