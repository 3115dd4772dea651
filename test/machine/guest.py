#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the virtual machine does: a unit is provisioned, started, taken over, asked how it is confined, ended and started again.

Prints a line for each check: `ok NAME` or `FAILED NAME` with the reason below, and `end`. What the roles say of themselves is
compared with what the kernel says of them.
"""
import base64
import ctypes
import json
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import world as worlds  # noqa: E402

LANDLOCK_CREATE_RULESET, VERSION_ONLY = 444, 1
KNOWN = {"6.1": 2}  # Landlock's version in a kernel we know
ROLES = ("core", "front", "keys")


def check(name, good, why=""):
    print(f"ok {name}" if good else f"FAILED {name}\n{why}", flush=True)


def landlock_abi():
    abi = ctypes.CDLL(None, use_errno=True).syscall(LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), VERSION_ONLY)
    return max(abi, 0)


def processes():
    """The role programs that live: their user id, and what the kernel says of them."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            status = dict(line.split(":\t", 1) for line in (entry / "status").read_text().splitlines() if ":\t" in line)
            if status["Name"].startswith("thingward"):
                found[status["Uid"]] = status
        except OSError:
            pass  # it has just ended
    return found


def kernel_of_machine(confined):
    abi, release = landlock_abi(), os.uname().release
    known = next((value for start, value in KNOWN.items() if release.startswith(f"{start}.")), None)
    check(f"has a kernel whose Landlock is known ({release})", known is not None, "its version of Landlock goes into KNOWN of test/machine/guest.py")
    check(f"has the kernel that is wanted ({release}, Landlock {abi})", abi == (known if confined else 0) and (abi > 0) == confined)
    if confined:  # the boot that has modules
        check("has the modules it was given, with their options", len(list(Path("/sys/class/ieee80211").glob("phy*"))) == 2 and list(Path("/sys/class/udc").glob("*")))
    return abi


def roles_say(unit, abi):
    said = unit.json("capabilities", "read")
    boxes = {box["role"]: box for box in said["sandbox"]}
    check("names every role", sorted(boxes) == sorted(ROLES), boxes)
    for role, box in boxes.items():
        check(f"{role} dropped its ids and proved it", box["ids_dropped"] and box["not_dumpable"], box)
        check(f"{role} is behind its filter of system calls", box["seccomp"], box)
        check(f"{role} says landlock_abi {abi}", box["landlock_abi"] == abi, box)
    status = {element["id"]: element for element in said["elements"]}
    for name in ("DI.IMS.1", "DI.IMS.2", "DI.ABI.1.1", "DP.CKM.1"):  # the rest need a label, peers or a confirmed boot
        check(f"{name} is provided", status[name]["status"] == "provided", status[name])
    check("reports elements", len(said["elements"]) > 0, said)


def kernel_says(roles):
    living = processes()
    for role in roles:
        uid = str(worlds.ROLES[role])
        status = living.get("\t".join([uid] * 4), {})
        check(f"the kernel sees {role} under its id of roles.tab", status.get("Gid") == "\t".join([uid] * 4), living)
        held = {key: status.get(key) for key in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}
        check(f"the kernel sees no capability on {role}", all(value and int(value, 16) == 0 for value in held.values()), held)
        check(f"the kernel sees the filter on {role}", (status.get("Seccomp"), status.get("NoNewPrivs")) == ("2", "1"), status)


def a_role_on_demand(unit):
    """The one that hashes lives half a minute behind its last hash."""
    word = unit.folder / "password"
    word.write_text("six windows and a door\n")
    unit.tool("device", "password", "set", "--password-file", word, "--device", "unit", "--owner", unit.owner)
    check("a password is hashed", True)
    kernel_says(("hash",))


def within(seconds, condition):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.1)
    return condition()


def radios():
    """{name: whether the kernel has it blocked}, of radios for Wi-Fi."""
    found = {}
    for entry in Path("/sys/class/rfkill").glob("rfkill*"):
        if (entry / "type").read_text().strip() == "wlan":
            found[entry.name] = (entry / "soft").read_text().strip() == "1"
    return found


def judged(unit, *more):
    """LA.IC.13, by the tool."""
    out = unit.folder / f"evidence{len(list(unit.folder.glob('evidence*')))}.json"
    unit.tool("assess", "--device", "unit", "--owner", unit.owner, "--product", unit.world.product, "--out", out, "--element", "LA.IC.13", *more, ok=None)
    payload = json.loads(out.read_text())["payload"]
    rows = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["results"]
    return {row["probe"]: (row["verdict"], row["reason"]) for row in rows}["radio-obeys-off"]


# @nist LA.IC.13: radios that the kernel simulates are listed with their type, go off and on, and say so
# @turns LA.IC.13: the list of the mode has the radios off no more, and they are on
def radios_go_off_and_on(unit):
    def listed():
        said = unit.json("interfaces", "list")
        return said["held"], {one["name"]: (one["what"], one["state"], one["off"]) for one in said["interfaces"] if one["kind"] == "radio"}

    def change(value):
        unit.tool("device", "settings", "change", "interfaces.off-normal", value, "--confirm", "--device", "unit", "--owner", unit.owner)

    check("has two radios, and they are on", list(radios().values()) == [False, False], radios())
    check("lists them by type", within(5, lambda: listed()[1] == {name: ("wlan", "on", False) for name in radios()}), listed())
    change("radio:wlan")
    check("the kernel has them blocked", list(radios().values()) == [True, True], radios())
    check("lists them as blocked", within(5, lambda: listed() == (True, {name: ("wlan", "blocked", True) for name in radios()})), listed())
    found = judged(unit, "--off", "radio:wlan")
    check("the probe passes", found[0] == "pass", found)
    name = sorted(radios())[0]
    Path(f"/sys/class/rfkill/{name}/soft").write_text("0")
    check("one that somebody unblocks is blocked again", within(5, lambda: radios()[name]), radios())
    change("")
    check("they are on again", list(radios().values()) == [False, False], radios())
    found = judged(unit, "--off", "radio:wlan")
    check("the probe fails", found[0] == "fail", found)


def ends_and_comes_back(unit):
    unit.json("settings", "change", "identification.remote-read", "off")
    said = unit.stop()
    check("SIGTERM drains and ends with success", said == 0, f"{said}\n{unit.said()}")
    check("leaves no process", not processes(), processes())
    unit.start()
    check("keeps what was acknowledged", unit.json("settings", "read", "identification.remote-read")["value"] == "off")
    check("ends again", unit.stop() == 0, unit.said())


def main():
    confined = sys.argv[1:] != ["--without-landlock"]
    abi = kernel_of_machine(confined)
    with worlds.World() as world:
        unit = world.device("MACHINE-1")
        check("provisions", True)
        unit.start()
        check("answers", True)
        try:
            unit.take_over()
            check("is taken over through the network", True)
            roles_say(unit, abi)
            kernel_says(ROLES)
            a_role_on_demand(unit)
            if confined:
                radios_go_off_and_on(unit)
            ends_and_comes_back(unit)
        except worlds.Failed as failure:
            check("goes on", False, f"{failure}\n{unit.said()}")
    print("end")


if __name__ == "__main__":
    main()
