# SPDX-License-Identifier: Apache-2.0
"""Operations that take longer than a caller waits, with the real programs: start, progress, cancel, a killed core, and who may."""
import ctypes
import json
import os
import signal
import socket
import struct
import subprocess
import time

import pytest

import world as worlds
from harness import Answer, Client, local, roles, wait_for

VERIFY, TASKS = "/api/v1/log/verify", "/api/v1/tasks"


def confirm(unit):
    """Runs the product's application until the boot is confirmed and the store has its new format."""
    user = worlds.ROLES["application"]
    who = {"user": user, "group": user, "extra_groups": []} if os.geteuid() == 0 else {}
    with subprocess.Popen([worlds.program("thermostat"), "--socket", unit.run / "events.sock"], stderr=subprocess.DEVNULL, **who) as application:
        wait_for(lambda: [r for r in records(unit) if r.get("event") == "store.migrated"])
        application.kill()


@pytest.fixture
def owner(unit):
    client = Client(unit)
    assert client.take().status == 201
    confirm(unit)
    return client


def start(client):
    """Starts a verification; its path."""
    answer = client.ask("POST", VERIFY)
    assert answer.status == 202, answer.body
    assert answer.json == {"task": answer.headers["location"].rsplit("/", 1)[1], "state": "waiting"}
    assert len(answer.json["task"]) == 32
    return answer.headers["location"]


def ended(client, path, timeout_s=30):
    """While the roles start again the answer is a problem, which has no state."""
    return wait_for(lambda: (t := client.ask("GET", path).json).get("state", "waiting") not in ("waiting", "running") and t, timeout_s)


def records(unit):
    return local(unit, "GET", "/api/v1/log?limit=200").json["records"]


def grow(unit, segments):
    """Makes the log longer, by reads, which cost the device least."""
    while len(list((unit.state / "log").glob("*.twlog"))) <= segments:
        with Flood(unit) as flood:
            flood.reads(2000)


class Flood:
    """One connection over the local socket that asks and asks."""

    def __init__(self, unit):
        self.line = socket.socket(socket.AF_UNIX)
        self.line.settimeout(20)
        self.line.connect(str(unit.run / "admin.sock"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.line.close()

    def reads(self, count):
        ask = b"GET /api/v1/settings/identification.remote-read HTTP/1.1\r\nHost: localhost\r\n\r\n"
        for _ in range(count // 20):
            self.line.sendall(ask * 20)
            got = b""
            while got.count(b"HTTP/1.1 200") < 20 or not got.endswith(b"}"):
                got += self.line.recv(65536)


def test_the_whole_log_is_verified(owner):
    path = start(owner)
    task = ended(owner, path)
    result = task["result"]
    assert task["state"] == "done" and result["verdict"] == "whole" and result["fault"] == "", task
    assert task["done"] == task["total"] > 0 and task["operation"] == "log.verify" and task["started_by"] == "owner:bob"
    assert result["first"] == 1 and result["last"] >= result["proven_to"] > 0 and result["records"] == result["last"]
    assert result["checkpoints"] >= 1
    told = records(owner.unit)
    intent = next(r for r in told if r["type"] == "intent" and r["operation"] == "log.verify")
    outcome = next(r for r in told if r["type"] == "outcome" and r["intent"] == intent["seq"])
    assert outcome["result"] == "done" and outcome["task"] == task["task"] and "whole" in outcome["detail"]
    assert owner.unit.tool("log", "verify", owner.unit.state / "log", ok=None).returncode == 0
    assert owner.ask("DELETE", path).json["rule"] == "task.ended"
    assert [t["task"] for t in owner.ask("GET", TASKS).json["tasks"]] == [task["task"]]


def test_none_begins_before_the_boot_is_confirmed(unit):
    client = Client(unit)
    assert client.take().status == 201
    refused = client.ask("POST", VERIFY)
    assert (refused.status, refused.json["rule"]) == (503, "task.unconfirmed") and int(refused.headers["retry-after"]) > 0
    assert client.ask("GET", TASKS).json == {"tasks": []}
    assert client.ask("GET", TASKS + "/" + "0" * 32).status == 404
    confirm(unit)
    assert ended(client, start(client))["state"] == "done"


class Line:
    """One connection kept open, so that a question takes less than the work it asks about."""

    def __init__(self, client):
        self.client, self.line = client, client.connect()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.line.close()

    def send(self, method, path):
        self.line.sendall(self.client.head(method, path, None).replace(b"Connection: close\r\n", b""))

    def take(self):
        got = b""
        while b"\r\n\r\n" not in got or len(got.partition(b"\r\n\r\n")[2]) < int(Answer(got).headers["content-length"]):
            got += self.line.recv(65536)
        return Answer(got)

    def ask(self, method, path):
        self.send(method, path)
        return self.take()


def test_nobody_waits_for_it(owner):
    grow(owner.unit, 5)
    seen, slowest = [], 0
    with Line(owner) as line:
        path = start(line)
        while True:
            before = time.monotonic()
            task = line.ask("GET", path).json
            slowest = max(slowest, time.monotonic() - before)
            seen.append(task["done"])
            assert task["done"] <= task["total"] or not task["total"]
            if task["state"] not in ("waiting", "running"):
                break
    assert task["state"] == "done" and task["result"]["segments"] >= 5
    assert seen == sorted(seen) and len(set(seen)) > 2, "its progress was to be seen"
    assert slowest < 0.5, slowest


def test_one_at_a_time_and_cancelled(owner):
    grow(owner.unit, 5)
    with Line(owner) as line:
        path = start(line)
        second = line.ask("POST", VERIFY)
        assert (second.status, second.json["rule"]) == (409, "task.running")
        cancelled = line.ask("DELETE", path)
    assert cancelled.status == 200 and cancelled.json["state"] == "cancelled" and "owner:bob" in cancelled.json["words"]
    assert owner.ask("GET", path).json == cancelled.json
    outcome = next(r for r in records(owner.unit) if r.get("task") == cancelled.json["task"])
    assert outcome["type"] == "outcome" and outcome["result"] == "cancelled"
    assert ended(owner, start(owner))["state"] == "done"


def test_a_broken_log_is_found_and_said(owner):
    unit = owner.unit
    grow(unit, 2)
    first = sorted((unit.state / "log").glob("*.twlog"))[0]
    data = bytearray(first.read_bytes())
    data[600] ^= 1  # in the body of the first record
    first.write_bytes(data)
    task = ended(owner, start(owner))
    assert task["state"] == "done" and task["result"]["verdict"] == "broken"
    assert first.name in task["result"]["fault"] and "record" in task["result"]["fault"]
    assert [r["fields"]["fault"] for r in records(unit) if r.get("event") == "log.broken"] == [task["result"]["fault"]]


def test_it_goes_on_after_core_was_killed(owner):
    unit = owner.unit
    grow(unit, 4)
    core = roles(unit)["core"]
    with Line(owner) as line:
        path = start(line)
        assert line.ask("GET", path).json["state"] in ("waiting", "running")
        os.kill(core, signal.SIGKILL)
    task = ended(owner, path)
    assert task["state"] == "done" and task["result"]["verdict"] == "whole", task
    ids = [r for r in records(unit) if r.get("task") == task["task"]]
    assert len(ids) == 1 and ids[0]["result"] == "done"
    assert unit.tool("log", "verify", unit.state / "log", ok=None).returncode == 0


class Opened:
    """Which files of a directory are opened, and how often, as inotify(7) counts them."""
    IN_OPEN, IN_NONBLOCK = 0x20, 0o4000

    def __init__(self, directory):
        libc = ctypes.CDLL(None, use_errno=True)
        self.fd = libc.inotify_init1(self.IN_NONBLOCK)
        assert self.fd >= 0 and libc.inotify_add_watch(self.fd, os.fsencode(directory), self.IN_OPEN) >= 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.fd)

    def names(self):
        """Since the last time."""
        found = []
        while True:
            try:
                data = os.read(self.fd, 65536)
            except BlockingIOError:
                return found
            while data:
                size = struct.unpack_from("iIII", data)[3]
                found.append(data[16:16 + size].rstrip(b"\0").decode())
                data = data[16 + size:]


def keep_a_place(unit, core, opened):
    """Stops core in the middle of the log and lets two seconds pass for it, after which it keeps its place at the next segment.
    It stands when that is done."""
    store, first = unit.state / "core" / "store.db-wal", "%020d.twlog" % 1
    seen = 0
    while seen < 2:  # measured, then read
        seen += opened.names().count(first)
    os.kill(core, signal.SIGSTOP)
    time.sleep(2.1)
    before = store.stat().st_mtime_ns
    os.kill(core, signal.SIGCONT)
    wait_for(lambda: store.stat().st_mtime_ns != before, 5, 0.0005)
    os.kill(core, signal.SIGSTOP)


def test_it_goes_on_from_the_kept_place(owner):
    """Seen by what core opens after its death: the first segments once less than those behind the place."""
    unit = owner.unit
    grow(unit, 16)
    core = roles(unit)["core"]
    with Opened(unit.state / "log") as opened:
        with Line(owner) as line:
            line.send("POST", VERIFY)
            keep_a_place(unit, core, opened)
            path = line.take().headers["location"]
        opened.names()
        os.kill(core, signal.SIGKILL)
        task = ended(owner, path)
        names = opened.names()
    assert task["state"] == "done" and task["result"]["verdict"] == "whole" and task["done"] == task["total"], task
    assert task["result"]["segments"] >= 16 and task["result"]["first"] == 1
    counts = [names.count(name) for name in sorted(p.name for p in (unit.state / "log").glob("*.twlog"))]
    assert counts[0] + 1 == counts[12], f"from the beginning, or not at all: {counts}"


def test_an_orderly_restart_keeps_it_and_its_result(owner):
    unit = owner.unit
    grow(unit, 2)
    path = start(owner)
    assert unit.stop() == 0
    unit.start()
    task = ended(owner, path)
    assert task["state"] == "done"
    assert unit.stop() == 0
    unit.start()
    assert owner.ask("GET", path).json == task


def test_who_may(owner):
    unit, stranger = owner.unit, Client(owner.unit, certificate=False)
    path = start(owner)
    assert local(unit, "POST", VERIFY).json["rule"] == "gate.permission"
    assert local(unit, "GET", path).json["rule"] == "task.unknown", "root on the device sees what root started"
    assert local(unit, "GET", TASKS).json["tasks"] == []
    assert local(unit, "DELETE", path).json["rule"] == "task.unknown"
    for method, where in (("POST", VERIFY), ("GET", TASKS), ("GET", path), ("DELETE", path), ("GET", TASKS + "/" + "0" * 32)):
        assert stranger.ask(method, where).json["rule"] == "gate.anonymous"
    assert owner.ask("GET", TASKS + "/" + "0" * 32).json["rule"] == "task.unknown"
    assert owner.ask("POST", VERIFY, {}).status == 400
    ended(owner, path)


def test_the_list_in_pages(owner):
    ids = []
    for _ in range(5):
        path = start(owner)
        ids.insert(0, ended(owner, path)["task"])
    found, cursor = [], ""
    while True:
        answer = owner.ask("GET", f"{TASKS}?limit=2{cursor}").json
        found += [t["task"] for t in answer["tasks"]]
        if "next" not in answer:
            break
        cursor = "&cursor=" + answer["next"]
    assert found == ids


def test_the_document_names_it(unit):
    document = json.loads(Client(unit, certificate=False).ask("GET", "/api/v1/openapi.json").body)
    row = document["paths"][VERIFY]["post"]
    assert list(row["responses"])[0] == "202" and "Location" in row["responses"]["202"]["headers"]
    assert "verdict" in row["x-thingward-task-result"]["properties"]


@pytest.fixture
def owned_and_confirmed(owned):
    confirm(owned)
    return owned


def by_tool(unit, *words, ok=(0,)):
    return unit.tool("device", *words, "--device", "unit", "--owner", unit.owner, ok=ok)


def test_the_tool_waits_and_shows_progress(owned_and_confirmed):
    unit = owned_and_confirmed
    grow(unit, 3)
    done = by_tool(unit, "log", "verify")
    assert "whole" in done.stdout and "%" not in done.stdout and "100 %" in done.stderr
    quiet = by_tool(unit, "log", "verify", "--quiet")
    assert quiet.stderr == "" and quiet.stdout.splitlines()[0] == done.stdout.splitlines()[0]
    task = unit.json("log", "verify")
    assert task["state"] == "done" and task["result"]["verdict"] == "whole"
    began = unit.json("log", "verify", "--no-wait")
    assert began["state"] == "waiting"
    wait_for(lambda: unit.json("tasks", "read", began["task"])["state"] == "done")
    assert [t["task"] for t in unit.json("tasks", "list")["tasks"]][:2] == [began["task"], task["task"]]
    assert len(unit.json("tasks", "list", "--limit", "1")["tasks"]) == 1
    refused = by_tool(unit, "tasks", "cancel", began["task"], ok=None)
    assert refused.returncode == 3 and "task.ended" in refused.stderr
    first = sorted((unit.state / "log").glob("*.twlog"))[0]
    data = bytearray(first.read_bytes())
    data[600] ^= 1
    first.write_bytes(data)
    broken = by_tool(unit, "log", "verify", ok=None)
    assert broken.returncode == 1 and "broken" in broken.stdout and first.name in broken.stderr


def test_an_interrupted_tool_says_that_it_goes_on(owned_and_confirmed):
    """The device stands still meanwhile, so that there is something to interrupt."""
    unit = owned_and_confirmed
    core = roles(unit)["core"]
    os.kill(core, signal.SIGSTOP)
    began = subprocess.Popen([worlds.program("thingward"), "device", "log", "verify", "--device", "unit", "--owner", unit.owner],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        wait_for(lambda: "SigCgt:\t0000000000000002" in open(f"/proc/{began.pid}/status").read())
        began.send_signal(signal.SIGINT)
        time.sleep(0.2)
    finally:
        os.kill(core, signal.SIGCONT)
    out, said = began.communicate(timeout=20)
    assert began.returncode == 1 and out == "" and "goes on" in said and "tasks cancel" in said
