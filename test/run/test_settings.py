# SPDX-License-Identifier: Apache-2.0
"""Settings over the API: what is shown, what a change demands, and what is left when it is refused."""
import pytest

from harness import Client, local

KEY = "identification.remote-read"
PATH = f"/api/v1/settings/{KEY}"


@pytest.fixture
def owner(unit):
    client = Client(unit)
    assert client.take().status == 201
    return client


def put(client, value, tag, path=PATH):
    return client.ask("PUT", path, {"value": value}, [f"If-Match: {tag}"] if tag else [])


def test_shown_with_default_and_baseline(owner):
    one = owner.ask("GET", PATH)
    assert one.headers["etag"] == '"0"'
    assert one.json == {
        "key": KEY, "type": "bool", "value": "on", "default": "on", "baseline": "on", "version": 0, "help": one.json["help"],
    }
    assert one.json in owner.ask("GET", "/api/v1/settings").json["settings"]


@pytest.mark.smoke
def test_a_change_names_the_version_it_is_for(owner):
    assert put(owner, "off", None).status == 428
    for tag in ('"1"', "0", '"x"', "*", '"0", "1"', 'W/"0"', '""', '"00"', '"-0"', '"99999999999999999999"'):
        refused = put(owner, "off", tag)
        assert (refused.status, refused.json["rule"]) == (412, "setting.version"), tag
    changed = put(owner, "off", '"0"')
    assert changed.status == 200 and changed.headers["etag"] == '"1"'
    assert changed.json["changed_by"] == "owner:bob" and changed.json["value"] == "off"
    assert put(owner, "on", '"0"').status == 412
    assert put(owner, "on", '"1"').json["version"] == 2


def test_refused_values_change_nothing(owner):
    for value in ("", "ON", "yes", "on ", "on|off", "x" * 511):
        refused = put(owner, value, '"0"')
        assert (refused.status, refused.json["rule"]) == (400, "setting.value"), value
    for body in ({"value": 1}, {"value": None}, {}, {"value": "off", "more": 1}, {"value": "x" * 512}, [], "off"):
        refused = owner.ask("PUT", PATH, body, ['If-Match: "0"'])
        assert (refused.status, refused.json["rule"]) == (400, "path.input"), body
    assert owner.ask("GET", PATH).json["version"] == 0


def test_what_is_not_there(owner):
    for key in ("nothing", "identification", KEY + "x", "%22", "a" * 200):
        assert owner.ask("GET", f"/api/v1/settings/{key}").status == 404, key
        assert put(owner, "off", '"0"', f"/api/v1/settings/{key}").status == 404, key
    wrong = owner.ask("DELETE", PATH)
    assert wrong.status == 405 and set(wrong.headers["allow"].split(", ")) == {"GET", "PUT"}


def test_kept_over_a_restart(owner):
    put(owner, "off", '"0"')
    before = owner.ask("GET", PATH).json
    assert owner.unit.stop() == 0
    owner.unit.start()
    assert owner.ask("GET", PATH).json == before


def test_what_was_changed_is_in_the_log(owner):
    put(owner, "off", '"0"')
    put(owner, "nonsense", '"1"')
    refused, _, done, intent = [r for r in local(owner.unit, "GET", "/api/v1/log?limit=20").json["records"] if r["type"] in ("intent", "outcome")][:4]
    assert (intent["operation"], intent["parameter"], intent["subject"], intent["how"]) == ("settings.change", KEY, "owner:bob", "client-certificate")
    assert (done["intent"], done["result"], done["detail"]) == (intent["seq"], "done", f"{KEY}: off, was on")
    assert (refused["result"], refused["rule"]) == ("refused", "setting.value")
