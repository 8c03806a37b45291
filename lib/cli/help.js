'use strict'

module.exports = `Usage: locket [options] PATH -- COMMAND [ARGUMENT...]
       locket --who PATH

Runs COMMAND while the lock of the file PATH is held. The file is created if it
is missing, and never written or deleted.

  -n, --nonblock                 fail at once if the lock is taken
  -w, --timeout SECONDS          wait no longer than that (0.5 is half a second);
                                 without it, for ever
  -E, --conflict-exit-code CODE  what to exit with when the lock was not to be
                                 had (default 1)
  -v, --verbose                  say how long it took, or why it failed
      --who                      print who holds the lock: process number and
                                 command; exit with 1 if nobody does
  -h, --help                     print this
  -V, --version                  print the version

Exit status: that of COMMAND, or 128 + n if signal n ended it; 1 or CODE: the
lock was not to be had; 64: a wrong call; 66, 71, 73: the file could not be
opened, locked, created; 126: COMMAND cannot be run; 127: it was not found.
`
