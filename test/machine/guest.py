#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the virtual machine does: a unit is provisioned, started, taken over, asked how it is confined, ended and started again.

Prints a line for each check: `ok NAME` or `FAILED NAME` with the reason below, and `end`. What the roles say of themselves is
compared with what the kernel says of them.
"""
import base64
import contextlib
import ctypes
import json
import os
import subprocess
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


BOTH = {"LA.IC.2": "part-obeys-off", "LA.IC.3": "unneeded-is-off"}


def judged(unit, probes, off):
    """What the tool finds of these elements, in one go."""
    out = unit.folder / f"evidence{len(list(unit.folder.glob('evidence*')))}.json"
    unit.tool("assess", "--device", "unit", "--owner", unit.owner, "--product", unit.world.product, "--out", out, "--off", off, *(word for element in probes for word in ("--element", element)), ok=None)
    payload = json.loads(out.read_text())["payload"]
    rows = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["results"]
    found = {row["probe"]: (row["verdict"], row["reason"]) for row in rows}
    return [found[probe] for probe in probes.values()]


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
    (found,) = judged(unit, {"LA.IC.13": "radio-obeys-off"}, "radio:wlan")
    check("the probe passes", found[0] == "pass", found)
    name = sorted(radios())[0]
    Path(f"/sys/class/rfkill/{name}/soft").write_text("0")
    check("one that somebody unblocks is blocked again", within(5, lambda: radios()[name]), radios())
    change("")
    check("they are on again", list(radios().values()) == [False, False], radios())
    (found,) = judged(unit, {"LA.IC.13": "radio-obeys-off"}, "radio:wlan")
    check("the probe fails", found[0] == "fail", found)


GADGET, CONTROLLER = Path("/sys/kernel/config/usb_gadget/stick"), "dummy_udc.0"
USB = Path("/sys/bus/usb/devices")


def make_stick():
    """What is plugged in, simulated on the other end of dummy_hcd: a disk and a serial line in one."""
    Path("/run/disk").write_bytes(bytes(1 << 20))
    subprocess.run(["mount", "-t", "configfs", "none", "/sys/kernel/config"], check=True)
    for folder in ("strings/0x409", "functions/mass_storage.0", "functions/acm.0", "configs/c.1"):
        (GADGET / folder).mkdir(parents=True)
    for name, value in (("idVendor", "0x1d6b"), ("idProduct", "0x0104"), ("strings/0x409/serialnumber", "STICK7"), ("functions/mass_storage.0/lun.0/file", "/run/disk")):
        (GADGET / name).write_text(value)
    for function in ("mass_storage.0", "acm.0"):
        (GADGET / "configs/c.1" / function).symlink_to(GADGET / "functions" / function)


def plug(is_in):
    (GADGET / "UDC").write_text(CONTROLLER if is_in else "\n")


def usb():
    """{what: the kernel has it authorized}: the device 1-1, and its interfaces by class."""
    found = {}
    for entry in USB.glob("1-1*"):
        with contextlib.suppress(OSError):  # it has just gone
            kind = (entry / "bInterfaceClass").read_text().strip() if ":" in entry.name else "device"
            found[kind] = (entry / "authorized").read_text().strip() == "1"
    return found


def there(pattern):
    return bool(list(Path("/sys/class").glob(pattern)))


def everything():
    """What can be used: the disk and the line of what is plugged in, a camera, a microphone."""
    return {"disk": there("block/sd*"), "line": there("tty/ttyACM*"), "camera": there("video4linux/video*"), "microphone": there("sound/pcmC*c")}


def changes(unit, value):
    unit.tool("device", "settings", "change", "interfaces.off-normal", value, "--confirm", "--device", "unit", "--owner", unit.owner)


def told(unit, event):
    return [one["fields"] for one in unit.json("log", "read", "--limit", "200")["records"] if one.get("event") == event]


# @nist LA.IC.2: USB storage, a camera and a microphone go off by the list, stay so when they are attached later, and come on again
# @nist LA.IC.3: USB and a serial line go off by the list, also after a start
# @turns LA.IC.2: the list of the mode has what is on USB off no more, and it is authorized
# @turns LA.IC.3: the list of the mode has what is on USB off no more, and it is authorized
def parts_go_off_and_on(unit):
    make_stick()
    plug(True)
    all_on, all_off = dict.fromkeys(everything(), True), dict.fromkeys(everything(), False)
    check("has a disk and a line by USB, a camera and a microphone", within(20, lambda: everything() == all_on), (everything(), usb()))

    changes(unit, "usb:storage")
    check("only the half that is a disk goes off", within(5, lambda: everything() == {**all_on, "disk": False}), (everything(), usb()))
    check("the kernel has it not authorized", usb() == {"device": True, "08": False, "02": True, "0a": True}, usb())
    plug(False)
    check("it goes", within(10, lambda: not usb()), usb())
    plug(True)
    check("and comes without its disk", within(10, lambda: there("tty/ttyACM*")) and not there("block/sd*") and usb().get("08") is False, (everything(), usb()))
    kernel_says_parts()

    changes(unit, "usb:* camera:* microphone:*")
    check("all of it goes off", within(5, lambda: everything() == all_off), (everything(), usb()))
    said = unit.json("interfaces", "list")
    check("says so", said["held"] and any(one.startswith("camera:video0=platform/vivid/") for one in said["taken"]), said)
    plug(False)
    within(10, lambda: not usb())
    plug(True)
    check("what is plugged in then is not authorized", within(10, lambda: usb() == {"device": False}), (everything(), usb()))
    (USB / "1-1/authorized").write_text("1")
    check("nor when somebody authorizes it", within(5, lambda: usb().get("device") is False), usb())
    camera = Path("/sys/bus/platform/drivers/vivid")
    (camera / "bind").write_text("vivid.0")
    check("a camera that somebody gives its driver loses it again", within(5, lambda: not everything()["camera"]), everything())
    check("and that is told", within(5, lambda: {"usb", "camera"} <= {one["kind"] for one in told(unit, "interface.held")}), told(unit, "interface.held"))
    unit.stop()
    (camera / "bind").write_text("vivid.0")
    unit.start()
    check("all is off after a start", within(10, lambda: everything() == all_off and unit.json("interfaces", "list")["held"]), everything())

    seen = judged(unit, BOTH, "usb:1-1")
    check("both probes pass", [one[0] for one in seen] == ["pass", "pass"], seen)

    changes(unit, "serial:ttyACM*")
    check("all but the line is on again", within(10, lambda: everything() == {**all_on, "line": False}), (everything(), usb(), unit.json("interfaces", "list")))
    seen = judged(unit, BOTH, "usb:1-1")
    check("both probes fail", [one[0] for one in seen] == ["fail", "fail"], seen)
    changes(unit, "usb:1d6b:0104:STICK7")
    check("that device goes off by its number", within(5, lambda: usb() == {"device": False} and everything()["camera"]), (everything(), usb()))
    changes(unit, "usb:1d6b:0104:STICK8")
    check("and not by another", within(5, lambda: everything() == all_on), (everything(), usb()))
    changes(unit, "")
    check("everything is on", within(5, lambda: everything() == all_on), (everything(), usb()))
    check("and as it was", [(USB / "usb1" / name).read_text().strip() for name in ("authorized_default", "interface_authorized_default")] == ["1", "1"])


def kernel_says_parts():
    """An id of its own, root's for files, no capability."""
    for status in processes().values():
        if status["Name"].startswith("thingward-parts"):
            uid = str(worlds.ROLES["parts"])
            check("the kernel sees parts under its id, and root's for files", status["Uid"].split() == [uid, uid, uid, "0"], status)
            check("the kernel sees no capability on parts", all(int(status[key], 16) == 0 for key in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")), status)
            return
    check("parts runs", False, processes())


def wifi_joins(unit, deep):
    """Last of them: it takes one radio away into a network namespace."""
    import wifi  # noqa: PLC0415  which imports this

    wifi.joins(unit, (wifi.joins_wpa3, wifi.joins_eap, wifi.follows_its_link, wifi.outlives_ends) if deep else (wifi.joins_wpa3,))


def bluetooth_pairs(unit):
    import bluetooth  # noqa: PLC0415  which imports this

    bluetooth.pairs(unit)


def ends_and_comes_back(unit):
    unit.json("settings", "change", "identification.remote-read", "off")
    said = unit.stop()
    check("SIGTERM drains and ends with success", said == 0, f"{said}\n{unit.said()}")
    check("leaves no process", not processes(), processes())
    unit.start()
    check("keeps what was acknowledged", unit.json("settings", "read", "identification.remote-read")["value"] == "off")
    check("ends again", unit.stop() == 0, unit.said())


def main():
    confined = "--without-landlock" not in sys.argv
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
                parts_go_off_and_on(unit)
                if "--deep" in sys.argv:
                    bluetooth_pairs(unit)
                wifi_joins(unit, "--deep" in sys.argv)
            ends_and_comes_back(unit)
        except worlds.Failed as failure:
            check("goes on", False, f"{failure}\n{unit.said()}")
    print("end")


if __name__ == "__main__":
    main()
