# SPDX-License-Identifier: Apache-2.0
"""The role that fetches, alone and in its sandbox: started as hands would, spoken to as core would, by what this page knows of the wire."""
import datetime
import ipaddress
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

import world as worlds
from errand import Errand, block

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "est"))
from server import DAY, DER, PEM, Authority, Server, key_pem, name_of, new_key  # noqa: E402

JOB, BODY, SIGNED, SIGN, HEAD, PIECE, FAILED = 0x701, 0x702, 0x703, 0x711, 0x712, 0x713, 0x714
NAMES = ("none", "url", "unresolved", "unreachable", "timeout", "untrusted", "tls", "too-large", "bad-answer", "redirected", "internal")
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


class Fetch(Errand):
    """One process of thingward-fetch."""

    def __init__(self, resolver=""):
        conf = os.memfd_create("resolv.conf")
        os.write(conf, resolver.encode())
        super().__init__("fetch", conf)
        os.close(conf)

    def job(self, url, anchors, *, body=None, deadline=5, answer_max=256 * 1024, certificate="", kind="", now=None, authorization=""):
        now_ms = int((time.time() if now is None else now) * 1000)
        self.send(JOB, struct.pack(">BBIIQ", 1 if body is None else 2, deadline, answer_max, len(body or b""), now_ms) + b"".join(
            block(text.encode()) for text in (url, kind, "*/*", authorization, anchors, certificate)))
        if body:
            self.send(BODY, body)

    def ask(self, url, server, **how):
        """(status, body, head) or the name of the failure."""
        self.job(url, server.root.pem(), **how)
        return self.result()

    def result(self, sign=None):
        kind, _, data = message = self.receive()
        while kind == SIGN:
            self.send(SIGNED, sign(data) if sign else b"", tag=message[1])
            kind, _, data = message = self.receive()
        if kind == FAILED:
            return NAMES[data[0]]
        status, retry, size = struct.unpack(">HII", data[:10])
        body = b""
        while len(body) < size:
            assert (piece := self.receive())[0] == PIECE
            body += piece[2]
        return status, body, {"retry_after": retry, "type": data[12:].decode()}


@pytest.fixture(scope="module")
def server():
    with Server() as one:
        yield one


@pytest.fixture
def fetch():
    with Fetch() as one:
        yield one


def test_it_stands_in_its_sandbox_before_anything(fetch):
    fetch.stands_in_its_sandbox()


def test_what_is_fetched_comes_whole(fetch, server):
    assert fetch.ask(server.url("/hello"), server)[:2] == (200, b"hello")
    status, body, head = fetch.ask(server.url("/large"), server)
    assert status == 200 and body == bytes(range(256)) * 1024
    sent = os.urandom(64 * 1024)
    status, body, head = fetch.ask(server.url("/echo"), server, body=sent, kind="application/x-test")
    assert (status, body, head["type"]) == (200, sent, "application/x-test")
    assert fetch.ask(server.url("/later"), server) == (503, b"later", {"retry_after": 7, "type": "text/plain"})
    assert fetch.ask(server.url("/nothing"), server)[:2] == (404, b"")


@pytest.mark.parametrize("path, how, name", [
    ("/slow", {"deadline": 1}, "timeout"),
    ("/drip", {"deadline": 1}, "timeout"),
    ("/endless", {}, "too-large"),
    ("/large", {"answer_max": 256 * 1024 - 1}, "too-large"),
    ("/there", {}, "redirected"),
    ("/plain", {}, "redirected"),
    ("/circle", {}, "redirected"),
    ("/garbage", {}, "bad-answer"),
    ("/hello", {"now": 1}, "untrusted"),  # core's time counts, not the clock's
])
def test_failures_have_names(fetch, server, path, how, name):
    assert fetch.ask(server.url(path), server, **how) == name
    assert fetch.ask(server.url("/hello"), server)[0] == 200  # and it goes on


def test_redirect_to_the_same_place_is_followed(fetch, server):
    assert fetch.ask(server.url("/here"), server)[:2] == (200, b"hello")


def test_only_the_anchors_given_are_trusted(fetch, server):
    fetch.job(server.url("/hello"), Authority().pem())
    assert fetch.result() == "untrusted"
    fetch.job(server.url("/hello"), "no PEM at all")
    assert fetch.result() in ("untrusted", "tls")
    with Server(host="127.0.0.5") as other:  # another address than its certificate says
        other.http.server_address = ("127.0.0.5", other.port)
        assert fetch.ask(other.url("/hello"), other)[0] == 200
    assert fetch.ask(server.url("/hello", host="localhost"), server) == "untrusted"


@pytest.mark.parametrize("url, name", [
    ("http://127.0.0.1:{port}/hello", "url"), ("https://", "url"), ("https://user:x@127.0.0.1:{port}/hello", "url"), ("file:///etc/passwd", "url"),
    ("https://[::1/", "url"), ("https://127.0.0.1:1/", "unreachable"), ("https://est.example:{port}/hello", "unresolved"),
    ("https://-x/", "unresolved"),
])
def test_places_that_are_none(fetch, server, url, name):
    assert fetch.ask(url.format(port=server.port), server) == name


@contextmanager
def stapling(root, answer, *, demands=False):
    """A server that staples this answer: OpenSSL's, as Python's cannot."""
    key, now = new_key(), datetime.datetime.utcnow()
    own = (x509.CertificateBuilder().subject_name(name_of("stapler")).issuer_name(root.name).public_key(key.public_key()).serial_number(77)
           .not_valid_before(now - DAY).not_valid_after(now + DAY).add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
           .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False))
    if demands:
        own = own.add_extension(x509.TLSFeature([x509.TLSFeatureType.status_request]), False)
    own = own.sign(root.key, hashes.SHA256())
    with tempfile.TemporaryDirectory() as folder:
        both, stapled = Path(folder) / "own.pem", Path(folder) / "answer.der"
        both.write_bytes(key_pem(key) + own.public_bytes(PEM))
        words = ["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", both, "-www", "-naccept", "2"]
        made = answer(root, own)
        if made is not None:
            stapled.write_bytes(made)
            words += ["-status_file", stapled]
        server = subprocess.Popen([str(w) for w in words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            port = next(line.rsplit(":", 1)[1] for line in server.stdout if line.startswith("ACCEPT"))
            yield f"https://127.0.0.1:{int(port)}/"
        finally:
            server.kill()
            server.wait()


def says(status=ocsp.OCSPCertStatus.GOOD, *, serial=77, start=-DAY / 2, end=DAY, by=None):
    def make(root, own):
        signer, now = by or root, datetime.datetime.utcnow()
        about = own if serial == 77 else root.issue(name_of("another"), new_key().public_key())
        gone = (now - DAY, x509.ReasonFlags.key_compromise) if status == ocsp.OCSPCertStatus.REVOKED else (None, None)
        return (ocsp.OCSPResponseBuilder().add_response(about, root.certificate, hashes.SHA1(), status, now + start, now + end, *gone)
                .responder_id(ocsp.OCSPResponderEncoding.NAME, signer.certificate).sign(signer.key, hashes.SHA256()).public_bytes(DER))
    return make


def forged(made):
    """Another last byte, which is one of the signature."""
    return made[:-1] + bytes([made[-1] ^ 1])


@pytest.mark.parametrize("answer, demands, result", [
    (says(), False, 200), (says(), True, 200), (lambda *_: None, False, 200),
    (lambda *_: None, True, "untrusted"),
    (says(ocsp.OCSPCertStatus.REVOKED), False, "untrusted"),
    (says(ocsp.OCSPCertStatus.UNKNOWN), False, "untrusted"),
    (says(serial=78), False, "untrusted"),
    (says(by=Authority()), False, "untrusted"),
    (lambda root, own: forged(says()(root, own)), False, "untrusted"),
    (says(start=-3 * DAY, end=-DAY), False, "untrusted"),
    (lambda *_: ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER).public_bytes(DER), False, 200),
    (lambda *_: ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER).public_bytes(DER), True, "untrusted"),
], ids=["good", "good, demanded", "none", "none, demanded", "revoked", "unknown", "of another", "by another", "forged", "old", "later", "later, demanded"])
def test_stapled_answer_is_heeded(fetch, answer, demands, result):
    root = Authority()
    with stapling(root, answer, demands=demands) as url:
        fetch.job(url, root.pem())
        found = fetch.result()
        assert (found if isinstance(found, str) else found[0]) == result


def answer_name(line, address):
    """One name server's answer: the question again, and an address."""
    question, peer = line.recvfrom(512)
    end = question.index(b"\0", 12) + 5
    kind = question[end - 3]
    records = struct.pack(">HHHIH", 0xc00c, 1, 1, 60, 4) + socket.inet_aton(address) if kind == 1 else b""
    line.sendto(question[:2] + b"\x85\x80\0\1" + struct.pack(">H", 1 if records else 0) + b"\0\0\0\0" + question[12:end] + records, peer)
    return question[12:end - 4]


def test_names_come_from_the_name_server_it_was_given(server):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind(("127.0.0.53", 53))
        line.settimeout(5)
        asked = []
        worker = threading.Thread(target=lambda: [asked.append(answer_name(line, "127.0.0.1")) for _ in range(2)])
        worker.start()
        with Fetch("# of the network's\nsearch example\nnameserver 127.0.0.53\noptions ndots:1\n") as fetch:
            assert fetch.ask(server.url("/hello", host="est.example"), server)[:2] == (200, b"hello")
            worker.join()
            assert asked == [b"\3est\7example\0"] * 2  # both kinds of address


def test_private_half_stays_elsewhere(fetch, server):
    """The client's certificate is shown, and what has to be signed for it is asked of core; without a signature there is no handshake."""
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = new_key()
    certificate = server.root.issue(name_of("unit 7"), key.public_key()).public_bytes(serialization.Encoding.PEM).decode()
    signed = []

    def sign(text):
        signed.append(text)
        return key.sign(text, ec.ECDSA(hashes.SHA256()))

    fetch.job(server.url("/me"), server.root.pem(), certificate=certificate)
    status, body, _ = fetch.result(sign)
    assert (status, body) == (200, b"CN=unit 7")
    assert len(signed) == 1 and signed[0].startswith(b" " * 64 + b"TLS 1.3, client CertificateVerify\0") and len(signed[0]) in (130, 146)
    assert key_pem(key)[30:60] not in certificate.encode()
    fetch.job(server.url("/me"), server.root.pem(), certificate=certificate)
    assert fetch.result() == "tls"  # core does not sign
    fetch.job(server.url("/me"), server.root.pem(), certificate=certificate)
    assert fetch.result(lambda text: new_key().sign(text, ec.ECDSA(hashes.SHA256()))) == "tls"
    assert fetch.ask(server.url("/me"), server)[:2] == (200, b"nobody")


@pytest.mark.parametrize("spoil", [lambda f: f.send(JOB, b"short"), lambda f: f.send(BODY, b"x"), lambda f: f.send(0x799),
                                   lambda f: f.job("https://x/\r\n", "pem"), lambda f: f.job("https://127.0.0.1:1/", "")])
def test_core_that_breaks_the_rules_is_left(spoil):
    with Fetch() as fetch:
        spoil(fetch)
        with pytest.raises(EOFError):
            fetch.receive()
        assert os.waitstatus_to_exitcode(os.waitpid(fetch.pid, 0)[1]) == 70
        fetch.pid = 0


def test_it_ends_when_core_has_gone_or_hands_says_so(server):
    with Fetch() as fetch:
        fetch.core.close()
        assert os.waitstatus_to_exitcode(os.waitpid(fetch.pid, 0)[1]) == 0
        fetch.pid = 0
    with Fetch() as fetch:
        fetch.hands.send(struct.pack(">HHII", 0x505, 0, 0, 0))
        assert os.waitstatus_to_exitcode(os.waitpid(fetch.pid, 0)[1]) == 0
        fetch.pid = 0


def test_it_ends_by_itself_when_idle(server):
    with Fetch() as fetch:
        assert fetch.ask(server.url("/hello"), server)[0] == 200
        began = time.monotonic()
        assert select.select([fetch.core], [], [], 15)[0] and not fetch.core.recv(100)
        assert 9 < time.monotonic() - began < 12
        assert os.waitstatus_to_exitcode(os.waitpid(fetch.pid, 0)[1]) == 0
        fetch.pid = 0
