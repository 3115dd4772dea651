# SPDX-License-Identifier: Apache-2.0
"""A client that can do what the tool will not: wrong proofs, foreign keys, torn connections. Independent of our C code, so that
both sides of the take-over are checked against the page that describes it."""
import base64
import datetime
import hashlib
import hmac
import json
import os
import socket
import ssl
import struct
import tempfile
import time
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

import world as worlds

RAW, SPKI = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def spki(certificate_der):
    return hashlib.sha256(x509.load_der_x509_certificate(certificate_der).public_key().public_bytes(RAW, SPKI)).digest()


class Answer:
    def __init__(self, raw):
        top, _, self.body = raw.partition(b"\r\n\r\n")
        first, *fields = top.decode("latin-1").split("\r\n")
        self.status = int(first.split()[1])
        self.headers = {k.lower(): v.strip() for k, _, v in (f.partition(":") for f in fields)}

    @property
    def json(self):
        return json.loads(self.body)


class Client:
    """Somebody with a key of their own (or none) who talks to one device over TLS."""

    def __init__(self, unit, certificate=True, source="127.0.0.1"):
        self.unit = unit
        self.source = source
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.context.check_hostname = False
        self.context.verify_mode = ssl.CERT_NONE
        self.pem, self.key = None, bytes(32)
        self.token = None
        if certificate:
            self._make_certificate()

    def _make_certificate(self):
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test owner")])
        now = datetime.datetime.utcnow()
        cert = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
                .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
                .not_valid_after(now + datetime.timedelta(days=3650)).sign(key, hashes.SHA256()))
        self.pem = cert.public_bytes(serialization.Encoding.PEM).decode()
        self.key = hashlib.sha256(key.public_key().public_bytes(RAW, SPKI)).digest()
        with tempfile.NamedTemporaryFile("wb", suffix=".pem") as both:
            both.write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
            both.write(self.pem.encode())
            both.flush()
            self.context.load_cert_chain(both.name)

    def connect(self):
        plain = socket.create_connection(("127.0.0.1", self.unit.port), timeout=10, source_address=(self.source, 0))
        return self.context.wrap_socket(plain)

    def listener(self):
        """SHA-256 of the listener's key as this client sees it."""
        with self.connect() as line:
            return spki(line.getpeercert(binary_form=True))

    def head(self, method, path, body, headers=()):
        sent = b"" if body is None else json.dumps(body).encode()
        head = [f"{method} {path} HTTP/1.1", f"Host: {self.unit.address}", "Connection: close", *headers]
        if self.token:
            head.append(f"Authorization: Bearer {self.token}")
        if body is not None:
            head += ["Content-Type: application/json", f"Content-Length: {len(sent)}"]
        return "\r\n".join(head).encode() + b"\r\n\r\n" + sent

    def ask(self, method, path, body=None, headers=()):
        with self.connect() as line:
            line.sendall(self.head(method, path, body, headers))
            raw = b""
            while piece := line.recv(65536):
                raw += piece
        return Answer(raw)

    # ---- taking over ----

    def label(self):
        return json.loads(Path(self.unit.label).read_text())

    def mac(self, word, challenge, nonce, listener, owner, secret=None):
        message = b"thingward-takeover-1\0" + word + b"\0" + challenge + nonce + listener + owner
        return hmac.new(secret or bytes.fromhex(self.label()["secret"]), message, hashlib.sha256).digest()

    def proof(self, secret=None, listener=None, challenge=None, owner=None):
        """What POST /api/v1/commissioning wants, without certificate."""
        challenge = challenge or self.ask("GET", "/api/v1/commissioning").json["challenge"]
        nonce = os.urandom(32)
        mac = self.mac(b"client", unb64(challenge), nonce, listener or self.listener(), self.key if owner is None else owner, secret)
        return {"challenge": challenge, "client_nonce": b64(nonce), "proof": b64(mac), "owner_name": "bob"}

    def take(self, **how):
        return self.ask("POST", "/api/v1/commissioning", {**self.proof(**how), "certificate": self.pem})


def local(unit, method, path, body=None):
    """The same over the local socket, as whoever we are."""
    sent = b"" if body is None else json.dumps(body).encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    if body is not None:
        head += f"Content-Type: application/json\r\nContent-Length: {len(sent)}\r\n"
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(10)
        line.connect(str(unit.run / "admin.sock"))
        line.sendall(head.encode() + b"\r\n" + sent)
        raw = b""
        while piece := line.recv(65536):
            raw += piece
    return Answer(raw)


def report_well(unit):
    """As the product's application, by the kernel's word: both its parts are well, which confirms the boot. OSError."""
    os.setegid(worlds.ROLES["application"])
    os.seteuid(worlds.ROLES["application"])
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as door:
            door.settimeout(5)
            door.connect(str(unit.run / "events.sock"))
            for name in (b"sensor", b"control"):
                payload = struct.pack(">H", len(name)) + name + b"\1" + struct.pack(">H", 4) + b"well"
                door.send(struct.pack(">HHII", 0x0602, 0, 1, len(payload)) + payload)
                if len(door.recv(4096)) < 12:
                    raise OSError("the application's door has closed")
    finally:
        os.seteuid(0)
        os.setegid(0)


def roles(unit):
    return unit.role_pids()


def wait_for(what, timeout_s=10, every_s=0.02):
    """The first true value of what(), which may fail with OSError until then."""
    until = time.monotonic() + timeout_s
    while time.monotonic() < until:
        try:
            if value := what():
                return value
        except (OSError, ssl.SSLError, IndexError):
            pass
        time.sleep(every_s)
    raise AssertionError(f"nothing within {timeout_s} s")
