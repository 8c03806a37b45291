'use strict'

const ends = new WeakMap()

/** As `t.after`, but all of it comes before `lastly`, and what was begun last is ended first. */
function atEnd(t, undo) {
  endOf(t).push(undo)
}

/** What goes when everything has ended that may use it. */
function lastly(t, undo) {
  endOf(t).unshift(undo)
}

function endOf(t) {
  let stack = ends.get(t)
  if (stack === undefined) {
    stack = []
    ends.set(t, stack)
    t.after(async () => {
      while (stack.length > 0) await stack.pop()()
    })
  }
  return stack
}

module.exports = { atEnd, lastly }
