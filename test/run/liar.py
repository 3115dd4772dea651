# SPDX-License-Identifier: Apache-2.0
"""A server in a device's place: whoever holds the pinned key may say what he wants."""
import datetime
import hashlib
import http.server
import json
import os
import socket
import socketserver
import ssl
import struct
import tempfile
import threading
from contextlib import contextmanager

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Liar(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one piece: two would wait 40 ms for the acknowledgement of the first
    disable_nagle_algorithm = True
    answers = {}

    @staticmethod
    def prepare(context, unit):
        """Nobody is asked for a certificate."""

    def answer(self):
        asked = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        said = json.loads(asked) if asked else None
        if hasattr(self.answers, "told"):
            status, body, *more = self.answers.told(self.command, self.path, said, self.headers)
        else:
            wanted = self.answers.get(self.path, (404, {"title": "none"}))
            status, body, *more = wanted(said) if callable(wanted) else wanted
        sent = json.dumps(body, ensure_ascii=False).encode() if status != 204 else b""
        self.send_response(status)
        for name, value in (more[0] if more else {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    """Nobody waits for another's handshake: on a loaded machine one that hangs back would use up the time that the others have."""
    request_queue_size = 64
    daemon_threads = True


def make_listener(folder):
    """A key with its certificate in one file, and what a pin of it is."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "liar")])
    made = datetime.datetime(2026, 1, 1)
    cert = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7).not_valid_before(made)
            .not_valid_after(made.replace(year=2046)).sign(key, hashes.SHA256()))
    plain = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "listener.pem").write_bytes(plain + cert.public_bytes(serialization.Encoding.PEM))
    spki = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return folder / "listener.pem", hashlib.sha256(spki).hexdigest()


@contextmanager
def beside(unit, folder, handler=Liar, name="liar"):
    """A device of this name in the owner's directory, which says the handler's answers."""
    listener, pin = make_listener(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(listener)
    handler.prepare(context, unit)
    server = Server(("127.0.0.1", 0), handler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    known = json.loads((unit.owner / "devices/unit.json").read_text())
    known.update(address=f"127.0.0.1:{server.server_port}", listener_sha256=pin)
    (unit.owner / f"devices/{name}.json").write_text(json.dumps(known))
    Liar.answers = {}
    try:
        yield unit
    finally:
        server.shutdown()
        server.server_close()


class Inside(Liar):
    """The same at a local socket, where the kernel says who asks: `X-User` is his number."""
    disable_nagle_algorithm = False

    def parse_request(self):
        well = super().parse_request()
        if well:
            _, uid, _ = struct.unpack("3i", self.connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
            self.headers["X-User"] = str(uid)
        return well


class Socket(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    block_on_close = False


@contextmanager
def at_socket():
    """A socket that says Liar.answers to everybody."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        path = f"{folder}/admin.sock"
        with Socket(path, Inside) as server:
            os.chmod(path, 0o666)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            try:
                yield path
            finally:
                server.shutdown()
