# SPDX-License-Identifier: Apache-2.0
"""Two releases over one state directory: an update on trial, taken back, made again and confirmed. Between the steps owner, settings
and sessions change, so that each release has to find what the other one wrote. The release before is this source built with
-Dstore_format=1 and a lower version (`tools/build old`)."""
import hashlib
import json
import os
import subprocess
from pathlib import Path

import pytest

import world as worlds
from harness import Client, local, wait_for
from test_application import events, find
from test_application import start as start_thermostat

OLD = Path(os.environ.get("TW_OLD", worlds.ROOT / "build/old"))
NEW = worlds.BUILD
TARGET = "/api/v1/settings/application.target"
FORMAT_AT = 60  # in the first page of an SQLite file: user_version, 4 bytes

pytestmark = pytest.mark.skipif(not (OLD / "src/device/thingward-device").exists(), reason="no build of the release before: tools/build old")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to mount a small disk")


def boot_id():
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip().replace("-", "")


class Unit:
    """A device that is run by one release after the other."""

    def __init__(self, device):
        self.device, self.application = device, None

    def run(self, build, confirmed):
        """Starts; confirmed: with the application, whose report of health ends the trial."""
        self.device.build = build
        mark = self.device.state / "boot" / "confirmed"
        mark.unlink(missing_ok=True)
        self.device.start()
        if confirmed:
            self.application = start_thermostat(self.device)
            wait_for(lambda: mark.read_text() == boot_id())
        return self

    def end(self):
        """Stops, and verifies the log with everything there is to verify it by."""
        if self.application:
            self.application.kill()
            self.application.wait()
            self.application = None
        if self.device.process:
            assert self.device.stop() == 0, self.device.said()
        done = self.device.tool("log", "verify", self.device.state / "log", "--device-cert", self.device.state / "keys/identity.crt", "--anchor",
                                self.device.config / "manufacturer.crt", ok=None)
        assert done.returncode == 0, done.stdout + done.stderr
        return int.from_bytes((self.device.state / "core/store.db").read_bytes()[FORMAT_AT:FORMAT_AT + 4], "big")

    def software(self):
        return self.device.local("capabilities", "read")["software"]


@pytest.fixture
def unit(world):
    device = world.device(f"{len(world.devices):03}-TWO-RELEASES", OLD)
    one = Unit(device)
    yield one
    if one.application:
        one.application.kill()
        one.application.wait()
    device.stop()


def change(client, value):
    now = client.ask("GET", TARGET)
    answer = client.ask("PUT", TARGET, {"value": value}, [f"If-Match: {now.headers['etag']}"])
    assert answer.status == 200, answer.body


def setting(client):
    answer = client.ask("GET", TARGET)
    return (answer.json["value"], answer.json["version"]) if answer.status == 200 else answer.status


def take_back_ownership(device):
    """At the console: the owner is gone, the settings are as delivered, the keys role has a fresh secret. The secret."""
    code = device.at_console("recover").split("Type ")[1][:4]
    return bytes.fromhex(device.at_console(code).split("shown only now: ")[1][:32])


def open_session(owner):
    code = owner.ask("POST", "/api/v1/session-codes").json["code"]
    browser = Client(owner.unit, certificate=False)
    browser.token = browser.ask("POST", "/api/v1/sessions", {"code": code}).json["token"]
    return browser


def contents(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def refuses_to_start(unit, build):
    """What the daemon says; the store is not touched by it."""
    unit.device.build = build
    before = contents(unit.device.state / "core")
    unit.device.log.unlink(missing_ok=True)
    unit.device.start(wait=False)
    said = wait_for(lambda: unit.device.said() if "has format" in unit.device.said() else None)
    unit.device.stop()
    assert contents(unit.device.state / "core") == before
    return said


def test_old_new_old_new(unit):
    device = unit.device
    alice, bob = Client(device), Client(device)

    unit.run(OLD, confirmed=True)
    assert alice.take().status == 201
    change(alice, "22")
    version = unit.software()
    identifier = alice.ask("GET", "/api/v1/identity").json["identifier"]
    assert unit.end() == 1

    # On trial: nothing reports health, and everything is where it was.
    unit.run(NEW, confirmed=False)
    assert unit.software() != version
    assert setting(alice) == ("22", 1)
    assert alice.ask("GET", "/api/v1/identity").json["identifier"] == identifier
    first_listener = alice.listener()
    secret = take_back_ownership(device)
    assert alice.ask("GET", TARGET).status in (401, 403)
    assert bob.take(secret=secret).status == 201
    change(bob, "23")
    session = open_session(bob)
    listener = bob.listener()
    assert listener != first_listener
    assert not (device.state / "boot/confirmed").exists()
    assert unit.end() == 1

    # Taken back: what the trial did to owner, keys, settings and sessions holds.
    unit.run(OLD, confirmed=True)
    assert unit.software() == version
    assert bob.listener() == listener
    assert alice.ask("GET", TARGET).status == 401
    assert setting(bob) == setting(session) == ("23", 1)
    change(bob, "24")
    assert not [e for e in events(device) if e["event"].startswith("store.")]
    assert unit.end() == 1

    # Made again, and well: from here on there is no way back, and none is pretended.
    unit.run(NEW, confirmed=True)
    assert find(device, "store.migrated")[0]["fields"] == {"from": 1, "to": 2}
    assert setting(bob) == setting(session) == ("24", 2)
    change(bob, "25")
    assert unit.end() == 2
    assert sorted(path.name for path in (device.state / "core").iterdir()) == ["store.db"]

    said = refuses_to_start(unit, OLD)
    assert f"has format 2, of a newer release; this one ({version}) reads 1 to 1 and has changed nothing: install a release that reads format 2" in said
    assert unit.end() == 2

    unit.run(NEW, confirmed=False)
    assert setting(bob) == setting(session) == ("25", 3)
    assert bob.listener() == listener and bob.ask("GET", "/api/v1/identity").json["identifier"] == identifier
    keys = device.folder / "keys.json"
    keys.write_text(json.dumps(bob.ask("POST", "/api/v1/log/keys").json))
    assert unit.end() == 2
    proven = device.tool("log", "verify", device.state / "log", "--device-cert", device.state / "keys/identity.crt", "--keys", keys, ok=None)
    assert proven.returncode == 0, proven.stdout + proven.stderr
    assert len([e for e in events(unit.run(NEW, confirmed=False).device) if e["event"] == "store.migrated"]) == 1


@as_root
def test_no_room_for_the_copy(unit):
    """The old store goes on, the log says why, and the next start with room makes it good."""
    device = unit.device
    folder = device.state / "core"
    owned_by = folder.stat()
    options = f"size=1m,mode=700,uid={owned_by.st_uid},gid={owned_by.st_gid}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True)
    try:
        owner = Client(device)
        unit.run(OLD, confirmed=False)
        assert owner.take().status == 201
        change(owner, "22")
        assert unit.end() == 1
        unit.run(NEW, confirmed=False)
        change(owner, "23")
        ballast = folder / "ballast"
        with open(ballast, "wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
            while True:
                file.write(bytes(4096))
        unit.application = start_thermostat(device)
        why = find(device, "store.not-migrated")[0]["fields"]
        assert why["format"] == 1 and ("space" in why["why"] or "full" in why["why"]), why
        assert setting(owner) == ("23", 2)
        assert sorted(path.name for path in folder.iterdir()) == ["ballast", "store.db", "store.db-wal"]
        ballast.unlink()
        change(owner, "24")  # it goes on, in the format before
        assert unit.end() == 1
        unit.run(NEW, confirmed=True)
        find(device, "store.migrated")
        assert setting(owner) == ("24", 3)
        assert unit.end() == 2
    finally:
        device.stop()
        subprocess.run(["umount", folder], check=True)
