# SPDX-License-Identifier: Apache-2.0
"""The role that fetches, alone and in its sandbox: started as hands would, spoken to as core would, by what this page knows of the wire."""
import base64
import datetime
import hashlib
import ipaddress
import json
import os
import select
import signal
import socket
import ssl
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
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

import world as worlds
from errand import Errand, block

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "est"))
from server import DAY, DER, PEM, Authority, Server, key_pem, name_of, new_key  # noqa: E402

JOB, BODY, SIGNED, SIGN, HEAD, PIECE, FAILED = 0x701, 0x702, 0x703, 0x711, 0x712, 0x713, 0x714
NAMES = ("none", "url", "unresolved", "unreachable", "timeout", "untrusted", "tls", "too-large", "bad-answer", "redirected",
         "version", "suite", "key", "posture", "internal")
SPKI = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
ALL_SUITES, ALL_GROUPS = 0x1ff, 0xf
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


class Fetch(Errand):
    """One process of thingward-fetch."""

    def __init__(self, resolver=""):
        conf = os.memfd_create("resolv.conf")
        os.write(conf, resolver.encode())
        super().__init__("fetch", conf)
        os.close(conf)

    def job(self, url, anchors, *, body=None, deadline=5, answer_max=256 * 1024, certificate="", kind="", now=None, authorization="",
            tls=2, suites=ALL_SUITES, groups=ALL_GROUPS, keys=b"", posture="", attester=b"", claims="", by_key=False, home=b"", link=""):
        now_ms = int((time.time() if now is None else now) * 1000)
        self.send(JOB, struct.pack(">BBIIQBHBB", 1 if body is None else 2, deadline, answer_max, len(body or b""), now_ms, tls, suites, groups, by_key)
                  + b"".join(block(text.encode()) for text in (url, kind, "*/*", authorization, anchors, certificate))
                  + block(keys) + block(posture.encode()) + block(attester) + block(claims.encode()) + block(home) + block(link.encode()))
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


@contextmanager
def standing(root, *words):
    """OpenSSL's own server, with a certificate of root's and these words."""
    key = new_key()
    own = root.issue(name_of("standing"), key.public_key(), [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))], ExtendedKeyUsageOID.SERVER_AUTH)
    with tempfile.TemporaryDirectory() as folder:
        both = Path(folder) / "own.pem"
        both.write_bytes(key_pem(key) + own.public_bytes(PEM))
        server = subprocess.Popen(["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", str(both), "-www", *words], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            port = next(line.rsplit(":", 1)[1] for line in server.stdout if line.startswith("ACCEPT"))
            yield f"https://127.0.0.1:{int(port)}/", hashlib.sha256(key.public_key().public_bytes(*SPKI)).digest()
        finally:
            server.kill()
            server.wait()


AES_256, CHACHA, AES_128, OLD_ECDSA_128 = 1, 2, 4, 1 << 7
X25519, P_256, P_384 = 1, 2, 4


@pytest.mark.parametrize("words, demand, result", [
    (["-tls1_3"], {"tls": 3}, 200), (["-tls1_2"], {"tls": 2}, 200),
    (["-tls1_2"], {"tls": 3}, "version"),
    (["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], {}, "version"),
    (["-tls1_3", "-ciphersuites", "TLS_AES_256_GCM_SHA384"], {"suites": AES_256}, 200),
    (["-tls1_3", "-ciphersuites", "TLS_AES_128_GCM_SHA256"], {"suites": AES_256 | CHACHA}, "suite"),
    (["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"], {"suites": AES_256 | OLD_ECDSA_128}, 200),
    (["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"], {"suites": 1 << 3}, "suite"),
    (["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"], {}, "suite"),  # without authenticated encryption it is never spoken
    (["-tls1_3", "-groups", "P-384"], {"groups": P_384}, 200),
    (["-tls1_3", "-groups", "P-384"], {"groups": X25519 | P_256}, "suite"),
    (["-tls1_2", "-groups", "P-384"], {"groups": X25519 | P_256}, "suite"),
    ([], {"suites": 0}, "suite"), ([], {"groups": 0}, "suite"),
    (["-tls1_2"], {"tls": 3, "suites": OLD_ECDSA_128}, "suite"),  # nothing is left to speak
])
def test_versions_suites_and_groups_are_demanded(fetch, words, demand, result):
    """@nist LA.EC.4: a server that misses one requirement is refused by that requirement's name; one that meets all is answered."""
    root = Authority()
    with standing(root, *words) as (url, _):
        fetch.job(url, root.pem(), **demand)
        found = fetch.result()
        assert (found if isinstance(found, str) else found[0]) == result


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_keys_are_demanded(fetch, version):
    """@nist LA.EC.4: its own key, or that of an authority above it."""
    root = Authority()
    authority = hashlib.sha256(root.key.public_key().public_bytes(*SPKI)).digest()
    with standing(root, version) as (url, own):
        for keys, result in ((own, 200), (b"\1" * 32 + own, 200), (authority, 200), (b"\1" * 32, "key"), (own[:-1] + bytes([own[-1] ^ 1]), "key")):
            fetch.job(url, root.pem(), keys=keys)
            found = fetch.result()
            assert (found if isinstance(found, str) else found[0]) == result


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Stating(Server):
    """A server that says its state, signed, at /state; wrong: what it says instead of one claim."""

    def __init__(self, **wrong):
        super().__init__()
        self.attester, self.wrong, self.said, self.heard = new_key(), wrong, 0, []
        outer = self

        class Handler(self.http.RequestHandlerClass):
            def do_GET(self):
                outer.heard.append((self.path.split("?")[0], dict(self.headers), self.client_address))
                if not self.path.startswith("/state?nonce="):
                    return super().do_GET()
                outer.said += 1
                if "status" in outer.wrong:
                    return self.answer(outer.wrong["status"])
                self.answer(200, outer.token(self.path.split("=", 1)[1]), "application/eat+jwt")
                self.close_connection = bool(outer.wrong.get("closes"))
                if outer.wrong.get("closes") == "turns":
                    outer.show_certificate_of(outer.root)

            def do_POST(self):
                outer.heard.append((self.path, dict(self.headers), self.client_address))
                super().do_POST()

        self.http.RequestHandlerClass = Handler

    def show_certificate_of(self, authority):
        super().show_certificate_of(authority)
        with socket.create_server((self.host, 0)) as listening:
            line = threading.Thread(target=lambda: self.context.wrap_socket(listening.accept()[0], server_side=True).close(), daemon=True)
            line.start()
            own = ssl.get_server_certificate(listening.getsockname())
        self.der = ssl.PEM_cert_to_DER_cert(own)

    def token(self, nonce):
        claims = {"eat_nonce": nonce, "cnf": {"x5t#S256": b64(hashlib.sha256(self.der).digest())}, "oemboot": True, "swversion": "4.2",
                  "iat": int(time.time())} | {k: v for k, v in self.wrong.items() if k not in ("status", "closes", "by")}
        text = b64(b'{"alg":"ES256"}') + "." + b64(json.dumps(claims).encode())
        r, s = utils.decode_dss_signature(self.wrong.get("by", self.attester).sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        return (text + "." + b64(r.to_bytes(32, "big") + s.to_bytes(32, "big"))).encode()

    def demand(self, claims="oemboot=true swversion=4.2"):
        point = self.attester.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
        return {"posture": "/state", "attester": point, "claims": claims}


@pytest.mark.parametrize("wrong, result", [
    ({}, 200), ({"closes": "yes"}, 200), ({"closes": "turns"}, "posture"), ({"oemboot": False}, "posture"), ({"swversion": "4.1"}, "posture"),
    ({"eat_nonce": "x"}, "posture"), ({"cnf": {"x5t#S256": b64(b"\1" * 32)}}, "posture"), ({"exp": 1}, "posture"), ({"by": new_key()}, "posture"),
    ({"status": 404}, "posture"), ({"status": 302}, "posture"),
], ids=["met", "closes", "another server after it", "not booted so", "older", "another question", "another server", "over", "by another", "silent", "elsewhere"])
def test_state_is_demanded(fetch, wrong, result):
    """@nist LA.EC.4: nothing of the job is said before the other side has said what state it is in, signed for this question and this server."""
    with Stating(**wrong) as server:
        fetch.job(server.url("/echo"), server.root.pem(), body=b"secret", kind="text/plain", authorization="Basic eDp5", **server.demand())
        found = fetch.result()
        assert (found if isinstance(found, str) else found[0]) == result
        assert server.said == 1 and "Authorization" not in server.heard[0][1]
        assert [path for path, *_ in server.heard[1:]] == (["/echo"] if result == 200 else [])
        if wrong == {}:
            assert server.heard[1][1]["Authorization"] == "Basic eDp5" and server.heard[0][2] == server.heard[1][2], "the same connection"


def test_an_address_has_one_spelling(fetch, server):
    for place in ("127.1", "%31%32%37.0.0.1", "0x7f.0.0.1", "2130706433"):
        assert fetch.ask(f"https://{place}:{server.port}/hello", server) == "url"
    assert fetch.ask(f"https://127.0.0.1:0{server.port}/hello", server) == "url"


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
