# SPDX-License-Identifier: Apache-2.0
"""A role without memory or without descriptors: it refuses or it dies, and nothing acknowledged is lost; with enough again all goes on by itself."""
import os
import re
import subprocess
import time

import pytest

import world as worlds
from harness import Client, wait_for
from owner import Patient, memory_of, open_files, settled

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to limit what runs under other users")
UNLIMITED = -1
FILES = 1024


@pytest.fixture
def owner(new_unit):
    one = Patient(new_unit().start())
    assert one.client.take().status == 201
    assert one.attempt() == [200, 200, 200, 200]
    return one


def limit(role, pid, what, value):
    """The soft limit alone, as the role's own user: that takes no privilege, and can be taken back."""
    who = worlds.ROLES.get(role, 0)
    words = ["prlimit", "--pid", str(pid), f"--{what}={'unlimited' if value < 0 else value}:"]
    subprocess.run(words, user=who, group=who, extra_groups=[], stderr=subprocess.DEVNULL, check=False)  # it may have died meanwhile


def strain(owner, rounds):
    """Statuses of several rounds, with the peers that make front and core want more."""
    got = []
    for _ in range(rounds):
        idle = [open_connection(owner) for _ in range(6)]
        got += owner.attempt()
        for line in idle:
            if line:
                line.close()
    return got


def open_connection(owner):
    try:
        return owner.client.connect()
    except OSError:
        return None


@pytest.mark.parametrize("spare_kib", [0, 256])
@pytest.mark.parametrize("role", ["core", "front", "keys"])
def test_memory_runs_out_while_it_runs(owner, role, spare_kib):
    pid = owner.client.unit.role_pids()[role]
    most = memory_of(pid, "VmData") + spare_kib * 1024
    limit(role, pid, "data", most)
    assert settled(strain(owner, 2))
    limit(role, pid, "data", UNLIMITED)
    owner.back()


@pytest.mark.parametrize("more", [0, 1, 2])
@pytest.mark.parametrize("role", ["core", "keys"])
def test_no_descriptors_while_it_runs(owner, role, more):
    """What a role opens for itself: log segments, files that are replaced. Doors: test/http."""
    pid = owner.client.unit.role_pids()[role]
    most = open_files(pid) + more
    limit(role, pid, "nofile", most)
    assert settled(owner.attempt() + owner.attempt())
    limit(role, pid, "nofile", FILES)
    owner.back()


def files_at_rest(pid):
    """What it has open when nothing comes or goes: a file that was just sent is closed a moment later."""
    seen = []
    while len(seen) < 10 or len(set(seen[-10:])) > 1:
        seen.append(frozenset(int(name) for name in os.listdir(f"/proc/{pid}/fd")))
        time.sleep(0.02)
    return seen[-1]


def no_more_files(role, pid):
    """Below the lowest number that is free."""
    used = files_at_rest(pid)
    limit(role, pid, "nofile", next(n for n in range(FILES) if n not in used))


def test_no_place_for_what_is_handed_over(owner):
    """An answer that is a file reaches front without it, a long body core: told so, and good again as soon as there is room."""
    unit, segments = owner.client.unit, "/api/v1/log/segments"
    first = owner.client.ask("GET", segments).json["segments"][0]["first"]
    pids = unit.role_pids()
    with owner.client.connect() as line:
        assert exchange(line, owner.client, "GET", segments)[0] == 200
        no_more_files("front", pids["front"])
        status, head, _ = exchange(line, owner.client, "GET", f"{segments}/{first}")
        limit("front", pids["front"], "nofile", FILES)
        assert status == 503 and b"Retry-After: " in head and b"Connection: close" in head
    with owner.client.connect() as line:
        status, _, body = exchange(line, owner.client, "GET", f"{segments}/{first}")
        assert status == 200 and len(body) > 400
        no_more_files("core", pids["core"])
        status, head, _ = exchange(line, owner.client, "PUT", "/api/v1/settings/application.target", b"x" * 70000)
        limit("core", pids["core"], "nofile", FILES)
        assert status == 503 and b"Retry-After: " in head
        assert exchange(line, owner.client, "PUT", "/api/v1/settings/application.target", b"x" * 70000)[0] == 413
    assert unit.role_pids() == pids, "all live on"
    owner.back()


def exchange(line, client, method, path, body=b""):
    """Status, head and body of one answer; the connection stays."""
    head = [f"{method} {path} HTTP/1.1", f"Host: {client.unit.address}", f"Content-Length: {len(body)}", *(["Content-Type: application/json"] if body else [])]
    line.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + body)
    raw = b""
    while b"\r\n\r\n" not in raw:
        raw += line.recv(65536)
    top, _, rest = raw.partition(b"\r\n\r\n")
    while len(rest) < int(re.search(rb"Content-Length: (\d+)", top)[1]):
        rest += line.recv(65536)
    return int(top.split()[1]), top, rest


@pytest.mark.parametrize("more", [0, 6, 13])
def test_no_descriptors_for_new_roles(owner, more):
    """hands needs pairs and pipes to start roles; it tries until it gets them."""
    unit = owner.client.unit
    pids = unit.role_pids()
    most = open_files(unit.process.pid) - 3 + more  # the channels to the roles will be free
    limit("hands", unit.process.pid, "nofile", most)
    os.kill(pids["core"], 9)
    time.sleep(1)
    limit("hands", unit.process.pid, "nofile", FILES)
    wait_for(lambda: Client(unit).ask("GET", "/api/v1/health").status == 200, 15)
    assert unit.process.poll() is None, "hands is the same"
    owner.back()


@pytest.mark.parametrize("words", [["--data=1048576"], ["--data=3145728"], ["--nofile=8"], ["--nofile=16"], ["--nofile=24"]], ids=lambda words: words[0][2:])
def test_too_little_for_a_start(owner, words):
    """hands and all roles get this much. The device stands, or it does not; afterwards it is as it was."""
    unit = owner.client.unit
    assert unit.stop() == 0
    unit.launcher = ["prlimit", *words]
    unit.start(wait=False)
    time.sleep(0.8)
    unit.stop()
    unit.launcher = []
    unit.start()
    owner.back()
