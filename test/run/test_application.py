# SPDX-License-Identifier: Apache-2.0
"""The product's own program on libthingward: the example thermostat against a real device."""
import hashlib
import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import world as worlds
from harness import Client, b64, local, roles, wait_for

APPLICATION = worlds.ROLES["application"]


def start(unit, *words, user=APPLICATION):
    who = {"user": user, "group": user, "extra_groups": []} if os.geteuid() == 0 else {}
    command = [worlds.program("thermostat"), "--socket", unit.run / "events.sock", "--tick-ms", "20", *words]
    return subprocess.Popen([str(w) for w in command], stderr=subprocess.PIPE, text=True, **who)


@pytest.fixture
def thermostat(owned):
    """(unit, start): programs started here are stopped with the test."""
    running = []

    def begin(*words, **how):
        running.append(start(owned, *words, **how))
        return running[-1]

    yield owned, begin
    for process in running:
        process.kill()
        process.wait()


def events(unit):
    return [r for r in local(unit, "GET", "/api/v1/log?limit=200").json["records"] if r["type"] == "event"]


def find(unit, name):
    return wait_for(lambda: [e for e in events(unit) if e["event"] == name])


@pytest.mark.smoke
def test_it_reports_and_the_boot_is_confirmed(thermostat):
    unit, begin = thermostat
    assert not (unit.state / "boot" / "confirmed").exists()
    process = begin()
    assert find(unit, "application.started")[0]["fields"] == {"version": "1.0.0", "sensor": "simulated"}
    find(unit, "device.confirmed")
    boot = open("/proc/sys/kernel/random/boot_id").read().strip().replace("-", "")
    assert wait_for(lambda: (unit.state / "boot" / "confirmed").read_text()) == boot
    assert find(unit, "store.migrated")[0]["fields"] == {"from": 1, "to": 2}
    find(unit, "application.heating-on")
    process.send_signal(signal.SIGTERM)
    assert process.wait(5) == 0


def test_a_changed_setting_reaches_it(thermostat):
    unit, begin = thermostat
    begin()
    find(unit, "application.started")
    unit.json("settings", "change", "application.target", "25")
    assert find(unit, "application.target-changed")[0]["fields"] == {"from": 20, "to": 25}
    refused = unit.tool("device", "settings", "change", "application.target", "31", "--device", "unit", "--owner", unit.owner, ok=(3,))
    assert "31" in refused.stderr or "30" in refused.stderr


def test_a_failing_sensor_is_said(thermostat):
    unit, begin = thermostat
    begin("--break-after", "30")
    assert find(unit, "application.sensor-fault")
    assert find(unit, "application.unwell")[0]["fields"]["name"] == "sensor"


def test_too_warm_is_said_and_the_heating_held_off(thermostat):
    unit, begin = thermostat
    begin("--start", "36000")
    assert find(unit, "application.over-temperature")[0]["fields"]["millidegrees"] > 35000
    assert not [e for e in events(unit) if e["event"] == "application.heating-on"]


@pytest.fixture
def folder_of_its_own():
    """Where the application may write."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        yield Path(folder)


def test_its_calibration_is_sealed_for_this_unit(thermostat, new_unit, folder_of_its_own):
    unit, begin = thermostat
    kept = folder_of_its_own / "calibration"
    begin("--calibration", kept, "--correct-by", "1234", "--start", "34000")
    assert find(unit, "application.calibrated")[0]["fields"] == {"kept": True}
    assert find(unit, "application.over-temperature"), "34 degrees and the correction are more than 35"
    sealed = kept.read_bytes()
    assert len(sealed) == 4 + 28 and b"1234" not in sealed
    begin("--calibration", kept)
    wait_for(lambda: [e for e in events(unit) if e["event"] == "application.calibrated" and not e["fields"]["kept"]])
    assert kept.read_bytes() == sealed
    kept.write_bytes(sealed[:-1] + bytes([sealed[-1] ^ 1]))
    begin("--calibration", kept)
    find(unit, "application.calibration-refused")
    kept.write_bytes(sealed)
    other = new_unit("other").start()
    process = start(other, "--calibration", kept)
    try:
        wait_for(lambda: b"application.calibration-refused" in b"".join(path.read_bytes() for path in (other.state / "log").glob("*.twlog")))
    finally:
        process.kill()
        process.wait()


def at_panel(path, words):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line:
        line.settimeout(10)
        line.connect(str(path))
        line.send(words.encode())
        return line.recv(400).decode()


def come_in(unit, name, role):
    """An account with that role: its id, and a session of it."""
    account = unit.json("accounts", "make", "--name", name, "--kind", "person")["account"]
    unit.json("accounts", "role-give", "--account", account, "--role", role)
    code = unit.json("session", "code", "--account", account)["code"]
    return account, Client(unit, certificate=False).ask("POST", "/api/v1/sessions", {"code": code}).json["token"]


def pass_of(unit, token):
    answer = Client(unit, certificate=False).ask("POST", "/api/v1/session-passes", headers=[f"Authorization: Bearer {token}"])
    assert answer.status == 201, answer.json
    return answer.json["pass"]


def test_who_may_do_what_at_the_panel(thermostat, folder_of_its_own):
    """The product's roles on a device: the one gate answers for its application too, asked anew each time."""
    unit, begin = thermostat
    panel = folder_of_its_own / "panel"
    begin("--panel", panel, "--calibration", folder_of_its_own / "calibration")
    find(unit, "application.started")
    wait_for(panel.exists)
    assert float(wait_for(lambda: at_panel(panel, "temperature"))) > 0, "anyone"
    assert at_panel(panel, "target 23").startswith("no: gate.anonymous")
    resident, token = come_in(unit, "bob", "application.resident")
    guest, guests_token = come_in(unit, "gus", "guest")
    shown, guests = pass_of(unit, token), pass_of(unit, guests_token)
    assert at_panel(panel, f"target 23 {shown}") == "done"
    assert find(unit, "application.target-changed")[0]["fields"] == {"from": 20, "to": 23, "by": resident}
    assert at_panel(panel, f"target 40 {shown}") == "no: input.range: 'wish' may be 5 to 30, not 40"
    assert at_panel(panel, f"target 24 {guests}").startswith("no: gate.permission")
    assert at_panel(panel, f"calibrate 500 {shown}").startswith("no: gate.permission")
    assert at_panel(panel, f"target 24 {token}").startswith("no: access.pass"), "a session is no pass"
    assert Client(unit, certificate=False).ask("GET", "/api/v1/health", headers=[f"Authorization: Bearer {shown}"]).status == 401, "nor the other way"
    _, installers_token = come_in(unit, "ida", "application.installer")
    assert at_panel(panel, f"calibrate 500 {pass_of(unit, installers_token)}") == "done"
    assert at_panel(panel, f"target 21 {unit.json('session', 'pass')['pass']}") == "done", "an owner, by his certificate"
    unit.tool("device", "accounts", "role-take", f"{resident}.application.resident", "--device", "unit", "--owner", unit.owner)
    assert at_panel(panel, f"target 24 {shown}").startswith("no: access.pass"), "his sessions ended with the role, and the pass with them"
    refused = [e for e in events(unit) if e["event"] == "request.refused" and e.get("operation") == "application.authorize"]
    assert {(e["rule"], e.get("account", "")) for e in refused} == {
        ("gate.anonymous", ""), ("gate.permission", guest), ("gate.permission", resident), ("access.pass", "")}
    explained = unit.json("access", "explain", "--operation", "application.target.change", "--account", resident)
    assert not explained["allowed"] and set(explained["needs"]) == {"owner", "application.installer", "application.resident"}
    assert not [e for e in events(unit) if e["event"] == "application.target-changed" and e["fields"]["to"] == 24]


def limit(unit, key, value, *ok):
    return unit.tool("device", "settings", "change", f"application.{key}", value, "--device", "unit", "--owner", unit.owner, ok=ok or (0,)).stderr


def refusals(unit):
    return [e["fields"] for e in reversed(events(unit)) if e["event"] == "application.limit-refused"]


def switched(unit):
    """The newest first."""
    return [e["event"] for e in events(unit) if e["event"] in ("application.heating-on", "application.heating-off")]


def test_the_owner_narrows_what_comes_in_and_goes_out(thermostat, folder_of_its_own):
    """@nist LA.IC.11: ranges and rates as the product declares them, and narrower where the owner wants that, without a restart of the application."""
    unit, begin = thermostat
    panel = folder_of_its_own / "panel"
    begin("--panel", panel, "--tick-ms", "100")
    find(unit, "application.heating-on")
    wait_for(panel.exists)
    _, token = come_in(unit, "bob", "application.resident")
    shown = pass_of(unit, token)

    def wish(degrees):
        return at_panel(panel, f"target {degrees} {shown}")

    # Nothing is widened beyond what the product declares.
    for key, value in (("input.wish.max", "31"), ("input.wish.min", "4"), ("input.wish.rate", "61"), ("output.heating.max", "2"), ("output.heating.rate", "3001")):
        assert limit(unit, key, value, 3), key
    assert wish(30) == "done"
    limit(unit, "input.wish.max", "22")
    time.sleep(0.6)  # what the library remembers is older then
    assert wish(23) == "no: input.range: 'wish' may be 5 to 22, not 23" and wish(22) == "done"
    wait_for(lambda: refusals(unit))
    assert [(one["name"], one["rule"], one["value"], one["count"]) for one in refusals(unit)] == [("input.wish", "input.range", 23, 1)]

    # Off at once, and it stays off, by the owner's word.
    limit(unit, "output.heating.max", "0")
    wait_for(lambda: [one["rule"] for one in refusals(unit)] == ["input.range", "output.range"], every_s=0.2)
    wait_for(lambda: switched(unit)[0] == "application.heating-off", every_s=0.2)
    before = len(switched(unit))
    time.sleep(1)
    assert len(switched(unit)) == before and len(refusals(unit)) == 2

    # After a restart of the device, to which the application comes back, and by the history back to what was.
    unit.stop()
    unit.start()
    wait_for(lambda: len([e for e in events(unit) if e["event"] == "application.started"]) == 2, every_s=0.2)
    shown = pass_of(unit, token)
    assert wish(23) == "no: input.range: 'wish' may be 5 to 22, not 23"
    limit(unit, "input.wish.rate", "0")
    time.sleep(0.6)
    assert wish(20) == "no: input.rate: 'wish' may come 0 times a minute"
    history = local(unit, "GET", "/api/v1/settings/application.input.wish.max").json
    assert (history["value"], history["default"]) == ("22", "30")
    limit(unit, "output.heating.max", "1")
    wait_for(lambda: switched(unit)[0] == "application.heating-on", every_s=0.2)


def ask_sealing(line, kind, scope, data):
    return ask_key(line, kind, bytes([scope]) + data)


@pytest.mark.skipif(os.geteuid() != 0, reason="the door is opened as the application's user")
def test_what_the_application_seals(owned):
    """@nist DP.CCS.5: for the unit or the ownership, for this application, and unchanged"""
    os.seteuid(APPLICATION)
    try:
        line = raw(owned)
    finally:
        os.seteuid(0)
    with line:
        for scope in (0, 1):
            for text in (b"", b"a secret", os.urandom(1024)):
                kind, sealed = ask_sealing(line, 0x0630, scope, text)
                assert kind == 0x06b0 and len(sealed) == len(text) + 28
                assert ask_sealing(line, 0x0631, scope, sealed) == (0x06b1, text)
                for wrong in (sealed[:-1] + bytes([sealed[-1] ^ 1]), bytes([sealed[0] ^ 128]) + sealed[1:], sealed[:-1], sealed[:27], b""):
                    kind, said = ask_sealing(line, 0x0631, scope, wrong)
                    assert kind == 0x0683 and b"crypto.sealed" in said
                kind, said = ask_sealing(line, 0x0631, 1 - scope, sealed)
                assert kind == 0x0683 and b"crypto.sealed" in said, "of the other scope"
        unit_kept, owners_kept = (ask_sealing(line, 0x0630, scope, b"kept")[1] for scope in (0, 1))
    client = Client(owned, certificate=False)
    client.context.load_cert_chain(owned.owner / "owner.crt", owned.owner / "owner.key")
    for sealed in (unit_kept, owners_kept):
        assert client.ask("POST", "/api/v1/crypto/unseal", {"sealed": b64(sealed)}).json["rule"] == "crypto.sealed", "the owner's is another key"
    code = owned.at_console("recover").split("Type ")[1][:4]
    assert "shown only now: " in owned.at_console(code)
    os.seteuid(APPLICATION)
    try:
        line = raw(owned)
    finally:
        os.seteuid(0)
    with line:
        assert ask_sealing(line, 0x0631, 0, unit_kept) == (0x06b1, b"kept")
        kind, said = ask_sealing(line, 0x0631, 1, owners_kept)
        assert kind == 0x0683 and b"crypto.sealed" in said, "the ownership has ended"
        line.send(message(0x0630, b"\2text"))
        assert line.recv(100) == b"", "no such scope: no such application"


@pytest.mark.skipif(os.geteuid() != 0, reason="without root there is one user only")
def test_somebody_else_is_not_let_in(thermostat):
    unit, begin = thermostat
    process = begin(user=58799)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line:
        line.settimeout(5)
        line.connect(str(unit.run / "events.sock"))
        assert line.recv(100) == b""
    assert not [e for e in events(unit) if e["event"].startswith("application.")]
    assert process.poll() is None


def test_it_connects_again_after_a_restart(thermostat):
    unit, begin = thermostat
    begin()
    find(unit, "application.started")
    os.kill(roles(unit)["core"], signal.SIGKILL)
    wait_for(lambda: len([e for e in events(unit) if e["event"] == "application.started"]) == 2, every_s=0.2)
    assert find(unit, "role.died")[0]["fields"] == {"role": "core"}


def raw(unit):
    line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    line.settimeout(5)
    line.connect(str(unit.run / "events.sock"))
    return line


def message(kind, payload, tag=7):
    return kind.to_bytes(2, "big") + b"\0\0" + tag.to_bytes(4, "big") + len(payload).to_bytes(4, "big") + payload


def block(text):
    return len(text).to_bytes(2, "big") + text


def ask_key(line, kind, payload):
    line.send(message(kind, payload))
    answer = line.recv(2000)
    return int.from_bytes(answer[:2], "big"), answer[12:]


def check_keys(unit):
    """@nist DP.CKM.1: the application's own keys, and nobody else's"""
    from cryptography.hazmat.primitives.asymmetric import ec, utils
    digest = hashlib.sha256(b"text").digest()
    with raw(unit) as line:
        kind, point = ask_key(line, 0x0620, block(b"data"))
        assert kind == 0x06a0 and ask_key(line, 0x0621, block(b"data")) == (0x06a0, point)
        kind, signature = ask_key(line, 0x0622, block(b"data") + digest)
        assert kind == 0x06a1
        der = utils.encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point).verify(der, b"text", ec.ECDSA(hashes.SHA256()))
        for kind, payload, rule in ((0x0620, block(b"data"), b"keys.exists"), (0x0621, block(b"identity"), b"keys.unknown"),
                                    (0x0620, block(b"Data"), b"keys.name"), (0x0622, block(b"../owner.web") + digest, b"keys.name")):
            assert rule in ask_key(line, kind, payload)[1], rule
        line.send(message(0x0622, block(b"data") + digest[:31]))
        assert line.recv(1000) == b"", "a message beyond its bounds ends the connection"


@pytest.mark.skipif(os.geteuid() == 0, reason="the test would need the application's user id")
def test_refusals_as_one_user(owned):
    check_refusals(owned)
    check_keys(owned)


@pytest.mark.skipif(os.geteuid() != 0, reason="without root there is one user only")
def test_refusals(owned):
    """As the application's user, in a child, since the kernel asks who connects."""
    child = os.fork()
    if child == 0:
        try:
            os.setresgid(APPLICATION, APPLICATION, APPLICATION)
            os.setresuid(APPLICATION, APPLICATION, APPLICATION)
            check_refusals(owned)
            check_keys(owned)
            os._exit(0)
        except BaseException as e:  # noqa: BLE001
            print(repr(e), flush=True)
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    assert Client(owned).ask("GET", "/api/v1/health").status == 200


def ask_hash(line, name, data, last=(0x0612, b"")):
    """What the connection answers to the end of a hash: kind and payload."""
    line.send(message(0x0610, block(name)))
    for at in range(0, len(data), 2048):
        line.send(message(0x0611, data[at:at + 2048]))
    line.send(message(*last))
    answer = line.recv(1000)
    assert answer[4:8] == b"\0\0\0\7"
    return int.from_bytes(answer[:2], "big"), answer[12:]


def check_hashes(unit):
    """@nist DP.CCS.3 @nist DP.CCS.4 @nist DP.CCS.6: as device code gets them"""
    with raw(unit) as line:
        for name, function in (("sha-256", hashlib.sha256), ("sha-384", hashlib.sha384), ("sha-512", hashlib.sha512)):
            for data in (b"", b"abc", os.urandom(300000)):
                right = function(data).digest()
                assert ask_hash(line, name.encode(), data) == (0x0690, right)
                assert ask_hash(line, name.encode(), data, (0x0613, right)) == (0x0691, b"\1")
                assert ask_hash(line, name.encode(), data, (0x0613, bytes([right[0] ^ 1]) + right[1:])) == (0x0691, b"\0")
                kind, said = ask_hash(line, name.encode(), data, (0x0613, right[:-1]))
                assert kind == 0x0683 and b"crypto.digest" in said
        for name in (b"md5", b"sha-1", b"SHA-256", b"sha-256\0"):
            kind, said = ask_hash(line, name, b"abc")
            assert kind == 0x0683 and b"crypto.approved" in said
        key, data = ec.generate_private_key(ec.SECP256R1()), os.urandom(5000)
        der = key.sign(data, ec.ECDSA(hashes.SHA256()))
        while len(der) > 71:  # one of the most bytes that may come, with one more behind it, ends the connection
            der = key.sign(data, ec.ECDSA(hashes.SHA256()))
        spki = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        for name, sent, public, signature, wanted in (
                (b"sha-256", data, spki, der, b"\1"), (b"sha-256", data + b"x", spki, der, b"\0"), (b"sha-256", data, spki, der + b"x", b"\0"),
                (b"sha-256", data, spki, der[:-1] + bytes([der[-1] ^ 1]), b"\0"), (b"sha-256", data, spki[:-1], der, b"crypto.key"),
                (b"sha-384", data, spki, der, b"crypto.approved"), (b"md5", data, spki, der, b"crypto.approved")):
            assert wanted in ask_hash(line, name, sent, (0x0614, block(public) + block(signature)))[1], (name, wanted)
        line.send(message(0x0610, block(b"sha-256")))
        assert ask_hash(line, b"sha-512", b"abc") == (0x0690, hashlib.sha512(b"abc").digest()), "the first is forgotten"
        line.send(message(0x0612, b""))
        assert b"application.hash" in line.recv(1000), "it has ended"


def check_refusals(unit):
    check_hashes(unit)
    rows = [(0x0601, block(b"application.nothing") + block(b"{}"), b"application.event-unknown"),
            (0x0601, block(b"device.started") + block(b"{}"), b"application.event-unknown"),
            (0x0601, block(b"application.started") + block(b"{}"), b"application.event-fields"),
            (0x0601, block(b"application.started") + block(b"{"), b"application.event-fields"),
            (0x0602, block(b"nobody") + b"\1" + block(b""), b"application.health-unknown"),
            (0x0602, block(b"sensor") + b"\2" + block(b""), b"application.health-form"),
            (0x0602, block(b"sensor") + b"\1" + block(b"a\nb"), b"application.health-form"),
            (0x0603, block(b"identification.remote-read"), b"application.setting-unknown")]
    with raw(unit) as line:
        for kind, payload, rule in rows:
            line.send(message(kind, payload))
            answer = line.recv(1000)
            assert answer[:2] == b"\x06\x83" and rule in answer, (kind, payload, answer)
    for bad in (b"", b"\6", message(0x0699, b""), message(0x0601, b"\0\0"), message(0x0601, b"x" * 3000), message(0x0603, block(b"a") + b"more"),
                message(0x0610, block(b"s" * 33)), message(0x0611, b""), message(0x0611, b"x" * 2049), message(0x0613, b"")):
        with raw(unit) as line:
            line.send(bad)
            assert line.recv(1000) == b"", bad
