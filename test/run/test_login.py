# SPDX-License-Identifier: Apache-2.0
"""Logging in by name and password to a running device, whose hash role computes."""
import re
from pathlib import Path

from harness import Client

GOOD = "nine quiet herons wade"
UNIT_TEST = Path(__file__).resolve().parents[2] / "src/device/logical-access/test-password.c"


def login(client, name, password):
    return client.ask("POST", "/api/v1/logins", {"account": name, "password": password})


def test_a_password_opens_and_published_pairs_do_not(unit):
    owner = Client(unit)
    assert owner.take().status == 201
    assert owner.ask("PUT", "/api/v1/password", {"password": GOOD}).status == 204
    name = owner.ask("GET", "/api/v1/accounts").json["accounts"][0]["name"]
    nobody = Client(unit, certificate=False)
    assert login(nobody, name, GOOD + ".").status == 403
    opened = login(nobody, name, GOOD)
    assert opened.status == 201 and GOOD not in str(opened.json)
    bearer = [f"Authorization: Bearer {opened.json['token']}"]
    assert nobody.ask("GET", "/api/v1/identity", headers=bearer).status == 200
    table = re.search(r"pairs\[62\]\[2\] = \{(.*?)\};", UNIT_TEST.read_text(), re.S)[1]
    pairs = re.findall(r'\{ "([^"]*)", "([^"]*)" \}', table)
    assert len(pairs) == 62
    for i, (user, password) in enumerate(pairs):  # the first five of a name are judged; then its strangers wait
        stranger = Client(unit, certificate=False, source=f"127.0.1.{i + 1}")
        answer = login(stranger, user, password)
        assert answer.status in ((403, 429) if password else (400,)) and "token" not in answer.json, (user, password)
