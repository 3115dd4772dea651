# SPDX-License-Identifier: Apache-2.0
"""Probes of roles, rights and sessions: a sound device passes them and is left as it was, one that only says yes fails each, and so do
devices that get one thing wrong."""
import json
import os
import pathlib

import liar as liars
import pytest
import world as worlds
from harness import unb64
from liar import Liar

INSIDE = {"LA.AZ.2", "LA.RSM.4.4", "LA.RSM.5", "LA.RSM.5.2"}  # tried on the device, as root
OUTSIDE = {"LA.AC.1.4", "LA.AC.1.4.1", "LA.AC.2", "LA.AC.3", "LA.AS.2.1", "LA.AS.2.1.1", "LA.AZ.1", "LA.EC.1", "LA.EC.2", "LA.IC.5", "LA.IC.11", "LA.LDU.1", "LA.LDU.2", "LA.LDU.2.4", "LA.LDU.2.5", "LA.LDU.2.6",
           "LA.LDU.2.7", "LA.RSM.4", "LA.RSM.4.1", "LA.RSM.4.3", "LA.RSM.5.1", "LA.RSM.5.3", "LA.RSM.5.4", "LA.RSM.6", "LA.RSM.6.1", "LA.RSM.6.2",
           "LA.RSM.6.3", "LA.RSM.6.3.1", "LA.RSM.6.3.2", "LA.RSM.6.3.3", "LA.RSM.6.4", "LA.RSM.6.5", "LA.RSM.6.6", "LA.RSM.7", "LA.RSM.7.1", "LA.RSM.7.2", "LA.RSM.8", "LA.RSM.9"}
ELEMENTS = OUTSIDE | (INSIDE if os.geteuid() == 0 else set())


def assess(unit, tmp_path, elements, device="unit", more=()):
    only = [word for e in sorted(elements) for word in ("--element", e)]
    worlds.run(worlds.program("thingward"), "assess", "--device", device, "--owner", unit.owner, "--product", unit.world.product, "--out",
               tmp_path / "e.json", *only, *more, ok=(0, 1), timeout=90)
    payload = json.loads(unb64(json.loads((tmp_path / "e.json").read_text())["payload"]))
    return {(row["element"], row["probe"]): (row["verdict"], row["reason"]) for row in payload["results"] if row["element"] in elements}


# @nist LA.AC.1.4 LA.AC.1.4.1 LA.LDU.1 LA.LDU.2 LA.LDU.2.4 LA.LDU.2.5 LA.LDU.2.6 LA.LDU.2.7
# @nist LA.AS.2.1 LA.AS.2.1.1 LA.EC.1 LA.EC.2 LA.IC.5 LA.IC.11
# @nist LA.RSM.5.4 LA.RSM.6 LA.RSM.6.2 LA.RSM.6.3.1 LA.RSM.7 LA.RSM.7.2 LA.RSM.6.1 LA.RSM.6.3 LA.RSM.6.4 LA.RSM.6.5 LA.RSM.6.6 LA.AC.2 LA.AC.3 LA.RSM.4.4 LA.RSM.5 LA.RSM.5.2
# @nist LA.AZ.1 LA.AZ.2 LA.RSM.4 LA.RSM.4.1 LA.RSM.4.3 LA.RSM.5.1 LA.RSM.5.3 LA.RSM.6.3.2 LA.RSM.6.3.3 LA.RSM.7.1 LA.RSM.8 LA.RSM.9
def test_a_sound_device_passes_and_is_left_as_it_was(owned, tmp_path):
    owned.json("settings", "change", "logical-access.place", "hall 3")  # without one, caps of a place are off
    roles, settings = (owned.json(what, "list")[what] for what in ("roles", "settings"))
    verdicts = assess(owned, tmp_path, ELEMENTS, more=("--local", owned.run / "admin.sock"))
    assert {e for e, _ in verdicts} == ELEMENTS
    assert [one for one in verdicts.items() if one[1][0] != "pass"] == []
    assert owned.json("roles", "list")["roles"] == roles
    assert [(one["key"], one["value"]) for one in owned.json("settings", "list")["settings"]] == [(one["key"], one["value"]) for one in settings]
    assert [one["name"] for one in owned.json("accounts", "list")["accounts"]] == ["alice"]
    assert owned.json("rules", "list")["rules"] == [] and owned.json("recipients", "list")["recipients"] == [] and owned.json("session-caps", "list")["caps"] == []


def test_what_others_have_is_left_alone(owned, tmp_path):
    """Also where a policy cuts each list after its first entry, which is an owner's account."""
    owned.json("accounts", "make", "--name", "bob", "--kind", "person")
    owned.json("session-caps", "set", "hours.00:00-12:00", "99")
    owned.json("session-caps", "set", "role.guest", "99")
    owned.json("settings", "change", "logical-access.list-max", "1")
    verdicts = assess(owned, tmp_path, {"LA.AC.1.4", "LA.LDU.2.4", "LA.LDU.2.5"})
    assert {e: verdict for (e, probe), (verdict, _) in verdicts.items() if probe != "live-status"} == dict.fromkeys(
        ("LA.AC.1.4", "LA.LDU.2.4", "LA.LDU.2.5"), "inconclusive")
    owned.json("settings", "change", "logical-access.list-max", "300")
    assert {one["cap"] for one in owned.json("session-caps", "list")["caps"]} == {"hours.00:00-12:00", "role.guest"}
    assert [one["state"] for one in owned.json("accounts", "list")["accounts"]] == ["active", "active"]


class Yes(dict):
    """Whatever is asked of it, it has done: it makes no difference, forgets nobody, and refuses nothing."""
    published = json.loads((pathlib.Path(worlds.BUILD) / "src/formats/openapi.json").read_text())

    def get(self, path, default=None):
        if path.startswith("/api/v1/openapi.json"):
            return 200, self.published
        everything = {"account": "a2", "code": "00000-00000", "token": "x" * 43, "name": "x", "records": [], "roles": [], "accounts": [{"account": "a1", "roles": ["owner"]}], "allowed": True,
                      "made": "2030-01-01T00:00:00.000Z", "login_from": "127.0.0.1", "settings": [{"key": "application.x", "value": "1"}]}
        return (200 if path.startswith(("/api/v1/settings", "/api/v1/log", "/api/v1/inventory", "/api/v1/keystore")) else 201), everything


@pytest.fixture
def lying_socket():
    """Of this very process: root, in no sandbox, and all that there is of the device."""
    with liars.at_socket() as path:
        yield path


def test_a_device_that_only_says_yes_is_found_out(liar, lying_socket, tmp_path):
    Liar.answers = Yes()
    every = ELEMENTS | {"LA.AS.2.1.2"}  # a sound one passes it in test_radius.py
    verdicts = assess(liar, tmp_path, every, "liar", ("--local", lying_socket))
    asked = {one: said for one, said in verdicts.items() if one[1] != "live-status"}
    assert {e for e, _ in asked} == every
    assert [one for one in asked.items() if one[1][0] != "fail"] == []
