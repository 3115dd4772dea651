# SPDX-License-Identifier: Apache-2.0
"""`thingward assess outside`: a device that does not run Thingward, seen from its network. One stands well and one does not, in Python's own servers."""
import base64
import contextlib
import http.server
import json
import socket
import socketserver
import ssl
import struct
import subprocess
import threading

import jsonschema
import pytest
from pathlib import Path

import world as worlds

SERIAL = "4F2A-0017"
GOOD, BAD = "127.0.0.77", "127.0.0.78"
SCHEMA = json.loads((Path(__file__).resolve().parents[2] / "doc/spec/evidence.schema.json").read_text(encoding="utf-8"))


class Quiet(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads, allow_reuse_address = True, True

    def handle_error(self, request, client_address):
        pass  # an assessor hangs up in the middle, and is meant to


def page(user, password, says=b""):
    """Asks for a name and a password; what it says with it is in the head."""
    good = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    class Page(http.server.BaseHTTPRequestHandler):
        server_version, sys_version = "device", ""

        def do_GET(self):
            self.send_response(200 if self.headers.get("Authorization") == good else 401)
            self.send_header("WWW-Authenticate", 'Basic realm="' + says.decode() + '"')
            self.end_headers()

        def log_message(self, *words):
            pass

    return Page


class Telnet(socketserver.BaseRequestHandler):
    """As of a box whose maker forgot: an option first, then a name, a password, and a shell for root/vizxv."""

    def handle(self):
        lines = self.request.makefile("rb")
        self.request.sendall(b"\xff\xfd\x01box login: ")
        user = lines.readline().strip().split(b"\x01")[-1]
        self.request.sendall(b"Password: ")
        right = (user, lines.readline().strip()) == (b"root", b"vizxv")
        self.request.sendall(b"BusyBox v1.20\r\n# " if right else b"Login incorrect\r\nbox login: ")


class Shell(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(b"\r\n~ # ")
        self.request.recv(100)


def certificate(folder, *words):
    subprocess.run(["openssl", "req", "-x509", "-nodes", "-keyout", folder / "key", "-out", folder / "crt", "-days", "30", *words],
                   check=True, capture_output=True)


def tls(folder, oldest=ssl.TLSVersion.TLSv1_2, ciphers=None, asks=False):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if asks:  # for a certificate, and hangs up without one
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(folder / "crt")
    if ciphers:
        context.set_ciphers(ciphers)
    context.minimum_version = oldest
    context.load_cert_chain(folder / "crt", folder / "key")
    return context


@contextlib.contextmanager
def server(address, port, handler, context=None):
    with Quiet((address, port), handler) as s:
        if context:
            s.socket = context.wrap_socket(s.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=s.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield
        finally:
            s.shutdown()


def name(text):
    return b"".join(bytes([len(w)]) + w.encode() for w in text.split(".")) + b"\0"


def record(owner, kind, value):
    return name(owner) + struct.pack(">HHIH", kind, 1, 9, len(value)) + value


def mdns(question):
    asked = question[12:].split(b"\0")[0] + b"\0"
    answers = {name("_services._dns-sd._udp.local"): [record("_services._dns-sd._udp.local", 12, name("_http._tcp.local"))],
               name("_http._tcp.local"): [record("_http._tcp.local", 12, name("Camera._http._tcp.local"))],
               name("Camera._http._tcp.local"): [record("Camera._http._tcp.local", 16, bytes([len(SERIAL) + 3]) + b"sn=" + SERIAL.encode())]}
    found = answers.get(asked, [])
    return question[:2] + struct.pack(">HHHHH", 0x8400, 0, len(found), 0, 0) + b"".join(found)


def ssdp(question):
    return b"HTTP/1.1 200 OK\r\nST: upnp:rootdevice\r\nUSN: uuid:" + SERIAL.lower().encode() + b"\r\n\r\n"


@contextlib.contextmanager
def datagrams(address, port, answer):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((address, port))

        def run():
            with contextlib.suppress(OSError):
                while True:
                    question, who = s.recvfrom(2000)
                    s.sendto(answer(question), who)

        threading.Thread(target=run, daemon=True).start()
        yield


def assess(tmp_path, address, *words, ok=(0,)):
    out = tmp_path / "evidence.json"
    answer = subprocess.run([worlds.program("thingward"), "assess", "outside", address, "--owner", tmp_path / "owner", "--out", out, "--json", *words],
                            capture_output=True, text=True, timeout=60)
    assert answer.returncode in ok, answer.stderr
    if answer.returncode:
        return answer.stderr
    return {r["element"]: r["results"][0] for r in json.loads(answer.stdout)}


PORTS = "20-30,8080-8450"


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """Two devices beside each other."""
    good, bad = tmp_path_factory.mktemp("good"), tmp_path_factory.mktemp("bad")
    certificate(good, "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-subj", "/CN=device")
    certificate(bad, "-newkey", "rsa:1024", "-sha1", "-subj", f"/CN=camera {SERIAL}")
    with contextlib.ExitStack() as stack:
        stack.enter_context(server(GOOD, 8443, page("jane", "nine quiet herons"), tls(good)))
        stack.enter_context(server(BAD, 8443, page("jane", "x"), tls(bad, ssl.TLSVersion.TLSv1, "ALL:@SECLEVEL=0")))
        stack.enter_context(server(BAD, 8444, page("jane", "x"), tls(bad, ssl.TLSVersion.TLSv1, "ALL:@SECLEVEL=0", asks=True)))
        stack.enter_context(server(BAD, 8080, page("admin", "1234", SERIAL.encode())))
        stack.enter_context(server(BAD, 23, Telnet))
        stack.enter_context(server(BAD, 24, Shell))
        stack.enter_context(datagrams(BAD, 5353, mdns))
        stack.enter_context(datagrams(BAD, 1900, ssdp))
        yield


def test_a_good_device_passes(shelf, tmp_path):
    seen = assess(tmp_path, GOOD, "--ports", PORTS, "--declared", "8443", "--own", SERIAL)
    assert {e: r["verdict"] for e, r in seen.items()} == dict.fromkeys(("DI.ABI.1.1", "DP.CCS.1", "DP.ST.1.1", "DP.ST.2", "LA.AS.1"), "pass") | {"LA.IC.3": "inconclusive"}, seen
    assert "only declared ones take a connection: 8443" in seen["LA.IC.3"]["reason"], "a part was asked"
    assert all(r["source"] == "observed outside" for r in seen.values())


def test_a_bad_device_fails_in_everything(shelf, tmp_path):
    seen = assess(tmp_path, BAD, "--ports", PORTS, "--declared", "8443,8444", "--own", SERIAL)
    reason = {e: r["reason"] for e, r in seen.items()}
    assert {r["verdict"] for r in seen.values()} == {"fail"}, seen
    for part in ("port 8080", "the certificate of port 8443", "mDNS or SSDP"):
        assert part in reason["DI.ABI.1.1"]
    assert "80 bits" in reason["DP.CCS.1"] and reason["DP.ST.1.1"].count("TLS 1.0 TLS 1.1") == 2, "also where a certificate is asked for"
    assert "23 (Telnet)" in reason["DP.ST.2"] and "8080 (HTTP)" in reason["DP.ST.2"]
    assert "port 23 (as root)" in reason["LA.AS.1"] and "port 24 (nothing is asked)" in reason["LA.AS.1"] and "port 8080 (as admin)" in reason["LA.AS.1"]
    assert "23, 24, 8080." in reason["LA.IC.3"]
    evidence = json.loads((tmp_path / "evidence.json").read_text())
    verify = [worlds.program("thingward"), "evidence", "verify", tmp_path / "evidence.json", "--transcript", tmp_path / "evidence.json.transcript"]
    assert subprocess.run(verify, capture_output=True, timeout=60).returncode == 0
    lines = (tmp_path / "evidence.json.transcript").read_bytes()
    assert b"vizxv" not in lines and b"BusyBox" not in lines.split(b"outside-logins")[0].split(b'"logins"')[0], "passwords are not kept"
    (tmp_path / "evidence.json.transcript").write_bytes(lines.replace(b"box login", b"box Login"))
    assert subprocess.run(verify, capture_output=True, timeout=60).returncode == 1
    html = tmp_path / "report.html"
    subprocess.run([worlds.program("thingward"), "report", tmp_path / "evidence.json", "--html", html], check=True, capture_output=True, timeout=60)
    assert BAD in html.read_text() and evidence


def test_what_was_not_tried_is_not_good(shelf, tmp_path):
    seen = assess(tmp_path, GOOD, "--ports", PORTS, "--not-intrusive")
    assert [seen[e]["verdict"] for e in ("LA.AS.1", "LA.IC.3", "DI.ABI.1.1")] == ["inconclusive"] * 3, seen
    assert "numeric address" in assess(tmp_path, "device.example", ok=(2,))
    assert "no list of ports" in assess(tmp_path, GOOD, "--ports", "http", ok=(2,))
