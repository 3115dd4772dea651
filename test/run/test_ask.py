# SPDX-License-Identifier: Apache-2.0
"""The role that asks by datagrams, alone and in its sandbox: started as hands would, spoken to as core would, by what this page knows of the wire."""
import ipaddress
import os
import select
import socket
import struct
import time
from contextlib import contextmanager

import pytest

import world as worlds
from errand import Errand, block

ASK, ENOUGH, HEARD, ENDED = 0xa01, 0xa02, 0xa11, 0xa12
SILENT, UNREACHABLE, FAILED = b"\1", b"\2", b"\3"
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


class Ask(Errand):
    """One process of thingward-fetch that asks."""

    def __init__(self):
        super().__init__("fetch", as_role="ask")

    def ask(self, place, packet=b"who?", *, tag=1, deadline=5000, again=4000):
        address = ipaddress.ip_address(place[0])
        mapped = b"\0" * 10 + b"\xff\xff" + address.packed if address.version == 4 else address.packed
        self.send(ASK, mapped + struct.pack(">HHH", place[1], deadline, again) + block(packet), tag=tag)


@contextmanager
def udp(host="127.0.0.1"):
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind((host, 0))
        line.settimeout(5)
        yield line


@pytest.fixture
def role():
    with Ask() as one:
        yield one


def test_it_stands_in_its_sandbox_before_anything(role):
    role.stands_in_its_sandbox()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_what_comes_from_there_is_passed_on_and_nothing_else(role, host):
    with udp(host) as server, udp(host) as other:
        role.ask(server.getsockname())
        packet, whence = server.recvfrom(9999)
        assert packet == b"who?"
        other.sendto(b"somebody else", whence)
        server.sendto(b"wrong", whence)
        server.sendto(b"right", whence)
        assert role.receive() == (HEARD, 1, b"wrong") and role.receive() == (HEARD, 1, b"right")
        role.send(ENOUGH)
        role.ask(server.getsockname(), b"next", tag=2)  # taken behind it, so the first is over
        packet, again = server.recvfrom(9999)
        assert packet == b"next" and again != whence
        server.sendto(b"late", whence)
        server.sendto(b"right", again)
        assert role.receive() == (HEARD, 2, b"right")


def test_the_same_packet_is_sent_again_and_then_it_is_over(role):
    with udp() as server:
        role.ask(server.getsockname(), deadline=900, again=100)
        seen = [server.recvfrom(9999) for _ in range(3)]  # at once, after 100 ms, after 300 ms
        assert len(set(seen)) == 1
        assert role.receive() == (ENDED, 1, SILENT)
        assert not select.select([role.core], [], [], 0)[0]


def test_nobody_there_is_told_when_the_time_is_over(role):
    with udp() as server:
        nobody = server.getsockname()
    began = time.monotonic()
    role.ask(nobody, deadline=300, again=100)
    assert role.receive() == (ENDED, 1, UNREACHABLE) and time.monotonic() - began >= 0.29  # of whole milliseconds
    role.ask(("198.51.100.255", 9), deadline=300, again=100, tag=2)  # of a network that nothing leads to, or nobody answers in
    assert role.receive() in [(ENDED, 2, end) for end in (SILENT, UNREACHABLE, FAILED)]


def test_several_wait_for_none_of_the_others(role):
    with udp() as server:
        for tag in range(1, 9):
            role.ask(server.getsockname(), b"%d" % tag, tag=tag)
        asked = [server.recvfrom(9999) for _ in range(8)]
        assert len({whence for _, whence in asked}) == 8  # a port for each
        for packet, whence in reversed(asked):
            server.sendto(b"to " + packet, whence)
        assert {role.receive() for _ in range(8)} == {(HEARD, tag, b"to %d" % tag) for tag in range(1, 9)}


@pytest.mark.parametrize("spoil", [
    lambda r, place: r.send(ASK, b"short"), lambda r, place: r.send(0xa99), lambda r, place: r.ask(("0.0.0.0", 9)),
    lambda r, place: [r.ask(place), r.ask(place)], lambda r, place: [r.ask(place, tag=tag) for tag in range(9)],
], ids=["short", "unknown", "nobody", "twice", "too many"])
def test_core_that_breaks_the_rules_is_left(spoil):
    with udp() as server, Ask() as role:
        spoil(role, server.getsockname())
        with pytest.raises(EOFError):
            role.receive()
        assert os.waitstatus_to_exitcode(role.wait()) == 70


def test_it_ends_when_core_has_gone_or_hands_says_so_though_it_waits():
    with udp() as server:
        for end in (lambda role: role.core.close(), lambda role: role.hands.send(struct.pack(">HHII", 0x505, 0, 0, 0))):
            with Ask() as role:
                role.ask(server.getsockname())
                server.recvfrom(9999)
                end(role)
                assert os.waitstatus_to_exitcode(role.wait()) == 0
