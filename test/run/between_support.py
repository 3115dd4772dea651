# SPDX-License-Identifier: Apache-2.0
"""Somebody between the tool and the manufacturer's server, who passes on what each of them says, but for one thing: so it is a server with that one thing
wrong. Each connection onwards comes from an address of its own, so that what strangers may send is used up by none for the next."""
import fnmatch
import http.client
import http.server
import itertools
import ssl
import threading
from contextlib import contextmanager
from dataclasses import dataclass

from liar import Server, make_listener

PASSED = ("Content-Type", "Accept", "Authorization")
ADDRESSES = (f"127.9.{a}.{b}" for a, b in itertools.product(range(256), range(1, 255)))


@dataclass
class Asked:
    method: str
    path: str
    body: bytes
    headers: dict
    service: object
    address: str

    def answer(self, path=None, body=None):
        """What the server answers it, or this instead."""
        host, port = (self.service.dir / "listening").read_text().strip().rsplit(":", 1)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        c = http.client.HTTPSConnection(host, int(port), context=context, timeout=10, source_address=(self.address, 0))
        try:
            c.request(self.method, path or self.path, body=self.body if body is None else body, headers=self.headers)
            r = c.getresponse()
            return r.status, r.getheader("Content-Type", "text/plain"), r.read()
        finally:
            c.close()


class Between(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    service, method, path_like, spoil, address = None, "", "", None, ""

    def pass_on(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        asked = Asked(self.command, self.path, body, {n: self.headers[n] for n in PASSED if n in self.headers}, self.service, self.address)
        spoilt = fnmatch.fnmatch(self.command, self.method) and fnmatch.fnmatch(self.path, self.path_like)
        status, kind, sent = type(self).spoil(asked) if spoilt else asked.answer()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    do_GET = do_POST = do_PUT = do_DELETE = pass_on

    def log_message(self, *_):
        pass


@contextmanager
def spoiled(service, folder, method="*", path="*", spoil=lambda asked: asked.answer()):
    """(address, pin) of the server where `spoil` makes the answer to what is asked with a method and at a path like these."""
    listener, pin = make_listener(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(listener)
    handler = type("Spoiled", (Between,), {"service": service, "method": method, "path_like": path, "spoil": staticmethod(spoil), "address": next(ADDRESSES)})
    server = Server(("127.0.0.1", 0), handler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}", pin
    finally:
        server.shutdown()
        server.server_close()
