# SPDX-License-Identifier: Apache-2.0
"""Logging in by an OpenID Connect provider: the real one of npm on the loopback interface, and a played one that lies, before a running device.

@nist LA.AS.2.1.2
"""
import json
import urllib.parse

import oidc
import pytest
from harness import Client, local

BACK = "https://device.example/"


@pytest.fixture(scope="module")
def device(world):
    """Owned, with robert, a2, who is u-bob there."""
    unit = world.device("oidc").start()
    owner = Client(unit)
    assert owner.take().status == 201
    made = owner.ask("POST", "/api/v1/accounts", {"name": "robert", "kind": "person"})
    assert made.json.get("account") == "a2", made.body
    yield unit, owner
    unit.stop()


def name_provider(owner, issuer, anchors, client="device", **more):
    sent = {"issuer": issuer, "client": client, "address": BACK[:-1], "name": "Example Works", "anchors": anchors, **more}
    assert owner.ask("PUT", "/api/v1/oidc", sent).status == 204
    assert owner.ask("PUT", "/api/v1/oidc-subjects/a2", {"subject": "u-bob"}).status == 204


def send(unit, source, **body):
    return Client(unit, certificate=False, source=source).ask("POST", "/api/v1/logins", body)


def begin(unit, source="127.0.3.1"):
    begun = send(unit, source, outside=True)
    assert (begun.status, begun.json["needed"]) == (200, ["outside"]), begun.body
    return begun.json["login"], begun.json["location"]


def finish(unit, login, came, source="127.0.3.1", **other):
    sent = {"login": login, "state": came["state"], "answer": came["code"]} | ({"issuer": came["iss"]} if "iss" in came else {}) | other
    answer = send(unit, source, **sent)
    return answer.status, answer.json.get("rule", ""), answer


def events(unit):
    records = local(unit, "GET", "/api/v1/log?limit=200").json["records"]
    return [one["fields"] for one in records if one.get("event") == "login.outside"]


@pytest.mark.skipif(not oidc.program(), reason="test/oidc/install has not been run, or Node.js is not installed")
def test_a_real_provider(device):
    """A good login by each kind of client and algorithm; somebody else of that provider's; what was used, changed or of another login; and none there."""
    unit, owner = device
    with oidc.provider(BACK) as (issuer, anchors, process):
        for client, more in (("with-secret", {"secret": oidc.SECRET}), ("public", {})):
            name_provider(owner, issuer, anchors, client, **more)
            login, location = begin(unit)
            came = oidc.browse(location, BACK, "u-bob", anchors)
            assert came["iss"] == issuer
            page = Client(unit, certificate=False).ask("GET", f"/?{urllib.parse.urlencode(came)}")
            assert page.status == 200 and page.headers["content-type"].startswith("text/html")
            status, _, opened = finish(unit, login, came)
            assert (status, opened.json["account"]) == (201, "a2"), opened.body
            bearer = [f"Authorization: Bearer {opened.json['token']}"]
            assert owner.ask("GET", "/api/v1/sessions").json["sessions"][-1]["how"] == "outside"
            assert Client(unit, certificate=False).ask("GET", "/api/v1/settings", headers=bearer).status == 403  # known, and without a role
            assert finish(unit, login, came)[:2] == (403, "access.login-step")  # it was used

        login, location = begin(unit)
        again, another = begin(unit)
        came = oidc.browse(location, BACK, "u-bob", anchors)
        assert finish(unit, again, came)[:2] == (403, "oidc.state")  # what another browser began
        again, another = begin(unit)
        theirs = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(another).query))
        assert finish(unit, again, came, state=theirs["state"])[:2] == (403, "oidc.code")  # its code is bound to another verifier
        assert finish(unit, login, came)[0] in (201, 403)  # which the provider may have ended by now

        login, location = begin(unit, "127.0.3.2")
        assert finish(unit, login, oidc.browse(location, BACK, "u-mallory", anchors), "127.0.3.2")[:2] == (403, "oidc.stranger")
        assert events(unit)[0] == {"verdict": "no", "rule": "oidc.stranger", "subject": "u-mallory"}

        name_provider(owner, issuer, anchors, "with-secret", secret="another one")
        login, location = begin(unit, "127.0.3.3")
        assert finish(unit, login, oidc.browse(location, BACK, "u-bob", anchors), "127.0.3.3")[:2] == (503, "oidc.client")
        process.kill()
        process.wait()
        name_provider(owner, issuer, anchors, "public")
        down = send(unit, "127.0.3.3", outside=True)
        assert (down.status, down.json["rule"]) == (503, "oidc.silent") and "another way" in down.json["next"]
    log = json.dumps(local(unit, "GET", "/api/v1/log?limit=200").json)
    assert oidc.SECRET not in log and came["code"] not in log and came["state"] not in log


def test_what_a_provider_may_not_do(device):
    """Each lie is refused by its name; the same without a lie opens."""
    unit, owner = device
    other = oidc.ec.generate_private_key(oidc.ec.SECP256R1())
    rows = [({}, 201, ""), ({"header": {"alg": "none"}, "unsigned": True}, 403, "oidc.algorithm"), ({"key": other}, 403, "oidc.signature"),
            ({"claims": {"nonce": "x"}}, 403, "oidc.nonce"), ({"claims": {"aud": "others"}}, 403, "oidc.audience")]
    with oidc.played() as one:
        name_provider(owner, one.issuer, one.root.pem())
        for number, (lies, status, rule) in enumerate(rows):
            one.lies = {}
            login, location = begin(unit, f"127.0.4.{number + 1}")
            asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(location).query))
            one.nonces["its code"] = asked["nonce"], asked["code_challenge"]
            one.lies = lies
            got = finish(unit, login, {"state": asked["state"], "code": "its code"}, f"127.0.4.{number + 1}")
            assert got[:2] == (status, rule), (lies, got[2].body)
        one.lies = {"places": {"issuer": "https://127.0.0.1"}}
        name_provider(owner, one.issuer, one.root.pem())
        refused = send(unit, "127.0.4.50", outside=True)
        assert (refused.status, refused.json["rule"]) == (503, "oidc.untrusted")
        name_provider(owner, one.issuer, oidc.Authority("others").pem())
        refused = send(unit, "127.0.4.50", outside=True)
        assert (refused.status, refused.json["rule"]) == (503, "oidc.untrusted")
