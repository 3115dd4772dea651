# SPDX-License-Identifier: Apache-2.0
"""Codes by the organization's gateway: a real device, whose role for outbound connections speaks to a real HTTPS server."""
import json

import gateway as gateways
import pytest
import world as worlds
from harness import Client, local, unb64, wait_for
from liar import Liar

GOOD, TO = "nine quiet herons wade", "+49 30 12345"


@pytest.fixture(scope="module")
def gateway():
    with gateways.gateway() as one:
        yield one


@pytest.fixture(scope="module")
def person(world, gateway):
    """Somebody at a device, whose owner has a password, a gateway, and a telephone."""
    unit = world.device("message").start()
    owner = Client(unit)
    assert owner.take().status == 201
    assert owner.ask("PUT", "/api/v1/password", {"password": GOOD}).status == 204
    assert owner.ask("PUT", "/api/v1/message-gateway", {"url": gateway.url, "anchors": gateway.root.pem(), "secret": "s3cret!"}).status == 204
    assert owner.ask("PUT", "/api/v1/destinations/a1", {"to": TO}).status == 204
    name = owner.ask("GET", "/api/v1/accounts").json["accounts"][0]["name"]
    yield unit, owner, Client(unit, certificate=False), name
    unit.stop()


def begin(person):
    asked = person[2].ask("POST", "/api/v1/logins", {"account": person[3], "password": GOOD})
    assert (asked.status, asked.json["needed"]) == (200, ["message"]) and "token" not in asked.json
    return asked.json["login"]


def go_on(person, login, **more):
    return person[2].ask("POST", "/api/v1/logins", {"login": login, **more})


def failures(person):
    records = local(person[0], "GET", "/api/v1/log?limit=200").json["records"]
    return [json.dumps(r) for r in records if r.get("event") == "login.message-failed"]


def test_the_code_comes_by_the_gateway_and_opens_once(person, gateway):
    """@nist LA.AS.2.1 LA.AS.2.1.1 LA.AS.2.1.4: the password alone is refused, with the code it opens; a wrong one and a used one are refused."""
    login = begin(person)
    wait_for(lambda: gateway.got)
    said = gateway.got.pop()
    assert said["to"] == TO and said["bearer"] == "Bearer s3cret!" and said["path"] == "/codes" and said["code"] in said["text"]
    assert said["device"].startswith("urn:dev:ops:") and len(said["code"]) == 8
    wrong = f"{(int(said['code']) + 1) % 10**8:08}"
    assert go_on(person, login, code=wrong).status == 403
    opened = go_on(person, login, code=said["code"])
    assert opened.status == 201
    assert person[2].ask("GET", "/api/v1/identity", headers=[f"Authorization: Bearer {opened.json['token']}"]).status == 200
    later = begin(person)
    wait_for(lambda: gateway.got)
    assert go_on(person, later, code=said["code"]).status == 403
    assert go_on(person, later, code=gateway.got.pop()["code"]).status == 201
    log = local(person[0], "GET", "/api/v1/log?limit=200").body.decode()
    assert "password+message" in log and said["code"] not in log and TO not in log and "s3cret!" not in log


def test_what_fails_is_told_in_the_log_alone(person, gateway):
    """A gateway that refuses, and one that is not the organization's: whoever logs in is answered as always."""
    gateway.status = 500
    begin(person)
    wait_for(lambda: any("gateway.500" in one for one in failures(person)))
    gateway.status = 204
    gateway.got.clear()
    other = gateways.Authority("messages")
    assert person[1].ask("PUT", "/api/v1/message-gateway", {"url": gateway.url, "anchors": other.pem()}).status == 204
    begin(person)
    wait_for(lambda: any("fetch.untrusted" in one for one in failures(person)))
    assert not gateway.got


def assess(unit, tmp_path, device, messages):
    worlds.run(worlds.program("thingward"), "assess", "--device", device, "--owner", unit.owner, "--product", unit.world.product, "--out",
               tmp_path / "e.json", "--element", "LA.AS.2.1.4", *messages, ok=(0, 1), timeout=90)
    payload = json.loads(unb64(json.loads((tmp_path / "e.json").read_text())["payload"]))
    return next(row["verdict"] for row in payload["results"] if row["probe"] == "code-by-message")


class Pretends(dict):
    """Asks for what it should, sends codes, and takes whatever it is given."""
    alone = False

    def get(self, path, default=None):
        if path == "/api/v1/message-gateway":
            return 200, {"set": True}
        if path == "/api/v1/logins":
            return self.login
        return self.send if path.startswith("/api/v1/destinations/") else (201, {"account": "a2"})

    def login(self, asked):
        return (201, {"token": "x" * 43}) if "login" in asked or self.alone else (200, {"needed": ["new-password", "message"], "login": "x" * 43})

    def send(self, asked):
        with self.file.open("a") as file:
            file.write(json.dumps({"to": asked["to"], "code": "12345678"}) + "\n")
        return 204, {}


class Alone(Pretends):
    """Lets somebody in by the password alone."""
    def send(self, asked):
        self.alone = True
        return super().send(asked)


def test_the_probe(liar, gateway, tmp_path):
    """@nist LA.AS.2.1.4: passes where the code comes, fails where every code is taken or none is wanted; undecided where nobody can see."""
    messages = ("--messages", gateway.file)
    assert assess(liar, tmp_path, "unit", messages) == "inconclusive"
    liar.json("message-gateway", "set", "--url", gateway.url, "--anchors", gateway.root.pem())
    assert assess(liar, tmp_path, "unit", ()) == "inconclusive"
    assert assess(liar, tmp_path, "unit", messages) == "pass"
    assert [one["name"] for one in liar.json("accounts", "list")["accounts"]] == ["alice"]
    Pretends.file = gateway.file
    for one in (Pretends, Alone):  # @turns LA.AS.2.1.4: every code opens; the password alone does
        Liar.answers = one()
        assert assess(liar, tmp_path, "liar", messages) == "fail", one
