#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Bluetooth between two controllers that btvirt emulates (/dev/vhci): hci0 is the unit's, hci1 is played here, over the kernel's management.

A part of guest.py; as a program it does this alone. Both controllers are the same kernel's, which runs the whole of the pairing on both sides; the air
between them is btvirt's.
"""
import ctypes
import os
import select
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import world as worlds  # noqa: E402
from guest import check, judged, told, within  # noqa: E402

OURS, PEER = 0, 1
SET_POWERED, SET_BONDABLE, SET_LE, SET_IO, PAIR, UNPAIR, CONFIRM, SET_BREDR, SET_SECURE, INFO = 0x05, 0x09, 0x0D, 0x18, 0x19, 0x1B, 0x1C, 0x2A, 0x2D, 0x04
COMPLETE, STATUS, LTK, CONFIRM_ASKED = 0x01, 0x02, 0x0A, 0x0F
AUTH_FAILED = 5
POWERED, BONDABLE, BREDR, LE, SECURE = 1 << 0, 1 << 4, 1 << 7, 1 << 9, 1 << 11
DISPLAY_YES_NO, NO_INPUT = 1, 3
P256_AUTHENTICATED = 3
CHANNEL_CONTROL, NO_CONTROLLER = 3, 0xFFFF


class Management:
    """The kernel's, of one controller, as a program with rights has it."""

    def __init__(self, index):
        self.index, self.events = index, []
        self.socket = socket.socket(socket.AF_BLUETOOTH, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.BTPROTO_HCI)
        address = struct.pack("<HHH", socket.AF_BLUETOOTH, NO_CONTROLLER, CHANNEL_CONTROL)  # Python's own bind knows no channel
        if ctypes.CDLL(None, use_errno=True).bind(self.socket.fileno(), address, len(address)):
            raise worlds.Failed(f"the management of Bluetooth: {os.strerror(ctypes.get_errno())}")

    def hear(self, seconds):
        """(code, body) of this controller, or None."""
        end = time.monotonic() + seconds
        while select.select([self.socket], [], [], max(end - time.monotonic(), 0))[0]:
            packet = self.socket.recv(1024)
            code, index, size = struct.unpack_from("<HHH", packet)
            if index == self.index:
                return code, packet[6:6 + size]
        return None

    def send(self, command, body=b""):
        self.socket.send(struct.pack("<HHH", command, self.index, len(body)) + body)

    def answer(self, command, seconds=20):
        """(status, rest) to that; what else is heard is kept."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if heard := self.hear(end - time.monotonic()):
                code, body = heard
                if code in (COMPLETE, STATUS) and struct.unpack_from("<H", body)[0] == command:
                    return body[2], body[3:]
                self.events.append(heard)
        raise worlds.Failed(f"the kernel does not answer command {command:#x} of hci{self.index}")

    def ask(self, command, body=b""):
        self.send(command, body)
        return self.answer(command)

    def settings(self):
        return struct.unpack_from("<I", self.ask(INFO)[1], 13)[0]

    def address(self):
        return self.ask(INFO)[1][:6]

    def becomes(self, secure, io):
        """On, with Low Energy: Secure Connections not at all, or where the other has it."""
        for command, value in ((SET_POWERED, 0), (SET_LE, 1), (SET_SECURE, secure), (SET_IO, io), (SET_BONDABLE, 1), (SET_POWERED, 1)):
            status, _ = self.ask(command, bytes([value]))
            if status:
                raise worlds.Failed(f"the other device does not take command {command:#x}, {value}: {status}")

    def event(self, code, seconds):
        """The body of the first such event."""
        end = time.monotonic() + seconds
        while True:
            for at, (one, body) in enumerate(self.events):
                if one == code:
                    del self.events[at]
                    return body
            heard = self.hear(max(end - time.monotonic(), 0))
            if not heard:
                return None
            self.events.append(heard)


def shown(address):
    return ":".join(f"{byte:02X}" for byte in reversed(address))


class Two:
    def __init__(self, unit, peer):
        self.unit, self.peer, self.ours = unit, peer, None

    def bluetooth(self):
        return self.unit.json("bluetooth", "read")

    def change(self, key, value):
        self.unit.tool("device", "settings", "change", key, value, "--device", "unit", "--owner", self.unit.owner)

    def begins(self, io):
        self.peer.events.clear()
        self.peer.send(PAIR, self.ours + bytes([1, io]))

    def ends(self):
        """The status of the pairing that began."""
        return self.peer.answer(PAIR, 40)[0]

    def number(self):
        """What the other device shows; whoever holds it says that it is the same."""
        body = self.peer.event(CONFIRM_ASKED, 20)
        if body is None:
            raise worlds.Failed(f"the other device shows no number: {self.bluetooth()} {told(self.unit, 'bluetooth.refused')}")
        self.peer.ask(CONFIRM, body[:7])
        return f"{struct.unpack_from('<I', body, 8)[0]:06}"

    def lets_pair(self, seconds):
        self.unit.json("bluetooth", "pair", "--seconds", str(seconds))
        check("a device may pair", within(20, lambda: self.bluetooth()["held"] and self.bluetooth()["pairable"] > 0), self.bluetooth())

    def confirm(self, number):
        """At once: the kernel waits for 30 s, of which a busy host takes many."""
        return self.unit.tool("device", "bluetooth", "confirm", "--number", number, "--device", "unit", "--owner", self.unit.owner, ok=None).returncode


def is_refused(two, watching):
    """What is none of Secure Connections, or is not compared."""
    two.peer.becomes(0, DISPLAY_YES_NO)
    two.lets_pair(200)
    two.begins(DISPLAY_YES_NO)
    status = two.ends()
    check("legacy pairing is refused while one may pair", status == AUTH_FAILED, status)
    check("which is told", within(10, lambda: any(one["device"] == shown(two.peer.address()) for one in told(two.unit, "bluetooth.refused"))), told(two.unit, "bluetooth.refused"))
    two.peer.becomes(1, NO_INPUT)
    two.begins(NO_INPUT)
    status = two.ends()
    check("Secure Connections without a number to compare is refused", status == AUTH_FAILED, status)
    two.peer.becomes(1, DISPLAY_YES_NO)
    two.begins(DISPLAY_YES_NO)
    number = two.number()
    check("a wrong number is refused", two.confirm(f"{(int(number) + 1) % 10**6:06}") != 0)
    status = two.ends()
    check("and the pairing ends", status != 0, status)
    check("nobody is paired so far", two.bluetooth()["devices"] == [], two.bluetooth())


def is_paired(two, watching):
    two.begins(DISPLAY_YES_NO)
    good = two.confirm(two.number()) == 0
    check("the right number is taken", good, told(two.unit, "bluetooth.refused"))
    status = two.ends()
    check("a device pairs with Secure Connections", status == 0, status)
    key = two.peer.event(LTK, 5)
    check("by a key of Secure Connections that is authenticated, of 16 bytes", key is not None and (key[8], key[10]) == (P256_AUTHENTICATED, 16), key)
    check("it is listed", within(10, lambda: [one["device"] for one in two.bluetooth()["devices"]] == [shown(two.peer.address())]), two.bluetooth())
    check("nobody may pair any more", within(10, lambda: two.bluetooth()["pairable"] == 0 and not watching.settings() & BONDABLE), two.bluetooth())
    check("its key is shown to nobody", key is not None and key[21:37].hex() not in str(two.bluetooth()).lower())
    check("which is told", len(told(two.unit, "bluetooth.paired")) == 1, told(two.unit, "bluetooth.paired"))
    two.peer.ask(UNPAIR, two.ours + bytes([1, 1]))
    two.begins(DISPLAY_YES_NO)
    status = two.ends()
    check("nobody pairs when none may", status != 0, status)


# @nist LA.IC.14.2: on two virtual controllers a device pairs by Secure Connections, by the number that both show; legacy pairing is refused
# @turns LA.IC.14.2: the controller is not to be on any more, and is not
def pairs_by_secure_connections(unit):
    watching, peer = Management(OURS), Management(PEER)
    two = Two(unit, peer)
    two.change("bluetooth.on", "on")
    check("it is on", within(40, lambda: two.bluetooth()["held"]), two.bluetooth())
    two.ours, settings = watching.address(), watching.settings()
    check("the kernel has it on, with Low Energy and Secure Connections alone", settings & (POWERED | LE | SECURE | BREDR | BONDABLE) == POWERED | LE | SECURE, hex(settings))
    is_refused(two, watching)
    is_paired(two, watching)
    (found,) = judged(unit, {"LA.IC.14.2": "pairs-securely"}, "none")
    check("the probe passes", found[0] == "pass", found)
    watching.ask(SET_POWERED, b"\0")
    check("what somebody else changes is changed back", within(40, lambda: watching.settings() & POWERED and two.bluetooth()["held"]), (hex(watching.settings()), two.bluetooth()))
    check("and told", told(unit, "bluetooth.failed"), two.bluetooth())
    unit.json("bluetooth", "remove", shown(peer.address()))
    check("it is forgotten", two.bluetooth()["devices"] == [], two.bluetooth())
    two.change("bluetooth.on", "off")
    check("it is off", within(20, lambda: not watching.settings() & POWERED), hex(watching.settings()))
    (found,) = judged(unit, {"LA.IC.14.2": "pairs-securely"}, "none")
    check("the probe fails", found[0] == "fail", found)


def pairs(unit):
    begun = time.monotonic()
    air = subprocess.Popen(["btvirt", "-L", "-l2"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        check("has two Bluetooth controllers", within(20, lambda: len(list(Path("/sys/class/bluetooth").glob("hci[01]"))) == 2))
        pairs_by_secure_connections(unit)
    finally:
        air.terminate()
        air.wait(10)
    print(f"Bluetooth: {time.monotonic() - begun:.0f} s", flush=True)


def main():
    with worlds.World() as world:
        unit = world.device("RADIO-2")
        unit.start()
        unit.take_over()
        try:
            pairs(unit)
        except worlds.Failed as failure:
            check("goes on", False, f"{failure}\n{unit.said()}")
    print("end")


if __name__ == "__main__":
    main()
