# SPDX-License-Identifier: Apache-2.0
"""A cellular modem, by the real ModemManager on a system bus of the test's own with the real polkit; the modem itself is the test's (at_modem.py)."""
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from at_modem import WS46, Modem
from harness import local, wait_for
from world import ROLES, ROOT

PROGRAMS = {name: shutil.which(name, path="/usr/sbin:/usr/bin:/usr/lib/polkit-1") for name in ("dbus-daemon", "ModemManager", "polkitd", "mmcli")}
pytestmark = [pytest.mark.skipif(os.geteuid() != 0, reason="needs namespaces")] + [
    pytest.mark.skipif(not path, reason=f"needs {name}") for name, path in PROGRAMS.items()]
RULE = ROOT / "packaging/polkit/50-thingward-cellular.rules"
BUS = """<busconfig><type>system</type><listen>unix:path=/run/dbus/system_bus_socket</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><deny own="*"/><deny send_type="method_call"/><allow send_type="signal"/>
<allow send_requested_reply="true" send_type="method_return"/><allow send_requested_reply="true" send_type="error"/>
<allow receive_type="method_call"/><allow receive_type="method_return"/><allow receive_type="error"/><allow receive_type="signal"/>
<allow send_destination="org.freedesktop.DBus"/></policy>
<includedir>/usr/share/dbus-1/system.d</includedir><includedir>/etc/dbus-1/system.d</includedir></busconfig>
"""


def do(*words, ok=True):
    done = subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    assert not ok or done.returncode == 0, done.stdout + done.stderr
    return done


class Bus:
    """In the mount namespace of the tests: /run and polkit's rules are theirs alone."""

    def __init__(self, folder):
        self.folder, self.processes = folder, {}
        for place in ("/run", "/etc/polkit-1/rules.d"):
            do("mount", "-t", "tmpfs", "tmpfs", place)
        Path("/run").chmod(0o755)
        Path("/run/dbus").mkdir()
        Path("/etc/polkit-1/rules.d").chmod(0o755)
        shutil.copy(RULE, "/etc/polkit-1/rules.d")
        for kind, line in (("passwd", "thingward-cellular:x:{0}:{0}::/:/bin/false"), ("group", "thingward-cellular:x:{0}:")):
            copy = folder / kind  # the bus and polkit know users by their names
            copy.write_text(Path(f"/etc/{kind}").read_text() + line.format(ROLES["cellular"]) + "\n")
            copy.chmod(0o644)
            do("mount", "--bind", copy, f"/etc/{kind}")
        (folder / "bus.conf").write_text(BUS)
        self.begin("dbus-daemon", f"--config-file={folder / 'bus.conf'}", "--nofork")
        wait_for(Path("/run/dbus/system_bus_socket").exists)
        self.begin("polkitd", "--no-debug")
        wait_for(lambda: self.has("org.freedesktop.PolicyKit1"))

    def begin(self, name, *words):
        with open(self.folder / f"{name}.log", "ab") as log:
            self.processes[name] = subprocess.Popen([PROGRAMS[name], *words], stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def finish(self, name):
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def has(self, name):
        return "true" in self.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus.NameHasOwner", name)

    def call(self, to, path, method, *words):
        return do("gdbus", "call", "--system", "--dest", to, "--object-path", path, "--method", method, *words, ok=False).stdout

    def manage(self, modem):
        """A ModemManager, and in it this modem."""
        self.begin("ModemManager", "--no-auto-scan", "--test-enable", "--test-no-udev", "--test-no-qrtr", "--test-no-suspend-resume", "--debug")
        wait_for(lambda: self.has("org.freedesktop.ModemManager1"))
        self.call("org.freedesktop.ModemManager1", "/org/freedesktop/ModemManager1", "org.freedesktop.ModemManager1.Test.SetProfile", "test", "telit", f"['{modem.name}']")

    def end(self):
        for name in list(self.processes):
            self.finish(name)
        for place in ("/etc/passwd", "/etc/group", "/etc/polkit-1/rules.d", "/run"):
            do("umount", "--lazy", place)


@pytest.fixture(scope="module")
def bus(tmp_path_factory):
    one = Bus(tmp_path_factory.mktemp("bus"))
    yield one
    one.end()


@pytest.fixture
def modem():
    one = Modem(f"abstract:tw-{os.getpid()}-{os.urandom(4).hex()}")
    yield one
    one.end()


@pytest.fixture
def unit(new_unit, bus, modem):
    bus.manage(modem)
    one = new_unit().start()
    one.take_over()
    yield one
    one.stop()
    bus.finish("ModemManager")


def is_now(unit):
    return local(unit, "GET", "/api/v1/cellular").json


def told(unit, event):
    return [one["fields"] for one in reversed(local(unit, "GET", "/api/v1/log?limit=200").json["records"]) if one.get("event") == event]


def owner(unit, *words):
    unit.tool("device", *words, "--device", "unit", "--owner", unit.owner, timeout=60)


def connect():
    """As somebody else does, who would have it roam."""
    do("mmcli", "-m", "any", "--simple-connect=apn=internet,allow-roaming=yes", ok=False)


def fails(unit, why):
    """Switching the modem on does not come to that, and is taken back."""
    owner(unit, "settings", "change", "cellular.modem", "on")
    wait_for(lambda: why in is_now(unit).get("why", ""), timeout_s=25)
    assert not unit.json("change", "read")["holds"]
    owner(unit, "change", "revert")
    assert is_now(unit)["modem"] == "left" and why in told(unit, "cellular.refused")[-1]["why"]


def give_pin(unit, tmp_path, pin):
    (tmp_path / "pin").write_text(pin)
    owner(unit, "cellular", "pin", "--pin-file", tmp_path / "pin")


def wait(unit, **wanted):
    wait_for(lambda: all(is_now(unit).get(key) == value for key, value in wanted.items()), timeout_s=25)
    return is_now(unit)


# @nist LA.IC.14: by the real ModemManager: a PIN is told once, 2G is left out, and it is switched off and on by the setting
def test_a_modem_is_unlocked_held_and_switched_off(unit, modem, tmp_path):
    assert is_now(unit) == {"modem": "left", "present": False, "settled": True, "pin_known": False}
    fails(unit, "asks for its PIN")
    assert modem.locked and not modem.told

    give_pin(unit, tmp_path, "1234")
    owner(unit, "settings", "change", "cellular.modem", "on", "--confirm")
    now = wait(unit, settled=True, state="registered", technology="4g", network="Example net")
    assert modem.told == ["1234"] and WS46[modem.mode] == "3g 4g", "the SIM was told once, and 2G is left out before the modem is enabled"
    assert (now["allowed"], now["technology"], now["registration"], now["roams"], now["network"], now["code"]) == ("3g 4g", "4g", "home", False, "Example net", "00101")
    assert now["pin_known"] and "1234" not in str(now) and now["maker"] == "Example" and 0 < now["signal"] <= 100
    assert told(unit, "cellular.registered")[-1]["code"] == "00101"
    status = Path(f"/proc/{unit.role_pids()['cellular']}/status").read_text()
    assert "Seccomp:\t2" in status and "CapEff:\t0000000000000000" in status and f"Uid:\t{ROLES['cellular']}\t" in status

    owner(unit, "settings", "change", "cellular.technologies", "4g-up", "--confirm")
    assert WS46[modem.mode] == "4g"
    owner(unit, "settings", "change", "cellular.modem", "off", "--confirm")
    assert wait(unit, settled=True)["state"] == "disabled" and "AT+CFUN=4" in modem.commands
    said = unit.said() + "".join(path.read_bytes().decode("latin-1") for path in unit.state.rglob("*") if path.is_file())
    assert "1234" not in [word for one in told(unit, "cellular.refused") for word in one["why"].split()] and '"pin":"1234"' not in said


# @nist LA.IC.14: what a wrong PIN costs, whatever ends in between
def test_a_wrong_pin_is_told_once(unit, bus, modem, tmp_path):
    give_pin(unit, tmp_path, "9999")
    fails(unit, "refused the PIN")
    assert modem.told == ["9999"] and modem.tries == 2
    unit.stop()
    unit.start()
    fails(unit, "refused the PIN")
    assert modem.told == ["9999"], "not again after a start"
    give_pin(unit, tmp_path, "1234")
    owner(unit, "settings", "change", "cellular.modem", "on", "--confirm")
    assert modem.told == ["9999", "1234"] and wait(unit, settled=True)["state"] == "registered"


# @nist LA.IC.14: a connection that somebody made is ended where the network is not the SIM's own
def test_a_connection_ends_while_it_roams(unit, modem, tmp_path):
    modem.registration = 5
    give_pin(unit, tmp_path, "1234")
    owner(unit, "settings", "change", "cellular.modem", "on", "--confirm")
    assert wait(unit, settled=True, state="registered", roams=True)["registration"] == "roaming"
    connect()
    wait_for(lambda: not modem.data and is_now(unit)["state"] == "registered")

    owner(unit, "settings", "change", "cellular.roaming", "on", "--confirm")
    connect()
    wait(unit, settled=True, state="connected")
    assert modem.data, "allowed, it stays"
    owner(unit, "settings", "change", "cellular.roaming", "off", "--confirm")
    assert not modem.data and is_now(unit)["state"] == "registered"
