# SPDX-License-Identifier: Apache-2.0
"""The role that watches interfaces, alone and in its sandbox, in a network of its own: real links, real sockets, real uevents."""
import ctypes
import os
import select
import socket
import struct
import subprocess
import time
from pathlib import Path

import pytest

import world as worlds
from errand import Errand

LOOK, SEEN, CHANGED, FAILED = 0xb01, 0xb11, 0xb12, 0xb13
KINDS = ["", "link", "socket", "radio", "bluetooth", "usb", "serial", "camera", "microphone", "input", "storage"]
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def ip(*words):
    worlds.run("ip", *words)


class Watch(Errand):
    def __init__(self, tree="/sys"):
        directory = os.open(tree, os.O_RDONLY | os.O_DIRECTORY)
        super().__init__("watch", own=directory)
        os.close(directory)

    def look(self, seconds=60, tag=1):
        """{(kind, name): {...}} and what was missed."""
        self.send(LOOK, struct.pack(">I", seconds), tag=tag)
        kind, got, payload = self.receive()
        while kind == CHANGED:
            kind, got, payload = self.receive()
        assert kind == SEEN and got == tag, payload
        at, found = 1, {}
        while at < len(payload):
            which, words = KINDS[payload[at]], []
            at += 1
            for _ in range(5):
                (size,) = struct.unpack_from(">H", payload, at)
                words.append(payload[at + 2:at + 2 + size].decode("ascii"))
                at += 2 + size
            found[which, words[0]] = dict(zip(("what", "driver", "address", "state"), words[1:]))
        return found, payload[0]

    def told(self, within=5):
        ready = select.select([self.core], [], [], within)[0]
        return bool(ready) and self.receive()[0] == CHANGED


@pytest.fixture
def network():
    """A network and a tree /sys of its own for this thread, and what the test starts from it; the one before comes back."""
    libc = ctypes.CDLL(None, use_errno=True)
    before = os.open("/proc/self/ns/net", os.O_RDONLY), os.open("/proc/self/ns/mnt", os.O_RDONLY)
    here = os.getcwd()
    assert libc.unshare(0x40000000 | 0x20000) == 0  # CLONE_NEWNET, CLONE_NEWNS
    worlds.run("mount", "--make-rprivate", "/")
    worlds.run("mount", "-t", "sysfs", "sys", "/sys")
    ip("link", "set", "lo", "up")
    yield
    for fd in before:
        assert libc.setns(fd, 0) == 0
        os.close(fd)
    os.chdir(here)


def test_it_stands_in_its_sandbox_and_has_nothing_but_its_lines(network):
    with Watch() as watch:
        watch.stands_in_its_sandbox()
        assert watch.look()[1] == 0
        held = sorted(os.readlink(f"/proc/{watch.pid}/fd/{fd}").split(":")[0] for fd in os.listdir(f"/proc/{watch.pid}/fd"))
        assert held.count("socket") == 2 + 4 and set(held) <= {"socket", "/dev/null", "/sys"} | {os.readlink("/proc/self/fd/2").split(":")[0]}


def test_links_with_their_kind_address_and_state(network):
    ip("link", "add", "left", "address", "02:00:00:00:00:07", "type", "veth", "peer", "name", "right")
    with Watch() as watch:
        found, missed = watch.look()
        assert missed == 0
        assert found["link", "lo"] == {"what": "loopback", "driver": "", "address": "00:00:00:00:00:00", "state": "up"}
        assert found["link", "left"] == {"what": "ethernet", "driver": "veth", "address": "02:00:00:00:00:07", "state": "off"}
        for words, state in ((("left", "up"), "down"), (("right", "up"), "up"), (("right", "down"), "down"), (("left", "down"), "off")):
            ip("link", "set", *words)
            assert watch.told()
            assert watch.look()[0]["link", "left"]["state"] == state
        ip("link", "delete", "left")
        assert watch.told() and ("link", "left") not in watch.look()[0]


def test_what_listens_is_found_with_its_user_and_without_being_told(network):
    with Watch() as watch, socket.socket() as four, socket.socket(socket.AF_INET6) as six, socket.socket(type=socket.SOCK_DGRAM) as udp:
        assert not any(kind == "socket" for kind, _ in watch.look(1)[0])
        four.bind(("127.0.0.1", 8443))
        six.bind(("::1", 443))
        udp.bind(("0.0.0.0", 53))
        assert watch.told()
        found = {name for kind, name in watch.look(1)[0] if kind == "socket"}
        assert found == {"udp 0.0.0.0:53"}  # a TCP socket that does not listen is none
        four.listen()
        six.listen()
        os.fchown(four.fileno(), 1234, 1234)
        assert watch.told()
        found = watch.look(1)[0]
        assert found["socket", "tcp 127.0.0.1:8443"] == {"what": "user 1234", "driver": "", "address": "", "state": "listening"}
        assert found["socket", "tcp [::1]:443"]["what"] == "user 0"
        with socket.create_connection(("127.0.0.1", 8443)):
            assert not watch.told(1.5)  # a connection is nothing that listens


def groups():
    for top in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified"):
        if "cgroup2" in subprocess.run(["stat", "-fc", "%T", top], capture_output=True, text=True, check=False).stdout:
            return Path(top)
    return None


def test_a_socket_names_the_unit_it_was_made_in(network):
    worlds.run("mount", "-t", "cgroup2", "cgroup2", "/sys/fs/cgroup")
    unit = Path("/sys/fs/cgroup/tw-test.slice/tw-listens.service")
    unit.mkdir(parents=True)
    child = subprocess.Popen(["sh", "-c", f"echo $$ >{unit}/cgroup.procs && exec /usr/bin/python3 -c 'import socket, sys; s = socket.create_server((\"127.0.0.1\", 7777)); "
                              "print(flush=True); sys.stdin.read()'"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert child.stdout.readline() == b"\n"
        with Watch() as watch:
            assert watch.look()[0]["socket", "tcp 127.0.0.1:7777"]["what"] == "user 0, tw-listens.service"
    finally:
        child.stdin.close()
        child.wait(10)
        for _ in range(50):
            try:
                unit.rmdir()
                break
            except OSError:
                time.sleep(0.1)
        unit.parent.rmdir()


def test_devices_of_this_machine_are_those_of_its_tree(network):
    with Watch() as watch:
        found, _ = watch.look()
    disks = {disk.name for disk in Path("/sys/block").iterdir() if (disk / "device").exists()}
    assert {name for kind, name in found if kind == "storage"} == disks
    lines = {tty.name for tty in Path("/sys/class/tty").iterdir()
             if "DRIVER=" in ((tty / "device/uevent").read_text() if (tty / "device/uevent").exists() else "") and not
             ((tty / "type").exists() and (tty / "type").read_text() == "0\n")}
    assert {name for kind, name in found if kind == "serial"} == lines


def test_a_uevent_of_interest_makes_it_look_and_nobody_else_can_speak_for_the_kernel(network):
    with Watch() as watch:
        ip("link", "add", "left", "type", "dummy") if have_dummy() else ip("link", "add", "left", "type", "veth", "peer", "name", "right")
        watch.look(3600)
        seen = Path(f"/proc/{watch.pid}/stat")
        Path("/sys/class/net/left/uevent").write_text("change")
        assert not watch.told(0.5)  # it has looked, and all is as it was
        assert seen.exists()
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 15) as line:
            line.bind((0, 0))
            line.sendto(b"add@/devices/x\0SUBSYSTEM=usb\0", (0, 1))  # root may; it is no message of the kernel's
        assert not watch.told(0.5)
        watch.look(tag=9)


def have_dummy():
    return subprocess.run(["ip", "link", "add", "tw-try", "type", "dummy"], capture_output=True, check=False).returncode == 0 and \
        subprocess.run(["ip", "link", "delete", "tw-try"], check=False).returncode == 0


@pytest.mark.parametrize("kind, payload", [(LOOK, b""), (LOOK, b"\0" * 5), (LOOK, b"\0" * 4), (LOOK, b"\xff" * 4), (0xb02, b""), (SEEN, b"\0")])
def test_a_question_out_of_its_form_ends_it(network, kind, payload):
    with Watch() as watch:
        watch.send(kind, payload)
        assert os.waitstatus_to_exitcode(watch.wait()) == 70


def test_it_stays_and_goes_with_hands(network):
    with Watch() as watch:
        watch.look(3600)
        watch.hands.close()
        assert os.waitstatus_to_exitcode(watch.wait()) == 0
