# SPDX-License-Identifier: Apache-2.0
"""The real binaries under clocks that are not right: boot time by a time namespace, the wall clock by the floor that the store keeps,
since no namespace has a wall clock of its own. Every other clock is tried in test/clock, over the seam."""
import json
import os
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest

from harness import Client, wait_for

YEAR_S = 365 * 24 * 3600
LATEST_MS = 253402300799999  # 9999-12-31T23:59:59.999Z
IDLE_S = 1.5


def namespaces():
    return os.geteuid() == 0 and subprocess.run(["unshare", "--time", "--boottime", "1", "true"], capture_output=True).returncode == 0


def sleeps(unit):
    """How often hands and the roles went to sleep: each is a wakeup before it."""
    total = 0
    for pid in [unit.process.pid, *unit.role_pids().values()]:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        total += sum(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches"))
    return total


def idle_wakeups(unit):
    """While nobody asks anything; commits and checkpoints of what was asked before have to be over."""
    def quiet():
        before = sleeps(unit)
        time.sleep(IDLE_S)
        return sleeps(unit) - before == 0

    wait_for(quiet, timeout_s=30)
    before = sleeps(unit)
    time.sleep(IDLE_S)
    return sleeps(unit) - before


def raise_floor(unit, floor_ms):
    path = unit.state / "core/store.db"
    kept = path.stat()
    with sqlite3.connect(path) as store:
        assert store.execute("UPDATE kept SET value = ? WHERE name = 'time.floor'", (str(floor_ms),)).rowcount == 1
    store.close()
    for file in path.parent.glob("store.db*"):
        os.chown(file, kept.st_uid, kept.st_gid)


def trusted(unit):
    return unit.json("capabilities", "read")["time"]["trusted"]


def whole_life(unit):
    """What has a term, and what writes."""
    unit.take_over()
    assert unit.json("identity", "read")["identifier"]
    stranger = Client(unit, certificate=False)
    tried = [stranger.ask("POST", "/api/v1/sessions", {"code": "00000-00000"}) for _ in range(6)]
    assert [a.status for a in tried] == [403] * 5 + [429]
    assert 1 <= int(tried[5].headers["retry-after"]) <= 60


@pytest.mark.skipif(not namespaces(), reason="no time namespaces here")
@pytest.mark.parametrize("boot_s", [2**32 // 1000 - 5, 2**31 - 5, 100 * YEAR_S])
def test_up_for_long(new_unit, boot_s):
    unit = new_unit()
    unit.launcher = ["unshare", "--time", "--boottime", str(boot_s), "--monotonic", str(boot_s)]
    unit.start()
    uptime = subprocess.run(["nsenter", "--time", "--target", str(unit.process.pid), "cat", "/proc/uptime"], capture_output=True, text=True, check=True)
    assert float(uptime.stdout.split()[0]) > boot_s
    whole_life(unit)
    assert trusted(unit)
    assert idle_wakeups(unit) == 0
    assert unit.stop() == 0


@pytest.mark.skipif(not namespaces(), reason="no time namespaces here")
def test_boot_time_begins_anew_between_starts(new_unit):
    """As after a reboot, but with the same boot id: what was to end at a boot time far ahead has no term it could outlive."""
    unit = new_unit()
    unit.launcher = ["unshare", "--time", "--boottime", str(YEAR_S), "--monotonic", str(YEAR_S)]
    unit.start()
    whole_life(unit)
    assert unit.stop() == 0
    unit.launcher = []
    unit.start()
    assert unit.json("identity", "read")["identifier"]
    assert idle_wakeups(unit) == 0


@pytest.mark.parametrize("ahead_s", [3600, 30 * YEAR_S])
def test_clock_behind_what_was_known(owned, ahead_s):
    """The device works on, says that its time is not to be trusted, and does not ask the clock again and again."""
    assert trusted(owned)
    assert owned.stop() == 0
    raise_floor(owned, int((time.time() + ahead_s) * 1000))
    owned.start()
    assert not trusted(owned)
    assert owned.json("identity", "read")["identifier"]
    assert "time.untrusted" in json.dumps(owned.json("log", "read"))
    assert idle_wakeups(owned) == 0
    assert owned.stop() == 0
    owned.start()
    assert not trusted(owned)


def test_floor_that_no_clock_can_reach(owned):
    """Kept by a clock that was broken: it is not a time, and the device starts as if it had never been."""
    assert owned.stop() == 0
    raise_floor(owned, LATEST_MS + 1)
    owned.start()
    assert trusted(owned)
    assert owned.json("identity", "read")["identifier"]
