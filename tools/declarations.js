'use strict'

// What index.d.ts declares, and what its comments say. It knows the style of that file: a comment before
// each declaration, members indented by two spaces.

const DECLARATION = /^export (?:declare )?(function|class|interface|type) (\w+)/
const TAG = /^@(\w+) ?(.*)$/

/** Returns the declarations, in order: `{ kind, name, signature, bases, doc, members }`. */
function parseDeclarations(text) {
  const declarations = []
  const lines = text.split('\n')
  let comment
  for (let index = 0; index < lines.length; index += 1) {
    const end = commentEnd(lines, index)
    if (end !== undefined) {
      comment = parseComment(lines.slice(index, end + 1))
      index = end
      continue
    }
    const found = DECLARATION.exec(lines[index])
    if (found === null) continue
    const [, kind, name] = found
    const { signature, last } = signatureAt(lines, index)
    const hasBody = signature.endsWith('{')
    const close = hasBody ? lines.indexOf('}', index) : last
    declarations.push({
      kind,
      name,
      signature: signature.replace(/^export /, '').replace(/ ?\{$/, ''),
      bases: basesOf(signature),
      doc: comment ?? parseComment([]),
      members: hasBody ? parseMembers(lines.slice(last + 1, close)) : [],
    })
    comment = undefined
    index = close
  }
  return declarations
}

/** Returns the members: `{ name, isMethod, isOptional, signature, type, doc }`. */
function parseMembers(lines) {
  const members = []
  let comment
  for (let index = 0; index < lines.length; index += 1) {
    const end = commentEnd(lines, index)
    if (end !== undefined) {
      comment = parseComment(lines.slice(index, end + 1))
      index = end
      continue
    }
    if (lines[index].trim() === '') continue
    const { signature, last } = signatureAt(lines, index)
    index = last
    const found = /^(?:readonly )?(\[[\w.]+\]|\w+)(\??)(<.*?>)?(\(|: )(.*)$/s.exec(signature)
    if (found === null) continue
    const [, name, optional, , mark, rest] = found
    const isMethod = mark === '('
    members.push({
      name,
      isMethod,
      isOptional: optional === '?',
      signature,
      type: isMethod ? undefined : rest,
      doc: comment ?? parseComment([]),
    })
    comment = undefined
  }
  return members.filter(({ name }) => name !== 'constructor')
}

function commentEnd(lines, index) {
  if (!lines[index].trim().startsWith('/**')) return undefined
  for (let end = index; ; end += 1) if (lines[end].includes('*/')) return end
}

/** A signature ends where no bracket is open, or with the brace of a body. */
function signatureAt(lines, index) {
  const parts = []
  for (let last = index; ; last += 1) {
    parts.push(lines[last].trim())
    const signature = parts.join(' ').replace(/\( /g, '(').replace(/,? \)/g, ')')
    const next = lines[last + 1]?.trim() ?? ''
    const isOpen = depth(signature.replace(/\{$/, '')) > 0 || next.startsWith('|')
    if (!isOpen) return { signature, last }
  }
}

function depth(text) {
  const plain = text.replaceAll('=>', '')
  return plain.split(/[([{<]/).length - plain.split(/[)\]}>]/).length
}

/** Returns `{ text, params, returns, throws, examples }` of the lines of a comment. */
function parseComment(lines) {
  const doc = { text: '', params: {}, returns: undefined, throws: [], examples: [] }
  const plain = lines.map((line) =>
    line
      .replace(/^\s*\/\*\* ?/, '')
      .replace(/ ?\*\/\s*$/, '')
      .replace(/^\s*\* ?/, ''),
  )
  const parts = [{ tag: 'text', lines: [] }]
  for (const line of plain) {
    const found = TAG.exec(line)
    if (found === null) parts.at(-1).lines.push(line)
    else parts.push({ tag: found[1], lines: [found[2]] })
  }
  for (const { tag, lines } of parts) {
    if (tag === 'example') doc.examples.push(`${lines.join('\n').trim()}\n`)
    else addPart(doc, tag, paragraphs(lines))
  }
  return doc
}

function addPart(doc, tag, text) {
  if (tag === 'text') doc.text = text
  if (tag === 'returns') doc.returns = text
  if (tag === 'throws') {
    const [, type, rest] = /^(?:\{(.+?)\} )?(.*)$/s.exec(text)
    doc.throws.push({ type, text: rest })
  }
  if (tag === 'param') {
    const [, name, rest] = /^(\w+) (.*)$/s.exec(text)
    doc.params[name] = rest
  }
}

/** Joins the lines of each paragraph; those of a list stay. */
function paragraphs(lines) {
  return lines
    .map((line) => line.replace(/^ {2}(?=\S)/, ''))
    .join('\n')
    .trim()
    .split(/\n\n+/)
    .map((paragraph) => paragraph.replace(/\n(?!- )/g, ' ').replace(/ {2,}/g, ' '))
    .join('\n\n')
}

/** Of what a declaration extends; `Omit<A, 'b'>` counts as A. */
function basesOf(signature) {
  const plain = signature.replace(/\bOmit<(\w+), [^<>]*>/g, '$1')
  return /^export \w+ \w+(?:<[^<>]*>)? extends ([\w, ]+)/.exec(plain)?.[1].trim().split(', ') ?? []
}

module.exports = { parseDeclarations }
