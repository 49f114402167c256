"""The application the lab releases: release.json beside it says its name and how it misbehaves."""
import http.server
import json
import os
import signal
import sys
import threading
import time

HERE = os.path.dirname(os.path.realpath(__file__))
with open(os.path.join(HERE, "release.json"), encoding="utf-8") as file:
    RELEASE = json.load(file)
STARTED = time.monotonic()
IN_FLIGHT = 0
ANSWERED = 0
LOCK = threading.Lock()


def is_healthy():
    sick_after = RELEASE.get("sickAfterS")
    if sick_after is not None and time.monotonic() - STARTED > sick_after:
        return False
    if ANSWERED >= RELEASE.get("sickAfterAnswers", float("inf")):
        return not os.path.exists(RELEASE.get("sickWhere", HERE))
    return not RELEASE.get("sick", False)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        global IN_FLIGHT
        with LOCK:
            IN_FLIGHT += 1
        try:
            self.answer()
        finally:
            with LOCK:
                IN_FLIGHT -= 1

    def answer(self):
        global ANSWERED
        if self.path != "/healthz":
            ANSWERED += 1
        if self.path == "/stream":
            return self.stream()
        if self.path == "/healthz" and RELEASE.get("hangsHealth"):
            time.sleep(60)
        if self.path == "/slow":
            time.sleep(3)
        if self.path == "/slower":
            time.sleep(4.5)
        known = self.path in ("/", "/slow", "/slower", "/version", "/healthz", "/in-flight")
        status = 404 if not known else 200
        if self.path == "/healthz" and not is_healthy():
            status = 500
        body = str(IN_FLIGHT - 1) if self.path == "/in-flight" else RELEASE["name"]
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def stream(self):
        """An answer that never ends."""
        self.send_response(200)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        while True:
            self.wfile.write(b"1\r\n.\r\n")
            time.sleep(0.1)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 512
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A load balancer resets connections it no longer needs: nothing to report."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def stop(server):
    """Takes no new connection, lets requests under way finish, and ends."""
    server.shutdown()
    server.server_close()
    deadline = time.monotonic() + 10
    while IN_FLIGHT > 0 and time.monotonic() < deadline:
        time.sleep(0.01)
    print("stopped", RELEASE["name"], flush=True)
    os._exit(0)


def leave_port(server):
    """A helper process that inherits the listening socket and outlives the application: nobody else can have the port."""
    if os.fork() == 0:
        os.setsid()
        os.execv("/usr/bin/sleep", ["sleep", "86400"])


if RELEASE.get("endsAtOnce"):
    sys.exit(0)
if RELEASE.get("crash"):
    sys.exit("this release crashes at its start")
time.sleep(RELEASE.get("startDelayS", 0))
SERVER = Server(("0.0.0.0", 8080), Handler)
if RELEASE.get("leavesPort"):
    SERVER.socket.set_inheritable(True)
    leave_port(SERVER)
if RELEASE.get("forks"):
    os.fork()
    os.fork()
signal.signal(signal.SIGTERM, lambda *_: RELEASE.get("ignoresTerm") or threading.Thread(target=stop, args=(SERVER,)).start())
if "crashAfterS" in RELEASE:
    threading.Timer(RELEASE["crashAfterS"], lambda: os._exit(1)).start()
print("serving", RELEASE["name"], flush=True)
SERVER.serve_forever(poll_interval=0.05)
signal.pause()
