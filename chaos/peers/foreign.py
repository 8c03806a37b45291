"""A process of the chaos that locks with Python's locket, and in shared mode with fcntl.flock."""

import fcntl
import json
import os
import random
import sys
import threading
import time

import locket

DIGITS = 12
LONGEST_HOLD = 0.008

share = json.loads(sys.argv[1])
folder, who = share["folder"], share["who"]
journal = os.open(os.path.join(folder, "journal"), os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
counters = {
    lock["name"]: os.open(os.path.join(folder, lock["name"] + ".count"), os.O_RDWR | os.O_CLOEXEC)
    for lock in share["locks"]
}


def write(*words):
    os.write(journal, (" ".join(map(str, words)) + "\n").encode())


def section(thread, number, name, chance):
    value = int(os.pread(counters[name], DIGITS, 0))
    write("enter", thread, number, name, time.monotonic_ns(), value, "-")
    if chance.random() < 0.5:
        time.sleep(chance.random() * LONGEST_HOLD)
    os.pwrite(counters[name], b"%0*d" % (DIGITS, value + 1), 0)
    write("leave", thread, number, name, time.monotonic_ns(), value + 1, "-")


def read(thread, number, lock, chance):
    name = lock["name"]
    # Closing it lets go.
    with open(lock["path"]) as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        value = int(os.pread(counters[name], DIGITS, 0))
        write("read", thread, number, name, time.monotonic_ns(), value, "-")
        if chance.random() < 0.5:
            time.sleep(chance.random() * LONGEST_HOLD)
        value = int(os.pread(counters[name], DIGITS, 0))
        write("unread", thread, number, name, time.monotonic_ns(), value, "-")


def work(index):
    thread = "%s.t%d" % (who, index)
    chance = random.Random("%d %s" % (share["seed"], thread))
    number = 0
    while not os.path.exists(os.path.join(folder, "finish")):
        lock = chance.choice(share["locks"])
        number += 1
        try:
            if chance.random() < 0.4:
                read(thread, number, lock, chance)
            else:
                with locket.lock_file(lock["path"], timeout=chance.choice([None, 0, 0.05])):
                    section(thread, number, lock["name"], chance)
        except locket.LockError:
            write("refused", thread, "BUSY")
        except FileNotFoundError:
            write("refused", thread, "ENOENT")
        time.sleep(chance.random() * 0.01)


threads = [threading.Thread(target=work, args=(index,)) for index in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
