# The Python side of python.mjs. Prints a line when it has the lock, and holds it until its standard
# input ends.
import sys

import locket

with locket.lock_file("python.lock"):
    print("Python has the lock", flush=True)
    sys.stdin.read()
    print("Python lets go", flush=True)
