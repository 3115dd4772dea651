# SPDX-License-Identifier: Apache-2.0
"""Keys that are made on the device for its owner.

@nist DP.CKM.1: two pairs differ and are held by the device, and no answer carries a private half
"""
import hashlib
import json
import os

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from harness import Client, b64, local, unb64
from liar import Liar

import world as worlds

NAMES = ("web", "broker.example-2")


def proof_holds(unit, key, name=None, nonce=None):
    nonce = nonce or os.urandom(32)
    answer = unit.json("keys", "prove", key["name"], "--fingerprint", key["fingerprint"], "--nonce", b64(nonce))
    signature = unb64(answer["signature"])
    spki = unb64(key["public"])
    public = serialization.load_der_public_key(spki)
    der = utils.encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
    public.verify(der, b"thingward-key-proof-1\0" + (name or key["name"]).encode() + b"\0" + nonce, ec.ECDSA(hashes.SHA256()))
    assert hashlib.sha256(spki).hexdigest() == key["fingerprint"]


def owner_asks(unit, method, path, body=None):
    """As the owner, past the tool's own checks. Status and body."""
    client = Client(unit, certificate=False)
    client.context.load_cert_chain(unit.owner / "owner.crt", unit.owner / "owner.key")
    answer = client.ask(method, path, body)
    return answer.status, answer.json


def assess(unit, folder, device="unit"):
    """Verdict by probe of the elements of keys."""
    worlds.run(worlds.program("thingward"), "assess", "--device", device, "--owner", unit.owner, "--product", unit.world.product, "--out",
               folder / "e.json", ok=(0, 1), timeout=60)
    payload = json.loads(unb64(json.loads((folder / "e.json").read_text())["payload"]))
    return {row["probe"]: row["verdict"] for row in payload["results"] if row["element"] == "DP.CKM.1"}


def test_made_listed_proven_removed(owned):
    made = [owned.json("keys", "create", name) for name in NAMES]
    assert made[0]["fingerprint"] != made[1]["fingerprint"]
    assert all(set(one) == {"name", "public", "fingerprint"} and len(unb64(one["public"])) == 91 for one in made)
    assert sorted(owned.json("keys", "list")["keys"], key=lambda k: k["name"]) == sorted(made, key=lambda k: k["name"])
    for one in made:
        proof_holds(owned, one)
    with pytest.raises(Exception):
        proof_holds(owned, dict(made[0], name=NAMES[0]), name=NAMES[1])
    assert owned.stop() == 0
    owned.start()
    proof_holds(owned, made[1])
    owned.json("keys", "remove", NAMES[0])
    assert [k["name"] for k in owned.json("keys", "list")["keys"]] == [NAMES[1]]


def test_a_rotated_key_is_refused_and_the_new_one_works(owned):
    old = owned.json("keys", "create", "web")
    new = owned.json("keys", "rotate", "web")
    assert old["fingerprint"] != new["fingerprint"]
    proof_holds(owned, new)
    refused = owned.tool("device", "keys", "prove", "web", "--fingerprint", old["fingerprint"], "--nonce", b64(os.urandom(16)), "--device", "unit",
                         "--owner", owned.owner, ok=(3,))
    assert "replaced" in refused.stderr


def test_what_is_refused(owned):
    owned.json("keys", "create", "web")
    stranger, nonce = Client(owned), b64(os.urandom(16))
    for method, path, body in (("GET", "/api/v1/keys", None), ("POST", "/api/v1/keys", {"name": "mine"}), ("POST", "/api/v1/keys/web", None),
                               ("DELETE", "/api/v1/keys/web", None),
                               ("POST", "/api/v1/key-proofs", {"name": "web", "fingerprint": "00" * 32, "nonce": nonce})):
        assert stranger.ask(method, path, body).status == 401, path
        assert local(owned, method, path, body).status == 403, f"{path}: root on the unit has no business with them"
    for name in ("Web", "web/../x", "a b", "", "a" * 33, "é", "-a", 7):
        assert owner_asks(owned, "POST", "/api/v1/keys", {"name": name})[0] == 400, name
    assert owner_asks(owned, "POST", "/api/v1/keys", {"name": "web"})[1]["rule"] == "keys.exists"
    for path in ("/api/v1/keys/none", "/api/v1/keys/identity", "/api/v1/keys/" + "a" * 60):
        assert owner_asks(owned, "DELETE", path)[1]["rule"] == owner_asks(owned, "POST", path)[1]["rule"] == "keys.unknown"
    for body in ({"fingerprint": "zz" * 32}, {"nonce": "A" * 21 + "="}):
        asked = {"name": "web", "fingerprint": owned.json("keys", "list")["keys"][0]["fingerprint"], "nonce": nonce, **body}
        assert owner_asks(owned, "POST", "/api/v1/key-proofs", asked)[0] == 400
    for i in range(15):
        owned.json("keys", "create", f"k{i}")
    assert owner_asks(owned, "POST", "/api/v1/keys", {"name": "one-more"})[1]["rule"] == "keys.room"
    assert len(owned.json("keys", "list")["keys"]) == 16


def test_a_sound_device_passes(owned, tmp_path):
    owned.json("keys", "create", "mine")
    seen = assess(owned, tmp_path)
    assert seen == {"pairs-differ": "pass", "nothing-private": "pass", "live-status": "pass"}
    assert [k["name"] for k in owned.json("keys", "list")["keys"]] == ["mine"], "the probes take away what they made"


def test_devices_that_lie_are_found_out(liar, tmp_path):
    """One key under two names, a signature that does not verify, a private half beside the public one."""
    key = liar.json("keys", "create", "real")
    Liar.answers["/api/v1/keys"] = (200, key)
    assert assess(liar, tmp_path, "liar")["pairs-differ"] == "fail"
    Liar.answers["/api/v1/keys"] = (200, {**key, "private": "x"})
    seen = assess(liar, tmp_path, "liar")
    assert seen["pairs-differ"] == seen["nothing-private"] == "fail"
    Liar.answers["/api/v1/keys"] = (200, {**key, "keys": []})
    assert assess(liar, tmp_path, "liar")["nothing-private"] == "fail"
    Liar.answers["/api/v1/keys"] = (403, {"title": "no", "rule": "x"})
    seen = assess(liar, tmp_path, "liar")
    assert seen["pairs-differ"] == seen["nothing-private"] == "fail"
