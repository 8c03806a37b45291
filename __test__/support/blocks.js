'use strict'

/**
 * The code blocks of a Markdown text, in order: `{ language, code, line, output }`. A block of text
 * is what the block before it prints.
 */
function codeBlocks(markdown) {
  const blocks = []
  for (const match of markdown.matchAll(/^```(\w+)\n(.*?)^```$/gms)) {
    const [, language, code] = match
    const line = markdown.slice(0, match.index).split('\n').length + 1
    if (language === 'text') blocks.at(-1).output = code
    else blocks.push({ language, code, line, output: undefined })
  }
  return blocks
}

module.exports = { codeBlocks }
