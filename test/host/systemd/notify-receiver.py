"""Receives sd_notify messages at the socket argv[1] and prints one JSON line each: the sender's pid and the variables."""
import array, json, os, socket, struct, sys

receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(sys.argv[1])
receiver.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
print(json.dumps({"listening": True}), flush=True)
while True:
    data, ancillary, _, _ = receiver.recvmsg(65536, socket.CMSG_SPACE(12) + socket.CMSG_SPACE(16))
    pid = None
    for level, kind, payload in ancillary:
        if kind == socket.SCM_CREDENTIALS:
            pid = struct.unpack("3i", payload[:12])[0]
        elif kind == socket.SCM_RIGHTS:  # a barrier: the sender waits until its descriptor is closed
            handles = array.array("i")
            handles.frombytes(payload[: len(payload) - len(payload) % handles.itemsize])
            for handle in handles:
                os.close(handle)
    lines = data.decode().split("\n")
    variables = dict(line.split("=", 1) for line in lines if "=" in line)
    if "BARRIER" not in variables:
        print(json.dumps({"pid": pid, "variables": variables}), flush=True)
