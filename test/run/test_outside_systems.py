# SPDX-License-Identifier: Apache-2.0
"""What is demanded of systems outside before the device speaks to them, with the real programs and real servers that miss one requirement each."""
import hashlib
import json

import pytest

import liar as liars
from between import spoiled
from harness import Client, local
from test_fetch import SPKI, Stating, standing
from test_login_probes import assess
from test_tasks import confirm, ended

from server import Authority

HERE, TRIALS = "/api/v1/outside-systems", "/api/v1/outside-trials"
AES_256 = "TLS_AES_256_GCM_SHA384"


@pytest.fixture(scope="module")
def unit(world, tmp_path_factory):
    one = world.device("outside-systems").start()
    one.take_over()
    confirm(one)
    with liars.beside(one, tmp_path_factory.mktemp("sham")):
        yield one
    one.stop()


@pytest.fixture(scope="module")
def owner(unit):
    client = Client(unit, certificate=False)
    client.context.load_cert_chain(unit.owner / "owner.crt", unit.owner / "owner.key")
    return client


def verdict(owner, url, root):
    begun = owner.ask("POST", TRIALS, {"url": url, "anchors": root.pem()})
    assert begun.status == 202, begun.body
    task = ended(owner, begun.headers["location"])
    return task["result"]["verdict"]


def demand(owner, url, **more):
    put = owner.ask("PUT", f"{HERE}/standing", {"place": url.split("/")[2], **more})
    assert put.status in (200, 201), put.body


def status(owner):
    return next(r for r in owner.ask("GET", "/api/v1/capabilities?limit=300").json["elements"] if r["id"] == "LA.EC.4")


def refused(unit):
    return [(r["fields"]["place"], r["fields"]["rule"]) for r in local(unit, "GET", "/api/v1/log?limit=200").json["records"] if r.get("event") == "outside.refused"]


def test_who_misses_one_requirement_is_refused_by_its_name(unit, owner):
    """@nist LA.EC.4: version, suite, group and key, each by the policy of now; a full match connects."""
    root = Authority()
    assert status(owner)["status"] == "provided"
    with standing(root, "-tls1_3", "-ciphersuites", AES_256, "-groups", "P-256") as (url, key):
        place = url.split("/")[2]
        assert verdict(owner, url, root) == "met"
        demand(owner, url, tls="1.3", suites=AES_256, groups="P-256", keys=key.hex())
        assert verdict(owner, url, root) == "met"
        for more, rule in (({"suites": "TLS_CHACHA20_POLY1305_SHA256"}, "fetch.suite"), ({"groups": "X25519 P-384"}, "fetch.suite"),
                           ({"keys": "00" * 32}, "fetch.key")):
            demand(owner, url, **more)
            assert verdict(owner, url, root) == rule
            assert refused(unit)[0] == (place, rule)
        demand(owner, url, keys=hashlib.sha256(root.key.public_key().public_bytes(*SPKI)).hexdigest())
        assert verdict(owner, url, root) == "met"
    with standing(root, "-tls1_2") as (url, _):
        assert verdict(owner, url, root) == "met"
        unit.json("settings", "change", "outside.tls", "1.3")
        assert verdict(owner, url, root) == "fetch.version"
        unit.json("settings", "change", "outside.tls", "1.2")
        assert verdict(owner, url, root) == "met"
    said = owner.ask("GET", HERE).json
    assert (said["refused"], said["last_rule"]) == (4, "fetch.version")
    said = local(unit, "GET", "/api/v1/capabilities?limit=300").body.decode()
    assert "Refused since the start: 4." in status(owner)["reason"] and place not in said and url.split("/")[2] not in said
    assert owner.ask("DELETE", f"{HERE}/standing").status == 204


def test_who_does_not_say_its_state_is_told_nothing(unit, owner):
    """@nist LA.EC.4: an attested state, of which one claim is not so."""
    from cryptography.hazmat.primitives import serialization

    with Stating() as server:
        attester = server.attester.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
        demand(owner, server.url("/hello"), posture="/state", attester=attester, claims="oemboot=true swversion=4.2")
        assert verdict(owner, server.url("/hello"), server.root) == "met"
        assert [path for path, *_ in server.heard] == ["/state", "/hello"]
        server.wrong["oemboot"] = False
        assert verdict(owner, server.url("/hello"), server.root) == "fetch.posture"
        assert [path for path, *_ in server.heard] == ["/state", "/hello", "/state"]
    assert refused(unit)[0][1] == "fetch.posture"
    assert owner.ask("DELETE", f"{HERE}/standing").status == 204


PROBE = "LA.EC.4/outside-demands"


def test_a_sound_device_passes(unit, owner, tmp_path):
    """@nist LA.EC.4"""
    (found,) = assess(unit, tmp_path, {PROBE}).values()
    assert found[0] == "pass", found
    assert owner.ask("GET", HERE).json["systems"] == []


@pytest.mark.parametrize("less, told", [
    ({"tls": None, "suites": None}, "A system outside that does not meet the version was spoken to"),  # @turns LA.EC.4: an older version of TLS will do
    ({"suites": None}, "A system outside that does not meet the suite was spoken to"),  # @turns LA.EC.4: any suite will do
    ({"keys": None}, "A system outside that does not meet the key was spoken to"),  # @turns LA.EC.4: any key will do
    ({"claims": None}, "A system outside that does not meet the state was spoken to"),  # @turns LA.EC.4: whatever state it says will do
    ({"keys": "00" * 32}, "A system outside that misses the state was answered with the verdict 'fetch.key'"),  # @turns LA.EC.4: who has the key is refused
], ids=["version", "suite", "key", "state", "another key"])
def test_what_is_not_demanded_is_found_out(unit, tmp_path, less, told):
    with spoiled(unit, tmp_path, "PUT", "outside-systems/*", lambda asked: asked.answer(**less)) as device:
        ((found, reason),) = assess(unit, tmp_path, {PROBE}, device).values()
    assert found == "fail" and reason.startswith(told), reason


def test_it_outlives_a_restart_and_not_its_owner(unit, owner):
    assert owner.ask("PUT", f"{HERE}/kept", {"place": "kept.example", "tls": "1.3"}).status == 201
    unit.stop()
    unit.start()
    assert [one["name"] for one in owner.ask("GET", HERE).json["systems"]] == ["kept"]
    assert owner.ask("DELETE", f"{HERE}/kept").status == 204
