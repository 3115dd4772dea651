# SPDX-License-Identifier: Apache-2.0
"""Keys that are made on the device for its owner.

@nist DP.CKM.1: two pairs differ and are held by the device, and no answer carries a private half
@nist DP.CKM.2: nobody else reads key files or the memory with keys, and a copy of the disk has none in plain
@nist DP.CKM.3: a replaced key is refused and the new one works, also the storage key
"""
import base64
import hashlib
import json
import os
import signal
import tempfile

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from harness import Client, b64, local, report_well, roles, unb64, wait_for
from liar import Liar

import keystore
import world as worlds

NAMES = ("web", "broker.example-2")


def check_proof(key, name, nonce, signature):
    """InvalidSignature or AssertionError, or it is that key's."""
    signature, spki = unb64(signature), unb64(key["public"])
    der = utils.encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
    serialization.load_der_public_key(spki).verify(der, b"thingward-key-proof-1\0" + name.encode() + b"\0" + nonce, ec.ECDSA(hashes.SHA256()))
    assert hashlib.sha256(spki).hexdigest() == key["fingerprint"]


def proof_holds(unit, key, name=None, nonce=None):
    nonce = nonce or os.urandom(32)
    answer = unit.json("keys", "prove", key["name"], "--fingerprint", key["fingerprint"], "--nonce", b64(nonce))
    check_proof(key, name or key["name"], nonce, answer["signature"])


def owner_asks(unit, method, path, body=None):
    """As the owner, past the tool's own checks. Status and body."""
    client = Client(unit, certificate=False)
    client.context.load_cert_chain(unit.owner / "owner.crt", unit.owner / "owner.key")
    answer = client.ask(method, path, body)
    return answer.status, answer.json


def assess(unit, folder, device="unit", element="DP.CKM.1", more=()):
    """Verdict by probe of one element."""
    worlds.run(worlds.program("thingward"), "assess", "--device", device, "--owner", unit.owner, "--product", unit.world.product, "--out",
               folder / "e.json", "--element", element, *more, ok=(0, 1), timeout=60)
    payload = json.loads(unb64(json.loads((folder / "e.json").read_text())["payload"]))
    return {row["probe"]: row["verdict"] for row in payload["results"] if row["element"] == element}


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


# @turns DP.CKM.1: one key stands under two names
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


# ---- DP.CKM.2 ----

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="takes root, to try as somebody else")


def secrets_of(unit):
    """What must not be found on the disk: every form the workshop's plain files have their secrets in."""
    folder, found = unit.state / "keys", {}
    for name in ("identity.key", "listener.pem"):
        text = (folder / name).read_bytes()
        key = serialization.load_pem_private_key(text[:text.index(b"-----END PRIVATE KEY-----") + 26], None)
        scalar = key.private_numbers().private_value.to_bytes(32, "big")
        found[name] = [scalar, scalar.hex().encode(), base64.b64encode(scalar)[:40], text.split(b"\n")[1]]
    for name in ("takeover.secret", "log.master"):
        found[name] = [(folder / name).read_bytes()]
    return found


def found_on_disk(unit, secrets):
    every = b"".join(p.read_bytes() for p in sorted(unit.state.rglob("*")) if p.is_file())
    return [name for name, forms in secrets.items() if any(form in every for form in forms)]


def confirmed(unit):
    """Its application reports as well, so the boot is confirmed and the keys are taken over."""
    report_well(unit)
    wait_for(lambda: unit.json("keystore", "read")["taken_over"])
    return unit


def status(unit, element="DP.CKM.2"):
    return next(e for e in unit.json("capabilities", "read")["elements"] if e["id"] == element)


def test_no_key_lies_in_plain_after_the_first_confirmed_boot(new_unit):
    unit = new_unit()
    secrets, plain = secrets_of(unit), (unit.state / "keys/identity.key").read_bytes()
    assert found_on_disk(unit, secrets) == list(secrets), "what is looked for is there when it is there"
    unit.start()
    unit.take_over()
    confirmed(unit)
    made = unit.json("keys", "create", "web")
    assert found_on_disk(unit, secrets) == []
    assert not any(b"PRIVATE KEY" in p.read_bytes() for p in unit.state.rglob("*") if p.is_file())
    assert unit.stop() == 0
    unit.start()
    proof_holds(unit, made)
    assert unit.json("identity", "read")["identifier"].endswith(unit.serial)
    kept = keystore.vault(unit.state / "keys")
    assert kept[keystore.KEY, "identity"] == plain, "sealed, and with its root beside it opens"
    events = [r for r in unit.json("log", "read", "--limit", "200")["records"] if r.get("event") == "keys.taken-over"]
    assert len(events) == 1


def refused_to_start(unit, words, *more):
    """It says why and does not serve: hands tries its roles again, or has ended."""
    unit.start(*more, wait=False)
    wait_for(lambda: words in unit.said())
    with pytest.raises(OSError):
        unit.https("GET", "/api/v1/health", timeout_s=0.3)
    unit.stop()
    unit.log.unlink()


# @turns DP.CKM.2: what opens the keystore lies beside it
def test_a_root_beside_needs_a_part_and_one_from_outside_provides_it(new_unit, tmp_path):
    unit = new_unit().start()
    unit.take_over()
    confirmed(unit)
    inside = ("--local", unit.run / "admin.sock")
    if os.geteuid() == 0:
        assert status(unit)["status"] == "needs a part" and "--root-secret" in status(unit)["reason"]
        assert assess(unit, tmp_path, element="DP.CKM.2", more=inside) == {"live-status": "fail", "strangers-denied": "pass", "disk-opens-nothing": "fail"}
    made = unit.json("keys", "create", "web")
    assert (unit.state / "keys/keystore.root").exists()
    assert unit.stop() == 0
    with tempfile.NamedTemporaryFile(dir="/dev/shm") as root:
        root.write(os.urandom(32))
        root.flush()
        unit.start("--root-secret", root.name)
        if os.geteuid() == 0:
            assert status(unit)["status"] == "provided", status(unit)
            assert set(assess(unit, tmp_path, element="DP.CKM.2", more=inside).values()) == {"pass"}
        assert unit.json("keystore", "read")["outside"] and not (unit.state / "keys/keystore.root").exists()
        proof_holds(unit, made)
        assert unit.stop() == 0
        unit.start("--root-secret", root.name)
        proof_holds(unit, made)
        assert unit.stop() == 0
    refused_to_start(unit, "sealed under another root secret")


def test_roots_that_are_none(new_unit, tmp_path):
    unit = new_unit()
    near = tmp_path / "root"
    near.write_bytes(os.urandom(32))
    near.chmod(0o644)
    refused_to_start(unit, "only root may read it", "--root-secret", near)
    near.chmod(0o600)
    for blank, words in ((b"\xff" * 32, "32 times the same byte"), (b"", "has 0 bytes"), (b"short", "has 5 bytes")):
        near.write_bytes(blank)
        refused_to_start(unit, words, "--root-secret", near)
    refused_to_start(unit, "no keystore of the kind 'cloud'", "--keystore", "cloud")


@AS_ROOT
def test_an_unprivileged_process_is_denied(owned, tmp_path):
    confirmed(owned)
    more = ("--local", owned.run / "admin.sock")
    assert assess(owned, tmp_path, element="DP.CKM.2", more=more)["strangers-denied"] == "pass"
    assert assess(owned, tmp_path, element="DP.CKM.2")["strangers-denied"] == "inconclusive"
    keys = owned.state / "keys"
    keys.chmod(0o755)
    assert assess(owned, tmp_path, element="DP.CKM.2", more=more)["strangers-denied"] == "pass", "the files are closed too"
    (keys / "log.sealed").chmod(0o644)
    assert assess(owned, tmp_path, element="DP.CKM.2", more=more)["strangers-denied"] == "fail"
    assert assess(owned, tmp_path, element="DP.CKM.2")["disk-opens-nothing"] == "fail", "the root lies beside"


def test_keys_that_do_not_answer_are_no_token(owned):
    """The keys role stopped: the owner, who is connected, is told which part it is, and asks again when it goes on."""
    client = Client(owned, certificate=False)
    client.context.load_cert_chain(owned.owner / "owner.crt", owned.owner / "owner.key")
    keys = roles(owned)["keys"]
    with client.connect() as line:
        os.kill(keys, signal.SIGSTOP)  # after the handshake, for which keys signs
        try:
            line.sendall(client.head("GET", "/api/v1/keystore", None))
            told = b""
            while piece := line.recv(65536):
                told += piece
        finally:
            os.kill(keys, signal.SIGCONT)
    answer = json.loads(told.partition(b"\r\n\r\n")[2])
    assert (answer["status"], answer["rule"]) == (503, "keys.keystore"), answer
    assert "part of the device's software" in answer["detail"] and "token" not in json.dumps(answer)
    assert owned.json("keystore", "read")["kind"] == "file"


# ---- DP.CKM.3 ----

def rewraps_only(unit, vault):
    """Rotates the storage key: what it seals is wrapped anew, each small file of it, and nothing else of the device's keys and log is written again."""
    def files():
        closed = sorted(unit.state.glob("log/*.twlog"))[:-1]
        return {path: path.read_bytes() for path in [*unit.state.glob("keys/*"), *closed] if path.is_file()}

    sealed = unit.json("crypto", "seal", "--data", b64(b"bulk"))["sealed"]
    before = files()
    assert len([path for path in before if path.suffix == ".sealed"]) == 3
    generation = unit.json("keystore", "rotate")["generation"]
    after = files()
    changed = {path.name for path in before if after.get(path) != before[path]}
    assert changed == {path.name for path in before if path.suffix == ".sealed"} | {f"{vault}.a", f"{vault}.b"}, "the rest stays byte by byte"
    assert set(before) <= set(after)
    assert {int.from_bytes(text[1:5], "big") for path, text in after.items() if path.suffix == ".sealed"} == {generation}
    assert unit.json("crypto", "unseal", "--sealed", sealed)["data"] == b64(b"bulk"), "what was encrypted before opens as it is"
    return generation


def test_the_storage_key_is_replaced_while_all_serves(owned, tmp_path):
    confirmed(owned)
    made = owned.json("keys", "create", "web")
    before = owned.json("keystore", "read")
    assert rewraps_only(owned, "keystore") == before["generation"] + 1
    after = owned.json("keystore", "read")
    assert after["oldest"] == after["generation"] == before["generation"] + 1
    proof_holds(owned, made)
    assert owned.stop() == 0
    owned.start()
    proof_holds(owned, made)
    assert owned.json("identity", "statement", "--nonce", b64(os.urandom(16)))
    assert set(assess(owned, tmp_path, element="DP.CKM.3").values()) == {"pass"}


def test_a_device_that_keeps_its_old_key_is_found_out(liar, tmp_path):
    key = liar.json("keys", "create", "real")
    Liar.answers.update({"/api/v1/keys": (200, key), "/api/v1/keys/assess-one": (200, key), "/api/v1/keystore": (200, {"generation": 1, "oldest": 1}),
                         "/api/v1/keystore/rotation": (200, {"generation": 1})})
    seen = assess(liar, tmp_path, "liar", element="DP.CKM.3")
    assert seen["old-key-refused"] == seen["storage-key"] == "fail"


def test_keys_end_with_the_ownership(owned):
    confirmed(owned)
    owned.json("keys", "create", "web")
    slots = {name for kind, name in keystore.vault(owned.state / "keys") if kind == keystore.KEY}
    assert slots == {"identity", "owner.web"}
    assert owned.at_console(owned.at_console("recover").split("Type ")[1][:4])
    slots = {name for kind, name in keystore.vault(owned.state / "keys") if kind == keystore.KEY}
    assert slots == {"identity"}, "the former owner's key is destroyed, the device's own stays"
