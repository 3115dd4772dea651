# SPDX-License-Identifier: Apache-2.0
"""The 62 pairs of name and password that Mirai's published source tries open nothing at any door, whether or not whoever fails has to wait, and though
there are accounts of those names. A door that takes no name and password answers each pair as it answers any nonsense."""
import base64
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from harness import Client
from test_application import at_panel, find, folder_of_its_own, start, wait_for  # noqa: F401

PUBLISHED = Path(__file__).resolve().parents[2] / "src/formats/mirai-pairs.def"
GOOD = "nine quiet herons wade"
STRANGER = 58795
AT_SOCKET = """
import json, socket, sys
for sent in json.load(sys.stdin):
    line = socket.socket(socket.AF_UNIX)
    line.connect(sys.argv[1])
    line.sendall(sent.encode())
    print(line.makefile("rb").read().decode().split()[1])
"""


def published():
    pairs = re.findall(r'^TW_PAIR\("([^"]*)", "([^"]*)"\)$', PUBLISHED.read_text(), re.M)
    assert len(pairs) == 62
    return pairs


PAIRS = published()


@pytest.fixture
def house(unit):
    """A device with accounts of all those names; the one called root has a password and may set the device up."""
    owner = Client(unit)
    assert owner.take().status == 201
    made = {}
    for name in {user.lower(): user for user, _ in PAIRS}.values():
        answer = owner.ask("POST", "/api/v1/accounts", {"name": name, "kind": "person"})
        assert answer.status == 201, answer.json
        made[name] = answer.json["account"]
    assert owner.ask("PUT", f"/api/v1/passwords/{made['root']}", {"password": GOOD}).status == 204
    assert owner.ask("POST", "/api/v1/role-assignments", {"account": made["root"], "role": "admin"}).status == 201
    return unit, owner, made


def throttle_off(owner):
    assert owner.ask("PUT", "/api/v1/settings/logical-access.throttle", {"value": "off"}, ['If-Match: "0"']).status == 200


def login(client, user, password):
    return client.ask("POST", "/api/v1/logins", {"account": user, "password": password})


def nobody_came(owner, made):
    assert owner.ask("GET", "/api/v1/sessions").json["sessions"] == []
    for account in made.values():
        assert "login" not in owner.ask("GET", f"/api/v1/accounts/{account}").json


def test_over_https(house):
    unit, owner, made = house
    for i, (user, password) in enumerate(PAIRS):  # the first five of a name are judged; then its strangers wait
        answer = login(Client(unit, certificate=False, source=f"127.0.1.{i + 1}"), user, password)
        assert answer.status in ((403, 429) if password else (400,)) and "token" not in answer.json, (user, password)
    throttle_off(owner)
    nobody = Client(unit, certificate=False)
    as_nobody = nobody.ask("GET", "/api/v1/settings")
    for user, password in PAIRS:  # each is judged
        answer = login(nobody, user, password)
        assert (answer.status, answer.json["rule"]) == ((403, "access.login") if password else (400, "path.input")), (user, password)
        field = base64.b64encode(f"{user}:{password}".encode()).decode()
        answer = nobody.ask("GET", "/api/v1/settings", headers=[f"Authorization: Basic {field}"])
        assert (answer.status, answer.body) == (401, as_nobody.body), (user, password)
    nobody_came(owner, made)
    assert login(nobody, "root", GOOD).json["needed"] == ["new-password"], "and the account could be entered"


def at_socket(unit, bodies):
    """Statuses, for another user of the machine."""
    sent = [f"POST /api/v1/logins HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
            for body in map(json.dumps, bodies)]
    who = {"user": STRANGER, "group": STRANGER, "extra_groups": []} if os.geteuid() == 0 else {}
    done = subprocess.run([sys.executable, "-c", AT_SOCKET, str(unit.run / "admin.sock")], input=json.dumps(sent), capture_output=True, text=True,
                          timeout=60, check=True, **who)
    return [int(status) for status in done.stdout.split()]


def test_on_the_device(house, folder_of_its_own):  # noqa: F811
    unit, owner, made = house
    throttle_off(owner)
    refused = at_socket(unit, [{"account": user, "password": password} for user, password in [("root", GOOD), *PAIRS]])
    assert refused == [200] + [403 if password else 400 for _, password in PAIRS], "of all of them the one with the right password comes in"
    lines = [word for user, password in PAIRS for word in (user, password) if word]
    said = "".join(unit.at_console("\n".join(lines[i:i + 20])) for i in range(0, len(lines), 20))
    assert said.count("Not a command") == len(lines), said[-2000:]
    panel = folder_of_its_own / "panel"
    thermostat = start(unit, "--panel", panel, "--calibration", folder_of_its_own / "calibration")
    try:
        find(unit, "application.started")
        wait_for(panel.exists)
        for user, password in PAIRS:
            for shown in (f"{user}:{password}", password or user):
                assert at_panel(panel, f"target 23 {shown}").startswith("no: access.pass"), (user, password)
    finally:
        thermostat.kill()
        thermostat.wait()
    nobody_came(owner, made)
