#!/bin/sh
# A shell script whose steps exclude each other, and everything else that locks the same file.
#   sh examples/command-line.sh
set -eu

locket command-line.lock -- echo 'with the lock held'

# At most one run: leave with 0 when another one is at it.
locket -n -E 0 command-line.lock -- echo 'the only run'

# Who is at it? Exits with 1 when nobody is.
locket --who command-line.lock || echo 'the lock is free'
