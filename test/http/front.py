# SPDX-License-Identifier: Apache-2.0
"""What the tests of front share: a TLS peer that reads answers exactly, and the harness that is front without the rest."""
import os
import pathlib
import re
import socket
import ssl
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
BUILD = HERE.parents[1] / os.environ.get("TW_BUILD", "build")
PATIENCE_S = 5
QUIET_S = 0.05  # how long "waits" listens for an answer that must not come
BODILESS = (100, 204, 304)
LIMITS = {"connections": 256, "unknown": 128, "per_source": 32, "head_ms": 10000, "body_ms": 30000, "idle_ms": 15000, "known_ms": 60000, "linger_ms": 2000}


def context(certificate=None, key=None):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    if certificate:
        made.load_cert_chain(certificate, key)
    return made


def client_hello():
    """What a client says first."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        context().wrap_bio(incoming, outgoing).do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def heap(pid):
    """Bytes of a process's own memory."""
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return 1024 * int(re.search(r"^Anonymous:\s+(\d+)", text, re.M)[1])


def cpu_s(pid):
    return int(pathlib.Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


class Peer:
    """One TLS connection that reads answers."""

    def __init__(self, address, tls=None, source=None):
        raw = socket.create_connection(address, timeout=PATIENCE_S, source_address=(source, 0) if source else None)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.tls = (tls or context()).wrap_socket(raw, suppress_ragged_eofs=False)
        self.buffer = self.body = b""

    def send(self, data, pieces=None):
        try:
            if not pieces:
                self.tls.sendall(data)
            at = step = 0
            while pieces and at < len(data):
                size = pieces[step % len(pieces)]
                self.tls.sendall(data[at:at + size])
                at, step = at + size, step + 1
        except OSError:
            pass  # closed in the middle; what was answered before is still read

    def more(self):
        """False at an orderly end."""
        try:
            data = self.tls.recv(65536)
        except ssl.SSLZeroReturnError:
            data = b""
        self.buffer += data
        return bool(data)

    def answer(self, is_head=False):
        """The status of the next answer, its body taken off; None at the end."""
        while b"\r\n\r\n" not in self.buffer:
            if not self.more():
                return "cut answer" if self.buffer else None
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        status = re.match(rb"HTTP/1\.1 (\d{3}) [ -~]+\r\n", head + b"\r\n")
        if not status:
            return f"no status line: {head[:60]!r}"
        code = int(status[1])
        length = re.search(rb"\r\nContent-Length: (\d+)\r\n", head + b"\r\n")
        size = 0 if is_head or code in BODILESS else int(length[1]) if length else -1
        if size < 0:
            return f"{code} without length"
        while len(self.buffer) < size:
            if not self.more():
                return f"{code} with a cut body"
        self.body, self.buffer = self.buffer[:size], self.buffer[size:]
        return code

    def quiet(self):
        self.tls.settimeout(QUIET_S)
        try:
            return "closed" if not self.more() else "answered"
        except (TimeoutError, ssl.SSLWantReadError):
            return None


class Harness:
    """The real front beside stand-ins, with these limits changed: Harness(head_ms=300)."""

    def __init__(self, preexec=None, **limits):
        words = [str(limits.get(name, value)) for name, value in LIMITS.items()]
        self.process = subprocess.Popen([BUILD / "test/http/http-harness", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, preexec_fn=preexec)

    def __enter__(self):
        self.port, self.pid = map(int, self.process.stdout.readline().split())
        self.address = ("127.0.0.1", self.port)
        if self.process.stdout.readline() != "ready\n":
            sys.exit("http-harness: the self-request failed")
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.status = self.process.wait(10)
