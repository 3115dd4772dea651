# SPDX-License-Identifier: Apache-2.0
"""Interfaces of a running device: what its owner sees of real links and sockets, what is recorded, and what happens without the role that watches."""
import os
import signal
import socket
import time

import pytest
import world as worlds
from between import spoiled
from test_login_probes import assess
from test_watch import ip

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, and a network of its own")
PROBE = "LA.IC.14.3/follows-a-link"


@pytest.fixture(scope="module")
def unit(world):
    one = world.device("interfaces").start()
    one.take_over()
    one.json("settings", "change", "interfaces.period", "1")
    wait(lambda: listed(one)[1]["watched"])  # what the first look finds is no event, and it may be late on a loaded machine
    yield one
    one.stop()


@pytest.fixture
def link():
    ip("link", "add", "left", "type", "veth", "peer", "name", "right")
    ip("link", "set", "right", "up")
    yield "left"
    ip("link", "delete", "left")


def listed(unit):
    said = unit.json("interfaces", "list")
    return {(one["kind"], one["name"]): one for one in said["interfaces"]}, said


def wait(condition, seconds=6):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def state(unit, name):
    one = listed(unit)[0].get(("link", name))
    return one and one["present"] and one["state"]


def says_what_is_listed(unit):
    """Whether the element of Ethernet links agrees with the list. Other tests make links in this namespace too."""
    there = [one for (kind, _), one in listed(unit)[0].items() if kind == "link" and one["what"] == "ethernet" and one["present"]]
    (row,) = [row for row in unit.json("capabilities", "read")["elements"] if row["id"] == "LA.IC.14.3"]
    said = f"Ethernet links: {len(there)}, of these up: {len([one for one in there if one['state'] == 'up'])}."
    return (row["status"], row["reason"].startswith(said if there else "There is no Ethernet link.")) == ("provided" if there else "needs a part", True)


def told(unit, event):
    """The fields of such events, oldest first. From the whole log: each look into the list is a record of it, too."""
    records = unit.json("log", "read", "--all")["records"]
    return [one["fields"] for one in reversed(records) if one.get("event") == event]


def watchers(unit):
    """Those of this device: other tests have theirs at the same time."""
    def is_one(pid):
        try:
            status = dict(line.split(":\t", 1) for line in open(f"/proc/{pid}/status", encoding="ascii") if ":\t" in line)
        except OSError:
            return False
        return int(status["PPid"]) == unit.process.pid and int(status["Uid"].split()[0]) == worlds.ROLES["watch"]

    return [int(pid) for pid in os.listdir("/proc") if pid.isdigit() and is_one(pid)]


def test_a_link_that_comes_goes_down_and_up_and_goes_is_followed(unit):
    """@nist LA.IC.14.3"""
    before = len(told(unit, "interface.changed"))
    ip("link", "add", "left", "address", "02:00:00:00:00:07", "type", "veth", "peer", "name", "right")
    ip("link", "set", "right", "up")
    wait(lambda: state(unit, "left") == "off")
    one = listed(unit)[0]["link", "left"]
    assert (one["what"], one["driver"], one["address"]) == ("ethernet", "veth", "02:00:00:00:00:07")
    for words, becomes in ((("left", "up"), "up"), (("left", "down"), "off"), (("left", "up"), "up")):
        ip("link", "set", *words)
        wait(lambda: state(unit, "left") == becomes)
    wait(lambda: says_what_is_listed(unit))
    assert unit.json("interfaces", "read", one["id"])["state"] == "up"
    ip("link", "delete", "left")
    wait(lambda: state(unit, "left") is False and state(unit, "right") is False)
    assert [fields["address"] for fields in told(unit, "interface.appeared") if fields["name"] == "left"] == ["02:00:00:00:00:07"]
    steps = [(fields["from"], fields["to"]) for fields in told(unit, "interface.changed")[before:] if fields["name"] == "left" and fields["what"] == "state"]
    assert [to for _, to in steps if to != "down"] == ["up", "off", "up"] and all(a[1] == b[0] for a, b in zip(steps, steps[1:]))
    assert {"kind": "link", "name": "left"} in told(unit, "interface.gone")
    wait(lambda: says_what_is_listed(unit))


def test_what_begins_to_listen_is_listed_and_recorded(unit):
    with socket.create_server(("127.0.0.1", 0)) as server:
        name = f"tcp 127.0.0.1:{server.getsockname()[1]}"
        wait(lambda: ("socket", name) in listed(unit)[0])
        assert listed(unit)[0]["socket", name]["what"].startswith("user 0")
    wait(lambda: not listed(unit)[0]["socket", name]["present"])
    assert [fields["state"] for fields in told(unit, "interface.appeared") if fields["name"] == name] == ["listening"]
    own = {name for (kind, name), one in listed(unit)[0].items() if kind == "socket" and one["present"]}
    assert f"tcp {unit.address}" in own


def test_lists_come_in_pages_and_one_that_is_not_there_is_said(unit):
    def pages():
        first = unit.json("interfaces", "list", "--limit", "2")
        assert len(first["interfaces"]) == 2
        return [one["id"] for one in first["interfaces"] + unit.json("interfaces", "list", "--limit", "300", "--cursor", first["next"])["interfaces"]]

    wait(lambda: [one["id"] for one in listed(unit)[1]["interfaces"]] == pages())  # other tests' sockets come and go meanwhile
    for wrong in ("99999", "0", "eth0"):
        assert "interfaces.unknown" in unit.tool("device", "interfaces", "read", wrong, "--device", "unit", "--owner", unit.owner, ok=(3,)).stderr


def test_the_role_that_watches_is_one_and_is_there_again_when_it_dies(unit):
    (pid,) = watchers(unit)
    os.kill(pid, signal.SIGKILL)
    wait(lambda: watchers(unit) and watchers(unit) != [pid])
    wait(lambda: listed(unit)[1]["watched"])
    assert told(unit, "interface.unwatched")


def test_switched_off_nobody_watches_and_that_is_said(unit):
    unit.json("settings", "change", "interfaces.watch", "off")
    wait(lambda: not watchers(unit))
    said = listed(unit)[1]
    assert not said["watched"] and "interfaces.watch is off" in said["why"]
    unit.json("settings", "change", "interfaces.watch", "on")
    wait(lambda: watchers(unit) and listed(unit)[1]["watched"])


def judged(unit, folder, *more, device="unit"):
    (found,) = assess(unit, folder, {PROBE}, device, more).values()
    return found


def toggle(unit, name):
    for word, becomes in (("up", "up"), ("down", "off"), ("up", "up")):
        ip("link", "set", name, word)
        wait(lambda: state(unit, name) == becomes)


def without_changes(asked):
    status, body, headers = asked.answer()
    return status, body | {"records": [one for one in body["records"] if one.get("event") != "interface.changed"]}, headers


def without_drivers(asked):
    status, body, headers = asked.answer()
    return status, body | {"interfaces": [{**one, "driver": ""} for one in body["interfaces"]]}, headers


def half_seen(asked):
    status, body, headers = asked.answer()
    return status, body | {"missed": "links"}, headers


def inventory(unit, folder, *more, device="unit"):
    (found,) = assess(unit, folder, {"LA.IC.14/lists-links"}, device, more).values()
    return found


# @nist LA.IC.14: each link is listed with its technology, driver and state
# @turns LA.IC.14: a link is listed without its driver, or links are missing in the list
def test_the_inventory_of_links(unit, link, tmp_path):
    wait(lambda: state(unit, link))
    element = next(one for one in unit.json("capabilities", "read")["elements"] if one["id"] == "LA.IC.14")
    assert element["status"] == "provided" and "ethernet" in element["reason"], element
    assert inventory(unit, tmp_path)[0] == "inconclusive"
    found = inventory(unit, tmp_path, "--link", link)
    assert found[0] == "pass" and "ethernet, by the driver veth" in found[1], found
    assert inventory(unit, tmp_path, "--link", "none")[0] == "fail"
    for wrong in (without_drivers, half_seen):
        with spoiled(unit, tmp_path, "GET", "interfaces*", wrong) as device:
            assert inventory(unit, tmp_path, "--link", link, device=device)[0] == "fail"


def always_up(asked):
    status, body, headers = asked.answer()
    return status, body | {"interfaces": [{**one, "state": "off"} for one in body["interfaces"]]}, headers


# @turns LA.IC.14.3: nothing is told of a link that went and came
def test_the_probe_passes_and_fails_when_nothing_is_told(unit, link, tmp_path):
    toggle(unit, link)
    assert judged(unit, tmp_path)[0] == "inconclusive"
    found = judged(unit, tmp_path, "--link", link)
    assert found[0] == "pass", found[1]
    assert judged(unit, tmp_path, "--link", "lo")[0] == "inconclusive", "it is no Ethernet link"
    assert judged(unit, tmp_path, "--link", "none")[0] == "fail"
    for path, wrong in (("log*", without_changes), ("interfaces*", always_up)):
        with spoiled(unit, tmp_path, "GET", path, wrong) as device:
            assert judged(unit, tmp_path, "--link", link, device=device)[0] == "fail"
    unit.json("settings", "change", "interfaces.watch", "off")
    wait(lambda: not watchers(unit))
    assert judged(unit, tmp_path, "--link", link)[0] == "fail"
    unit.json("settings", "change", "interfaces.watch", "on")
