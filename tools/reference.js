'use strict'

// The generated part of docs/api.md, made of index.d.ts.

const fs = require('node:fs')
const path = require('node:path')
const { parseDeclarations } = require('./declarations')
const { ROOT, slugOf, withoutBlocks } = require('./documents')

const DOCUMENT = 'docs/api.md'
const BLOCK = /(<!-- api:begin -->\n).*(<!-- api:end -->)/s

/** The order of the page. What is not named here comes last. */
const CHAPTERS = {
  'The lock of a file': [
    'lockFile',
    'LockOptions',
    'FileLock',
    'Mode',
    'TryAcquireOptions',
    'AcquireSyncOptions',
    'AcquireOptions',
    'LockGuard',
  ],
  'Which process holds a lock': ['LockState', 'Holder'],
  'Several locks': ['acquireAll', 'LockGuards'],
  'Files that several processes change': [
    'updateFile',
    'updateFileSync',
    'UpdateFileSyncOptions',
    'UpdateFileOptions',
    'updateJson',
    'updateJsonSync',
    'UpdateJsonOptions',
    'UpdateJsonSyncOptions',
    'UpdateContext',
  ],
  Errors: ['LockError', 'JsonError'],
  'Locks of every kind': ['Lock', 'Guard'],
}
const LAST = 'More types'

/** What an object of the class is called in headings. */
const OBJECTS = { FileLock: 'lock', LockGuard: 'guard', LockGuards: 'guards' }

const FACTS = /(?:^|(?<=\. ))(?=(?:Unit|Default|Minimum): )/

/** Returns the text of the page as it has to be. */
function withReference(text) {
  const declarations = parseDeclarations(fs.readFileSync(path.join(ROOT, 'index.d.ts'), 'utf8'))
  return text.replace(BLOCK, (_all, begin, end) => `${begin}\n${reference(declarations, text)}\n${end}`)
}

function reference(declarations, page) {
  const named = Object.values(CHAPTERS).flat()
  const rest = declarations.map(({ name }) => name).filter((name) => !named.includes(name))
  const chapters = { ...CHAPTERS, ...(rest.length > 0 && { [LAST]: rest }) }
  const entries = Object.entries(chapters).flatMap(([title, names]) => [
    { level: 2, heading: title, body: () => '' },
    ...names.flatMap((name) => {
      const declaration = declarations.find((each) => each.name === name)
      if (declaration === undefined) throw new Error(`index.d.ts has no ${name}`)
      return entriesOf(declaration)
    }),
  ])
  const links = linksTo(entries, page)
  return entries
    .map(({ level, heading, body }) =>
      `${'#'.repeat(level)} ${heading}\n\n${withLinks(body(), links)}`.trim(),
    )
    .join('\n\n')
    .concat('\n')
}

/** `keys` are the names by which comments refer to an entry. */
function entriesOf(declaration) {
  const { kind, name, members } = declaration
  if (kind === 'function') {
    return [{ level: 3, heading: `${name}()`, keys: [name], body: () => functionText(declaration) }]
  }
  const own = { level: 3, heading: name, keys: [name] }
  if (name.endsWith('Options')) {
    const options = members.map((member) => ({
      level: 4,
      heading: `options.${member.name}`,
      keys: [`${name}.${member.name}`],
      body: () => optionText(member),
    }))
    return [{ ...own, body: () => introduction(declaration) }, ...options]
  }
  if (name in OBJECTS) {
    const each = members.map((member) => ({
      level: 4,
      heading: memberName(OBJECTS[name], member),
      keys: [`${name}.${member.name}`],
      body: () => memberText(member),
    }))
    return [{ ...own, body: () => introduction(declaration) }, ...each]
  }
  return [{ ...own, body: () => [introduction(declaration), memberList(members)].join('\n\n') }]
}

function memberName(object, { name, isMethod }) {
  const dot = name.startsWith('[') ? '' : '.'
  return `${object}${dot}${name}${isMethod ? '()' : ''}`
}

function introduction({ bases, doc }) {
  const known = bases.filter((name) => !name.endsWith('Error'))
  const more = known.map((name) => `Has the options of {@link ${name}} too.`)
  return [doc.text, ...more, ...examples(doc)].filter(Boolean).join('\n\n')
}

function functionText({ doc, signature }) {
  return callText(doc, signature.replace(/^function /, ''))
}

function memberText({ doc, isMethod, signature, type }) {
  if (isMethod) return callText(doc, signature)
  return [`Type: \`${type}\``, ...prose(doc), ...examples(doc)].join('\n\n')
}

function callText(doc, signature) {
  const [, parameters, result] = splitSignature(signature)
  const list = parameters.map(({ name, isOptional, type }) => {
    const what = doc.params[name]
    const shown = isOptional ? `${name}?` : name
    return `- \`${shown}\`: ${linkedType(type)}${what ? `. ${what}` : ''}`
  })
  const returns = result === 'void' ? [] : [`Returns: \`${result}\`${doc.returns ? `. ${doc.returns}` : ''}`]
  return [doc.text, list.join('\n'), ...returns, throwsText(doc), ...examples(doc)]
    .filter(Boolean)
    .join('\n\n')
}

/** Returns the parameters and the result of `name<T>(first: A, second?: B): R`. */
function splitSignature(signature) {
  const start = signature.indexOf('(')
  const end = closingOf(signature, start)
  const parameters = splitTop(signature.slice(start + 1, end)).map((text) => {
    const [, name, optional, type] = /^(\w+)(\??): (.*)$/s.exec(text.trim())
    return { name, isOptional: optional === '?', type: isOptionalType(optional, type) }
  })
  return [signature.slice(0, start), parameters, signature.slice(end + 1).replace(/^: /, '')]
}

/** The type as code; the options at its end lead to their entry. */
function linkedType(type) {
  const found = /^(.* \| )?(\w+Options)(<T>)?$/.exec(type)
  if (found === null) return `\`${type}\``
  const [, before, name] = found
  return `${before ? `\`${before.trim()}\` ` : ''}{@link ${name}}`
}

function closingOf(text, start) {
  let depth = 0
  for (let index = start; index < text.length; index += 1) {
    if (text[index] === '(') depth += 1
    if (text[index] === ')') depth -= 1
    if (depth === 0) return index
  }
  throw new Error(`no end: ${text}`)
}

/** Splits at the commas outside of brackets. */
function splitTop(text) {
  const parts = ['']
  let depth = 0
  for (const [index, character] of [...text].entries()) {
    if ('([{<'.includes(character)) depth += 1
    if (')]}'.includes(character) || (character === '>' && text[index - 1] !== '=')) depth -= 1
    if (character === ',' && depth === 0) parts.push('')
    else parts[parts.length - 1] += character
  }
  return parts.filter((part) => part.trim() !== '')
}

function isOptionalType(optional, type) {
  return optional === '?' ? withoutUndefined(type) : type
}

function withoutUndefined(type) {
  return type.replace(/ \| undefined$/, '').replace(/^\((.*)\)$/s, '$1')
}

function optionText({ doc, isOptional, type }) {
  const { facts, text } = factsOf(doc.text)
  const lines = [`Type: \`${isOptional ? withoutUndefined(type) : type}\``, ...facts]
  return [lines.join('\\\n'), text, throwsText(doc), ...examples(doc)].filter(Boolean).join('\n\n')
}

/** Takes `Unit: …`, `Default: …` and `Minimum: …` out of the text. */
function factsOf(text) {
  const facts = []
  const rest = text.split('\n\n').map((paragraph) => {
    const [first, ...found] = paragraph.split(FACTS)
    const all = /^(Unit|Default|Minimum): /.test(first) ? [first, ...found] : found
    facts.push(...all.map((fact) => fact.trim().replace(/\.$/, '')))
    return all.length > found.length ? '' : first.trim()
  })
  return { facts, text: rest.filter(Boolean).join('\n\n') }
}

function prose(doc) {
  return doc.text === '' ? [] : [doc.text]
}

function memberList(members) {
  return members
    .map(({ doc, isMethod, isOptional, name, signature, type }) => {
      const shown = isMethod ? signature : `${name}${isOptional ? '?' : ''}: ${type}`
      if (doc.text.startsWith('- ')) return `- \`${shown}\`\n  ${doc.text.replaceAll('\n', '\n  ')}`
      return `- \`${shown}\`${doc.text ? `\\\n  ${doc.text}` : ''}`
    })
    .join('\n')
}

function throwsText({ throws }) {
  if (throws.length === 0) return ''
  const lines = throws.map(
    ({ text, type }) => `- ${type ? `\`${type.replaceAll(' | ', '` or `')}\` ` : ''}${text}`,
  )
  return `Throws:\n\n${lines.join('\n')}`
}

function examples({ examples }) {
  return examples.map((code) => `\`\`\`${/\busing \w/.test(code) ? 'ts' : 'js'}\n${code}\`\`\``)
}

/** Anchors as GitHub makes them: those of the rest of the page come first in the count. */
function linksTo(entries, page) {
  const [before] = withoutBlocks(page).split('<!-- api:begin -->')
  const seen = new Map()
  const slugs = (heading) => {
    const slug = slugOf(heading)
    const times = seen.get(slug) ?? 0
    seen.set(slug, times + 1)
    return times === 0 ? slug : `${slug}-${times}`
  }
  for (const [, heading] of before.matchAll(/^#+ +(.+?) *$/gm)) slugs(heading)
  const links = new Map()
  for (const { heading, keys = [] } of entries) {
    const anchor = slugs(heading)
    for (const key of keys) links.set(key, `[\`${heading.replace(/^options\./, '')}\`](#${anchor})`)
  }
  return links
}

function withLinks(text, links) {
  return text.replace(/\{@link ([\w.]+)\}/g, (_all, name) => {
    const link = links.get(name) ?? links.get(name.split('.')[0])
    if (link === undefined) throw new Error(`{@link ${name}} leads nowhere`)
    return link
  })
}

module.exports = { DOCUMENT, withReference }
