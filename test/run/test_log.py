# SPDX-License-Identifier: Apache-2.0
"""The audit log of a running device: what may be read of it, and what becomes of it on a full disk, after tampering and SIGKILL."""
import os
import signal
import subprocess

import pytest

from harness import Client, local, roles, wait_for

SETTING = "/api/v1/settings/identification.remote-read"
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to mount a small disk")


@pytest.fixture
def owner(unit):
    client = Client(unit)
    assert client.take().status == 201
    return client


def switch(client):
    """Turns the setting over; the answer."""
    now = client.ask("GET", SETTING)
    return client.ask("PUT", SETTING, {"value": "on" if now.json["value"] == "off" else "off"}, [f"If-Match: {now.headers['etag']}"])


def records(unit, count=200):
    return local(unit, "GET", f"/api/v1/log?limit={count}").json["records"]


def segments(unit):
    return sorted((unit.state / "log").glob("*.twlog"))


def test_reading_is_bounded_and_recorded(owner):
    for count in (1, 7, 200):
        found = owner.ask("GET", f"/api/v1/log?limit={count}").json["records"]
        assert len(found) <= count and [r["seq"] for r in found] == sorted((r["seq"] for r in found), reverse=True)
    for wrong in ("limit=0", "limit=201", "limit=-1", "limit=1x", "limit=", "limit=1&limit=2", "count=1", "other=1", "limit", "cursor="):
        assert owner.ask("GET", f"/api/v1/log?{wrong}").status == 400, wrong
    assert [r["operation"] for r in records(owner.unit) if r["type"] == "read"][:3] == ["log.read"] * 3


def test_keys_of_ended_epochs(owner):
    first = owner.ask("POST", "/api/v1/log/keys").json["epochs"]
    second = owner.ask("POST", "/api/v1/log/keys").json["epochs"]
    assert [one["epoch"] for one in second] == [one["epoch"] for one in first] + [first[-1]["epoch"] + 1]
    assert all(len(one["key"]) == 64 for one in second) and len({one["key"] for one in second}) == len(second)
    assert second[:len(first)] == first


def test_a_flood_of_refusals_is_counted(owner):
    stranger = Client(owner.unit, certificate=False)
    before = records(owner.unit, 1)[0]["seq"]
    for _ in range(40):
        assert stranger.ask("GET", "/api/v1/identity").status == 401
    assert len([r for r in records(owner.unit) if r["seq"] > before and r.get("event") == "request.refused"]) == 10
    assert owner.unit.stop() == 0  # seals what was only counted
    owner.unit.start()
    assert 30 in [r["count"] for r in records(owner.unit) if r["type"] == "refusals"]


@as_root
def test_a_full_disk_refuses_changes_and_goes_on_reading(new_unit):
    unit = new_unit()
    folder = unit.state / "log"
    owned_by = folder.stat()
    options = f"size=6m,mode=700,uid={owned_by.st_uid},gid={owned_by.st_gid}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True)
    try:
        owner = Client(unit.start())
        assert owner.take().status == 201
        ballast = folder / "ballast"
        with open(ballast, "wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
            while True:
                file.write(bytes(4096))
        assert owner.ask("POST", "/api/v1/log/keys").status == 200  # takes the segment that was ready
        refused = switch(owner)
        assert (refused.status, refused.json["rule"]) == (503, "audit.space")
        assert owner.ask("GET", SETTING).json["version"] == 0
        assert Client(unit, certificate=False).ask("GET", SETTING).status == 401
        ballast.unlink()
        assert switch(owner).status == 200  # nobody had to restart it
    finally:
        unit.stop()
        subprocess.run(["umount", folder], check=True)


def test_a_changed_log_is_set_aside_and_said(owner):
    unit = owner.unit
    switch(owner)
    assert unit.stop() == 0
    name = segments(unit)[0]
    data = bytearray(name.read_bytes())
    data[600] ^= 1
    name.write_bytes(data)
    unit.start()
    opened = [r for r in records(unit) if r["type"] == "open"]
    assert len(opened) == 1 and "record 1 at byte 512" in opened[0]["fault"]
    assert records(unit)[-1]["seq"] == 1
    assert list((unit.state / "log").glob(f"{name.name}.aside-*")), "the evidence is kept"
    assert "set aside" in unit.said() and not [r for r in records(unit) if r.get("event") == "device.confirmed"]
    assert switch(owner).status == 200
    assert unit.stop() == 0
    unit.start()
    assert "fault" not in [r for r in records(unit) if r["type"] == "open"][0]


@pytest.mark.parametrize("round_", range(3))
def test_a_killed_core_leaves_an_honest_log(owner, round_):
    unit = owner.unit
    for _ in range(3):
        assert switch(owner).status == 200
    version = owner.ask("GET", SETTING).json["version"]
    with owner.connect() as line:  # a change is on its way when it dies
        line.sendall(owner.head("PUT", SETTING, {"value": "off"}, [f'If-Match: "{version}"']))
        os.kill(roles(unit)["core"], signal.SIGKILL)
    wait_for(lambda: owner.ask("GET", SETTING).status == 200)
    assert owner.ask("GET", SETTING).json["version"] in (version, version + 1)
    told = records(unit)
    assert told[-1]["seq"] == 1 and "fault" not in [r for r in told if r["type"] == "open"][0]
    intents = {r["seq"] for r in told if r["type"] == "intent"}
    assert intents == {r["intent"] for r in told if r["type"] == "outcome"}
    assert unit.tool("log", "verify", unit.state / "log", ok=None).returncode == 0
