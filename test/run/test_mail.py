# SPDX-License-Identifier: Apache-2.0
"""What the manufacturer's server sends: mail by real SMTP servers and webhooks, the role that sends them, and what it refuses."""
import base64
import email
import email.policy
import hashlib
import hmac
import http.server
import ipaddress
import json
import os
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import world as worlds
from harness import wait_for
from peers import DAY, Authority, name_of
from test_support import IDS, ROOT_ONLY, Service

TOOL = worlds.BUILD / "src/tool/thingward"
MAIL = worlds.BUILD / "src/support/thingward-mail"
HOUR = 3600 * 1000
SECRET = b"0123456789abcdef01234567"
PASSWORD = "geese, 12 quiet ones"
HERE = ("waiting", "sending", "failed")


def server_context(authority, folder, name):
    key = ec.generate_private_key(ec.SECP256R1())
    now = authority.certificate.not_valid_before + 30 * DAY
    names = [x509.DNSName(name)] + ([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))] if name == "localhost" else [])
    certificate = (x509.CertificateBuilder().subject_name(name_of(name)).issuer_name(authority.name).public_key(key.public_key())
                   .serial_number(x509.random_serial_number()).not_valid_before(now - DAY).not_valid_after(now + 30 * DAY)
                   .add_extension(x509.SubjectAlternativeName(names), False).sign(authority.key, hashes.SHA256()))
    file = folder / f"{name}.pem"
    file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
                     + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


class Box:
    """What a mail server was given, and what it is to say: `says` has an answer for each next message, else it takes it."""

    def __init__(self):
        self.mails, self.says, self.rcpt_says, self.users = [], [], [], []

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.rcpt_says:
            return self.rcpt_says.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return self.says.pop(0) if self.says else "250 taken"

    def authenticate(self, server, session, envelope, mechanism, data):
        self.users.append((data.login.decode(), data.password.decode()))
        return AuthResult(success=self.users[-1] == ("desk", PASSWORD), handled=False)

    def read(self, index=-1):
        return email.message_from_bytes(self.mails[index][2], policy=email.policy.default)


class Server(Controller):
    """implicit: TLS from the first byte; offered: STARTTLS, which it insists on; neither: plain."""

    def __init__(self, box, implicit=None, offered=None):
        self.offered, tls = offered, implicit or offered
        more = {"authenticator": box.authenticate, "auth_required": True, "auth_require_tls": not implicit} if tls else {}
        super().__init__(box, hostname="127.0.0.1", port=0, ssl_context=implicit, server_hostname="mx.test", tls_context=offered,
                         require_starttls=bool(offered), **more)

    def _trigger_server(self):  # the port is the kernel's choice, which the original does not know
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


class Vanishing:
    """Takes a message's beginning and is gone; `hold`: stays silent instead, until it is told."""

    def __init__(self, hold=False):
        self.line, self.hold, self.began, self.let_go = socket.create_server(("127.0.0.1", 0)), hold, threading.Event(), threading.Event()
        self.port = self.line.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                c, _ = self.line.accept()
            except OSError:
                return
            with c, c.makefile("rwb", buffering=0) as f:
                f.write(b"220 mx.test\r\n")
                for want, answer in ((b"EHLO", b"250 mx.test"), (b"MAIL", b"250 ok"), (b"RCPT", b"250 ok"), (b"DATA", b"354 go")):
                    assert f.readline().startswith(want)
                    f.write(answer + b"\r\n")
                f.readline()
                self.began.set()
                if self.hold:
                    self.let_go.wait(20)

    def stop(self):
        self.let_go.set()
        self.line.close()


class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.path, self.headers, body))
        self.send_response(302 if self.path == "/elsewhere" else 204)
        self.send_header("Location", "/hook")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Names:
    """A name server whose answers change: to each question about an address the next list of them, the last for ever. Where port 53 is taken, there is none."""
    ADDRESS = "127.77.0.53"

    def __init__(self, answers):
        self.answers, self.asked = answers, []
        self.line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.line.bind((self.ADDRESS, 53))
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                q, peer = self.line.recvfrom(1500)
            except OSError:
                return
            name, at = [], 12
            while q[at]:
                name.append(q[at + 1:at + 1 + q[at]].decode())
                at += 1 + q[at]
            kind, end, name = int.from_bytes(q[at + 1:at + 3]), at + 5, ".".join(name)
            left = self.answers.get(name, [[]])
            if kind == 1:
                self.asked.append(name)
            found = left.pop(0) if kind == 1 and len(left) > 1 else left[0]
            found = [ipaddress.ip_address(one).packed for one in found]
            records = [b"\xc0\x0c" + kind.to_bytes(2, "big") + b"\0\1\0\0\0\0" + len(a).to_bytes(2, "big") + a for a in found if len(a) == {1: 4, 28: 16}.get(kind)]
            self.line.sendto(q[:2] + b"\x81\x80\0\1" + len(records).to_bytes(2, "big") + b"\0\0\0\0" + q[12:end] + b"".join(records), peer)


class Ear:
    """Listens where nobody is to connect to."""

    def __init__(self, port):
        self.heard, self.lines = [], []
        for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            line = socket.socket(family)
            line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            line.bind((address, port))
            line.listen()
            port = line.getsockname()[1]
            self.lines.append(line)
            threading.Thread(target=self.run, args=(line,), daemon=True).start()
        self.port = port

    def run(self, line):
        while True:
            try:
                c, peer = line.accept()
            except OSError:
                return
            self.heard.append(peer)
            c.close()

    def stop(self):
        for line in self.lines:
            line.shutdown(socket.SHUT_RDWR)
            line.close()


PUBLIC = "11.11.11.11"  # of a network that is routed nowhere; it has to count as public
# name -> what it leads to, question by question
REBOUND = {
    "rebound.example": [[PUBLIC], ["127.0.0.1"]], "rebound6.example": [[PUBLIC], ["::1"]], "both.example": [[PUBLIC, "127.0.0.1", "::1"]], "first.example": [["127.0.0.1", PUBLIC]],
    "loop.example": [["127.0.0.1"]], "loop2.example": [["127.99.0.1"]], "loop6.example": [["::1"]], "mapped.example": [["::ffff:127.0.0.1"]], "nat64.example": [["64:ff9b::7f00:1"]], "link.example": [["169.254.169.254"]],
    "link6.example": [["fe80::1"]], "any.example": [["0.0.0.0"]], "any6.example": [["::"]], "private.example": [["10.0.0.1"]], "unique.example": [["fd00:ec2::254"]], "shared.example": [["100.100.100.200"]],
}
MESSAGES = [
    # key, kind, to, subject, text, unsubscribe
    ("plain", 0, "ann@lamps.example", "Grüße, “Ann” — your report has arrived and is being looked at by us",
     "Hello Ann,\n\n.a dot\nFrom us = to you\nÜber \n" + "long " * 40 + "\n", "https://desk.lamps.example/u/1?t=x"),
    ("later", 0, "bob@lamps.example", "Second", "Text\n", ""),
    ("never", 0, "nobody@lamps.example", "Third", "Text\n", ""),
    ("stripped", 0, "eve@lamps.example", "Fourth", "Text\n", ""),
    ("name", 0, "eve@lamps.example", "Fifth", "Text\n", ""),
    ("gone", 0, "eve@lamps.example", "Sixth", "Text\n", ""),
    ("killed", 0, "eve@lamps.example", "Seventh", "Text\n", ""),
    ("app", 0, "eve@lamps.example", "Eighth", "Text\n", ""),
    ("hook", 1, "https://localhost:PORT/hook", "advisory.published", '{"id":"A-1","title":"Ü"}', ""),
    ("number", 1, "https://127.0.0.1:PORT/hook", "advisory.published", '{"id":"A-2"}', ""),
    ("moved", 1, "https://localhost:PORT/elsewhere", "advisory.published", '{"id":"A-3"}', ""),
    ("login", 0, "eve@lamps.example", "Ninth", "Text\n", ""),
    *((name, 1, f"https://{name}:EAR/hook", "advisory.published", '{"id":"A-4"}', "") for name in REBOUND),
    *((f"again-{name}", 1, f"https://{name}:EAR/hook", "advisory.published", '{"id":"A-5"}', "") for name in REBOUND if name.startswith("rebound")),
]
NUMBERS = {m[0]: i + 1 for i, m in enumerate(MESSAGES)}


class Desk(Service):
    def __init__(self, folder):
        super().__init__(folder)
        (self.programs / MAIL.name).symlink_to(MAIL)
        if os.geteuid() == 0:
            with open(self.dir / "roles.tab", "a") as f:
                f.write("mail 64505 64505\n")
        self.authority = Authority()
        (folder / "d").symlink_to(self.dir / "desk.sock")  # its own name may be too long for a socket's address
        (self.dir / "mail-trust.pem").write_text(self.authority.pem())
        (self.dir / "mail-password").write_text(PASSWORD + "\n")
        (self.dir / "mail-password").chmod(0o600)

    def fill(self, port):
        """As whatever has something to say adds it; due in an hour, so that each test asks for its own."""
        now = int(time.time() * 1000)
        blob = "'\\x{}'" if self.schema else "x'{}'"
        for key, kind, to, subject, text, unsubscribe in MESSAGES:
            words = ", ".join("'" + w.replace("'", "''") + "'" for w in (to.replace("PORT", str(port)).replace("EAR", str(self.ear.port)), subject, text, unsubscribe))
            self.sql("INSERT INTO outbox (key, kind, state, recipient, subject, text, unsubscribe, secret, added_ms, next_ms, since_ms, tries, reason, class) "
                     f"VALUES ('{key}', {kind}, 'waiting', {words}, {blob.format(SECRET.hex() if kind else '')}, {now}, {now + HOUR}, 0, 0, '', 0)")

    def run(self, *words):
        return subprocess.run([TOOL, "--json", "desk", "outbox", *words, "--local", "desk.sock"], cwd=self.dir, capture_output=True, text=True,
                              timeout=20)

    def local(self, method, path):
        """Over desk.sock: a start of the tool for each look would be most of the time these tests take."""
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(10)
            line.connect(str(self.folder / "d"))
            line.sendall(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            raw = b""
            while piece := line.recv(65536):
                raw += piece
        return int(raw[9:12] or 0), raw.partition(b"\r\n\r\n")[2].decode()

    def status(self):
        code, body = self.local("GET", "/api/v1/outbox")
        if code != 200:
            raise ConnectionError(body)
        return json.loads(body)

    def again(self, key):
        return self.local("POST", f"/api/v1/outbox-tries/{NUMBERS[key]}")[0]

    def drop(self, key):
        return self.local("DELETE", f"/api/v1/outbox/{NUMBERS[key]}")[0]

    def message(self, key):
        return next((m for m in self.status()["messages"] if m["key"] == key), {"state": "over", "tries": 0})

    def configure(self, **config):
        (self.dir / "mail.json").write_text(json.dumps(config))

    def by(self, server, tls, **more):
        self.configure(server="localhost", port=server.port, tls=tls, **{"from": "psirt@lamps.example", "name": "Lämpchen, \"PSIRT\"", **more})

    def send(self, key):
        """Asks for a try, and waits for what comes of it."""
        before = self.message(key)
        assert self.again(key) == 204
        wait_for(lambda: (m := self.message(key))["state"] in ("failed", "over") or (m["state"] == "waiting" and m["tries"] == 1), 10)
        assert before["state"] in HERE
        return self.message(key)


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mail")
    s = Desk(folder)
    s.start()
    assert s.stop() == 0
    s.hooks = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    s.hooks.seen = []
    s.good, s.bad = (server_context(s.authority, folder, name) for name in ("localhost", "other.example"))
    s.hooks.socket = s.good.wrap_socket(s.hooks.socket, server_side=True)
    threading.Thread(target=s.hooks.serve_forever, daemon=True).start()
    s.ear = Ear(0)
    s.fill(s.hooks.server_port)
    yield s.start()
    s.stop()
    s.ear.stop()
    s.hooks.shutdown()
    s.hooks.server_close()


@pytest.fixture
def serve(desk):
    running = []

    def start(box, **how):
        running.append(Server(box, **how))
        running[-1].start()
        return running[-1]

    yield start
    for s in running:
        s.stop()


@pytest.fixture
def password(desk):
    (desk.dir / "mail-password").write_text(PASSWORD + "\n")


def test_without_a_server_it_says_so_and_waits(desk):
    wait_for(lambda: desk.status()["mail"] == "not provided: no mail server named", 5)
    assert desk.run("again", "1").returncode == 0
    wait_for(lambda: desk.message("plain")["state"] == "waiting", 5)
    assert desk.message("plain")["tries"] == 0
    os.kill(desk.roles()["mail"], signal.SIGKILL)  # a file that is new counts from its next start
    wait_for(lambda: "mail" not in desk.roles(), 5)
    desk.configure(server="mail.lamps.example", port=25, tls="none", **{"from": "a@b.example"})
    assert desk.again("plain") == 204
    wait_for(lambda: "tls may be none only" in desk.status()["mail"], 5)
    assert desk.status()["waiting"] == len(MESSAGES) and desk.message("plain")["tries"] == 0


def test_mail_by_implicit_tls_is_what_another_reader_reads(desk, serve, password):
    box = Box()
    desk.by(serve(box, implicit=desk.good), "implicit", user="desk")
    assert desk.send("plain")["state"] == "over"
    assert box.users == [("desk", PASSWORD)] and len(box.mails) == 1
    sender, recipients, raw = box.mails[0]
    want = MESSAGES[0]
    assert (sender, recipients) == ("psirt@lamps.example", [want[2]])
    mail = box.read()
    assert not mail.defects and not [h for h in mail.values() if getattr(h, "defects", None)]
    assert mail["Subject"] == want[3] and mail["To"].addresses[0].addr_spec == want[2]
    assert (mail["From"].addresses[0].display_name, mail["From"].addresses[0].addr_spec) == ('Lämpchen, "PSIRT"', sender)
    assert mail.get_content().replace("\r\n", "\n") == want[4] and mail.get_content_type() == "text/plain"
    assert mail["List-Unsubscribe"] == f"<{want[5]}>" and mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["Auto-Submitted"] == "auto-generated" and mail["Message-ID"].endswith("@lamps.example>")
    assert abs(mail["Date"].datetime.timestamp() - time.time()) < 60
    assert sorted(mail.keys()) == sorted(["Date", "From", "To", "Subject", "Message-ID", "Auto-Submitted", "List-Unsubscribe",
                                          "List-Unsubscribe-Post", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"])
    assert all(len(line) <= 76 for line in raw.split(b"\r\n") if not line.startswith(b"List-Unsubscribe"))
    assert desk.status()["mail"] == "provided" and desk.status()["sent"] == 1
    assert desk.again("plain") == 404  # what was sent is not sent again


def test_not_now_and_then_taken_is_the_same_message(desk, serve, password):
    box = Box()
    box.says = ["451 4.3.0 disk is full"]
    desk.by(serve(box, offered=desk.good), "starttls", user="desk")
    m = desk.send("later")
    assert m["state"] == "waiting" and "451 4.3.0 disk is full" in m["reason"]
    assert 30 < (time.mktime(time.strptime(m["next"][:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone) - time.time() < 90
    assert desk.status()["mail"] == "provided"  # that was this message alone
    assert desk.send("later")["state"] == "over"
    assert box.read(0)["Message-ID"] == box.read(1)["Message-ID"] and len(box.mails) == 2


def test_never_is_given_up_and_an_alarm(desk, serve, password):
    box = Box()
    box.rcpt_says = ["550 5.1.1 no such user"]
    desk.by(serve(box, offered=desk.good), "starttls", user="desk")
    m = desk.send("never")
    assert m["state"] == "failed" and "550 5.1.1 no such user" in m["reason"] and box.mails == []
    wait_for(lambda: any(b"outbox.failed" in f.read_bytes() for f in (desk.dir / "log").glob("*.twlog")), 5)
    assert desk.drop("never") == 204
    assert desk.message("never")["state"] == "over" and desk.drop("never") == 404


def test_a_wrong_login_holds_all_mail_and_gives_none_up(desk, serve, password):
    (desk.dir / "mail-password").write_text("wrong")
    box = Box()
    desk.by(serve(box, offered=desk.good), "starttls", user="desk")
    m = desk.send("login")
    assert m["state"] == "waiting" and "535" in desk.status()["mail"] and box.mails == []
    assert PASSWORD not in desk.log() and "wrong" not in json.dumps(desk.status())


def test_nothing_goes_out_in_the_clear(desk, serve, password):
    box = Box()
    desk.by(serve(box), "starttls", user="desk")  # somebody has taken the offer of STARTTLS away
    assert desk.send("stripped")["state"] == "waiting" and "STARTTLS" in desk.message("stripped")["reason"]
    assert box.mails == [] and box.users == []


def test_a_certificate_of_another_name_is_refused(desk, serve, password):
    for how, tls in (({"implicit": desk.bad}, "implicit"), ({"offered": desk.bad}, "starttls")):
        box = Box()
        desk.by(serve(box, **how), tls, user="desk")
        m = desk.send("name")
        assert m["state"] == "waiting" and "other.example" not in m["to"] and "certificate" in m["reason"].lower(), m
        assert box.mails == [] and box.users == []


def test_a_server_that_goes_in_the_middle(desk):
    server = Vanishing()
    desk.by(server, "none")
    m = desk.send("gone")
    server.stop()
    assert m["state"] == "waiting" and m["reason"]


@pytest.mark.parametrize("role", ["mail", "app"])
def test_a_kill_while_it_is_sent(desk, serve, role):
    server, key = Vanishing(hold=True), {"mail": "killed"}.get(role, role)
    desk.by(server, "none")
    assert desk.again(key) == 204
    assert server.began.wait(10)
    assert desk.message(key)["state"] == "sending" and desk.drop(key) == 409
    os.kill(desk.roles()[role], signal.SIGKILL)
    wait_for(lambda: desk.message(key)["state"] == "waiting", 10)
    server.stop()
    assert "may have gone out already" in desk.message(key)["reason"] and desk.message(key)["tries"] == 1
    box = Box()
    desk.by(serve(box), "none")
    assert desk.send(key)["state"] == "over" and len(box.mails) == 1


def test_a_webhook_to_a_private_address_is_refused(desk):
    desk.configure()
    for key, state in (("hook", "waiting"), ("number", "failed")):  # what a name leads to may be another address tomorrow
        m = desk.send(key)
        assert m["state"] == state and "private" in m["reason"], m
    assert desk.hooks.seen == []


@ROOT_ONLY
def test_a_name_that_leads_to_this_machine_is_connected_to_by_nobody(desk, tmp_path):
    """Whatever it led to when it was asked for, and whatever else it leads to besides: each address is judged where it is connected to."""
    try:
        names = Names({name: [list(one) for one in answers] for name, answers in REBOUND.items()})
    except OSError as e:
        pytest.skip(f"no name server can be played here: {e}")
    (tmp_path / "resolv.conf").write_text(f"nameserver {Names.ADDRESS}\n")
    plain = desk.command
    desk.command = lambda *more: ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"', tmp_path / "resolv.conf", *plain(*more)]
    try:
        assert desk.stop() == 0
        desk.configure()
        desk.start()
        said = {key: desk.send(key) for key in [*REBOUND, *(f"again-{name}" for name in REBOUND if name.startswith("rebound"))]}
    finally:
        desk.stop()
        desk.command = plain
        desk.start()
        names.line.close()
    assert set(REBOUND) <= set(names.asked) and desk.ear.heard == []
    assert all(m["state"] == "waiting" and m["reason"] for m in said.values()), said
    assert {key for key, m in said.items() if "private" not in m["reason"]} <= {"rebound.example", "rebound6.example", "both.example", "first.example"}, said


def test_a_webhook_is_signed_and_goes_where_it_was_sent(desk):
    desk.configure(webhook_networks=["127.0.0.0/8"])
    assert desk.send("hook")["state"] == "over"
    (path, headers, body), = desk.hooks.seen
    assert path == "/hook" and body.decode() == MESSAGES[NUMBERS["hook"] - 1][4] and headers["Content-Type"] == "application/json"
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    assert headers["webhook-signature"] == "v1," + base64.b64encode(hmac.new(SECRET, signed, hashlib.sha256).digest()).decode()
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
    m = desk.send("moved")
    assert m["state"] == "waiting" and "302" in m["reason"] and len(desk.hooks.seen) == 2


@ROOT_ONLY
def test_the_role_holds_nothing_but_what_it_was_given(desk):
    desk.configure()
    assert desk.again("gone") == 204
    wait_for(lambda: "mail" in desk.roles(), 5)
    pid = desk.roles()["mail"]
    fields = dict(line.split(":\t", 1) for line in open(f"/proc/{pid}/status").read().splitlines() if ":\t" in line)
    assert fields["Uid"].split() == ["64505"] * 4 and fields["CapEff"] == "0" * 16 and fields["Seccomp"] == "2" and fields["NoNewPrivs"] == "1"


def test_a_password_that_others_can_read_starts_nothing(desk):
    assert desk.stop() == 0
    (desk.dir / "mail-password").chmod(0o644)
    p = subprocess.run(desk.command("-n"), capture_output=True, text=True, timeout=20)
    assert p.returncode == 1 and "mail-password" in p.stderr
    (desk.dir / "mail-password").chmod(0o600)
    assert subprocess.run(desk.command("-n"), timeout=20).returncode == 0
    desk.start()
