"""Serves one file in place of an image, over FUSE: the first touch of each block takes a while, as of a volume that is filled from S3.

usage: coldfs.py <image> <mount point, a file> <touched> <block size> <milliseconds>

`touched` holds a byte for each block, 1 once it was read or written; it is kept from one attachment to the next. Speaks the kernel's protocol
(linux/fuse.h) itself, so that nothing but Python is needed. Ends when it is unmounted.
"""
import ctypes
import errno
import os
import struct
import sys
import time

MAX_WRITE = 131072
IN = struct.Struct('<IIQQIIIHH')
RANGE = struct.Struct('<QQIIQII')
SILENT = {2, 36, 42}  # FORGET, INTERRUPT, BATCH_FORGET
EMPTY = {18, 20, 25, 38}  # RELEASE, FSYNC, FLUSH, DESTROY


def main(image, place, touched_path, block, delay_ms):
    block, delay = int(block), int(delay_ms) / 1000
    data = os.open(image, os.O_RDWR)
    size = os.fstat(data).st_size
    blocks = -(-size // block)
    touched = os.open(touched_path, os.O_RDWR | os.O_CREAT, 0o600)
    seen = bytearray(os.pread(touched, blocks, 0).ljust(blocks, b'\0'))

    def touch(offset, length):
        for n in range(offset // block, min(blocks, -(-(offset + length) // block))):
            if not seen[n]:
                time.sleep(delay)
                seen[n] = 1
                os.pwrite(touched, b'\1', n)

    def attributes(_body):
        times = (0, 0, 0, 0, 0, 0)
        fields = (1, size, size // 512) + times + (0o100600, 1, 0, 0, 0, 4096, 0)
        return struct.pack('<QII', 3600, 0, 0) + struct.pack('<QQQQQQIIIIIIIIII', *fields)

    def read(body):
        _, offset, length, *_ = RANGE.unpack_from(body)
        touch(offset, length)
        return os.pread(data, length, offset)

    def write(body):
        _, offset, length, *_ = RANGE.unpack_from(body)
        touch(offset, length)
        os.pwrite(data, body[RANGE.size : RANGE.size + length], offset)
        return struct.pack('<II', length, 0)

    def init(body):
        major, _minor, readahead, _flags = struct.unpack_from('<IIII', body)
        return struct.pack('<IIIIHHIIHHI', major, 31, readahead, 1, 16, 12, MAX_WRITE, 1, 32, 0, 0) + bytes(28)

    answers = {
        3: attributes,
        14: lambda _body: struct.pack('<QII', 1, 2, 0),  # OPEN, its cache is kept
        15: read,
        16: write,
        17: lambda _body: bytes(80),  # STATFS
        26: init,
    }
    device = connect(place)
    print('serving', flush=True)
    while True:
        try:
            request = os.read(device, MAX_WRITE + 65536)
        except OSError as error:
            if error.errno == errno.ENODEV:
                return  # unmounted
            if error.errno in (errno.EINTR, errno.ENOENT, errno.EAGAIN):
                continue
            raise
        _, opcode, unique, *_ = IN.unpack_from(request)
        if opcode in SILENT:
            continue
        code, answer = 0, b''
        try:
            if opcode in answers:
                answer = answers[opcode](request[IN.size :])
            elif opcode not in EMPTY:
                code = -errno.ENOSYS
        except OSError as error:
            code, answer = -error.errno, b''
        reply(device, struct.pack('<IiQ', 16 + len(answer), code, unique) + answer)


def connect(place):
    device = os.open('/dev/fuse', os.O_RDWR)
    options = f'fd={device},rootmode=100000,user_id=0,group_id=0'
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b'coldfs', os.fsencode(place), b'fuse', 0, options.encode()) != 0:
        raise OSError(ctypes.get_errno(), f'mount {place}: {os.strerror(ctypes.get_errno())}')
    return device


def reply(device, message):
    try:
        os.write(device, message)
    except OSError as error:
        if error.errno != errno.ENOENT:  # interrupted meanwhile
            raise


if __name__ == '__main__':
    main(*sys.argv[1:])
