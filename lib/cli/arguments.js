'use strict'

// The command line as flock(1) reads it: options, a path, the command with its own arguments. The
// result names paths and command by their places among the arguments, because their bytes need not
// be text.

/** `flock` marks the long names of flock(1), which can be shortened as there. */
const OPTIONS = [
  { key: 'shared', short: 's', long: ['shared'], flock: true },
  { key: 'exclusive', short: 'xe', long: ['exclusive'], flock: true },
  { key: 'unlock', short: 'u', long: ['unlock'], flock: true },
  { key: 'nonblock', short: 'n', long: ['nonblock', 'nonblocking', 'nb'], flock: true },
  { key: 'timeout', short: 'w', long: ['timeout', 'wait'], flock: true, value: parseSeconds },
  { key: 'conflictStatus', short: 'E', long: ['conflict-exit-code'], flock: true, value: parseStatus },
  { key: 'close', short: 'o', long: ['close'], flock: true },
  { key: 'noFork', short: 'F', long: ['no-fork'], flock: true },
  { key: 'fcntl', long: ['fcntl'], flock: true },
  { key: 'start', long: ['start'], flock: true, value: parseSize },
  { key: 'length', long: ['length'], flock: true, value: parseSize },
  { key: 'verbose', short: 'v', long: ['verbose'], flock: true },
  { key: 'help', short: 'h', long: ['help'], flock: true },
  { key: 'version', short: 'V', long: ['version'], flock: true },
  { key: 'quiet', short: 'q', long: ['quiet'] },
  { key: 'who', long: ['who'] },
  { key: 'json', long: ['json'] },
  { key: 'label', long: ['label'], value: (text) => text },
]

const OPERATIONS = ['shared', 'exclusive', 'unlock']

/** The arguments are wrong. The message says how. */
class UsageError extends Error {}

function parseArguments(args) {
  const { values, next } = parseOptions(args)
  if (values.help) return { action: 'help' }
  if (values.version) return { action: 'version' }
  if (values.close && values.noFork) throw new UsageError('--close and --no-fork exclude each other')
  if (next >= args.length) throw new UsageError('missing PATH')
  const target = parseTarget(args, next)
  if (target.paths?.some((place) => args[place] === '')) throw new UsageError('PATH must not be empty')
  if (values.who) return parseWho(args, target, values)
  if (values.json) throw new UsageError('--json requires --who')
  if (values.label !== undefined && target.descriptor !== undefined) {
    throw new UsageError('--label requires a PATH')
  }
  if (target.descriptor === undefined && target.first === undefined) {
    throw new UsageError("missing COMMAND after '--'")
  }
  return {
    action: 'run',
    ...target,
    operation: values.operation ?? 'exclusive',
    timeout: values.nonblock ? 0 : values.timeout,
    conflictStatus: values.conflictStatus,
    range: parseRange(values),
    label: values.label,
    noFork: values.noFork === true,
    quiet: values.quiet === true,
    verbose: values.verbose === true,
  }
}

/** As getopt_long(3) with `+`: up to the first argument that is none, or `--`. */
function parseOptions(args) {
  const values = {}
  const set = (option, text) => {
    if (OPERATIONS.includes(option.key)) values.operation = option.key
    else values[option.key] = option.value === undefined ? true : option.value(text)
  }
  let next = 0
  const takeValue = (option, shown, attached) => {
    if (option.value === undefined) return undefined
    if (attached !== undefined) return attached
    if (next >= args.length) throw new UsageError(`Option '${shown}' requires a value`)
    return args[next++]
  }
  while (next < args.length) {
    const arg = args[next]
    if (arg === '-' || !arg.startsWith('-')) break
    next += 1
    if (arg === '--') break
    if (arg.startsWith('--')) {
      const [name, attached] = splitOnce(arg.slice(2), '=')
      const option = findLong(name)
      if (attached !== undefined && option.value === undefined) {
        throw new UsageError(`Option '--${name}' takes no value`)
      }
      set(option, takeValue(option, `--${name}`, attached))
    } else {
      for (let at = 1; at < arg.length; at += 1) {
        const option = OPTIONS.find(({ short }) => short?.includes(arg[at]))
        if (option === undefined) throw new UsageError(`Unknown option '-${arg[at]}'`)
        const attached = at + 1 < arg.length ? arg.slice(at + 1) : undefined
        set(option, takeValue(option, `-${arg[at]}`, attached))
        if (option.value !== undefined) break
      }
    }
  }
  return { values, next }
}

/** The option of a long name that may be shortened; one of flock(1) is meant first. */
function findLong(name) {
  const exact = OPTIONS.find(({ long }) => long.includes(name))
  if (exact !== undefined) return exact
  const begins = OPTIONS.filter(({ long }) => long.some((whole) => whole.startsWith(name)))
  const known = begins.some(({ flock }) => flock) ? begins.filter(({ flock }) => flock) : begins
  if (name === '' || known.length === 0) throw new UsageError(`Unknown option '--${name}'`)
  if (known.length > 1) throw new UsageError(`Option '--${name}' is ambiguous`)
  return known[0]
}

function splitOnce(text, separator) {
  const at = text.indexOf(separator)
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}

/** `{ descriptor }`, or `{ paths, first, shell }`, where `first` is undefined without a command. */
function parseTarget(args, next) {
  const rest = args.slice(next)
  if (rest.length === 1) {
    return /^\d+$/.test(rest[0]) ? { descriptor: Number(rest[0]), paths: [next] } : { paths: [next] }
  }
  if (rest[1] === '--') return withCommand(args, [next], next + 2)
  if (rest[1] === '-c' || rest[1] === '--command') {
    if (rest.length !== 3) throw new UsageError(`${rest[1]} requires exactly one COMMAND`)
    return { paths: [next], first: next + 2, shell: true }
  }
  if (rest[1].startsWith('-')) {
    throw new UsageError(
      `unexpected option '${rest[1]}' after PATH; options precede PATH, the command follows '--'`,
    )
  }
  const end = rest.indexOf('--')
  if (end === -1) return withCommand(args, [next], next + 1)
  refuseCommand(rest)
  const paths = Array.from({ length: end }, (_, place) => next + place)
  return withCommand(args, paths, next + end + 1)
}

function withCommand(args, paths, first) {
  return { paths, first: first < args.length ? first : undefined, shell: false }
}

/**
 * Several paths stand before `--`. A command without `--` of its own can have one among its
 * arguments: what can be run is not taken for a path.
 */
function refuseCommand([path, second]) {
  const { isCommand } = require('./program.js')
  if (isCommand(second)) {
    throw new UsageError(
      `'${second}' can be a PATH or the COMMAND; write '--' before the command: locket ${path} -- ${second} ...`,
    )
  }
}

function parseWho(args, { paths, descriptor, first }, { json = false }) {
  if (first !== undefined) throw new UsageError('unexpected COMMAND after --who PATH')
  if (paths.length > 1) throw new UsageError('unexpected second PATH after --who')
  return { action: 'who', path: paths[0], descriptor, text: args[paths[0]], json }
}

function parseSeconds(text) {
  if (!/^(\d+\.?\d*|\.\d+)$/.test(text)) {
    throw new UsageError(`invalid timeout '${text}': expected a number of seconds`)
  }
  return Number(text)
}

function parseStatus(text) {
  if (!/^\d+$/.test(text) || Number(text) > 255) {
    throw new UsageError(`invalid exit status '${text}': expected 0 to 255`)
  }
  return Number(text)
}

const UNITS = ['', 'K', 'M', 'G', 'T', 'P']

/** As util-linux has sizes: K and KiB are 1024, KB is 1000. */
function parseSize(text) {
  const [, digits, letter, decimal] = /^(\d+)(?:([KMGTP])(B|iB)?)?$/i.exec(text) ?? []
  const size =
    Number(digits) * (decimal?.length === 1 ? 1000 : 1024) ** UNITS.indexOf((letter ?? '').toUpperCase())
  if (!Number.isSafeInteger(size)) throw new UsageError(`invalid number of bytes '${text}'`)
  return size
}

/** Undefined for a lock of the whole file by flock(2). */
function parseRange({ fcntl, start, length }) {
  if (!fcntl && start === undefined && length === undefined) return undefined
  return [start ?? 0, length ?? 0]
}

module.exports = { OPTIONS, UsageError, parseArguments }
