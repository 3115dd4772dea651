# SPDX-License-Identifier: Apache-2.0
"""Lists in pages, with the real programs: over HTTPS, over the local socket, and by the tool."""
import json

import pytest

from harness import Client, local

LISTS = {"/api/v1/log": "records", "/api/v1/settings": "settings", "/api/v1/capabilities": "elements"}


@pytest.fixture
def owner(unit):
    client = Client(unit)
    assert client.take().status == 201
    return client


def pages(ask, path, name, limit):
    """The entries of each page to the end."""
    found, cursor = [], ""
    while True:
        answer = ask("GET", f"{path}?limit={limit}{cursor}")
        assert answer.status == 200, answer.body
        found.append(answer.json[name])
        if "next" not in answer.json:
            return found
        cursor = "&cursor=" + answer.json["next"]


@pytest.mark.parametrize("path", LISTS)
def test_pages_are_the_whole_and_nothing_twice(owner, path):
    name = LISTS[path]
    key = {"records": "seq", "settings": "key", "elements": "id"}[name]
    for limit in (1, 3, 200):
        first = local(owner.unit, "GET", "/api/v1/log?limit=1").json["records"][0]["seq"]
        found = pages(owner.ask, path, name, limit)
        flat = [one[key] for page in found for one in page]
        assert all(0 < len(page) <= limit for page in found)
        assert len(flat) == len(set(flat))
        if name == "records":
            assert flat == list(range(flat[0], 0, -1)) and flat[0] > first, "each page left a record of its own, and none moved the others"
        else:
            assert flat == [one[key] for one in local(owner.unit, "GET", f"{path}?limit=200").json[name]]


def test_keys_go_on_without_closing_another_epoch(owner):
    for _ in range(4):
        whole = owner.ask("POST", "/api/v1/log/keys").json["epochs"]
    first = owner.ask("POST", "/api/v1/log/keys?limit=2").json
    epochs, before = list(first["epochs"]), local(owner.unit, "GET", "/api/v1/log?limit=200").json["records"]
    while "next" in first:
        first = owner.ask("POST", f"/api/v1/log/keys?limit=2&cursor={first['next']}").json
        epochs += first["epochs"]
    assert epochs[:-1] == whole and len(epochs) == len(whole) + 1
    after = local(owner.unit, "GET", "/api/v1/log?limit=200").json["records"]
    opened = [sum(r["type"] == "open" for r in told) for told in (before, after)]
    assert opened[0] == opened[1]


@pytest.mark.parametrize("path", LISTS)
def test_a_cursor_of_something_else_is_refused(owner, path):
    for other in LISTS:
        if other == path or LISTS[other] == "settings":  # a device with one setting has no second page of them
            continue
        foreign = owner.ask("GET", f"{other}?limit=1").json["next"]
        refused = owner.ask("GET", f"{path}?cursor={foreign}")
        assert (refused.status, refused.json["rule"]) == (400, "page.cursor")
    for wrong in ("x", "A" * 30, "A" * 160, "%00", "*"):
        assert owner.ask("GET", f"{path}?cursor={wrong}").status == 400, wrong
    assert owner.ask("GET", f"{path}?cursor={'A' * 161}").json["rule"] == "path.input"
    for wrong in ("0", "-1", "501", "x"):
        assert owner.ask("GET", f"{path}?limit={wrong}").json["rule"] == "path.input"


def test_the_tool_follows(owned):
    for _ in range(260):
        local(owned, "GET", "/api/v1/identity")
    assert len(owned.json("log", "read")["records"]) == 50, "the newest page of what has no natural end"
    page = owned.json("log", "read", "--limit", "7")
    assert len(page["records"]) == 7 and page["next"]
    assert [r["seq"] for r in owned.json("log", "read", "--cursor", page["next"])["records"]][0] == page["records"][-1]["seq"] - 1
    everything = owned.json("log", "read", "--all")
    assert everything["records"][-1]["seq"] == 1 and "next" not in everything
    many = owned.json("log", "read", "--limit", "230")["records"]
    assert len(many) == 230 and [r["seq"] for r in many] == list(range(many[0]["seq"], many[0]["seq"] - 230, -1))
    assert len(owned.json("capabilities", "read", "--limit", "1")["elements"]) == 1
    assert len(owned.json("capabilities", "read")["elements"]) > 1


def test_the_tool_says_where_to_go_on(owned):
    told = owned.tool("device", "log", "read", "--limit", "2", "--local", owned.run / "admin.sock")
    assert "There is more" in told.stderr and "--cursor" in told.stderr and "next" not in told.stdout
    for wrong in (["--limit", "0"], ["--limit", "x"], ["--cursor", "a b"], ["--limit", "5", "--all"]):
        assert owned.tool("device", "log", "read", *wrong, "--local", owned.run / "admin.sock", ok=None).returncode == 2, wrong
    refused = owned.tool("device", "log", "read", "--cursor", "AAAA", "--local", owned.run / "admin.sock", ok=None)
    assert refused.returncode == 3 and "page.cursor" in refused.stderr


def test_documents_say_it(unit):
    client = Client(unit, certificate=False)
    document = json.loads(client.ask("GET", "/api/v1/openapi.json").body)
    for path, name in LISTS.items():
        row = document["paths"][path]["get"]
        assert row["x-thingward-list"] == name
        limit = next(p for p in row["parameters"] if p["name"] == "limit")["schema"]
        assert 1 <= limit["default"] <= limit["maximum"]
        assert "next" in row["responses"]["200"]["content"]["application/json"]["schema"]["properties"]
