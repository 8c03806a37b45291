"""The same as peer.js, with Python's locket."""

import json
import sys
import time

import locket


def now():
    return int(time.time() * 1000)


name, folder, turns, lasting = sys.argv[1:5]
lock = locket.lock_file(folder + "/lock")
print("ready", flush=True)
sys.stdin.readline()
for turn in range(int(turns)):
    with lock:
        begin = now()
        with open(folder + "/counter") as counter:
            count = int(counter.read())
        time.sleep(int(lasting) / 1000)
        with open(folder + "/counter", "w") as counter:
            counter.write(str(count + 1))
        with open(folder + "/journal", "a") as journal:
            entry = {"name": name, "value": count + 1, "begin": begin, "end": now()}
            journal.write(json.dumps(entry) + "\n")
