'use strict'

/** The value that `share` of the values do not exceed. */
function quantile(values, share) {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
}

function median(values) {
  return quantile(values, 0.5)
}

/** Jain's index of fairness: 1 when all have the same, 1 / n when one has all. */
function jain(values) {
  const sum = values.reduce((total, value) => total + value, 0)
  const squares = values.reduce((total, value) => total + value * value, 0)
  return squares === 0 ? 1 : (sum * sum) / (values.length * squares)
}

module.exports = { jain, median, quantile }
