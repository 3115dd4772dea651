# SPDX-License-Identifier: Apache-2.0
"""Whom a device is assigned to: set by its owner, returned with the identifier, gone with the ownership.

@nist DI.IMS.3: the query and the owner's list return the identifier and whom it is assigned to
"""
import csv
import json
import os
import sqlite3

import pytest

from harness import Client, local

PATH = "/api/v1/identity/assignment"
BOB = {"kind": "person", "name": "Bob Müller", "contact": "bob@example.com", "reference": 'room 4, "the hall"'}


def said(holder):
    return {key: holder["assigned_to"][key] for key in BOB}


def assign(unit, **fields):
    return unit.json("assignment", "change", *(f"{key}={value}" for key, value in fields.items()))


def records(unit):
    return local(unit, "GET", "/api/v1/log?limit=200").json["records"]


def units(unit, *more, ok=(0,)):
    return unit.tool("units", "--owner", unit.owner, *more, ok=ok)


@pytest.mark.smoke
def test_set_by_the_owner_and_returned_with_the_identifier(owned, tmp_path):
    identifier = owned.json("identity", "read")["identifier"]
    nobody = owned.json("assignment", "read")
    assert nobody == {"identifier": identifier, "assigned": False, "history": []}
    assert "assigned_to" not in owned.json("identity", "read")

    answer = assign(owned, **BOB)
    assert answer["identifier"] == identifier and said(answer) == BOB
    assert answer["assigned_to"]["by"] == "owner:alice" and answer["assigned_to"]["since"].endswith("Z")
    for seen in (owned.json("assignment", "read"), owned.json("identity", "read"), owned.local("identity", "read")):
        assert seen["identifier"] == identifier and said(seen) == BOB

    listed = json.loads(units(owned, "--json").stdout)["units"]
    assert [(one["device"], one["identifier"], said(one)) for one in listed] == [("unit", identifier, BOB)]
    units(owned, "--csv", tmp_path / "units.csv")
    with open(tmp_path / "units.csv", newline="", encoding="utf-8") as file:
        row, = csv.DictReader(file)
    assert (row["identifier"], row["assigned_kind"], row["assigned_name"], row["assigned_reference"]) == (identifier, "person", BOB["name"], BOB["reference"])
    assert "Bob" in units(owned).stdout


def test_history_and_restart(owned):
    assign(owned, **BOB)
    once = owned.json("assignment", "read")
    assert assign(owned, **BOB) == once, "saying the same again changes nothing, least of all since when"
    assign(owned, kind="process", name="heating control 2")
    cleared = owned.json("assignment", "clear")
    assert not cleared["assigned"] and "assigned_to" not in cleared
    assert [(one["kind"], one["name"]) for one in cleared["history"]] == [("nobody", ""), ("process", "heating control 2"), ("person", BOB["name"])]
    assert owned.json("assignment", "clear") == cleared
    owned.stop()
    owned.start()
    assert owned.json("assignment", "read") == cleared
    for number in range(20):
        assign(owned, kind="process", name=f"p{number}")
    kept = owned.json("assignment", "read")["history"]
    assert [one["name"] for one in kept] == [f"p{number}" for number in range(19, 3, -1)], "the 16 latest"


def test_the_longest_of_everything_fits(owned):
    for number in range(17):
        assign(owned, kind="person", name=f"{number:02}" + '"' * 62, contact='"' * 128, reference="\\" * 128)
    assert len(owned.json("assignment", "read")["history"]) == 16


def test_what_is_refused(owned):
    client = Client(owned)
    assert client.ask("GET", PATH).status == client.ask("PUT", PATH, BOB).status == client.ask("DELETE", PATH).status == 401
    assert local(owned, "GET", PATH).status == 200
    assert local(owned, "PUT", PATH, BOB).status == local(owned, "DELETE", PATH).status == 403, "root on the unit reads it, the owner says it"
    for wrong in ({"kind": "nobody"}, {"kind": "thing12"}, {"kind": "persons"}, {"name": ""}, {"name": "x" * 65}, {"contact": "x" * 129},
                  {"reference": "x" * 129}, {"name": "a\nb"}, {"contact": "\x1b[2J"}):
        words = [f"{key}={value}" for key, value in {**BOB, **wrong}.items()]
        refused = owned.tool("device", "assignment", "change", *words, "--device", "unit", "--owner", owned.owner, ok=(1, 2, 3))
        assert refused.returncode, wrong
    assert not owned.json("assignment", "read")["assigned"]


def test_switched_off_with_the_identifier(owned):
    assign(owned, **BOB)
    owned.json("settings", "change", "identification.remote-read", "off")
    for words in (("read",), ("clear",), ("change", "kind=person", "name=Eve")):
        refused = owned.tool("device", "assignment", *words, "--device", "unit", "--owner", owned.owner, ok=(3,))
        assert "DI.IMS.1" in refused.stderr
    listed = json.loads(units(owned, "--json", ok=(4,)).stdout)["units"]
    assert "trouble" in listed[0] and "assigned_to" not in listed[0]
    assert said(local(owned, "GET", PATH).json) == BOB


def test_the_record_names_who_said_it_and_not_whom(owned):
    assign(owned, **BOB)
    seen = records(owned)
    assert [r for r in seen if r.get("event") == "identity.assigned" and r["fields"]["kind"] == "person"]
    assert [r for r in seen if r.get("operation") == "assignment.change" and "owner:alice" in json.dumps(r)]
    assert "Bob" not in json.dumps(seen) and "bob@" not in json.dumps(seen)


def test_gone_with_the_ownership(owned):
    assign(owned, **BOB)
    code = owned.at_console("recover").split("Type ")[1][:4]
    secret = owned.at_console(code).split("shown only now: ")[1][:32]
    following = Client(owned)
    assert following.take(secret=bytes.fromhex(secret)).status == 201
    seen = following.ask("GET", PATH).json
    assert not seen["assigned"] and seen["history"] == []
    owned.stop()
    with sqlite3.connect(owned.state / "core" / "store.db") as store:
        assert not [name for name, in store.execute("SELECT name FROM kept") if name.startswith("owner.")]


def test_counts_in_its_own_ownership_only(owned):
    """Software that knew no assignments may have ended the ownership, and left what it did not know."""
    assign(owned, **BOB)
    owned.stop()
    with sqlite3.connect(owned.state / "core" / "store.db") as store:
        store.execute("UPDATE kept SET value = value + 1 WHERE name = 'ownership.since'")
    for path in (owned.state / "core").iterdir():
        os.chown(path, os.stat(owned.state / "core").st_uid, -1)
    owned.start()
    assert owned.json("assignment", "read")["history"] == [] and "assigned_to" not in owned.json("identity", "read")
    assign(owned, kind="person", name="Eve")
    assert [one["name"] for one in owned.json("assignment", "read")["history"]] == ["Eve"]
