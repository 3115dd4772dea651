# SPDX-License-Identifier: Apache-2.0
"""A local identity had by EST, with the real programs and a server that can be wrong in one way at a time."""
import base64
import contextlib
import datetime
import ipaddress
import json
import os
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

import liar as liars
import world as worlds
from harness import Client, local, roles, unb64, wait_for
from test_tasks import confirm, ended

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "est"))
from server import DAY, SECOND, Authority, Server, key_pem, name_of, new_key  # noqa: E402

HERE, SECRET = "/api/v1/local-identity", "unit:s3cret"
SPKI = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


@pytest.fixture(scope="module")
def device(world):
    unit = world.device("local-identity").start()
    owner = Client(unit)
    assert owner.take().status == 201
    confirm(unit)
    yield unit, owner
    unit.stop()


@pytest.fixture
def owner(device):
    device[1].ask("DELETE", HERE)
    return device[1]


def enrol(owner, server, secret=SECRET, **more):
    answer = owner.ask("POST", HERE, {"url": server.url(), "anchors": server.root.pem(), **({"secret": secret} if secret else {}), **more})
    assert answer.status == 202, answer.body
    return answer.headers["location"]


def outcome(owner, path):
    """(state, verdict, words)"""
    task = ended(owner, path)
    return task["state"], task.get("result", {}).get("verdict"), task["words"]


def status(owner):
    rows = owner.ask("GET", "/api/v1/capabilities").json["elements"]
    return next(r for r in rows if r["id"] == "DI.DAS.1")


def leaf(owner):
    return x509.load_pem_x509_certificate(owner.ask("GET", HERE).json["certificate"].encode())


def switch(owner, value):
    path = "/api/v1/settings/identification.remote-read"
    changed = owner.ask("PUT", path, {"value": value}, [f"If-Match: {owner.ask('GET', path).headers['etag']}"])
    assert changed.status == 200, changed.body


def test_enrols_shows_and_renews(device, owner):
    """@nist DI.DAS.1: an authority of the owner's names this unit; a peer under it takes the unit, and not a self-signed stand-in."""
    assert owner.ask("GET", HERE).json == {"enrolled": False}
    assert status(owner)["status"] == "needs a part" and "not enrolled" in status(owner)["reason"]
    with Server() as server:
        assert outcome(owner, enrol(owner, server))[:2] == ("done", "enrolled")
        assert status(owner)["status"] == "provided"
        assert [path.rsplit("/", 1)[1] for _, path in server.asked] == ["cacerts", "simpleenroll"]
        first = leaf(owner)
        identifier = owner.ask("GET", "/api/v1/identity").json["identifier"]
        names = first.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert names.get_values_for_type(x509.UniformResourceIdentifier) == [identifier]
        assert first.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        own = x509.load_pem_x509_certificate(owner.ask("GET", "/api/v1/identity").json["certificate"].encode())
        assert first.public_key().public_bytes(*SPKI) != own.public_key().public_bytes(*SPKI)

        shown = owner.ask("POST", HERE + "/presentation", {"url": server.url("/me"), "anchors": server.root.pem()}).headers["location"]
        task = ended(owner, shown)
        assert task["state"] == "done" and task["result"] == {"verdict": "answered", "status": 200}
        with peer(server.root) as (port, seen):
            place = {"url": f"https://127.0.0.1:{port}/", "anchors": server.root.pem()}
            assert ended(owner, owner.ask("POST", HERE + "/presentation", place).headers["location"])["result"]["verdict"] == "answered"
            assert seen.pop() == first.public_bytes(serialization.Encoding.DER)
            assert stand_in(server, port) and not seen

        again = owner.ask("POST", HERE + "/renewal").headers["location"]
        assert outcome(owner, again)[:2] == ("done", "enrolled")
        assert server.asked[-1][1].endswith("simplereenroll")
        second = leaf(owner)
        assert second.public_key().public_bytes(*SPKI) != first.public_key().public_bytes(*SPKI)
        switch(owner, "off")
        refused = owner.ask("GET", HERE)
        assert (refused.status, refused.json["rule"]) == (403, "DI.IMS.1"), "its certificate has the identifier"
        assert local(device[0], "GET", HERE).json["enrolled"] is True
        switch(owner, "on")
    assert owner.ask("DELETE", HERE).status == 204
    assert owner.ask("GET", HERE).json == {"enrolled": False}
    assert owner.ask("DELETE", HERE).status == owner.ask("POST", HERE + "/renewal").status == 404
    events = [r.get("event") for r in local(device[0], "GET", "/api/v1/log?limit=200").json["records"]]
    assert events.count("identity.local-enrolled") == 2 and "identity.local-removed" in events


def maker(unit):
    """Whoever made the unit, as the server's owner has it from there."""
    return (unit.config / "manufacturer.crt").read_text()


def test_enrols_with_the_certificate_that_it_came_with(device, owner):
    """@nist DI.DAS.1: no secret; the manufacturer's certificate for the first one, also after all roles were killed, and never again after it."""
    unit = device[0]
    own = x509.load_pem_x509_certificate(owner.ask("GET", "/api/v1/identity").json["certificate"].encode())
    with Server(secret=None, maker=maker(unit)) as server:
        server.waits, server.retry_after = 2, 5
        path = enrol(owner, server, None, unit=True)
        wait_for(lambda: server.waits <= 1)
        wait_for(lambda: "later" in owner.ask("GET", path).json["words"])
        core = roles(unit)["core"]
        os.kill(core, signal.SIGKILL)
        wait_for(lambda: roles(unit).get("core", core) != core and unit.https("GET", "/api/v1/health")[0] == 200)
        assert outcome(owner, path)[:2] == ("done", "enrolled")
        assert server.clients and set(server.clients) == {own} and not any(server.clients_before)
        first = leaf(owner)
        assert first.public_key().public_bytes(*SPKI) != own.public_key().public_bytes(*SPKI)
        assert outcome(owner, owner.ask("POST", HERE + "/renewal").headers["location"])[:2] == ("done", "enrolled")
        assert server.clients[-1] == first and server.asked[-1][1].endswith("simplereenroll")
    assert "owner.local-identity.wanted" not in kept(unit)


@pytest.mark.parametrize("how, verdict, shown", [
    (None, "fetch.tls", False), ("turncoat", "fetch.untrusted", False), ("tls-1.2", "fetch.version", False), ("asks-nobody", "est.not-asked", False),
    ("key-shown", "est.key", True), ("other-key", "est.key", True), ("other-name", "chain.name", True), ("refuse", "est.refused", True),
])
def test_its_own_certificate_is_shown_to_the_right_server_alone(device, owner, how, verdict, shown):
    """A server that does not know the manufacturer, is another one by the second question, cannot TLS 1.3, or certifies the wrong key."""
    with Server(secret=None, how=how, maker=maker(device[0]) if how else None) as server:
        state, got, words = outcome(owner, enrol(owner, server, None, unit=True))
        assert (state, got) == ("failed", verdict), words
        assert any(server.clients) == shown
    assert owner.ask("GET", HERE).json == {"enrolled": False} and not kept(device[0])


def test_one_credential_and_no_other(device, owner):
    with Server(maker=maker(device[0])) as server, Server() as other:
        for more, rule in (({"unit": True, "secret": SECRET}, "local.credential"), ({"unit": False}, "local.secret"), ({}, "local.secret")):
            answer = owner.ask("POST", HERE, {"url": server.url(), "anchors": server.root.pem(), **more})
            assert answer.status == 400 and answer.json["rule"] == rule
        assert not server.asked
        assert outcome(owner, enrol(owner, server, None, unit=True, anchors=other.root.pem()))[:2] == ("failed", "fetch.untrusted")
        assert not server.asked
        assert outcome(owner, enrol(owner, server))[:2] == ("done", "enrolled")
        assert not any(server.clients), "whoever has a secret is shown nothing else"


class peer:
    """Another device, which takes only whom its authority names."""

    def __init__(self, authority):
        key = new_key()
        own = authority.issue(name_of("peer"), key.public_key(), [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))], ExtendedKeyUsageOID.SERVER_AUTH)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.verify_mode = ssl.CERT_REQUIRED
        self.context.load_verify_locations(cadata=authority.pem())
        with tempfile.NamedTemporaryFile("wb", suffix=".pem") as both:
            both.write(key_pem(key) + own.public_bytes(serialization.Encoding.PEM))
            both.flush()
            self.context.load_cert_chain(both.name)
        self.line, self.seen = socket.create_server(("127.0.0.1", 0)), []

    def __enter__(self):
        threading.Thread(target=self.serve, daemon=True).start()
        return self.line.getsockname()[1], self.seen

    def __exit__(self, *_):
        self.line.close()

    def serve(self):
        while True:
            try:
                plain, _ = self.line.accept()
                with self.context.wrap_socket(plain, server_side=True) as tls:
                    tls.recv(4096)
                    self.seen.append(tls.getpeercert(binary_form=True))
                    tls.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
            except ssl.SSLError:
                continue
            except OSError:
                return


def stand_in(server, port, host="127.0.0.1", anchors=None):
    """True when the peer refuses a certificate that says the same and that nobody signed."""
    key = new_key()
    fake = x509.CertificateBuilder().subject_name(name_of("unit")).issuer_name(server.root.name).public_key(key.public_key())
    now = datetime.datetime.utcnow()
    fake = fake.serial_number(7).not_valid_before(now - DAY).not_valid_after(now + DAY).sign(key, hashes.SHA256())
    context = ssl.create_default_context(cadata=anchors or server.root.pem())
    with tempfile.NamedTemporaryFile("wb", suffix=".pem") as both:
        both.write(key_pem(key) + fake.public_bytes(serialization.Encoding.PEM))
        both.flush()
        context.load_cert_chain(both.name)
    try:
        with context.wrap_socket(socket.create_connection(("127.0.0.1", port)), server_hostname=host) as tls:
            tls.sendall(b"GET / HTTP/1.1\r\n\r\n")
            return not tls.recv(100)
    except (ssl.SSLError, ConnectionError):
        return True


@pytest.mark.parametrize("how, verdict", [
    ("other-key", "est.key"), ("other-authority", "chain.anchor"), ("ended", "chain.dates"), ("not-begun", "chain.dates"), ("server-purpose", "chain.purpose"),
    ("is-authority", None), ("other-name", "chain.name"), ("two", "est.answer"), ("trailing", "est.answer"), ("not-base64", "est.answer"),
    ("refuse", "est.refused"), ("other-cacerts", "enrolled"), ("lines", "enrolled"),
])
def test_what_a_server_gets_wrong_is_not_kept(owner, how, verdict):
    with Server(how=how) as server:
        state, got, words = outcome(owner, enrol(owner, server))
    assert got == verdict or (verdict is None and got.startswith("chain.")), words
    assert state == ("done" if got == "enrolled" else "failed") and words
    assert owner.ask("GET", HERE).json["enrolled"] == (got == "enrolled")


def test_failures_on_the_way_have_names(owner):
    with Server() as server, Server() as other:
        assert outcome(owner, enrol(owner, server, "unit:wrong"))[:2] == ("failed", "est.credentials")
        assert outcome(owner, enrol(owner, server, anchors=other.root.pem()))[:2] == ("failed", "fetch.untrusted")
        assert outcome(owner, enrol(owner, server, url="https://127.0.0.1:1"))[:2] == ("failed", "fetch.unreachable")
        assert outcome(owner, enrol(owner, server, url="https://nowhere.invalid"))[:2] == ("failed", "fetch.unresolved")
        for url, anchors, secret, rule in (("http://127.0.0.1:80", server.root.pem(), SECRET, "local.url"), (server.url(), "PEM", SECRET, "local.anchors"),
                                           (server.url("/x?y"), server.root.pem(), SECRET, "local.url"), (server.url(), server.root.pem(), "abc", "local.secret")):
            answer = owner.ask("POST", HERE, {"url": url, "anchors": anchors, "secret": secret})
            assert answer.status == 400 and answer.json["rule"] == rule
    assert owner.ask("GET", HERE).json == {"enrolled": False}


def test_later_is_waited_for_and_survives_a_restart(device, owner):
    """202 with Retry-After: the task waits, is there again after all roles were killed, and comes to its end."""
    unit = device[0]
    with Server() as server:
        server.waits, server.retry_after = 2, 5
        path = enrol(owner, server)
        wait_for(lambda: server.waits <= 1)
        wait_for(lambda: "later" in owner.ask("GET", path).json["words"])
        core = roles(unit)["core"]
        os.kill(core, signal.SIGKILL)
        wait_for(lambda: roles(unit).get("core", core) != core and unit.https("GET", "/api/v1/health")[0] == 200)
        assert outcome(owner, path)[:2] == ("done", "enrolled")
        assert base64.b64encode(SECRET.encode()) not in (unit.state / "core/store.db").read_bytes()
        assert SECRET.encode() not in (unit.state / "core/store.db").read_bytes() + (unit.state / "core/store.db-wal").read_bytes()


def kept(unit):
    """What the device keeps of its local identity, by name; read in a copy, because the device shares its store with nobody."""
    with tempfile.TemporaryDirectory() as copy:
        for name in ("store.db", "store.db-wal"):
            if (unit.state / "core" / name).exists():
                shutil.copy(unit.state / "core" / name, copy)
        with contextlib.closing(sqlite3.connect(Path(copy) / "store.db")) as store:
            return dict(store.execute("SELECT name, value FROM kept WHERE name LIKE 'owner.local-identity%'"))


def test_cut_behind_the_commit_loses_nothing(device, owner):
    """The certificate is kept, what was wanted is not forgotten yet, and the server is gone: the work is done, and the key stays."""
    unit = device[0]
    with Server() as server:
        server.waits, server.retry_after = 9, 60
        path = enrol(owner, server)
        wait_for(lambda: server.waits == 8)
        wait_for(lambda: "later" in owner.ask("GET", path).json["words"])
        unit.stop()
        wanted = json.loads(kept(unit)["owner.local-identity.wanted"])
        pem = server.issue(server.requests[-1])[0].public_bytes(serialization.Encoding.PEM).decode()
    committed = {"url": wanted["url"], "anchors": wanted["anchors"], "slot": wanted["slot"], "certificate": pem, "since": "2026-01-01T00:00:00Z"}
    with contextlib.closing(sqlite3.connect(unit.state / "core/store.db")) as store, store:
        store.execute("INSERT INTO kept (name, value) VALUES ('owner.local-identity', ?)", [json.dumps(committed)])
    unit.start()
    assert outcome(owner, path)[:2] == ("done", "enrolled")
    assert owner.ask("GET", HERE).json["certificate"] == pem
    assert set(kept(unit)) == {"owner.local-identity"}


def test_nothing_is_left_of_what_came_to_nothing(device, owner):
    """Cancelled or failed: neither the sealed secret nor whom it was shown to stays."""
    unit = device[0]
    with Server(how="hang") as server:
        path = enrol(owner, server)
        wait_for(lambda: any("enroll" in place for _, place in server.asked))
        assert set(kept(unit)) == {"owner.local-identity.wanted"}
        assert owner.ask("POST", HERE + "/renewal").status in (404, 409)
        assert owner.ask("POST", HERE, {"url": server.url(), "anchors": server.root.pem(), "secret": SECRET}).json["rule"] == "task.running"
        assert owner.ask("DELETE", path).json["state"] == "cancelled"
        assert not kept(unit)
        server.how = None
        assert outcome(owner, enrol(owner, server))[:2] == ("done", "enrolled")
        server.how = "hang"
        path = owner.ask("POST", HERE + "/renewal").headers["location"]
        answer = owner.ask("POST", HERE, {"url": server.url(), "anchors": server.root.pem(), "secret": SECRET})
        assert answer.status == 409 and answer.json["rule"] == "task.running"
        assert owner.ask("DELETE", path).json["state"] == "cancelled"
        assert set(kept(unit)) == {"owner.local-identity", "owner.local-identity.tries"}
    before = owner.ask("GET", HERE).json["certificate"]
    with Server(how="asks-nobody") as server:
        shown = owner.ask("POST", HERE + "/presentation", {"url": server.url("/hello"), "anchors": server.root.pem()}).headers["location"]
        task = ended(owner, shown)
        assert task["state"] == "failed" and task["result"] == {"verdict": "not-asked", "status": 200}
    assert owner.ask("GET", HERE).json["certificate"] == before and set(kept(unit)) == {"owner.local-identity", "owner.local-identity.tries"}


def test_removal_takes_along_what_is_only_wanted(device, owner):
    with Server(how="hang") as server:
        path = enrol(owner, server)
        wait_for(lambda: any("enroll" in place for _, place in server.asked))
        assert owner.ask("DELETE", HERE).status == 204
        assert not kept(device[0])
        assert owner.ask("DELETE", HERE).status == 404
        owner.ask("DELETE", path)


def test_killed_fetch_fails_its_task_and_nothing_else(device, owner):
    unit = device[0]
    with Server(how="hang") as server:
        path = enrol(owner, server)
        pid = wait_for(lambda: roles(unit).get("fetch"))
        wait_for(lambda: any("enroll" in place for _, place in server.asked))
        time.sleep(0.3)  # a role that dies just when it is given a job may have been leaving, and another one is asked once
        others = {k: v for k, v in roles(unit).items() if k != "fetch"}
        os.kill(pid, signal.SIGKILL)
        assert outcome(owner, path)[:2] == ("failed", "fetch.ended")
        assert {k: v for k, v in roles(unit).items() if k != "fetch"} == others
        server.how = None
        assert outcome(owner, enrol(owner, server))[:2] == ("done", "enrolled")
    assert "fetch" in [r["fields"]["role"] for r in local(unit, "GET", "/api/v1/log?limit=100").json["records"] if r.get("event") == "role.died"]


def renewal_failures(unit):
    return [r["fields"] for r in local(unit, "GET", "/api/v1/log?limit=100").json["records"] if r.get("event") == "identity.local-renewal-failed"]


def test_renews_by_itself_and_tries_again(device, owner):
    """@nist DI.DAS.1: what lives 100 s and has 20 left is renewed 5 s later; refused, it says so and comes again."""
    unit = device[0]
    with Server(start=-80 * SECOND, end=20 * SECOND) as server:
        assert outcome(owner, enrol(owner, server))[:2] == ("done", "enrolled")
        first, server.start_at, server.end_at, server.how = leaf(owner), -DAY, 90 * DAY, "refuse"
        assert "It is renewed from 20" in status(owner)["reason"] or "It is renewed now" in status(owner)["reason"], status(owner)
        wait_for(lambda: {"rule": "est.refused"} in renewal_failures(unit), 12)
        server.how = None
        assert status(owner)["status"] == "provided" and "the last try failed (est.refused)" in status(owner)["reason"]
        assert leaf(owner) == first and len(server.issued) == 1
        wait_for(lambda: leaf(owner) != first, 12)
        assert server.asked[-1][1].endswith("simplereenroll") and leaf(owner) == server.issued[-1]
    said = status(owner)
    assert said["status"] == "provided" and "It is renewed from 20" in said["reason"] and "failed" not in said["reason"]
    tasks = [t for t in owner.ask("GET", "/api/v1/tasks").json["tasks"] if t["started_by"] == "device"]
    assert [t["operation"] for t in tasks[:2]] == ["local-identity.renew"] * 2 and [t["state"] for t in tasks[:2]] == ["done", "failed"]
    assert "owner.local-identity.wanted" not in kept(unit)


def test_cancelled_task_takes_fetch_along(device, owner):
    with Server(how="hang") as server:
        path = enrol(owner, server)
        wait_for(lambda: any("enroll" in place for _, place in server.asked))
        assert owner.ask("DELETE", path).json["state"] == "cancelled"
        wait_for(lambda: "fetch" not in roles(device[0]), 5)
        server.how = None
        assert outcome(owner, enrol(owner, server))[:2] == ("done", "enrolled")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_without_a_line_in_the_table_it_says_so(new_unit, tmp_path):
    unit = new_unit("F")
    table = unit.folder / "roles.tab"
    table.write_text("".join(f"{name} {uid} {uid}\n" for name, uid in worlds.ROLES.items() if name != "fetch"))
    unit.start("--roles", str(table))
    owner = Client(unit)
    assert owner.take().status == 201
    confirm(unit)
    with Server() as server:
        answer = owner.ask("POST", HERE, {"url": server.url(), "anchors": server.root.pem(), "secret": SECRET})
        assert answer.status == 409 and answer.json["rule"] == "local.fetch" and not server.asked


def assess(unit, tmp_path, device="unit"):
    """(verdict, reason) of the probe."""
    out = tmp_path / "evidence.json"
    unit.tool("assess", "--device", device, "--owner", unit.owner, "--product", unit.world.product, "--out", out, "--json", "--element", "DI.DAS.1", ok=None, timeout=90)
    payload = json.loads(unb64(json.loads(out.read_text())["payload"]))
    return next((row["verdict"], row["reason"]) for row in payload["results"] if row["probe"] == "authorized-participant")


def test_probe_of_a_device_enrolled_or_not_and_of_one_that_pretends(owned, liar, tmp_path):
    """@nist DI.DAS.1: it passes for a device with a local identity, and fails for one that shows a self-signed stand-in."""
    assert assess(owned, tmp_path)[0] == "inconclusive"
    confirm(owned)
    with Server() as server:
        (tmp_path / "secret").write_text(SECRET + "\n")
        words = ("local-identity", "enrol", "--url", server.url(), "--anchors", server.root.pem())
        assert "no file" in owned.tool("device", *words, "--secret", SECRET, "--device", "unit", "--owner", owned.owner, ok=(1,)).stderr
        assert not server.asked
        owned.json(*words, "--secret-file", tmp_path / "secret")
        wait_for(lambda: owned.json("local-identity", "read")["enrolled"])
        assert assess(owned, tmp_path)[0] == "pass", assess(owned, tmp_path)
        told = owned.json("local-identity", "read")

        def come(asked):
            threading.Thread(target=lambda: stand_in(server, int(asked["url"].rsplit(":", 1)[1].strip("/")), "localhost", asked["anchors"])).start()
            return 202, {"task": "0" * 32, "state": "waiting"}

        liars.Liar.answers = {"/api/v1/identity": (200, owned.json("identity", "read")), HERE: (200, told), HERE + "/presentation": come}
        # @turns DI.DAS.1: whoever comes has made its certificate itself
        verdict, reason = assess(owned, tmp_path, "liar")
        assert verdict == "fail" and "could not show" in reason

        # Without a certificate it is refused; whoever goes before he was asked for one was not judged.
        for shown, wanted in ((nobody, "fail"), (lambda port, _: socket.create_connection(("127.0.0.1", port)).close(), "inconclusive")):
            def visit(asked, shown=shown):
                threading.Thread(target=shown, args=(int(asked["url"].rsplit(":", 1)[1].strip("/")), asked["anchors"])).start()
                return 202, {"task": "0" * 32, "state": "waiting"}

            liars.Liar.answers[HERE + "/presentation"] = visit
            verdict, reason = assess(owned, tmp_path, "liar")
            assert verdict == wanted, reason
    owned.json("local-identity", "remove")
    with Server(root=Authority("issuing", Authority("top"))) as server:  # the anchor is not self-signed
        (tmp_path / "secret").write_text(SECRET)
        owned.json("local-identity", "enrol", "--url", server.url(), "--anchors", server.root.pem(), "--secret-file", tmp_path / "secret")
        wait_for(lambda: owned.json("local-identity", "read")["enrolled"])
        verdict, reason = assess(owned, tmp_path)
        assert verdict == "pass", reason
    owned.json("local-identity", "remove")
    assert "learns which unit this is" in " ".join(owned.tool("device", "local-identity", "enrol", "--help").stdout.split())
    with Server(secret=None, maker=maker(owned)) as server:  # without a terminal nobody could be asked for a secret
        words = ("local-identity", "enrol", "--url", server.url(), "--anchors", server.root.pem(), "--unit", "yes")
        both = owned.tool("device", *words, "--secret-file", tmp_path / "secret", "--device", "unit", "--owner", owned.owner, ok=None)
        assert both.returncode and "local.credential" in both.stderr and not server.asked
        owned.json(*words)
        wait_for(lambda: owned.json("local-identity", "read")["enrolled"])


def nobody(port, anchors):
    try:
        with ssl.create_default_context(cadata=anchors).wrap_socket(socket.create_connection(("127.0.0.1", port)), server_hostname="localhost") as tls:
            tls.recv(100)
    except (ssl.SSLError, ConnectionError):
        pass


@pytest.mark.skipif(not shutil.which("pki"), reason="needs pki of strongSwan (strongswan-pki, libstrongswan-extra-plugins)")
def test_a_second_client_takes_the_server(tmp_path):
    """What our client is tested against is not only our own idea of EST: strongSwan's has a certificate from it too."""
    (tmp_path / "key.pem").write_bytes(key_pem(new_key()))
    with Server() as server:
        (tmp_path / "ca.pem").write_text(server.root.pem())
        with open(tmp_path / "request.der", "wb") as out:
            subprocess.run(["pki", "--req", "--in", tmp_path / "key.pem", "--type", "priv", "--dn", "CN=second client"], stdout=out, stderr=subprocess.DEVNULL, check=True)
        done = subprocess.run(["pki", "--est", "--in", tmp_path / "request.der", "--url", server.url(), "--cacert", tmp_path / "ca.pem", "--userpass", SECRET,
                               "--outform", "pem"], capture_output=True, timeout=20, check=False)
        if b"curl" in done.stderr and not server.asked:
            pytest.skip("pki has no plugin that fetches (libstrongswan-extra-plugins)")
        assert done.returncode == 0, done.stderr[-500:]
        assert x509.load_pem_x509_certificate(done.stdout) == server.issued[-1]
        # With a certificate in place of the secret: it asks for another one of the same names, as a TLS client.
        (tmp_path / "old.pem").write_bytes(done.stdout)
        (tmp_path / "new.pem").write_bytes(key_pem(new_key()))
        with open(tmp_path / "request.der", "wb") as out:
            subprocess.run(["pki", "--req", "--in", tmp_path / "new.pem", "--type", "priv", "--dn", "CN=second client"], stdout=out, stderr=subprocess.DEVNULL, check=True)
        again = subprocess.run(["pki", "--est", "--in", tmp_path / "request.der", "--url", server.url(), "--cacert", tmp_path / "ca.pem", "--cert", tmp_path / "old.pem",
                                "--key", tmp_path / "key.pem", "--outform", "pem"], capture_output=True, timeout=20, check=False)
        assert again.returncode == 0, again.stderr[-500:]
        assert x509.load_pem_x509_certificate(again.stdout) == server.issued[-1] and server.asked[-1][1].endswith("simplereenroll")
        assert server.clients[-1] == x509.load_pem_x509_certificate(done.stdout)
