# SPDX-License-Identifier: Apache-2.0
"""The device's HTTPS at another port: the new one answers, the old one closes; unconfirmed it goes back, confirmed it stays, whatever starts again."""
import json
import os
import signal
import socket

import pytest

from harness import Client, local, wait_for
from test_login_probes import assess
from world import free_port

KEY = "interfaces.https-port"
PROBE = "LA.IC.10/moves-its-port"


@pytest.fixture(scope="module")
def unit(world):
    one = world.device("moved")
    one.start()
    one.take_over()
    one.first = one.port
    yield one
    one.stop()


def is_open(port):
    with socket.socket() as line:
        line.settimeout(2)
        return line.connect_ex(("127.0.0.1", port)) == 0


def change(unit, value, *more, ok=(0,)):
    return unit.tool("device", "settings", "change", KEY, str(value), *more, "--device", "unit", "--owner", unit.owner, ok=ok)


def move(unit, value, port):
    change(unit, value, "--confirm")
    unit.port = port


def address(unit):
    return json.loads((unit.owner / "devices/unit.json").read_text())["address"]


def element(unit):
    (one,) = [one for one in unit.local("capabilities", "read")["elements"] if one["id"] == "LA.IC.10"]
    return one


def told(unit):
    return [one["fields"]["port"] for one in reversed(local(unit, "GET", "/api/v1/log?limit=200").json["records"]) if one.get("event") == "interface.https-moved"]


def changed(unit):
    return local(unit, "GET", "/api/v1/change").json


# @nist LA.IC.10: the administrator moves HTTPS to another port; the new one answers, the old one closes, also after a start
def test_the_new_port_answers_and_the_old_one_closes(unit):
    new, other = free_port(), free_port()
    kept = Client(unit, certificate=True)
    assert kept.ask("GET", "/api/v1/health").status == 200
    move(unit, new, new)
    assert is_open(new) and not is_open(unit.first) and address(unit) == f"127.0.0.1:{new}"
    assert unit.https("GET", "/api/v1/health")[0] == 200 and unit.json("health", "read")["state"] == "ok", "the owner's file says where"
    assert (unit.run / "listening").read_text() == f"127.0.0.1:{new}\n" and told(unit) == [new]
    assert element(unit)["status"] == "provided" and str(new) in element(unit)["reason"]

    # Core dies, and the whole device: it stays where it is, and the old port never answers.
    os.kill(unit.role_pids()["core"], signal.SIGKILL)
    wait_for(lambda: unit.https("GET", "/api/v1/health")[0] == 200)
    assert not is_open(unit.first)
    unit.stop()
    unit.start()
    assert not is_open(unit.first) and unit.json("health", "read")["state"] == "ok"

    # From there to a third, and back to where it was delivered.
    move(unit, other, other)
    assert is_open(other) and not is_open(new) and not is_open(unit.first)
    move(unit, 0, unit.first)
    assert is_open(unit.first) and not is_open(other) and address(unit) == f"127.0.0.1:{unit.first}"
    assert unit.json("health", "read")["state"] == "ok" and (unit.run / "listening").read_text() == f"127.0.0.1:{unit.first}\n"


def test_what_nobody_confirms_goes_back(unit):
    new = free_port()
    change(unit, new)
    wait_for(lambda: is_open(new) and not is_open(unit.first))
    os.kill(unit.role_pids()["core"], signal.SIGKILL)
    wait_for(lambda: is_open(unit.first) and not is_open(new))
    wait_for(lambda: unit.https("GET", "/api/v1/health")[0] == 200)
    assert local(unit, "GET", f"/api/v1/settings/{KEY}").json["value"] == "0"
    change(unit, new)
    wait_for(lambda: is_open(new))
    unit.process.kill()
    unit.process.wait()
    unit.process = None
    unit.start()
    assert is_open(unit.first) and not is_open(new)


def test_a_port_that_somebody_has_is_not_taken(unit):
    for low in ("1", "80", "1023"):
        refused = change(unit, low, ok=None)
        assert refused.returncode != 0 and "below 1024" in refused.stderr, refused.stderr
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        change(unit, port)
        wait_for(lambda: "in use" in changed(unit)["why"])
        assert not changed(unit)["holds"] and unit.https("GET", "/api/v1/health")[0] == 200, "it stays where it was"
        assert element(unit)["status"] == "not provided" and "in use" in element(unit)["reason"]
        unit.tool("device", "change", "revert", "--device", "unit", "--owner", unit.owner)
        wait_for(lambda: element(unit)["status"] == "provided")


def judged(unit, folder, *more):
    (found,) = assess(unit, folder, {PROBE}, "unit", more).values()
    return found


# @turns LA.IC.10: the device does not go to the port that it was told
def test_the_probe_passes_and_fails_when_it_does_not_move(unit, tmp_path):
    assert judged(unit, tmp_path)[0] == "inconclusive"
    found = judged(unit, tmp_path, "--move-to", free_port())
    assert found[0] == "pass", found[1]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        found = judged(unit, tmp_path, "--move-to", taken.getsockname()[1])
    assert found[0] == "fail" and "does not answer at the new port" in found[1], found[1]
    wait_for(lambda: not changed(unit)["waiting"])
    assert is_open(unit.first) and unit.json("health", "read")["state"] == "ok"
