# SPDX-License-Identifier: Apache-2.0
"""What it costs a device to refuse a login, by who was named; and whether that tells who there is (Welch's t-test)."""
import json
import math
import random
import statistics
import time
from pathlib import Path

from harness import Client, roles

GOOD = "nine quiet herons wade"
# Names, and the password each is tried with: none of them opens anything. bob is the owner.
KINDS = {"there": ("bob", "not the password"), "missing": ("nobody", "not the password"), "suspended": ("sue", GOOD), "without a password": ("kim", GOOD)}
EARLY = "refused early"  # a step of no login: what a device that does not compute would be like
FAR = 4.5  # of t: by chance once in a hundred thousand times


class Login:
    """One connection that asks again and again, in the order of a shuffled pack so that what drifts drifts for all."""

    def __init__(self, unit):
        self.unit, self.client = unit, Client(unit, certificate=False)
        self.line = self.client.connect()
        self.pids = roles(unit)

    def set_up(self):
        owner = Client(self.unit)
        assert owner.take().status == 201
        assert owner.ask("PUT", "/api/v1/settings/logical-access.throttle", {"value": "off"}, ['If-Match: "0"']).status == 200
        assert owner.ask("PUT", "/api/v1/password", {"password": GOOD}).status == 204
        for account in ("sue", "kim"):
            made = owner.ask("POST", "/api/v1/accounts", {"name": account, "kind": "person"})
            assert made.status == 201
            if account == "sue":
                assert owner.ask("PUT", f"/api/v1/passwords/{made.json['account']}", {"password": GOOD}).status == 204
                assert owner.ask("PUT", f"/api/v1/suspensions/{made.json['account']}").status == 204
        self.line.close()
        self.line = self.client.connect()
        self.pids = roles(self.unit)  # that of hash among them

    def cpu_ms(self):
        return sum(int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) for pid in self.pids.values()) / 1e6

    def refused(self, kind):
        name, password = KINDS.get(kind, (None, None))
        said = {"account": name, "password": password} if name else {"login": "0" * 43, "code": "000000"}
        body = json.dumps(said).encode()
        head = f"POST /api/v1/logins HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self.line.sendall(head.encode() + body)
        heard = b""
        while b"\r\n\r\n" not in heard or len(heard) < heard.index(b"\r\n\r\n") + 4 + int(heard.lower().split(b"content-length: ")[1].split(b"\r\n")[0]):
            piece = self.line.recv(65536)
            assert piece, heard
            heard += piece
        assert heard.startswith(b"HTTP/1.1 403"), heard

    def samples(self, count, clock=None):
        """{kind: milliseconds}"""
        clock = clock or self.cpu_ms
        found = {kind: [] for kind in (*KINDS, EARLY)}
        for kind in found:
            self.refused(kind)
        for _ in range(count):
            for kind in random.sample(list(found), len(found)):
                begun = clock()
                self.refused(kind)
                found[kind].append(clock() - begun)
        return found


def wall_ms():
    return time.monotonic() * 1000


def welch(a, b, within=0.0):
    """t for the means being further apart than that."""
    apart = abs(statistics.fmean(a) - statistics.fmean(b)) - within
    return apart / math.sqrt(statistics.variance(a) / len(a) + statistics.variance(b) / len(b))
