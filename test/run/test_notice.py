# SPDX-License-Identifier: Apache-2.0
"""The use notice of a running device: at each of its doors nobody is let in who has not accepted it; probes find a device that only says so."""
import hashlib
import json

import world as worlds
from harness import Client, unb64
from liar import Liar

ELEMENTS = {"LA.SUN.1", "LA.SUN.2", "LA.SUN.2.1", "LA.SUN.2.2", "LA.SUN.3"}
TEXT = "Only for staff.\nUse is recorded."


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def tool(unit, *words, ok=(0,)):
    return worlds.run(worlds.program("thingward"), "device", *words, "--device", "unit", "--owner", unit.owner, ok=ok)


def assess(unit, tmp_path, device="unit"):
    only = [word for e in sorted(ELEMENTS) for word in ("--element", e)]
    worlds.run(worlds.program("thingward"), "assess", "--device", device, "--owner", unit.owner, "--product", unit.world.product, "--out",
               tmp_path / "e.json", *only, ok=(0, 1), timeout=90)
    payload = json.loads(unb64(json.loads((tmp_path / "e.json").read_text())["payload"]))
    return {(row["element"], row["probe"]): (row["verdict"], row["reason"]) for row in payload["results"] if row["element"] in ELEMENTS}


# @nist LA.SUN.1 LA.SUN.3
def test_at_each_door(owned):
    code = owned.json("session", "code")["code"]
    browser = Client(owned, certificate=False)
    owned.json("notice", "change", "--text", TEXT)
    assert browser.ask("GET", "/api/v1/notice").json["text"] == TEXT
    refused = browser.ask("POST", "/api/v1/sessions", {"code": code})
    assert (refused.status, refused.json["rule"], refused.json["see"]) == (409, "LA.SUN.3", "/api/v1/notice")
    assert browser.ask("POST", "/api/v1/sessions", {"code": code, "notice": digest(TEXT)}).status == 201
    assert TEXT.splitlines()[1] in owned.at_console("status") and "LA.SUN" not in owned.at_console("help")
    assert "Accepted" in owned.at_console("accept")
    assert "recover" in owned.at_console("help")
    said = tool(owned, "identity", "read", ok=(3,))
    assert TEXT in said.stderr and digest(TEXT) in said.stderr
    tool(owned, "identity", "read", "--accept-notice", "0" * 64, ok=(3,))
    tool(owned, "identity", "read", "--accept-notice", digest(TEXT))
    tool(owned, "identity", "read")
    records = json.dumps(owned.json("log", "read", "--limit", "100"))
    assert all(f'"how": "{how}"' in records for how in ("code", "console", "client-certificate"))


# @nist LA.SUN.1 LA.SUN.2 LA.SUN.2.1 LA.SUN.2.2 LA.SUN.3
def test_a_sound_device_passes_and_is_left_as_it_was(owned, tmp_path):
    verdicts = assess(owned, tmp_path)
    assert {e for e, _ in verdicts} == ELEMENTS
    assert [one for one in verdicts.items() if one[1][0] != "pass"] == []
    assert owned.json("notice", "read")["text"] == ""
    assert [one["name"] for one in owned.json("accounts", "list")["accounts"]] == ["alice"]


class Yes(dict):
    """Whatever is asked of it, it has done: it shows some notice, lets everybody in, and stores whatever it is sent."""

    def get(self, path, default=None):
        everything = {"account": "a2", "code": "00000-00000", "token": "x" * 43, "name": "x", "text": "Some notice.", "notice": "0" * 64,
                      "most_bytes": 100, "records": []}
        return (200 if path == "/api/v1/notice" else 201), everything


def test_a_device_that_only_says_yes_is_found_out(liar, tmp_path):
    Liar.answers = Yes()
    asked = {one: said for one, said in assess(liar, tmp_path, "liar").items() if one[1] != "live-status"}
    assert {e for e, _ in asked} == ELEMENTS
    assert [one for one in asked.items() if one[1][0] != "fail"] == []
