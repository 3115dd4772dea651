# SPDX-License-Identifier: Apache-2.0
"""Logging in by the verdict of a RADIUS server: FreeRADIUS on the loopback interface says yes, no and nothing, to a running device.

@nist LA.AS.2.1.2
"""
import json
import os
import select
import signal
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest
import world as worlds

import radius
from harness import Client, roles, unb64

GOOD = "nine quiet herons wade"
LONG = "x" * 128
pytestmark = pytest.mark.skipif(not radius.program(), reason="freeradius is not installed")


def login(unit, name, password, source):
    answer = Client(unit, certificate=False, source=source).ask("POST", "/api/v1/logins", {"account": name, "password": password})
    return answer.status, answer.json.get("rule"), answer


def share(unit, folder, secret):
    kept = folder / "secret"
    kept.write_text(secret + "\n")
    kept.chmod(0o600)
    unit.tool("device", "radius", "secret", "--secret-file", kept, "--device", "unit", "--owner", unit.owner)


def probe(unit, folder):
    worlds.run(worlds.program("thingward"), "assess", "--device", "unit", "--owner", unit.owner, "--product", unit.world.product, "--out",
               folder / "e.json", "--element", "LA.AS.2.1.2/server-judges", ok=(0, 1), timeout=90)
    rows = json.loads(unb64(json.loads((folder / "e.json").read_text())["payload"]))["results"]
    return [(row["verdict"], row["reason"]) for row in rows if row["probe"] == "server-judges"]


def test_what_the_server_says_counts_and_nothing_else_does(owned, tmp_path):
    before = [(one["key"], one["value"]) for one in owned.json("settings", "list")["settings"]]
    assert [verdict for verdict, _ in probe(owned, tmp_path)] == ["pass"]
    assert owned.json("radius", "read") == {"secret": False}  # and it left everything as it was
    assert [(one["key"], one["value"]) for one in owned.json("settings", "list")["settings"]] == before
    assert [one["name"] for one in owned.json("accounts", "list")["accounts"]] == ["alice"]

    with radius.freeradius({"robert": GOOD, "long": LONG}) as server:
        ids = {}
        for name, user in (("bob", ("--user", "robert")), ("long", ()), ("challenged", ())):
            ids[name] = owned.json("accounts", "make", "--name", name, "--kind", "person")["account"]
            owned.json("passwords", "delegate", ids[name], *user)
        assert login(owned, "bob", GOOD, "127.0.2.1")[:2] == (503, "radius.off")
        owned.json("settings", "change", "logical-access.radius-server", server.place)
        owned.json("settings", "change", "logical-access.radius-timeout", "1")
        share(owned, tmp_path, "a secret of somebody else")
        assert login(owned, "bob", GOOD, "127.0.2.1")[:2] == (503, "radius.silent")  # it hears that, and does not answer
        assert [verdict for verdict, _ in probe(owned, tmp_path)] == ["inconclusive"]  # what is set is not touched
        share(owned, tmp_path, radius.SECRET)
        owned.json("settings", "change", "logical-access.radius-timeout", "10")

        status, _, answer = login(owned, "bob", GOOD, "127.0.2.1")
        assert status == 201 and answer.json["account"] == ids["bob"]
        bearer = [f"Authorization: Bearer {answer.json['token']}"]
        assert Client(owned, certificate=False).ask("GET", "/api/v1/settings", headers=bearer).status == 403  # known, and without a role
        assert login(owned, "long", LONG, "127.0.2.1")[0] == 201
        assert login(owned, "bob", GOOD + ".", "127.0.2.2")[:2] == (403, "access.login")
        assert login(owned, "challenged", GOOD, "127.0.2.3")[:2] == (403, "radius.challenge")
        owned.json("settings", "change", "logical-access.radius-timeout", "1")
        server.pause()
        assert login(owned, "bob", GOOD, "127.0.2.4")[:2] == (503, "radius.silent")
        server.go_on()  # and answers now, to nobody any more
        owned.json("settings", "change", "logical-access.radius-timeout", "10")
        assert login(owned, "bob", GOOD, "127.0.2.4")[0] == 201

        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line, ThreadPoolExecutor() as others:
            line.bind(("127.0.0.1", 0))
            owned.json("settings", "change", "logical-access.radius-server", f"127.0.0.1:{line.getsockname()[1]}")
            waits = others.submit(login, owned, "bob", GOOD, "127.0.2.6")
            while not waits.done():  # who asks dies with the question, and so does whoever asks it once more
                if select.select([line], [], [], 0.05)[0] and line.recv(4096) and "ask" in (there := roles(owned)):
                    os.kill(there["ask"], signal.SIGKILL)
            assert waits.result()[:2] == (503, "access.hash")

        log = owned.json("log", "read", "--limit", "100")["records"]
        assert GOOD not in str(log) and radius.SECRET not in str(log)
        verdicts = [record["fields"] for record in reversed(log) if record.get("event") == "login.verdict"]
        assert [(v["verdict"], v["rule"]) for v in verdicts if v["account"] == ids["bob"]] == [
            ("none", "radius.off"), ("none", "radius.silent"), ("yes", "LA.AS.2.1.2"), ("no", "LA.AS.2.1.2"), ("none", "radius.silent"), ("yes", "LA.AS.2.1.2")]
