# SPDX-License-Identifier: Apache-2.0
"""Accounts of a running device: as the tool makes them, who can reach the device, and probes that find a device that only says so."""
import json
import time

import world as worlds
from harness import Client, unb64
from liar import Liar

ELEMENTS = {"LA.AC.1.3", "LA.AC.1.4.2", "LA.RSM.1", "LA.RSM.2", "LA.RSM.3", "LA.RSM.4.2", "LA.LDU.2.1", "LA.LDU.2.2", "LA.LDU.2.3"}


def assess(unit, tmp_path, device="unit"):
    only = [word for e in sorted(ELEMENTS) for word in ("--element", e)]
    worlds.run(worlds.program("thingward"), "assess", "--device", device, "--owner", unit.owner, "--product", unit.world.product, "--out",
               tmp_path / "e.json", *only, ok=(0, 1), timeout=90)
    payload = json.loads(unb64(json.loads((tmp_path / "e.json").read_text())["payload"]))
    return {(row["element"], row["probe"]): (row["verdict"], row["reason"]) for row in payload["results"] if row["element"] in ELEMENTS}


# @nist LA.AC.1.3 LA.AC.1.4.2 LA.RSM.1 LA.RSM.2 LA.RSM.3 LA.RSM.4.2 LA.LDU.2.1 LA.LDU.2.2 LA.LDU.2.3
def test_a_sound_device_passes_and_is_left_as_it_was(owned, tmp_path):
    verdicts = assess(owned, tmp_path)
    assert {e for e, _ in verdicts} == ELEMENTS
    assert [one for one in verdicts.items() if one[1][0] != "pass"] == []
    assert [one["name"] for one in owned.json("accounts", "list")["accounts"]] == ["alice"]
    assert owned.json("session-caps", "list")["caps"] == []


class Yes(dict):
    """Whatever is asked of it, it has done: it makes no difference, forgets nobody, and refuses nothing."""

    def get(self, path, default=None):
        everything = {"account": "a2", "code": "00000-00000", "token": "x" * 43, "name": "x", "login": "2030-01-01T00:00:00.000Z",
                      "records": [], "caps": [], "sessions": []}
        return (200 if path.startswith("/api/v1/settings") else 201), everything


def test_a_device_that_only_says_yes_is_found_out(liar, tmp_path):
    Liar.answers = Yes()
    verdicts = assess(liar, tmp_path, "liar")
    asked = {one: said for one, said in verdicts.items() if one[1] != "live-status"}
    assert {e for e, _ in asked} == ELEMENTS
    assert [one for one in asked.items() if one[1][0] != "fail"] == []


def everybody(unit, limit):
    seen, cursor = [], []
    while True:
        page = unit.json("access", "list", "--limit", str(limit), *cursor)
        seen += page["access"]
        if "next" not in page:
            return seen
        cursor = ["--cursor", page["next"]]


def test_who_can_reach_the_device(owned):
    owned.json("accounts", "make", "--name", "Bob", "--kind", "person")
    owned.json("accounts", "role-give", "--account", "a2", "--role", "operator")
    owned.json("peers", "add", "--identifier", "urn:dev:ops:32473-lamp-1", "--key", "00" * 32)
    rows = owned.json("access", "list")["access"]
    assert [row["kind"] for row in rows] == ["manufacturer", "label", "console", "local", "application", "device", "account", "account"]
    assert rows[-1]["who"] == "Bob" and rows[-1]["may"] == "by its roles: operator" and "sessions open: 0" in rows[-1]["how"]
    assert rows[-2]["who"] == "alice" and rows[-2]["may"] == "by its roles: owner"
    assert [everybody(owned, limit) for limit in (1, 3)] == [rows, rows], "each once, whatever the pages"
    owned.json("accounts", "make", "--name", "Control room Kr\u00f6te & 100 %", "--kind", "shared")
    for part in ("control room", "kr\u00f6te", "& 100 %"):
        assert [one["account"] for one in owned.json("accounts", "list", "--name", part)["accounts"]] == ["a3"], part
    assert owned.json("credentials", "list", "--kind", "server oidc")["credentials"] == []


def events(unit, name):
    return [one["fields"] for one in unit.json("log", "read", "--limit", "60")["records"] if one.get("event") == name]


# @nist LA.AC.1.4.2: by the real clock and the real job: the role goes, the session with it, and owners are told
def test_a_supporting_party_ends_by_itself(owned):
    helper = owned.json("accounts", "make", "--name", "helper", "--kind", "person")["account"]
    owned.json("accounts", "role-give", "--account", helper, "--role", "supporting-party", "--lifetime", "6")
    somebody = Client(owned, certificate=False)
    somebody.token = somebody.ask("POST", "/api/v1/sessions", {"code": owned.json("session", "code", "--account", helper)["code"]}).json["token"]
    began = events(owned, "support.began")
    assert [one["account"] for one in began] == [helper]
    assert somebody.ask("GET", "/api/v1/identity").status == 200
    until = time.monotonic() + 20
    while not events(owned, "support.ended"):
        assert time.monotonic() < until
        time.sleep(0.2)
    assert somebody.ask("GET", "/api/v1/identity").status == 401
    assert owned.json("accounts", "read", helper)["roles"] == []
    assert "lost the role supporting-party, for its time was up" in [one["what"] for one in owned.json("accounts", "changes")["changes"]]
    done = owned.json("log", "read", "--session", began[0]["session"], "--all")["records"]
    assert [one.get("operation", one.get("event")) for one in done] == ["support.ended", "identity.read", "support.began"]
