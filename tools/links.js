'use strict'

// The links of documents in a published package. npm shows a README without the files around it, and a
// package does not hold all that its documents link to. There a link leads into the repository.

const path = require('node:path')

const LINK = /(!?)(\[[^\]]*\])\(([^)\s]+)\)/g

/**
 * Returns the text of the document `name`, a path in the repository, with links that are absolute
 * where `keeps(target)` is false. Nothing changes as long as no `repository` is known.
 */
function publishedLinks(text, name, { repository, version }, keeps = () => false) {
  const base = baseOf(repository)
  if (base === undefined) return text
  return text.replace(LINK, (link, mark, label, target) => {
    if (/^[a-z]+:/.test(target) || target.startsWith('#')) return link
    const [file, anchor] = target.split('#')
    const place = path.posix.join(path.posix.dirname(name), file)
    if (keeps(place)) return link
    const view = mark === '!' ? 'raw' : 'blob'
    const suffix = anchor === undefined ? '' : `#${anchor}`
    return `${mark}${label}(${base}/${view}/v${version}/${place}${suffix})`
  })
}

/** Returns the address of the repository's pages, from what package.json says. */
function baseOf(repository) {
  const text = typeof repository === 'string' ? repository : repository?.url
  const [, owner, name] =
    /(?:github:|github\.com[/:])?([\w.-]+)\/([\w.-]+?)(?:\.git)?$/.exec(text ?? '') ?? []
  return owner && `https://github.com/${owner}/${name}`
}

module.exports = { publishedLinks }
