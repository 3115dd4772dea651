# SPDX-License-Identifier: Apache-2.0
"""The role that hashes passwords, alone and in its sandbox: started as hands would, spoken to as core would, by what this page knows of the wire."""
import os
import re
import signal
import socket
import struct
import time

import pytest

import world as worlds
from errand import Errand, block

MAKE, VERIFY, MADE, VERIFIED, FAILED = 0x901, 0x902, 0x911, 0x912, 0x913
SALT = "AAECAwQFBgcICQoLDA0ODw"
# Computed by noble-hashes, which shares no line with what the role uses.
KNOWN = f"$argon2id$v=19$m=19456,t=2,p=1${SALT}$gYJZtjEAJqjg26xdLmknq8/bB7MiWPrE9hsYuA+SkIU"
PASSWORD = "correct horse battery staple"
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def words(text):
    return block(text if isinstance(text, bytes) else text.encode())


class Hash(Errand):
    """One process of thingward-hash."""

    def __init__(self, name="hash"):
        super().__init__("hash", as_role=name)

    def ask(self, kind, payload, tag=7):
        self.send(kind, payload, tag)
        got, its_tag, said = self.receive()
        assert its_tag == tag
        return got, said

    def make(self, password, kib=19456, passes=2):
        kind, text = self.ask(MAKE, struct.pack(">II", kib, passes) + words(password))
        assert kind == MADE
        return text.decode()

    def verify(self, phc, password):
        kind, said = self.ask(VERIFY, words(phc) + words(password))
        assert kind == VERIFIED and said in (b"\0", b"\1")
        return said == b"\1"


@pytest.fixture(scope="module")
def role():
    with Hash() as one:
        yield one


def status_of(pid):
    return dict(line.split(":\t", 1) for line in open(f"/proc/{pid}/status").read().splitlines() if ":\t" in line)


def test_it_stands_in_its_sandbox_before_anything():
    with Hash("hash-2") as role:
        role.stands_in_its_sandbox()


def test_verifies_what_others_have_made_and_nothing_else(role):
    assert role.verify(KNOWN, PASSWORD)
    for other in (PASSWORD + " ", PASSWORD[:-1], PASSWORD.upper(), "x"):
        assert not role.verify(KNOWN, other)
    assert not role.verify(KNOWN[:-1] + "Y", PASSWORD), "one bit of the tag"


def test_verifies_what_it_made(role):
    made = [role.make(PASSWORD), role.make(PASSWORD), role.make("p\u00e4ss", 20000, 3)]
    assert len({one.split("$")[4] for one in made}) == 3, "each has a salt of its own"
    assert re.fullmatch(r"\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}", made[0])
    assert made[2].startswith("$argon2id$v=19$m=20000,t=3,p=1$")
    assert role.verify(made[0], PASSWORD) and role.verify(made[2], "p\u00e4ss") and not role.verify(made[0], "p\u00e4ss")


def test_between_questions_it_holds_no_password_and_one_hash_of_memory(role):
    secret = b"a password that no other page holds 4711"
    role.make("x", 65536)
    assert not role.verify(KNOWN, secret.decode())
    assert int(status_of(role.pid)["RssAnon"].split()[0]) < 19456 + 8 * 1024, "what a dear hash took has gone back"
    with open(f"/proc/{role.pid}/maps") as maps, open(f"/proc/{role.pid}/mem", "rb") as memory:
        for line in maps:
            area, rights, *_ = line.split()
            start, end = (int(n, 16) for n in area.split("-"))
            if "r" in rights and "w" in rights:
                memory.seek(start)
                assert secret not in memory.read(end - start), line


def test_most_that_a_hash_may_cost_is_within_the_time_it_is_given(role):
    begun = time.monotonic()
    role.make("x", 65536, 8)
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize("kind,payload", [
    (VERIFY, words(KNOWN.replace("m=19456", "m=4194304")) + words("x")),
    (VERIFY, words(KNOWN.replace("t=2", "t=9")) + words("x")),
    (VERIFY, words(KNOWN.replace("m=19456", "m=00008")) + words("x")),
    (VERIFY, words(KNOWN.replace("argon2id", "argon2ie")) + words("x")),
    (VERIFY, words(KNOWN) + words("x") + b"\0"),
    (VERIFY, words(KNOWN) + words(b"x" * 1025)),
    (MAKE, struct.pack(">II", 4 << 20, 2) + words("x")),
    (MAKE, struct.pack(">II", 19456, 2) + words("")),
    (0x903, b""),
])
def test_what_is_no_question_ends_it(kind, payload):
    with Hash() as role:
        role.send(kind, payload)
        assert os.waitstatus_to_exitcode(role.wait()) == 70
        with pytest.raises((ConnectionResetError, EOFError)):
            if role.core.recv(4096) == b"":
                raise EOFError


def test_ends_when_core_or_hands_is_gone():
    for end in ("core", "hands"):
        with Hash() as role:
            getattr(role, end).close()
            assert os.waitstatus_to_exitcode(role.wait()) == 0


def test_ends_by_itself_after_half_a_minute_at_most():
    """Its own clock is asked, not ours: what it waits with is one poll of 30 s."""
    with Hash() as role:
        assert role.verify(KNOWN, PASSWORD)
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            call = open(f"/proc/{role.pid}/syscall").read().split()
            if call[0] == "7":
                break
        assert int(call[3], 16) & 0xffffffff == 30000, call
