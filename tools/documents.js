'use strict'

// The Markdown documents of the repository: their code blocks, links and anchors.

const fs = require('node:fs')
const path = require('node:path')

const ROOT = path.join(__dirname, '..')

const FENCE = /^```(.*)$/
/** The first word is the language. A block that is not run says why. */
const INFO = /^(\w+)(?: not run: ([^`]+))?$/

/** Returns the documents, by path from the root. */
function documentNames() {
  const top = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', 'llms.txt']
  const docs = fs.readdirSync(path.join(ROOT, 'docs')).map((name) => `docs/${name}`)
  const packages = fs.readdirSync(path.join(ROOT, 'packages')).map((name) => `packages/${name}/README.md`)
  return [...top, ...docs.filter((name) => name.endsWith('.md')), ...packages].filter((name) =>
    fs.existsSync(path.join(ROOT, name)),
  )
}

function readDocument(name) {
  return fs.readFileSync(path.join(ROOT, name), 'utf8')
}

/**
 * Returns the code blocks of a Markdown text, in order: `{ language, code, line, reason, output }`.
 * `reason` says why a block is not run. `output` is the block of text that follows it, if any.
 */
function codeBlocks(markdown) {
  const blocks = []
  for (const block of fencedBlocks(markdown)) {
    const isOutput = block.language === 'text' && block.reason === undefined
    if (!isOutput) blocks.push({ ...block, output: undefined })
    else if (blocks.length === 0) throw new Error(`line ${block.line}: the output of no block`)
    else blocks.at(-1).output = block.code
  }
  return blocks
}

function fencedBlocks(markdown) {
  const blocks = []
  let open
  for (const [index, line] of markdown.split('\n').entries()) {
    const fence = FENCE.exec(line)
    if (fence === null) open?.lines.push(line)
    else if (open !== undefined) {
      const { lines, ...block } = open
      blocks.push({ ...block, code: lines.map((text) => `${text}\n`).join('') })
      open = undefined
    } else {
      const info = INFO.exec(fence[1])
      if (info === null) throw new Error(`line ${index + 1}: '${line}' names no language`)
      open = { language: info[1], reason: info[2], line: index + 1, lines: [] }
    }
  }
  if (open !== undefined) throw new Error(`line ${open.line}: the block has no end`)
  return blocks
}

/** Returns the text with its code blocks emptied, line for line. */
function withoutBlocks(markdown) {
  let isInside = false
  return markdown
    .split('\n')
    .map((line) => {
      if (!FENCE.test(line)) return isInside ? '' : line
      isInside = !isInside
      return ''
    })
    .join('\n')
}

/** Returns the targets of the links and pictures: `{ target, line }`. */
function linksOf(markdown) {
  return withoutBlocks(markdown)
    .split('\n')
    .flatMap((text, index) => {
      const links = text.replace(/`[^`]*`/g, (code) => '`'.repeat(code.length))
      const found = [...links.matchAll(/\]\(([^)\s]+)\)/g), ...links.matchAll(/\b(?:href|src)="([^"]+)"/g)]
      return found.map(([, target]) => ({ target, line: index + 1 }))
    })
}

/** Returns the anchors of the headings, as GitHub makes them. */
function anchorsOf(markdown) {
  const seen = new Map()
  const anchors = new Set()
  for (const [, heading] of withoutBlocks(markdown).matchAll(/^#+ +(.+?) *$/gm)) {
    const slug = slugOf(heading)
    const times = seen.get(slug) ?? 0
    seen.set(slug, times + 1)
    anchors.add(times === 0 ? slug : `${slug}-${times}`)
  }
  return anchors
}

function slugOf(heading) {
  return heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_\- ]/gu, '')
    .replaceAll(' ', '-')
}

module.exports = {
  ROOT,
  anchorsOf,
  codeBlocks,
  documentNames,
  linksOf,
  readDocument,
  slugOf,
  withoutBlocks,
}
