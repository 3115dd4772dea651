# SPDX-License-Identifier: Apache-2.0
"""Interfaces that are off by the list of a mode: real links of a network of our own, a manager's host behind one of them, roles and devices that are killed."""
import json
import os
import signal
import subprocess

import pytest

from between import spoiled
from harness import local, wait_for
from test_firewall import from_manager, hosts_of
from test_login_probes import assess
from world import ROLES

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs namespaces")
PROBE = "LA.IC.14.4/obeys-off"
DECLARED = """  - {name: lan, kind: ethernet, kernel: w-*, purpose: The network.}
  - {name: fieldbus, kind: ethernet, kernel: field*, purpose: A bus of the maker's own.}
flows:
"""


def ip(*words):
    done = subprocess.run(["ip", *words], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def is_up(name):
    (one,) = json.loads(ip("-j", "link", "show", name))
    return "UP" in one["flags"]


@pytest.fixture(scope="module")
def manager():
    with hosts_of("manager") as made:
        yield made["manager"]


@pytest.fixture(scope="module")
def unit(world, manager):
    """One whose product declares its links, and that has two of the declared kind beside the manager's."""
    product = world.product / "product.yaml"
    before = product.read_text()
    product.write_text(before.replace("flows:\n", DECLARED, 1) if "\nflows:\n" in before else before)
    try:
        one = world.device("control")
    finally:
        product.write_text(before)
    one.address, loopback = f"0.0.0.0:{one.port}", one.address
    one.start()
    one.address = loopback
    one.take_over()
    one.address = f"0.0.0.0:{one.port}"
    ip("link", "add", "field0", "type", "veth", "peer", "name", "field1")
    for name in ("field0", "field1"):
        ip("link", "set", name, "up")
    wait_for(lambda: listed(one)["watched"] and link(one, "field0"))
    yield one
    one.stop()
    ip("link", "delete", "field0")


def listed(unit):
    return local(unit, "GET", "/api/v1/interfaces?limit=300").json


def link(unit, name):
    return next((one for one in listed(unit)["interfaces"] if (one["kind"], one["name"]) == ("link", name)), None)


def told(unit, event):
    return [one["fields"] for one in reversed(local(unit, "GET", "/api/v1/log?limit=200").json["records"]) if one.get("event") == event]


def change(unit, manager, key, value):
    done = from_manager(unit, manager, "settings", "change", key, value, "--confirm")
    assert done.returncode == 0 and "Confirmed" in done.stderr, done.stderr + unit.said()


def shown(unit, name, off, state):
    one = link(unit, name)
    return listed(unit)["held"] and one["off"] is off and one["state"] == state


# @nist LA.IC.14.4: a link that the manufacturer declares is listed with its driver, and goes off and on by the policy
def test_what_is_to_be_off_is_off_and_stays_so(unit, manager):
    assert link(unit, "field0")["declared"] == "fieldbus" and link(unit, "field0")["driver"] == "veth" and link(unit, "field0")["off"] is False
    change(unit, manager, "interfaces.off-normal", "link:field*")
    assert not is_up("field0") and not is_up("field1") and is_up("w-manager") and is_up("lo")
    wait_for(lambda: shown(unit, "field0", True, "off"))
    assert listed(unit)["policy"] == "link:field*" and listed(unit)["mode"] == "normal"
    with open(f"/proc/{unit.role_pids()['links']}/status", encoding="ascii") as file:
        status = dict(line.split(":\t", 1) for line in file.read().splitlines())
    assert {status["CapEff"], status["CapBnd"]} == {f"{1 << 12:016x}"} and status["Seccomp"] == "2" and set(status["Uid"].split()) == {str(ROLES["firewall"])}

    # Somebody switches one on, and one comes later: each is off again, and that is told.
    ip("link", "set", "field0", "up")
    wait_for(lambda: not is_up("field0") and {"kind": "link", "name": "field0"} in told(unit, "interface.held"))
    ip("link", "add", "field2", "type", "veth", "peer", "name", "other2")
    ip("link", "set", "other2", "up")
    ip("link", "set", "field2", "up")
    wait_for(lambda: not is_up("field2") and {"kind": "link", "name": "field2"} in told(unit, "interface.held"))
    assert is_up("other2")
    ip("link", "delete", "field2")

    # The role dies; the device; while it is away somebody switches one on: the next start switches it off.
    os.kill(unit.role_pids()["links"], signal.SIGKILL)
    wait_for(lambda: "links" in unit.role_pids() and listed(unit)["held"])
    unit.stop()
    ip("link", "set", "field0", "up")
    unit.start()
    wait_for(lambda: not is_up("field0") and listed(unit)["held"])

    # Another mode has another list, and that survives a start as well.
    change(unit, manager, "interfaces.mode", "maintenance")
    assert is_up("field0") and is_up("field1") and listed(unit)["mode"] == "maintenance" and not listed(unit)["policy"]
    unit.stop()
    unit.start()
    assert listed(unit)["mode"] == "maintenance"
    change(unit, manager, "interfaces.mode", "normal")
    assert not is_up("field0")
    assert [(one["mode"], one["off"], one["count"]) for one in told(unit, "interface.policy")][-2:] == [("maintenance", "", 0), ("normal", "link:field*", 2)]
    change(unit, manager, "interfaces.off-normal", "")
    assert is_up("field0")


# A change by which the administrator comes is taken back: when core ends, and when the whole device does. That time does it, too, is test_firewall.py's.
def test_whoever_switches_off_his_own_way_in_has_it_back(unit, manager):
    for kills in (False, True):
        assert from_manager(unit, manager, "settings", "change", "interfaces.off-normal", "link:w-manager").returncode == 0
        wait_for(lambda: not is_up("w-manager"))
        if kills:
            unit.process.kill()
            unit.process.wait()
            unit.process = None
            assert not is_up("w-manager")
            unit.start()
        else:
            os.kill(unit.role_pids()["core"], signal.SIGKILL)
        wait_for(lambda: is_up("w-manager"))
        wait_for(lambda: manager.reaches(unit.port, 0.3))
        assert local(unit, "GET", "/api/v1/settings/interfaces.off-normal").json["value"] == ""


def test_what_is_no_interface_is_refused(unit, manager):
    for value, rule in (("link:lo", "never off"), ("usb:1-1", "usb:VVVV:PPPP"), ("gpio:1", "not link:NAME"), ("component:pci/../x", "component:BUS/DEVICE"), ("radio:microwave", "a radio is wlan"), ("link:eth0 ", "blank behind"),
                        (" ".join(["link:e"] * 33), "more than 32")):
        done = unit.tool("device", "settings", "change", "interfaces.off-lockdown", value, "--device", "unit", "--owner", unit.owner, ok=None)
        assert done.returncode != 0 and rule in done.stderr, done.stderr
    assert unit.tool("device", "settings", "change", "interfaces.mode", "party", "--device", "unit", "--owner", unit.owner, ok=None).returncode != 0


def judged(unit, folder, *more, device="unit"):
    (found,) = assess(unit, folder, {PROBE}, device, more).values()
    return found


def always_up(asked):
    status, body, headers = asked.answer()
    return status, body | {"interfaces": [{**one, "state": "up"} for one in body["interfaces"]]}, headers


def without_changes(asked):
    status, body, headers = asked.answer()
    return status, body | {"records": [one for one in body["records"] if one.get("event") != "interface.changed"]}, headers


def not_held(asked):
    status, body, headers = asked.answer()
    return status, body | {"held": False}, headers


# @turns LA.IC.14.4: the device says that a link is off by its list, and it is not
def test_the_probe_passes_and_fails_when_it_is_not_off(unit, manager, tmp_path):
    assert judged(unit, tmp_path)[0] == "inconclusive"
    assert judged(unit, tmp_path, "--off", "link:field0")[0] == "fail", "its list does not name it"
    change(unit, manager, "interfaces.off-normal", "link:field0")
    wait_for(lambda: shown(unit, "field0", True, "off"))
    found = judged(unit, tmp_path, "--off", "link:field0")
    assert found[0] == "pass", found[1]
    assert judged(unit, tmp_path, "--off", "link:none")[0] == "fail"
    for path, wrong in (("interfaces*", always_up), ("log*", without_changes), ("interfaces*", not_held)):
        with spoiled(unit, tmp_path, "GET", path, wrong) as device:
            assert judged(unit, tmp_path, "--off", "link:field0", device=device)[0] == "fail"
    change(unit, manager, "interfaces.off-normal", "")


CONTROL = "LA.IC.9/admins-control"


def controlled(unit, folder, *more, device="unit"):
    (found,) = assess(unit, folder, {CONTROL}, device, ("--local", unit.run / "admin.sock", *more)).values()
    return found


def without_rates(asked):
    status, body, headers = asked.answer()
    return status, body | {"rates": []}, headers


def control_element(unit):
    (element,) = [one for one in unit.json("capabilities", "read")["elements"] if one["id"] == "LA.IC.9"]
    return element


# @nist LA.IC.9: an administrator switches a link and limits its rate, by HTTPS as the owner and at the local socket by the session of an account
# @turns LA.IC.9: the link does not follow its list, or no rate is limited
def test_administrators_control_a_link_here_and_from_afar(unit, manager, tmp_path):
    assert controlled(unit, tmp_path)[0] == "inconclusive"
    change(unit, manager, "interfaces.off-normal", "link:field0 link:field1")
    wait_for(lambda: shown(unit, "field0", True, "off"))
    found = controlled(unit, tmp_path, "--off", "link:field0")
    assert found[0] == "fail" and "firewall.mode is off" in found[1]
    assert control_element(unit)["status"] == "off by policy" and "firewall.mode" in control_element(unit)["reason"]
    change(unit, manager, "firewall.mode", "enforce")
    assert control_element(unit)["status"] == "provided", control_element(unit)
    found = controlled(unit, tmp_path, "--off", "link:field0")
    assert found[0] == "pass", found[1]
    assert listed(unit)["policy"] == "link:field0 link:field1" and local(unit, "GET", "/api/v1/settings/firewall.rates-normal").json["value"] == ""
    assert controlled(unit, tmp_path, "--off", "link:field9")[0] == "inconclusive"
    for path, wrong in (("interfaces*", always_up), ("firewall", without_rates)):
        with spoiled(unit, tmp_path, "GET", path, wrong) as device:
            assert controlled(unit, tmp_path, "--off", "link:field0", device=device)[0] == "fail"
    change(unit, manager, "firewall.mode", "off")
    change(unit, manager, "interfaces.off-normal", "")


def test_whoever_logs_in_at_the_device_is_an_account_and_not_root(unit, manager, tmp_path):
    here = ("--local", unit.run / "admin.sock", "--owner", tmp_path / "me")
    word, wrong = tmp_path / "password", tmp_path / "wrong"
    word.write_text("nine quiet herons wade\n")
    wrong.write_text("nine quiet herons wail\n")
    alone = unit.tool("device", "settings", "change", "interfaces.off-normal", "link:field1", "--local", unit.run / "admin.sock", ok=None)
    assert alone.returncode != 0 and "gate.permission" in alone.stderr, "root looks, and changes nothing"
    unit.tool("device", "password", "set", "--password-file", word, "--device", "unit", "--owner", unit.owner)
    for password, ok in ((wrong, False), (word, True)):
        done = unit.tool("device", "login", *here, "--account", "alice", "--password-file", password, ok=None)
        assert (done.returncode == 0) is ok, done.stderr
    assert "logged in at the local socket" in done.stdout
    unit.tool("device", "settings", "change", "interfaces.off-normal", "link:field1", *here)
    wait_for(lambda: not is_up("field1"))
    unit.tool("device", "change", "revert", *here)
    wait_for(lambda: is_up("field1"))
    (record,) = [one for one in local(unit, "GET", "/api/v1/log?limit=200").json["records"] if one.get("operation") == "change.revert" and one["type"] == "intent"][:1]
    assert record["subject"] == "owner:alice" and record["source"].startswith("pid "), record
    kept = json.loads((tmp_path / "me/logins/@local.json").read_text())
    assert unit.https("GET", "/api/v1/settings", headers=[f"Authorization: Bearer {kept['token']}"])[0] == 401, "it is good at its own door alone"
    unit.tool("device", "logout", *here)
    out = unit.tool("device", "settings", "list", *here, ok=None)
    assert out.returncode != 0 and "not logged in" in out.stderr


# What this machine has stays on: the words name what no machine has. What goes off for real is in test/machine.
def test_parts_has_an_id_of_its_own_and_roots_for_files(unit, manager):
    change(unit, manager, "interfaces.off-normal", "camera:none0 component:nobus/none link:field9")
    assert listed(unit)["held"] and listed(unit)["taken"] == []
    assert {(one["off"], one["count"]) for one in told(unit, "interface.policy")[-2:]} == {("camera:none0 component:nobus/none", 0), ("link:field9", 0)}
    with open(f"/proc/{unit.role_pids()['parts']}/status", encoding="ascii") as file:
        status = dict(line.split(":\t", 1) for line in file.read().splitlines())
    own = str(ROLES["parts"])
    assert status["Uid"].split() == [own, own, own, "0"] and status["Seccomp"] == "2"
    assert {status[key] for key in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {f"{0:016x}"}

    # It dies, and is there again; when nothing is to be off, it goes.
    os.kill(unit.role_pids()["parts"], signal.SIGKILL)
    wait_for(lambda: "parts" in unit.role_pids() and listed(unit)["held"])
    change(unit, manager, "interfaces.off-normal", "")
    wait_for(lambda: "parts" not in unit.role_pids(), 20)


def test_more_links_than_one_look_takes(unit, manager):
    pairs = [(f"many{i}a", f"many{i}b") for i in range(35)]
    many = [name for pair in pairs for name in pair]
    subprocess.run(["ip", "-batch", "-"], input="".join(f"link add {a} up type veth peer name {b}\nlink set {b} up\n" for a, b in pairs), text=True, timeout=20, check=True)
    try:
        change(unit, manager, "interfaces.off-normal", "link:many*")
        assert not any(is_up(name) for name in many) and listed(unit)["held"]
        change(unit, manager, "interfaces.off-normal", "")
        assert all(is_up(name) for name in many)
    finally:
        subprocess.run(["ip", "-batch", "-"], input="".join(f"link delete {a}\n" for a, _ in pairs), text=True, timeout=20, check=True)
