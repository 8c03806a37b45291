"""A file system in user space that has one folder, empty files, and a way of its own with flock(2).

fuse.py MOUNTPOINT refuse ERRNO   every flock fails with the error
fuse.py MOUNTPOINT stubborn       flock works, but who waits cannot be interrupted
fuse.py MOUNTPOINT local          leaves flock to the kernel, as most such file systems do
fuse.py MOUNTPOINT writers        flock needs a file that is open for writing, as on NFS
fuse.py MOUNTPOINT changing       as local, and a file has another inode number at each look

It speaks the kernel's protocol itself, so that it needs nothing but Python and root. Prints `ready`
when it is mounted; unmounts when its standard input ends.
"""

import ctypes
import errno
import os
import select
import stat
import struct
import sys

LOOKUP, FORGET, GETATTR, SETATTR, UNLINK = 1, 2, 3, 4, 10
OPEN, RELEASE, FLUSH, INIT, OPENDIR, RELEASEDIR = 14, 18, 25, 26, 27, 29
SETLK, SETLKW, CREATE, INTERRUPT, BATCH_FORGET = 32, 33, 35, 36, 42
SILENT = (FORGET, BATCH_FORGET, INTERRUPT)

FLOCK_LOCKS = 1 << 10
RELEASE_FLOCK_UNLOCK = 1 << 1
F_UNLCK = 2
MNT_DETACH = 2
ROOT = 1
HEADER = struct.Struct("<IIQQIIII")

mountpoint, way = sys.argv[1:3]
refusal = int(sys.argv[3]) if way == "refuse" else 0
libc = ctypes.CDLL(None, use_errno=True)
device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)

files = {}  # name -> node
looks = 1 << 20
locks = {}  # node -> (owner, [(owner, request) of those who wait])


def check(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), "mount")


def mount():
    options = "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other" % device
    check(libc.mount(b"locket", mountpoint.encode(), b"fuse", 0, options.encode()))


def reply(unique, body=b"", error=0):
    try:
        os.write(device, struct.pack("<IiQ", 16 + len(body), -error, unique) + body)
    except FileNotFoundError:
        pass  # the process that asked was killed


def attributes(node):
    global looks
    if way == "changing" and node != ROOT:
        looks += 1
        node = looks
    mode = stat.S_IFDIR | 0o777 if node == ROOT else stat.S_IFREG | 0o666
    return struct.pack("<6Q10I", node, 0, 0, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)


def handle(flags):
    return int(flags & os.O_ACCMODE != os.O_RDONLY)


def entry(node):
    return struct.pack("<4Q2I", node, 0, 0, 0, 0, 0) + attributes(node)


def unlock(node, owner):
    holder, waiting = locks.get(node, (None, []))
    if holder != owner:
        return
    if waiting:
        next_owner, request = waiting.pop(0)
        locks[node] = (next_owner, waiting)
        reply(request)
    else:
        locks.pop(node)


def lock(unique, node, body, waits):
    is_writer, owner, _, _, kind = struct.unpack_from("<QQQQI", body)
    if refusal:
        return reply(unique, error=refusal)
    if way == "writers" and not is_writer:
        return reply(unique, error=errno.EBADF)
    if kind == F_UNLCK:
        unlock(node, owner)
        return reply(unique)
    holder, waiting = locks.setdefault(node, (owner, []))
    if holder == owner:
        return reply(unique)
    if not waits:
        return reply(unique, error=errno.EAGAIN)
    waiting.append((owner, unique))


def answer(opcode, unique, node, body):
    name = body.split(b"\0")[0]
    if opcode == INIT:
        flags = 0 if way in ("local", "changing") else FLOCK_LOCKS
        return reply(unique, struct.pack("<4I2H2I2H8I", 7, 31, 0, flags, 16, 12, 4096, 1, 1, 0, *[0] * 8))
    if opcode == LOOKUP:
        if name not in files:
            return reply(unique, error=errno.ENOENT)
        return reply(unique, entry(files[name]))
    if opcode in (GETATTR, SETATTR):
        return reply(unique, struct.pack("<Q2I", 0, 0, 0) + attributes(node))
    if opcode == CREATE:
        name = body[16:].split(b"\0")[0]
        created = files.setdefault(name, len(files) + 2)
        flags, *_ = struct.unpack_from("<I", body)
        return reply(unique, entry(created) + struct.pack("<Q2I", handle(flags), 0, 0))
    if opcode in (OPEN, OPENDIR):
        flags, *_ = struct.unpack_from("<I", body)
        return reply(unique, struct.pack("<Q2I", handle(flags), 0, 0))
    if opcode == RELEASE:
        _, _, flags, owner = struct.unpack_from("<QIIQ", body)
        if flags & RELEASE_FLOCK_UNLOCK:
            unlock(node, owner)
        return reply(unique)
    if opcode in (FLUSH, RELEASEDIR):
        return reply(unique)
    if opcode == UNLINK:
        files.pop(name, None)
        return reply(unique)
    if opcode in (SETLK, SETLKW):
        return lock(unique, node, body, opcode == SETLKW)
    if opcode not in SILENT:
        reply(unique, error=errno.ENOSYS)


def serve():
    announced = False
    while True:
        for source in select.select([device, 0], [], [])[0]:
            if source == 0:
                return
            request = os.read(device, 1 << 17)
            _, opcode, unique, node, *_ = HEADER.unpack_from(request)
            answer(opcode, unique, node, request[HEADER.size :])
            if not announced:
                print("ready", flush=True)
                announced = True


mount()
try:
    serve()
finally:
    libc.umount2(mountpoint.encode(), MNT_DETACH)
