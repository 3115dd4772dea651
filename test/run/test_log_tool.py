# SPDX-License-Identifier: Apache-2.0
"""The log on the owner's desk: followed as it is written, fetched and verified there."""
import json
import os
import signal
import subprocess
import time

import pytest

import world
from harness import local, roles, wait_for


@pytest.fixture
def owned(unit):
    unit.take_over()
    return unit


def places(unit):
    return ["--device", "unit", "--owner", str(unit.owner)]


def thingward(unit, *words):
    return subprocess.run([world.program("thingward"), *words], capture_output=True, text=True, timeout=30)


def follower(unit, *words):
    return subprocess.Popen([world.program("thingward"), "device", "log", "follow", *words, *places(unit)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def last(unit):
    return local(unit, "GET", "/api/v1/log?limit=1").json["records"][0]["seq"]


def test_follow_shows_each_record_once(owned):
    end = last(owned)
    shown = follower(owned, "--json", "--after", "0", "--limit", str(end))
    out, _ = shown.communicate(timeout=20)
    assert shown.returncode == 0
    found = [json.loads(line) for line in out.splitlines()]
    assert [r["seq"] for r in found] == list(range(1, end + 1))
    people = thingward(owned, "device", "log", "follow", "--after", "0", "--limit", "3", *places(owned))
    assert people.returncode == 0 and len(people.stdout.splitlines()) == 3 and "open" in people.stdout


def test_follow_goes_on_when_core_has_died(owned):
    begun = last(owned)
    shown = follower(owned, "--json", "--after", str(begun), "--limit", "60")
    for _ in range(20):
        local(owned, "GET", "/api/v1/settings")
    wait_for(lambda: local(owned, "GET", "/api/v1/settings").status == 200)
    time.sleep(0.5)
    os.kill(roles(owned)["core"], signal.SIGKILL)
    wait_for(lambda: local(owned, "GET", "/api/v1/settings").status == 200)
    for _ in range(60):
        local(owned, "GET", "/api/v1/settings")
    out, said = shown.communicate(timeout=25)
    assert [json.loads(line)["seq"] for line in out.splitlines()] == list(range(begun + 1, begun + 61)), said
    assert shown.returncode == 0


def test_follow_says_what_is_wrong(owned):
    gone = thingward(owned, "device", "log", "follow", "--after", "999999", *places(owned))
    assert gone.returncode == 3 and "stream.place" in gone.stderr
    assert thingward(owned, "device", "log", "follow", "--after", "x", *places(owned)).returncode == 2
    owned.stop()
    assert thingward(owned, "device", "log", "follow", *places(owned)).returncode == 4


def test_fetch_then_verify(owned):
    for _ in range(3):
        assert thingward(owned, "device", "log", "keys", *places(owned)).returncode == 0
    folder = owned.folder / "home"
    first = thingward(owned, "--json", "device", "log", "fetch", str(folder), *places(owned))
    assert first.returncode == 0, first.stderr
    fetched = json.loads(first.stdout)["fetched"]
    assert fetched == len(list(folder.iterdir())) == len(list((owned.state / "log").glob("*.twlog")))
    verified = thingward(owned, "--json", "log", "verify", str(folder))
    assert verified.returncode == 0, verified.stderr
    assert thingward(owned, "device", "log", "keys", *places(owned)).returncode == 0
    again = json.loads(thingward(owned, "--json", "device", "log", "fetch", str(folder), *places(owned)).stdout)
    assert again["kept"] == fetched - 1 and again["fetched"] == 2  # what was open, and what came after it
    assert thingward(owned, "log", "verify", str(folder)).returncode == 0
    oldest = sorted(folder.iterdir())[0]
    data = bytearray(oldest.read_bytes())
    data[data.index(b"epoch")] ^= 1
    oldest.write_bytes(data)
    assert thingward(owned, "log", "verify", str(folder)).returncode == 1
