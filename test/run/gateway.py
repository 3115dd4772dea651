# SPDX-License-Identifier: Apache-2.0
"""The organization's gateway for codes, over HTTPS: it writes down what it is sent, and answers as it is told to."""
import http.server
import ipaddress
import json
import ssl
import sys
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "est"))
from server import Authority, key_pem, name_of, new_key  # noqa: E402


class Handler(http.server.BaseHTTPRequestHandler):
    timeout = 20

    def do_POST(self):
        said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        gateway = self.server.gateway
        with gateway.file.open("a") as file:
            file.write(json.dumps(said) + "\n")
        gateway.got.append({**said, "bearer": self.headers.get("Authorization"), "path": self.path})
        self.send_response(gateway.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Gateway:
    def __init__(self, folder):
        self.root, self.got, self.status, self.file = Authority("messages"), [], 204, folder / "messages"
        key = new_key()
        leaf = self.root.issue(name_of("gateway"), key.public_key(), [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))],
                               ExtendedKeyUsageOID.SERVER_AUTH)
        (folder / "gateway.pem").write_bytes(key_pem(key) + leaf.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "gateway.pem")
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads, self.http.gateway = True, self
        self.http.handle_error = lambda *_: None  # a device that does not know it goes away
        self.http.socket = context.wrap_socket(self.http.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"https://127.0.0.1:{self.http.server_address[1]}/codes"


@contextmanager
def gateway():
    with tempfile.TemporaryDirectory() as folder:
        one = Gateway(Path(folder))
        threading.Thread(target=one.http.serve_forever, daemon=True).start()
        try:
            yield one
        finally:
            one.http.shutdown()
            one.http.server_close()
