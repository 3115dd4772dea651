# SPDX-License-Identifier: Apache-2.0
"""A disk of a few MiB, full at every stage: reads go on, changes are refused by name, nothing acknowledged is lost, and with room the
device goes on by itself."""
import os
import shutil
import subprocess
import time

import pytest

from harness import Client, local, report_well, wait_for
from owner import NAMED, Owner, whole

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to mount a small disk")
BACK_S = 20  # hands waits up to 10 s between starts


def mount(kind, folder, base):
    if kind == "tmpfs":
        return subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=755", "tmpfs", folder], check=True)
    if kind == "inodes":
        return subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m,mode=755,nr_inodes=40", "tmpfs", folder], check=True)
    if not os.path.exists("/dev/loop-control") or not shutil.which("mkfs.ext4"):
        pytest.skip("no loop devices or no mkfs.ext4")
    image = base / "disk.img"
    with open(image, "wb") as file:
        file.truncate(12 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", image], check=True)
    return subprocess.run(["mount", "-o", "loop", image, folder], check=True)


class Small:
    """A unit whose whole state lives on a small disk."""

    def __init__(self, unit, kind):
        self.unit, self.kind = unit, kind
        aside = unit.folder / "aside"
        unit.state.rename(aside)
        unit.state.mkdir(mode=0o755)
        mount(kind, unit.state, unit.folder)
        subprocess.run(["cp", "-a", f"{aside}/.", str(unit.state)], check=True)
        self.ballast = unit.state / "ballast"

    def fill(self):
        self.ballast.mkdir(exist_ok=True)
        for n in range(10000):
            try:
                with open(self.ballast / f"{n:05}", "wb", buffering=0) as file:
                    while self.kind != "inodes" and file.write(bytes(65536 if n == 0 else 512)):
                        pass
            except OSError:
                if n > 20 or self.kind == "inodes":
                    return
        raise AssertionError("it does not get full")

    def free(self):
        shutil.rmtree(self.ballast)

    def unmount(self):
        self.unit.stop()
        subprocess.run(["umount", self.unit.state], check=True)


@pytest.fixture(params=["tmpfs", "ext4", "inodes"])
def small(request, new_unit):
    disk = Small(new_unit(request.param), request.param)
    yield disk
    disk.unmount()


def test_full_while_it_runs(small):
    owner = Owner(small.unit.start())
    assert owner.client.take().status == 201
    assert owner.change()
    small.fill()
    for _ in range(6):
        owner.change()
        owner.new_epoch()
    refused = [owner.change() for _ in range(5)].count(False)
    assert owner.rules and (refused or small.kind == "inodes"), "a full disk must show"  # what needs no new file goes on without inodes
    before = owner.version
    small.free()
    wait_for(owner.change, BACK_S)
    assert owner.version > before
    assert small.unit.stop() == 0
    whole(small.unit)


def test_a_start_on_a_full_disk(small):
    owner = Owner(small.unit.start())
    assert owner.client.take().status == 201
    assert owner.change()
    small.fill()
    os.kill(small.unit.role_pids()["core"], 9)
    time.sleep(1)
    small.free()
    wait_for(lambda: owner.change(), BACK_S)
    identity = owner.client.ask("GET", "/api/v1/identity")
    assert identity.status == 200
    assert small.unit.stop() == 0
    whole(small.unit)


def test_full_before_the_first_start(small):
    small.fill()
    small.unit.start(wait=False)
    time.sleep(0.7)
    small.free()
    wait_for(lambda: small.unit.https("GET", "/api/v1/health")[0] == 200, BACK_S)
    assert Client(small.unit).take().status == 201


def test_full_at_the_take_over(small):
    small.unit.start()
    client = Client(small.unit)
    small.fill()
    answer = client.take()
    assert answer.status == 201 or (answer.status == 503 and answer.json["rule"] in NAMED) or answer.status == 500, answer.body
    took = client.ask("GET", "/api/v1/commissioning").json["owned"]
    assert took or answer.status != 201
    key = client.listener()
    small.free()
    if took:
        assert wait_for(lambda: client.ask("GET", "/api/v1/identity").status == 200, BACK_S)
    else:
        assert wait_for(lambda: client.take().status == 201, BACK_S)
    if answer.status != 201:  # the label's key has gone by itself
        wait_for(lambda: client.listener() != key, BACK_S)
    assert small.unit.stop() == 0
    whole(small.unit)


def formats(unit):
    return [r["fields"] for r in local(unit, "GET", "/api/v1/log?limit=100").json["records"] if r.get("event") == "store.migrated"]


def test_full_when_the_boot_is_confirmed(small):
    """Mark and store's new format are made up for, in the same run."""
    unit = small.unit.start()
    assert Client(unit).take().status == 201
    small.fill()
    report_well(unit)
    time.sleep(0.5)
    mark = unit.state / "boot" / "confirmed"
    pids = unit.role_pids()
    small.free()
    wait_for(lambda: mark.exists() and formats(unit), BACK_S)
    assert formats(unit) == [{"from": 1, "to": 2}] and pids == unit.role_pids()
    assert not list(unit.state.rglob("*.new"))
