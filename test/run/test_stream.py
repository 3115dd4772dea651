# SPDX-License-Identifier: Apache-2.0
"""The log as server-sent events: every record once and in order, whatever the reader does and whoever dies in between."""
import json
import os
import re
import signal
import time

import pytest

from harness import Client, local, roles, wait_for

SETTING = "/api/v1/settings/identification.remote-read"
BURST = 10000
PER_STREAM = 48 * 1024  # of front: the window, its chunks, and the TLS connection


@pytest.fixture
def owner(unit):
    client = Client(unit)
    assert client.take().status == 201
    return client


class Stream:
    """Reads one stream: chunks (RFC 9112 7.1), then events (WHATWG HTML 9.2.6)."""

    def __init__(self, client, query="", headers=(), timeout=5):
        self.line = client.connect()
        self.line.settimeout(timeout)
        fields = [f"GET /api/v1/log/stream{query} HTTP/1.1", f"Host: {client.unit.address}", *headers]
        self.line.sendall("\r\n".join(fields).encode() + b"\r\n\r\n")
        self.raw = self.text = b""
        self.ended = False
        while b"\r\n\r\n" not in self.raw:
            self._more()
        head, _, self.raw = self.raw.partition(b"\r\n\r\n")
        self.status, self.head = int(head.split()[1]), head.decode()

    def _more(self):
        data = self.line.recv(65536)
        if not data:
            raise ConnectionError("closed")
        self.raw += data

    def _chunk(self):
        while b"\r\n" not in self.raw:
            self._more()
        size, _, rest = self.raw.partition(b"\r\n")
        size = int(size, 16)
        while len(self.raw) < len(rest) - len(rest) + len(b"%x" % size) + 2 + size + 2:
            self._more()
        start = self.raw.index(b"\r\n") + 2
        self.text += self.raw[start:start + size]
        assert self.raw[start + size:start + size + 2] == b"\r\n"
        self.raw = self.raw[start + size + 2:]
        self.ended = size == 0

    def event(self):
        """(id, type, data) of the next event, or None at the orderly end."""
        while True:
            while b"\n\n" not in self.text:
                if self.ended:
                    return None
                self._chunk()
            one, _, self.text = self.text.partition(b"\n\n")
            if not one.startswith(b":"):
                found = re.fullmatch(rb"id: (\d+)\nevent: ([a-z]+)\ndata: ([^\n]*)", one)
                assert found, one
                return int(found[1]), found[2].decode(), json.loads(found[3])

    def until(self, seq):
        found = []
        while not found or found[-1][0] < seq:
            found.append(self.event())
        return found


def last(unit):
    return local(unit, "GET", "/api/v1/log?limit=1").json["records"][0]["seq"]


def switch(client):
    now = client.ask("GET", SETTING)
    return client.ask("PUT", SETTING, {"value": "on" if now.json["value"] == "off" else "off"}, [f"If-Match: {now.headers['etag']}"])


def test_it_is_what_log_read_gives(owner):
    stream = Stream(owner, "?after=0")
    assert stream.status == 200 and "Content-Type: text/event-stream\r\n" in stream.head and "Content-Length" not in stream.head
    assert switch(owner).status == 200
    end = last(owner.unit)
    got = stream.until(end)
    assert [seq for seq, _, _ in got] == list(range(1, end + 1))
    by_seq = {r["seq"]: r for r in local(owner.unit, "GET", "/api/v1/log?limit=200").json["records"]}
    assert all(by_seq[seq] == data and data["type"] == kind for seq, kind, data in got)


def test_without_a_place_it_begins_now(owner):
    stream = Stream(owner)
    assert switch(owner).status == 200
    first = stream.event()
    assert first[2]["operation"] in ("log.stream", "settings.read")
    kinds = [stream.event()[1] for _ in range(3)]
    assert "intent" in kinds


def test_it_does_not_feed_itself(owner):
    stream = Stream(owner)
    begun = last(owner.unit)
    time.sleep(0.6)
    found = local(owner.unit, "GET", "/api/v1/log?limit=200").json["records"]
    assert len([r for r in found if r.get("operation") == "log.stream"]) == 1
    assert found[0]["seq"] <= begun + 2  # our own two reads of the log
    stream.line.close()


def test_a_place_is_a_record(owner):
    end = last(owner.unit)
    assert Stream(owner, f"?after={end - 3}").event()[0] == end - 2
    assert Stream(owner, "?after=0", [f"Last-Event-ID: {end - 1}"]).event()[0] == end
    for header in ("x", "-1", "1 2", "99999999999999999999"):
        stream = Stream(owner, "", [f"Last-Event-ID: {header}"])
        assert stream.status == 400, header
    for query in ("?after=x", "?after=-1", "?after=1&after=2", "?other=1"):
        assert Stream(owner, query).status == 400, query
    assert Stream(owner, f"?after={end + 1000}").status == 410


def test_only_so_many(owner):
    held = [Stream(owner) for _ in range(4)]
    assert all(s.status == 200 for s in held)
    refused = Stream(owner)
    assert refused.status == 429 and "Retry-After: 5\r\n" in refused.head
    held.pop().line.close()
    wait_for(lambda: Stream(owner).status == 200)




def test_a_session_that_ends_takes_its_stream_along(owner):
    code = owner.ask("POST", "/api/v1/session-codes").json["code"]
    guest = Client(owner.unit, certificate=False)
    token = guest.ask("POST", "/api/v1/sessions", {"code": code}).json["token"]
    bearer = [f"Authorization: Bearer {token}"]
    stream = Stream(guest, "", bearer)
    assert stream.status == 200
    assert guest.ask("DELETE", "/api/v1/sessions/current", None, bearer).status == 204
    ended = []
    while (event := stream.event()) is not None:
        ended.append(event)
    assert not any(e[2].get("operation") == "session.close" and e[1] == "outcome" for e in ended)
    assert Stream(guest, "", bearer).status == 401


def test_a_stranger_gets_none(owner):
    assert Stream(Client(owner.unit, certificate=False)).status == 401


def make_records(client, count):
    """By reads over one connection, as fast as they go."""
    ask = f"GET {SETTING} HTTP/1.1\r\nHost: {client.unit.address}\r\n\r\n".encode()
    line = client.connect()
    line.settimeout(10)
    done, held = 0, b""
    while done < count:
        line.sendall(ask * 8)
        seen = 0
        while seen < 8:
            held += line.recv(65536)
            while (at := held.find(b"\r\n\r\n")) >= 0:
                size = int(re.search(rb"Content-Length: (\d+)", held[:at])[1])
                if len(held) < at + 4 + size:
                    break
                held, seen = held[at + 4 + size:], seen + 1
        done += 8
    line.close()


def test_a_burst_a_slow_reader_and_a_death(owner):
    """Three streams; core is killed while they run; each has every record once."""
    begun = last(owner.unit)
    make_records(owner, BURST // 2)
    readers = []
    for pause in (0, 0, 0.02):
        readers.append(reader(owner, begun, pause))
    time.sleep(0.3)
    os.kill(roles(owner.unit)["core"], signal.SIGKILL)
    wait_for(lambda: owner.ask("GET", "/api/v1/health").status == 200)
    make_records(owner, BURST // 2)
    end = last(owner.unit)
    assert end - begun > BURST * 0.95  # the death may take reads that were not on disk
    for pid, pipe in readers:
        os.write(pipe[1], f"{end}\n".encode())
        os.waitpid(pid, 0)
        with open(pipe[2]) as said:
            first, latest, without_gap = json.load(said)
        assert first == begun + 1 and latest >= end and without_gap


def reader(owner, begun, pause):
    """A process that follows from there; told where to end, it says first, last, count and whether there was no gap."""
    to, out = os.pipe(), f"{owner.unit.folder}/reader-{pause}-{time.monotonic_ns()}"
    pid = os.fork()
    if pid:
        return pid, (to[0], to[1], out)
    try:
        os.set_blocking(to[0], False)
        found, until = [], 1 << 60
        while not found or found[-1] < until:
            try:
                until = int(os.read(to[0], 100))
            except BlockingIOError:
                pass
            follow(owner, begun, until, found, pause)
        with open(out, "w") as said:
            json.dump([found[0], found[-1], found == list(range(found[0], found[-1] + 1))], said)
    finally:
        os._exit(0)


def follow(client, after, until, found, pause):
    """Over one connection, until that record or until the line is cut."""
    try:
        stream = Stream(client, "", [f"Last-Event-ID: {found[-1] if found else after}"], timeout=0.5)
        while stream.status == 200 and (not found or found[-1] < until):
            event = stream.event()
            if event is None:
                return
            found.append(event[0])
            if pause and len(found) % 500 == 0:
                time.sleep(pause)
    except OSError:
        time.sleep(0.05)


def anonymous_bytes(pid):
    with open(f"/proc/{pid}/smaps_rollup") as file:
        return 1024 * int(re.search(r"^Anonymous:\s+(\d+)", file.read(), re.M)[1])


def test_who_does_not_read_costs_little_and_misses_nothing(owner):
    begun = last(owner.unit)
    make_records(owner, 2000)
    pids = roles(owner.unit)
    before = {name: anonymous_bytes(pids[name]) for name in ("core", "front")}
    streams = [Stream(owner, f"?after={begun}") for _ in range(4)]
    time.sleep(0.5)
    for name, was in before.items():
        assert anonymous_bytes(pids[name]) - was < 4 * PER_STREAM, name
    end = begun + 2000
    for stream in streams:
        assert [seq for seq, _, _ in stream.until(end)] == list(range(begun + 1, end + 1))
