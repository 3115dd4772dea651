# SPDX-License-Identifier: Apache-2.0
"""Logging in by name and password to a running device, whose hash role computes."""
from harness import Client

GOOD = "nine quiet herons wade"


def login(client, name, password):
    return client.ask("POST", "/api/v1/logins", {"account": name, "password": password})


def test_a_password_opens(unit):
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
