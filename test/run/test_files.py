# SPDX-License-Identifier: Apache-2.0
"""The inventory against the files that are there, by the scan role over a small disk of the test's own.

@nist DI.ABI.3: a planted executable and a changed file are reported; nothing is said of a disk that is as it was installed
"""
import hashlib
import json
import os
import signal
import subprocess

import pytest

import world as worlds
from harness import Client, local, roles, unb64, wait_for
from test_inventory import assess, canonical, plant, stanza, status
from test_tasks import confirm, ended, records

ELF = b"\x7fELF and more"
CHECK, FINDINGS = "/api/v1/inventory/check", "/api/v1/inventory/findings"


def put(path, content, mode=0o755):
    path.parent.mkdir(parents=True, exist_ok=True)
    for folder in path.parents:
        if folder.name == "disk":
            break
        folder.chmod(0o755)
    path.write_bytes(content)
    path.chmod(mode)
    return path


class Disk:
    """One package, lamp, with a program, a script and data; the rest of the disk is empty."""

    def __init__(self, unit):
        self.root = unit.folder / "disk"
        self.root.mkdir()
        self.root.chmod(0o755)
        self.database = unit.folder / "packages"
        self.files = {"usr/bin/lamp": ELF, "usr/sbin/lampd": b"#!/bin/sh\n", "usr/share/lamp/light": b"bright"}
        for name, content in self.files.items():
            put(self.root / name, content, 0o755 if "bin" in name else 0o644)
        plant(self.database, stanza("lamp"))
        put(self.database / "info/lamp.list", "".join(["/.\n", *(f"/{name}\n" for name in self.files), "/etc/lamp.conf\n"]).encode(), 0o644)
        put(self.database / "info/lamp.md5sums", "".join(f"{hashlib.md5(c).hexdigest()}  {n}\n" for n, c in self.files.items()).encode(), 0o644)
        for folder in (self.database, self.database / "info"):
            folder.chmod(0o755)


@pytest.fixture
def device(new_unit):
    unit = new_unit("F")
    unit.disk = Disk(unit)
    unit.start("--packages", f"debian:{unit.disk.database}", "--inventory-root", str(unit.disk.root))
    unit.client = Client(unit)
    assert unit.client.take().status == 201
    confirm(unit)
    return unit


def check(unit, state="done"):
    answer = unit.client.ask("POST", CHECK)
    assert answer.status == 202, answer.body
    task = ended(unit.client, answer.headers["location"])
    assert task["state"] == state, task
    return task


def found(unit):
    return {(f["kind"], f["by"], f["path"]) for f in unit.client.ask("GET", FINDINGS).json["findings"]}


def events(unit, name):
    return [r["fields"]["path"] for r in records(unit) if r.get("event") == name]


def test_as_installed_then_changed_missing_and_planted(device):
    assert not unit_checked(device) and "not held against it yet" in status_of(device)["reason"]
    result = check(device)["result"]
    assert result["verdict"] == "as-installed" and result["checked"] == 3 and result["executables"] == 2, result
    assert found(device) == set() and events(device, "inventory.unknown-executable") == []
    root = device.disk.root
    put(root / "usr/share/lamp/light", b"dim", 0o644)
    (root / "usr/sbin/lampd").unlink()
    put(root / "usr/lib/x/planted", ELF)
    put(root / "opt/run me.sh", b"#!/bin/sh\n")
    put(root / "usr/bin/words", b"no program")
    put(root / "usr/bin/passive", ELF, 0o644)
    task = check(device)
    assert task["result"]["verdict"] == "differs" and task["words"] == "1 changed, 1 missing, 2 unknown executables."
    assert found(device) == {("changed", "md5", "/usr/share/lamp/light"), ("missing", "name", "/usr/sbin/lampd"),
                             ("unknown-executable", "elf", "/usr/lib/x/planted"), ("unknown-executable", "script", "/opt/run me.sh")}
    assert sorted(events(device, "inventory.unknown-executable")) == ["/opt/run me.sh", "/usr/lib/x/planted"]
    assert sorted(events(device, "inventory.changed-file")) == ["/usr/sbin/lampd", "/usr/share/lamp/light"]
    assert "1 of 3 changed, 1 missing, 2 unknown executables" in status_of(device)["reason"]
    summary_is_signed(device)


def unit_checked(unit):
    return unit.client.ask("GET", FINDINGS).json["checked_before"]


def status_of(unit):
    return next(e for e in unit.client.ask("GET", "/api/v1/capabilities").json["elements"] if e["id"] == "DI.ABI.3")


def summary_is_signed(unit):
    answer = unit.client.ask("GET", "/api/v1/inventory/sbom").json
    said = {p["name"]: p["value"] for p in answer["sbom"]["metadata"]["properties"]}
    findings = unit.client.ask("GET", FINDINGS).json
    assert said["thingward:files-checked-at"] == findings["ended"]
    assert [said[f"thingward:{n}"] for n in ("files-checked", "files-changed", "files-missing", "unknown-executables")] == ["3", "1", "1", "2"]
    claims = json.loads(unb64(answer["signature"]["payload"]))
    assert claims["sbom_sha256"] == hashlib.sha256(canonical(answer["sbom"])).hexdigest()


def test_ignored_and_folders(device):
    put(device.disk.root / "usr/lib/x/planted", ELF)
    put(device.disk.root / "srv/planted", ELF)
    put(device.disk.root / "var/own", ELF)
    assert check(device)["result"]["unknown"] == 2, "where the owner has not said to look, nobody looks"
    change(device, "identification.inventory-ignored", "/usr/lib/x /srv")
    assert check(device)["result"]["verdict"] == "as-installed"
    for key, most in (("folders", 16), ("ignored", 32)):
        change(device, f"identification.inventory-{key}", " ".join(f"/{i}" for i in range(most)))
        assert change(device, f"identification.inventory-{key}", " ".join(f"/{i}" for i in range(most + 1)), None) in (403, 409, 422)
    change(device, "identification.inventory-folders", "/var")
    check(device)
    assert found(device) == {("unknown-executable", "elf", "/var/own")}
    for wrong in ("usr", "/usr/../etc", "/usr /usr", "/"):
        assert change(device, "identification.inventory-folders", wrong, None) in (400, 403, 409, 422), wrong


def change(unit, key, value, want=200):
    path = f"/api/v1/settings/{key}"
    version = unit.client.ask("GET", path).headers["etag"]
    answer = unit.client.ask("PUT", path, {"value": value}, [f"If-Match: {version}"])
    assert want is None or answer.status == want, answer.body
    return answer.status


def test_off_over_the_network(device):
    change(device, "identification.remote-read", "off")
    for method, path in (("POST", CHECK), ("GET", FINDINGS)):
        refused = device.client.ask(method, path)
        assert refused.status == 403 and refused.json["rule"] == "DI.IMS.1", path
    change(device, "identification.remote-read", "on")
    assert check(device)["result"]["verdict"] == "as-installed"


def test_odd_names_and_many(device):
    put(device.disk.root / "usr/bin/\x1b[31mred", ELF)
    for i in range(140):
        put(device.disk.root / f"usr/lib/many/{i:03}", ELF)
    result = check(device)["result"]
    assert result["unknown"] == 141
    first = device.client.ask("GET", FINDINGS + "?limit=100").json
    assert first["listed"] == 128 and len(first["findings"]) == 100
    rest = device.client.ask("GET", f"{FINDINGS}?limit=100&cursor={first['next']}").json
    assert len(rest["findings"]) == 28 and "next" not in rest
    assert len(events(device, "inventory.unknown-executable")) == 16
    assert first["findings"][0]["path"] == "/usr/bin/\\x1b[31mred"


def test_a_broken_list_is_named_and_fails_the_check(device):
    put(device.disk.database / "info/lamp.md5sums", b"no digest  usr/bin/lamp\n", 0o644)
    assert "lamp.md5sums" in check(device, "failed")["words"]
    assert not unit_checked(device), "half a check is none"


def big(unit, megabytes=120):
    """A package's file that takes a while: a hole, which reads as zeros."""
    path = put(unit.disk.root / "usr/share/lamp/big", b"", 0o644)
    os.truncate(path, megabytes << 20)
    with (unit.disk.database / "info/lamp.md5sums").open("a") as sums:
        sums.write(f"{'0' * 32}  usr/share/lamp/big\n")


def uids(pid):
    with open(f"/proc/{pid}/status") as status:
        return set(next(line for line in status if line.startswith("Uid:")).split()[1:])


def scan_pid(unit):
    return roles(unit).get("scan")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs ids of its own for each role")
def test_the_role_has_its_own_id_and_holds_nothing_else(device):
    big(device)
    location = device.client.ask("POST", CHECK).headers["location"]
    pid = wait_for(lambda: scan_pid(device))
    wait_for(lambda: uids(pid) == {str(worlds.ROLES["scan"])})
    assert device.client.ask("DELETE", location).status == 200
    assert device.client.ask("GET", location).json["state"] == "cancelled"
    wait_for(lambda: scan_pid(device) is None)
    assert not [r for r in records(device) if r.get("event") == "role.died"], "who was told to end has not died"


def test_killed_scan_fails_the_task_and_nobody_else(device):
    big(device)
    location = device.client.ask("POST", CHECK).headers["location"]
    others = roles(device)
    pid = wait_for(lambda: scan_pid(device))
    wait_for(lambda: device.client.ask("GET", location).json["total"] or None)
    os.kill(pid, signal.SIGKILL)
    task = ended(device.client, location)
    assert task["state"] == "failed" and "ended before it was done" in task["words"]
    after = roles(device)
    assert all(after[name] == others[name] for name in ("core", "front", "keys"))


def test_goes_on_after_a_killed_core(device):
    put(device.disk.root / "usr/bin/planted", ELF)
    big(device)
    location = device.client.ask("POST", CHECK).headers["location"]
    wait_for(lambda: device.client.ask("GET", location).json["total"] or None)
    os.kill(roles(device)["core"], signal.SIGKILL)
    wait_for(lambda: local_well(device))
    task = ended(device.client, location, 60)
    assert task["state"] == "done", task
    assert found(device) == {("changed", "md5", "/usr/share/lamp/big"), ("unknown-executable", "elf", "/usr/bin/planted")}


def stopped_scan(unit):
    """A check whose scan stands still in the middle of it; the task's address."""
    big(unit)
    location = unit.client.ask("POST", CHECK).headers["location"]
    pid = wait_for(lambda: scan_pid(unit))
    wait_for(lambda: unit.client.ask("GET", location).json["total"] or None)
    os.kill(pid, signal.SIGSTOP)
    assert unit.client.ask("GET", location).json["state"] == "running"
    return location


def goes_on(unit, location):
    task = ended(unit.client, location, 60)
    assert task["state"] == "done" and task["result"]["changed"] == 1, task
    assert "as it ended" not in unit.said(), "a role crashed while it ended"


def start_again(unit):
    unit.start("--packages", f"debian:{unit.disk.database}", "--inventory-root", str(unit.disk.root))


def test_goes_on_after_a_stop(device):
    location = stopped_scan(device)
    assert device.stop() == 0
    start_again(device)
    goes_on(device, location)


def test_goes_on_after_killed_keys(device):
    """Front stands still, so that core has a while to see what becomes of scan before it ends itself."""
    location = stopped_scan(device)
    os.kill(roles(device)["front"], signal.SIGSTOP)
    os.kill(roles(device)["keys"], signal.SIGKILL)
    wait_for(lambda: device.client.ask("GET", location).json.get("state"))
    goes_on(device, location)


def test_goes_on_after_a_stop_before_scan_is_there(device):
    """Hands stands still, so that the question for scan and the word to stop reach it together."""
    big(device)
    device.process.send_signal(signal.SIGSTOP)
    location = device.client.ask("POST", CHECK).headers["location"]
    wait_for(lambda: device.client.ask("GET", location).json["state"] == "running")
    device.process.send_signal(signal.SIGTERM)
    device.process.send_signal(signal.SIGCONT)
    assert device.stop() == 0
    start_again(device)
    goes_on(device, location)


def test_again_right_behind_a_cancelled_one(device):
    """The second is asked for before hands has even heard of the first."""
    device.process.send_signal(signal.SIGSTOP)
    for _ in range(2):
        location = device.client.ask("POST", CHECK).headers["location"]
        wait_for(lambda: device.client.ask("GET", location).json["state"] == "running")
        assert device.client.ask("DELETE", location).status == 200
    location = device.client.ask("POST", CHECK).headers["location"]
    wait_for(lambda: device.client.ask("GET", location).json["state"] == "running")
    device.process.send_signal(signal.SIGCONT)
    assert ended(device.client, location)["state"] == "done"


def local_well(unit):
    try:
        return local(unit, "GET", "/api/v1/health").status == 200
    except OSError:
        return False


def test_nobody_else(device):
    stranger = Client(device)
    assert stranger.ask("POST", CHECK).status == 401 and stranger.ask("GET", FINDINGS).status == 401


def test_the_probe_wants_what_was_planted(new_unit, tmp_path):
    """Two files that are planted are told of; the same probe fails for one that the device was made blind for, and for one that is as installed."""
    unit = new_unit("P")
    unit.disk = Disk(unit)
    unit.start("--packages", f"debian:{unit.disk.database}", "--inventory-root", str(unit.disk.root))
    unit.take_over()
    confirm(unit)
    put(unit.disk.root / "usr/lib/planted", ELF)
    put(unit.disk.root / "usr/share/lamp/light", b"dim", 0o644)
    both = ("--planted", "/usr/lib/planted", "--planted", "/usr/share/lamp/light")
    assert assess(unit, tmp_path)["tells-planted"] == "inconclusive"
    assert assess(unit, tmp_path, *both)["tells-planted"] == "pass"
    assert assess(unit, tmp_path, *both, "--planted", "/usr/bin/lamp")["tells-planted"] == "fail"
    unit.json("settings", "change", "identification.inventory-ignored", "/usr/lib")
    assert assess(unit, tmp_path, *both)["tells-planted"] == "fail"


def test_an_image_and_its_manufacturers_list(new_unit, tmp_path):
    """What the tool writes of a root directory is what sha256sum checks, and what a device holds its files against."""
    unit = new_unit("I")
    root = unit.folder / "disk"
    root.mkdir()
    root.chmod(0o755)
    put(root / "usr/bin/lamp", ELF)
    put(root / "etc/state", b"1", 0o644)
    tool = worlds.program("thingward")
    deep = unit.folder / "deep"
    put(deep / "/".join(["d" * 200] * 6) / "lamp", ELF)
    refused = worlds.run(tool, "product", "inventory", deep, "--out", unit.folder / "none", "--name", "lamp", "--version", "1", "--architecture", "arm64", ok=(1,))
    assert "too long a path" in refused.stderr and not (unit.folder / "none").exists()
    words = (tool, "product", "inventory", root, "--out", unit.folder / "image", "--leave-out", "/etc/state")
    assert "an image of no package" in worlds.run(*words, ok=(2,)).stderr
    worlds.run(*words, "--name", "a b", "--version", "1", "--architecture", "arm64", ok=(1,))
    worlds.run(*words, "--name", "lamp", "--version", "2.1", "--architecture", "arm64", "--supplier", "Lamps Inc", "--purl", "pkg:github/lamps/lamp@2.1")
    checked = subprocess.run(["sha256sum", "-c", "--strict", unit.folder / "image/files.sha256"], cwd=root, capture_output=True, text=True)
    assert (checked.returncode, checked.stdout) == (0, "usr/bin/lamp: OK\n")
    unit.start("--packages", f"image:{unit.folder / 'image'}", "--inventory-root", str(root))
    unit.client = Client(unit)
    assert unit.client.take().status == 201
    confirm(unit)
    one = unit.client.ask("GET", "/api/v1/inventory").json["packages"]
    assert one == [{"name": "lamp", "version": "2.1", "architecture": "arm64", "supplier": "Lamps Inc", "purl": "pkg:github/lamps/lamp@2.1"}]
    assert check(unit)["result"]["verdict"] == "as-installed"
    put(root / "usr/bin/lamp", ELF + b"!")
    check(unit)
    assert found(unit) == {("changed", "sha256", "/usr/bin/lamp")}
