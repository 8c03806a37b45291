'use strict'

module.exports = `Usage: locket [options] PATH... -- COMMAND [ARGUMENT...]
       locket [options] PATH -c COMMAND
       locket [options] DESCRIPTOR
       locket --who PATH

Runs COMMAND while the lock of the file PATH is held. The file is created if it
is missing, and never written or deleted. PATH can be a directory. Several PATHs
are locked together. DESCRIPTOR is the number of an open file of the shell.

  -s, --shared                   hold the lock together with other shared holders
  -x, -e, --exclusive            hold the lock alone (default)
  -u, --unlock                   release the lock of DESCRIPTOR
  -n, --nonblock, --nb           fail at once if the lock is taken
  -w, --timeout, --wait SECONDS  wait no longer than that (0.5 is half a second);
                                 default: indefinitely
  -E, --conflict-exit-code CODE  exit status if the lock cannot be acquired
                                 (default 1)
  -c, --command COMMAND          run COMMAND with the shell; follows PATH
  -F, --no-fork                  become COMMAND, which holds the lock then
  -o, --close                    do not pass the lock to COMMAND (always so
                                 without -F)
      --fcntl                    lock with fcntl(2) in place of flock(2) (Linux)
      --start BYTE, --length N   lock these bytes only; implies --fcntl
  -q, --quiet                    print no message while waiting
  -v, --verbose                  print how long it took, or why it failed
      --who                      print the process that holds the lock; exit with
                                 status 1 if the lock is free
      --json                     with --who: print the state of the lock as JSON
      --label TEXT               what --who --json shows of this hold
  -h, --help                     print this
  -V, --version                  print the version

Exit status: that of COMMAND, or 128 + n if signal n ended it; 1 or CODE: the
lock cannot be acquired; 64: wrong arguments; 65, 66, 71, 73: the file cannot be
locked, opened, created; 74: output cannot be written; 126: COMMAND cannot be
executed; 127: it is not found.
`
