# SPDX-License-Identifier: Apache-2.0
"""The privilege matrix over the real daemon: every operation, by everybody, before and after it has an owner, over TLS and over the
local socket. What is refused must be refused by the gate, in words that say nothing about the unit, and must change nothing."""
import datetime
import json
import os
import pathlib
import re
import socket
import sqlite3
import ssl
import sys
import tempfile

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "test"), str(ROOT / "test/run")]
import oracle  # noqa: E402
import peers  # noqa: E402
import world  # noqa: E402

pytestmark = pytest.mark.skipif(world.missing() is not None, reason=str(world.missing()))
AS_ROOT = os.geteuid() == 0
STRANGER, APPLICATION = 58799, world.ROLES["application"]


def operations():
    """(name, method, path, has input) of all that have a path, from the rows the device was built from."""
    rows = json.loads((world.BUILD / "src/formats/device.json").read_text())
    return [(o["name"], o["method"], o["path"], bool(o["input"])) for c in rows["capabilities"] for o in c["operations"] if o["path"]]


MADE_UP = {"{key}": "identification.remote-read", "{first}": "1", "{id}": "0" * 32}


def fill(path):
    return re.sub(r"\{[a-z_]+\}", lambda m: MADE_UP.get(m[0], "nobody"), path)


def request_bytes(method, path, has_input, fields):
    body = b'{"no such key":1}' if has_input else b""  # passes the gate and goes no further
    head = [f"{method} {fill(path)} HTTP/1.1", "Host: 127.0.0.1", "Connection: close", *fields]
    if has_input:
        head += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def exchange(line, sent):
    line.sendall(sent)
    received = b""
    while piece := line.recv(65536):
        received += piece
        if b"text/event-stream" in received:  # it would never end
            break
    top, _, body = received.partition(b"\r\n\r\n")
    return int(top.split()[1]), json.loads(body) if b"json" in top else {}


def over_tls(unit, sent, certificate=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if certificate:
        context.load_cert_chain(*certificate)
    with socket.create_connection(("127.0.0.1", unit.port), timeout=5) as plain, context.wrap_socket(plain) as line:
        return exchange(line, sent)


def over_socket(unit, sent, uid):
    """From a process of that user: the kernel tells the device who calls."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if uid != os.getuid():
                os.setgroups([])
                os.setresgid(uid, uid, uid)
                os.setresuid(uid, uid, uid)
            with socket.socket(socket.AF_UNIX) as line:
                line.settimeout(5)
                line.connect(str(unit.run / "admin.sock"))
                with os.fdopen(theirs, "wb") as out:
                    out.write(json.dumps(exchange(line, sent)).encode())
        finally:
            os._exit(0)
    os.close(theirs)
    with os.fdopen(ours, "rb") as said:  # before the wait: a pipe holds 64 KiB
        answer = said.read()
    os.waitpid(child, 0)
    assert answer, "no answer over the local socket"
    return tuple(json.loads(answer))


def strange_certificate(folder):
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "stranger")])
    now = datetime.datetime(2026, 1, 1)
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7).not_valid_before(now)
            .not_valid_after(now.replace(year=2046)).sign(key, hashes.SHA256()))
    crt, pem = folder / "stranger.crt", folder / "stranger.key"
    crt.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pem.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return crt, pem


class Unit:
    """One running device in one state, and everybody who may come to it."""

    def __init__(self, a_world, state):
        self.state = state
        self.unit = a_world.device(f"MATRIX-{state}").start()
        self.strange = strange_certificate(self.unit.folder)
        if state == "owned":
            self.unit.take_over()
            self.owner = (self.unit.owner / "owner.crt", self.unit.owner / "owner.key")
            self.peer = self.admitted(peers.LAMP + "matrix")

    def admitted(self, identifier):
        """A device that the owner's rules let do all that a device can be let do."""
        peer, client, rows = peers.Peer(self.unit, identifier), peers.as_owner(self.unit), oracle.rows()
        assert client.ask("POST", "/api/v1/peers", {"identifier": identifier, "key": peer.print}).status == 201
        for i, name in enumerate(name for name, (_, who) in rows.items() if "peer" in who and "anyone" not in who):
            peers.rule(self.unit, f"rule-{i}", identifier, name)
        return peer

    def token(self):
        code = self.unit.json("session", "code")["code"]
        status, _, body = self.unit.https("POST", "/api/v1/sessions", {"code": code})
        assert status == 201, body
        return json.loads(body)["token"]

    def token_of(self, certificate):
        """Of a session that is opened on a connection with that certificate."""
        body = json.dumps({"code": self.unit.json("session", "code")["code"]})
        head = f"POST /api/v1/sessions HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        status, answer = over_tls(self.unit, f"{head}\r\n\r\n{body}".encode(), certificate)
        assert status == 201, answer
        return answer["token"]

    def token_here(self, user):
        """Of a session that a process of this user opens at the local socket."""
        body = json.dumps({"code": self.unit.json("session", "code")["code"]})
        head = f"POST /api/v1/sessions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        status, answer = over_socket(self.unit, f"{head}\r\n\r\n{body}".encode(), user)
        assert status == 201, answer
        return answer["token"]

    def ask(self, who, method, path, has_input):
        fields = []
        if who == "session":
            fields = [f"Authorization: Bearer {self.token()}"]
        if who == "wrong-token":
            fields = ["Authorization: Bearer " + "A" * 43]
        sent = request_bytes(method, path, has_input, fields)
        if who == "peer":
            with self.peer.connect() as line:
                return exchange(line, sent)
        if who.startswith("local-"):
            return over_socket(self.unit, sent, {"local-root": os.getuid(), "local-stranger": STRANGER, "local-application": APPLICATION}[who])
        return over_tls(self.unit, sent, {"owner-certificate": getattr(self, "owner", None), "strange-certificate": self.strange}.get(who))

    def fingerprint(self):
        """What a refused request must not have changed."""
        status, commissioning = over_tls(self.unit, request_bytes("GET", "/api/v1/commissioning", False, []))
        settings = over_socket(self.unit, request_bytes("GET", "/api/v1/settings", False, []), os.getuid())
        return status, commissioning["owned"], settings if self.state == "owned" else None


    def kept(self):
        """The bytes of all that lasts, the log apart, which records refusals."""
        files = [p for part in ("core", "keys") for p in sorted((self.unit.state / part).rglob("*")) if p.is_file()]
        return {str(p): p.read_bytes() for p in files}


def meant(files):
    """What those bytes say: the store's rows, however they lie in its two files. What its jobs write by themselves is no caller's doing."""
    said = {name: data for name, data in files.items() if "/core/store.db" not in name}
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files.items():
            if "/core/store.db" in name and not name.endswith("-shm"):
                (pathlib.Path(folder) / pathlib.Path(name).name).write_bytes(data)
        with sqlite3.connect(pathlib.Path(folder) / "store.db") as store:
            for (table,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                said[table] = sorted(map(repr, store.execute(f'SELECT * FROM "{table}"')))
        store.close()
    return said


# Who comes -> (kind the oracle knows, door).
WHO = {
    "anonymous": ("anyone", "https"),
    "strange-certificate": ("anyone", "https"),
    "owner-certificate": ("owner", "https"),
    "session": ("owner", "https"),
    "peer": ("peer", "https"),
    "local-root": ("local", "local"),
    "local-stranger": ("anyone", "local"),
    "local-application": ("anyone", "local"),
}
# Past the gate, and then not possible on a device that has only just started, or on what the test made up.
LATER = {"task.unconfirmed", "task.unknown", "keys.unknown", "peer.unknown", "crl.unknown", "local.none", "change.none", "account.unknown",
         "credential.unknown", "session.unknown", "rights.unknown", "interfaces.unknown", "wifi.unknown", "bluetooth.unknown", "bluetooth.off", "bluetooth.none", "outside.unknown", "share.unknown",
         "shared.none", "passkey.unknown", "client.unknown"}
NEEDS_OWNER = {"owner-certificate", "session", "peer"}
NEEDS_ROOT = {"local-stranger", "local-application"}
# The gate lets anybody ask, and then the operation asks for one door.
ONE_DOOR = {("recovery.ask", "local"): (403, "recovery.door")}
REFUSED = {"deny-anonymous": (401, "gate.anonymous"), "deny-permission": (403, "gate.permission"), "deny-unowned": (403, "gate.not-owned"),
           "deny-owned": (403, "gate.owned")}


@pytest.fixture(scope="module")
def units():
    with world.World() as a_world:
        yield {state: Unit(a_world, state) for state in ("unowned", "owned")}


def cells():
    for state in ("unowned", "owned"):
        for who in WHO:
            if state == "owned" or who not in NEEDS_OWNER:
                yield state, who


@pytest.mark.parametrize(("state", "who"), cells())
def test_everybody_and_everything(units, state, who):
    if who in NEEDS_ROOT and not AS_ROOT:
        pytest.skip("needs root, to come as another user")
    unit, rows, wrong = units[state], oracle.rows(), []
    kind, door = WHO[who]
    before = unit.fingerprint()
    for name, method, path, has_input in operations():
        want = oracle.verdict(rows[name], kind, door, state)
        kept = unit.kept() if AS_ROOT and want != "allow" and who != "session" else None  # each of whose requests opens a session first
        status, body = unit.ask(who, method, path, has_input)
        rule = body.get("rule", "")
        after = unit.kept() if kept is not None else None
        if after != kept and meant(after) != meant(kept):
            wrong.append(f"{name}: refused, and yet something was changed")
        if want == "allow" and (name, door) in ONE_DOOR:
            good = (status, rule) == ONE_DOOR[name, door]
        elif want == "allow":
            good = not rule.startswith("gate.") and (status in (200, 201, 202, 204, 400, 406, 409) or rule in LATER)
        else:
            good = (status, rule) == REFUSED[want]
        if not good:
            wrong.append(f"{name}: {status} {rule}, the oracle says {want}: {body}")
    assert not wrong, "\n".join(wrong)
    assert unit.fingerprint() == before


@pytest.mark.parametrize("state", ["unowned", "owned"])
def test_a_wrong_token_is_nobody(units, state):
    """Not even what anyone may do: a credential that does not hold is refused, the same way everywhere."""
    answers = {name: units[state].ask("wrong-token", method, path, has_input) for name, method, path, has_input in operations()}
    assert {(status, body["rule"]) for status, body in answers.values()} == {(401, "path.credentials")}, answers
    assert len({json.dumps(body, sort_keys=True) for _, body in answers.values()}) == 1


@pytest.mark.parametrize("state", ["unowned", "owned"])
def test_a_stranger_learns_one_thing(units, state):
    """All that an anonymous caller is refused by permission is refused in the same words."""
    said = set()
    for _, method, path, has_input in operations():
        status, body = units[state].ask("anonymous", method, path, has_input)
        if status == 401:
            said.add(json.dumps(body, sort_keys=True))
    assert len(said) == (1 if state == "owned" else 0)


def test_a_closed_session_is_nobody(units):
    unit = units["owned"]
    token = unit.token()
    fields = [f"Authorization: Bearer {token}"]
    assert over_tls(unit.unit, request_bytes("GET", "/api/v1/settings", False, fields))[0] == 200
    assert over_tls(unit.unit, request_bytes("DELETE", "/api/v1/sessions/current", False, fields))[0] == 204
    assert over_tls(unit.unit, request_bytes("GET", "/api/v1/settings", False, fields))[0] == 401


def bearing(token, operation):
    return request_bytes(*operation[1:], [f"Authorization: Bearer {token}"])


def test_a_session_stays_with_its_key(units, tmp_path):
    """Opened on a connection with a client key, its token is nobody's on one without, or with another, whatever is asked."""
    unit = units["owned"]
    token, other = unit.token_of(unit.strange), strange_certificate(tmp_path)
    assert over_tls(unit.unit, bearing(token, (None, "GET", "/api/v1/settings", False)), unit.strange)[0] == 200
    for certificate in (None, other):
        answers = {o[0]: over_tls(unit.unit, bearing(token, o), certificate) for o in operations()}
        assert {(status, body["rule"]) for status, body in answers.values()} == {(401, "path.credentials")}, answers
    assert over_tls(unit.unit, bearing(token, (None, "GET", "/api/v1/settings", False)), unit.strange)[0] == 200


@pytest.mark.skipif(not AS_ROOT, reason="needs root, to come as another user")
def test_a_session_stays_at_its_door(units):
    """A token that was opened over HTTPS is nobody's at the local door, whoever the kernel says is calling; and the other way round."""
    unit = units["owned"]
    token = unit.token()
    for user in (STRANGER, os.getuid()):
        answers = {o[0]: over_socket(unit.unit, bearing(token, o), user) for o in operations()}
        assert {(status, body["rule"]) for status, body in answers.values()} == {(401, "path.credentials")}, answers
    here, read = unit.token_here(STRANGER), (None, "GET", "/api/v1/settings", False)
    assert over_socket(unit.unit, bearing(here, read), STRANGER)[0] == 200
    answers = {o[0]: over_tls(unit.unit, bearing(here, o)) for o in operations()}
    assert {(status, body["rule"]) for status, body in answers.values()} == {(401, "path.credentials")}, answers
