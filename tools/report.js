'use strict'

// Reads the reports of test runners in JUnit's format, which those of Node, Bun and Deno write.

const sax = require('sax')

/**
 * Returns `{ passed, failed, skipped, notes }`: the test cases by outcome, with name, reason and
 * details, and the diagnostics of the tests as texts.
 */
function readReport(xml) {
  const report = { passed: [], failed: [], skipped: [], notes: [] }
  const parser = sax.parser(true)
  let test
  parser.onopentag = ({ name, attributes }) => {
    if (name === 'testcase') test = { outcome: 'passed', name: attributes.name, details: '' }
    if (test === undefined) return
    if (name === 'skipped') Object.assign(test, { outcome: 'skipped', reason: attributes.message ?? '' })
    if (name === 'failure' || name === 'error') {
      Object.assign(test, { outcome: 'failed', reason: attributes.message ?? '' })
    }
  }
  parser.ontext = (text) => {
    if (test?.outcome === 'failed') test.details += text
  }
  parser.oncdata = parser.ontext
  parser.oncomment = (text) => report.notes.push(text.trim())
  parser.onclosetag = (name) => {
    if (name !== 'testcase') return
    const { outcome, ...rest } = test
    report[outcome].push(rest)
    test = undefined
  }
  // A test's output can hold characters that XML does not allow; the rest is read all the same.
  parser.onerror = () => parser.resume()
  parser.write(xml).close()
  return report
}

module.exports = { readReport }
