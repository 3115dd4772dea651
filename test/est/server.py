#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A small EST server (RFC 7030): cacerts, simpleenroll, simplereenroll, over TLS with a client's certificate or a name and password.

It is the other side in tests and can be wrong in one way at a time (`how`). A second client speaks to it too (test/run/test_local_identity.py), so that what our
client is tested against is not only our own idea of the protocol. It also has pages that misbehave, for whatever fetches.
"""
import base64
import datetime
import http.server
import ipaddress
import ssl
import tempfile
import threading
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY, SECOND = datetime.timedelta(days=1), datetime.timedelta(seconds=1)
PEM, DER = serialization.Encoding.PEM, serialization.Encoding.DER
BASE = "/.well-known/est/"


def now():
    return datetime.datetime.utcnow()


def new_key():
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key):
    return key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def name_of(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Authority:
    def __init__(self, name="site authority", above=None):
        self.name, self.key, self.above = name_of(name), new_key(), above
        builder = (x509.CertificateBuilder().subject_name(self.name).issuer_name(above.name if above else self.name).public_key(self.key.public_key())
                   .serial_number(x509.random_serial_number()).not_valid_before(now() - 30 * DAY).not_valid_after(now() + 3650 * DAY)
                   .add_extension(x509.BasicConstraints(True, None if not above else 0), True)
                   .add_extension(x509.KeyUsage(False, False, False, False, False, True, True, False, False), True)
                   .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), False))
        self.certificate = builder.sign(above.key if above else self.key, hashes.SHA256())

    def pem(self):
        return self.certificate.public_bytes(PEM).decode()

    def issue(self, subject, public_key, names=(), purpose=ExtendedKeyUsageOID.CLIENT_AUTH, start=-DAY, end=90 * DAY, is_ca=False):
        builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(public_key)
                   .serial_number(x509.random_serial_number()).not_valid_before(now() + start).not_valid_after(now() + end)
                   .add_extension(x509.BasicConstraints(is_ca, None), True)
                   .add_extension(x509.KeyUsage(True, False, False, False, False, is_ca, False, False, False), True)
                   .add_extension(x509.ExtendedKeyUsage([purpose]), False)
                   .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), False)
                   .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False))
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(list(names)), False)
        return builder.sign(self.key, hashes.SHA256())


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 20

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", kind="text/plain", **more):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in more.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def certificates(self, *certificates):
        der = pkcs7.serialize_certificates(list(certificates), DER)
        if self.server.est.how == "trailing":
            der += b"\0"
        text = base64.encodebytes(der) if self.server.est.how == "lines" else base64.b64encode(der)  # RFC 8951: no line ends, yet they come
        if self.server.est.how == "not-base64":
            text = b"!" + text
        self.answer(200, text, "application/pkcs7-mime; smime-type=certs-only", Content_Transfer_Encoding="base64")

    def client(self):
        """Whose certificate TLS has let in; who is let do what with it is another question."""
        der = self.connection.getpeercert(binary_form=True)
        return x509.load_der_x509_certificate(der) if der else None

    def do_GET(self):
        est = self.server.est
        est.asked.append(("GET", self.path))
        if self.path == BASE + "cacerts":
            if est.how == "turncoat":
                est.show_certificate_of(Authority())
            est.clients_before.append(self.client())
            self.certificates(*est.cacerts())
        elif self.path == "/hello":
            self.answer(200, b"hello")
        elif self.path == "/me":
            client = self.client()
            self.answer(200, client.subject.rfc4514_string().encode() if client else b"nobody")
        elif self.path == "/slow":
            est.stop.wait(30)
        elif self.path == "/drip":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            while not est.stop.wait(0.1):
                self.wfile.write(b"x")
        elif self.path == "/endless":
            self.send_response(200)
            self.end_headers()
            while not est.stop.is_set():
                self.wfile.write(b"x" * 65536)
        elif self.path == "/large":
            self.answer(200, bytes(range(256)) * 1024)
        elif self.path == "/here":
            self.answer(302, Location="/hello")
        elif self.path == "/there":
            self.answer(302, Location="https://127.0.0.2/hello")
        elif self.path == "/plain":
            self.answer(302, Location=f"http://127.0.0.1:{est.port}/hello")
        elif self.path == "/circle":
            self.answer(302, Location="/circle")
        elif self.path == "/later":
            self.answer(503, b"later", Retry_After="7")
        elif self.path == "/garbage":
            self.wfile.write(b"\0\1\2 this is not HTTP\r\n\r\n")
            self.close_connection = True
        else:
            self.answer(404)

    def do_POST(self):
        est = self.server.est
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        est.asked.append(("POST", self.path))
        est.clients.append(self.client())
        if self.path == "/echo":
            return self.answer(200, body, self.headers.get("Content-Type", ""))
        if self.path not in (BASE + "simpleenroll", BASE + "simplereenroll"):
            return self.answer(404)
        if not est.allows(self):
            return self.answer(401, b"who are you?", WWW_Authenticate='Basic realm="est"')
        try:
            request = x509.load_der_x509_csr(base64.b64decode(body))
            assert request.is_signature_valid and self.headers.get("Content-Type") == "application/pkcs10"
        except (ValueError, AssertionError):
            return self.answer(400, b"no request")
        est.requests.append(request)
        if est.waits > 0:
            est.waits -= 1
            return self.answer(202, b"an officer looks at it", Retry_After=str(est.retry_after))
        if est.how == "refuse":
            return self.answer(403, b"not you")
        if est.how == "hang":
            est.stop.wait(30)
        return self.certificates(*est.issue(request, self.client()))


class Server:
    """how: one way in which it is wrong, or None. secret: (name, password) that may enrol; None: only certificates may. maker: PEM of the
    manufacturer whose units may enrol with the certificates they came with."""

    def __init__(self, secret=("unit", "s3cret"), host="127.0.0.1", how=None, start=-DAY, end=90 * DAY, root=None, maker=None):
        self.root = root or Authority()
        self.secret, self.how, self.waits, self.retry_after = secret, how, 0, 1
        self.start_at, self.end_at = start, end
        self.asked, self.requests, self.issued, self.stop = [], [], [], threading.Event()
        self.clients, self.clients_before = [], []  # whose certificates were shown for a certificate, and for cacerts
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.verify_mode = ssl.CERT_NONE if how == "asks-nobody" else ssl.CERT_OPTIONAL
        self.context.load_verify_locations(cadata=self.root.pem() + (maker or ""))
        if how == "tls-1.2":
            self.context.maximum_version = ssl.TLSVersion.TLSv1_2
        self.host = host
        self.show_certificate_of(self.root)
        self.http = http.server.ThreadingHTTPServer((host, 0), Handler)
        self.http.daemon_threads = True
        self.http.est = self
        self.http.handle_error = lambda *_: None  # clients that go away are what is tested
        self.http.socket = self.context.wrap_socket(self.http.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.http.server_address[1]
        self.thread = threading.Thread(target=self.http.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.http.shutdown()
        self.http.server_close()

    def show_certificate_of(self, authority):
        key = new_key()
        names = [x509.IPAddress(ipaddress.ip_address(self.host)), x509.DNSName("est.example")]
        own = authority.issue(name_of("est server"), key.public_key(), names, ExtendedKeyUsageOID.SERVER_AUTH)
        with tempfile.NamedTemporaryFile("wb", suffix=".pem") as both:
            both.write(key_pem(key) + own.public_bytes(PEM))
            both.flush()
            self.context.load_cert_chain(both.name)

    def url(self, path="", host=None):
        return f"https://{host or self.host}:{self.port}{path}"

    def cacerts(self):
        return [Authority("somebody else").certificate] if self.how == "other-cacerts" else [self.root.certificate]

    def allows(self, handler):
        """Again, for whom it has a certificate from here; for the first time, for the secret or a certificate of either authority."""
        client = handler.client()
        if handler.path.endswith("simplereenroll"):
            return client is not None and client.issuer == self.root.name
        given = handler.headers.get("Authorization", "")
        return client is not None or (self.secret and given == "Basic " + base64.b64encode(":".join(self.secret).encode()).decode())

    def issue(self, request, client=None):
        """As asked for, except in the one way that is wrong."""
        try:
            names = list(request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
        except x509.ExtensionNotFound:
            names = []
        key, authority, more = request.public_key(), self.root, {}
        if self.how == "other-key":
            key = new_key().public_key()
        if self.how == "key-shown":
            key = client.public_key()
        if self.how == "other-authority":
            authority = Authority()
        if self.how == "ended":
            more = {"start": -20 * DAY, "end": -DAY}
        if self.how == "not-begun":
            more = {"start": 20 * DAY, "end": 40 * DAY}
        if self.how == "server-purpose":
            more = {"purpose": ExtendedKeyUsageOID.SERVER_AUTH}
        if self.how == "is-authority":
            more = {"is_ca": True}
        if self.how == "other-name":
            names = [x509.UniformResourceIdentifier("urn:dev:ops:1-somebody-else")]
        made = authority.issue(request.subject, key, names, **{"start": self.start_at, "end": self.end_at, **more})
        self.issued.append(made)
        return [made, made] if self.how == "two" else [] if self.how == "none" else [made]


def main():
    """Serves until its input ends; says where, and writes what clients need into the folder it is given."""
    import sys
    folder = Path(sys.argv[1])
    with Server() as server:
        (folder / "ca.pem").write_text(server.root.pem())
        print(server.url(), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
