# SPDX-License-Identifier: Apache-2.0
"""The device's cryptography, asked by its owner and compared with Python's.

@nist DP.CCS.1: every approved algorithm gives what its standard says, fast enough; any other is refused
@nist DP.CCS.3: what was signed verifies, what differs by a bit is refused
@nist DP.CCS.4: approved functions give the right digests, others an error
@nist DP.CCS.5: what was sealed opens unchanged only
@nist DP.CCS.6: a digest is compared with a reference: match and mismatch
"""
import contextlib
import hashlib
import json
import os
import re
import shutil
import sqlite3

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

import world as worlds
from harness import Answer, Client, b64, local, unb64
from liar import Liar

FUNCTIONS = {"sha-256": hashlib.sha256, "sha-384": hashlib.sha384, "sha-512": hashlib.sha512}
SEAL, UNSEAL = "/api/v1/crypto/seal", "/api/v1/crypto/unseal"
VERIFY = "/api/v1/crypto/verify"
HASH = "/api/v1/crypto/hash"
CHECK = "/api/v1/crypto/check"
SELF_TEST = "/api/v1/crypto/self-test"
APPROVED = {"sha-256", "sha-384", "sha-512", "hmac-sha-256", "hkdf-sha-256", "aes-256-gcm", "ecdsa-p256-sign", "ecdsa-p256-verify"}
FLOORS = {"sha": 4096, "aes": 2048, "ecdsa-p256-sign": 50, "ecdsa-p256-verify": 25}


@pytest.fixture
def owner(owned):
    """Asks as the owner, past the tool's own checks: status and body."""
    client = Client(owned, certificate=False)
    client.context.load_cert_chain(owned.owner / "owner.crt", owned.owner / "owner.key")

    def ask(path, body, method="POST"):
        with client.connect() as line:
            # Who has been answered once may send more than 8 KiB.
            line.sendall(b"GET /api/v1/health HTTP/1.1\r\nHost: " + owned.address.encode() + b"\r\n\r\n")
            while b"}" not in line.recv(65536):
                pass
            line.sendall(client.head(method, path, body))
            raw = b""
            while piece := line.recv(65536):
                raw += piece
        answer = Answer(raw)
        return answer.status, answer.json

    return ask


def assess(unit, folder, device="unit", product=None):
    """Verdict by (element, probe) of the elements of cryptography."""
    only = [word for n in range(1, 7) for word in ("--element", f"DP.CCS.{n}")]
    worlds.run(worlds.program("thingward"), "assess", "--device", device, "--owner", unit.owner, "--product", product or unit.world.product, "--out",
               folder / "e.json", *only, ok=(0, 1), timeout=60)
    payload = json.loads(unb64(json.loads((folder / "e.json").read_text())["payload"]))
    return {(row["element"], row["probe"]): row["verdict"] for row in payload["results"] if row["element"].startswith("DP.CCS.")}


def test_digests(owned, owner):
    for name, function in FUNCTIONS.items():
        for data in (b"", b"abc", os.urandom(45000)):
            assert owner(HASH, {"algorithm": name, "data": b64(data)}) == (200, {"digest": function(data).hexdigest()})
    for name in ("md5", "sha-1", "sha1", "SHA-256", "sha-224", "sha3-256", "x" * 32):
        status, body = owner(HASH, {"algorithm": name, "data": "YWJj"})
        assert (status, body["rule"]) == (400, "crypto.approved") and "sha-256, sha-384 and sha-512" in body["detail"]
    assert owner(HASH, {"algorithm": "sha-256", "data": "YWJ"})[1]["rule"] == "crypto.form"


def test_the_approved_algorithms(owned, owner):
    status, body = owner(SELF_TEST, {})
    assert status == 200 and body["passed"] and body["fast_enough"], body
    assert {one["name"] for one in body["algorithms"]} == APPROVED and len(body["algorithms"]) == len(APPROVED)
    for one in body["algorithms"]:
        floor = next((least for begin, least in FLOORS.items() if one["name"].startswith(begin)), 0)
        assert one["passed"] and one["floor"] == floor and one["rate"] > floor, one
    alone = owner(SELF_TEST, {"algorithm": "aes-256-gcm"})[1]["algorithms"]
    assert [(one["name"], one["role"], one["unit"]) for one in alone] == [("aes-256-gcm", "keys", "KiB/s")]
    for name in ("md5", "sha-1", "AES-256-GCM", "aes-256-gc", "rsa", "x" * 32):
        status, body = owner(SELF_TEST, {"algorithm": name})
        assert (status, body["rule"]) == (400, "crypto.approved"), name
    status, = [one for one in owner("/api/v1/capabilities", None, "GET")[1]["elements"] if one["id"] == "DP.CCS.1"]
    assert status["status"] == "provided", status
    assert local(owned, "POST", SELF_TEST, {}).status == 403


def raw(der):
    return b"".join(n.to_bytes(32, "big") for n in utils.decode_dss_signature(der))


def flip(data, bit):
    return data[:bit // 8] + bytes([data[bit // 8] ^ 1 << bit % 8]) + data[bit // 8 + 1:]


def pem(key):
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def test_signatures(owned, owner):
    key, data = ec.generate_private_key(ec.SECP256R1()), os.urandom(40000)
    der = key.sign(data, ec.ECDSA(hashes.SHA256()))
    good = {"key": pem(key), "data": b64(data), "signature": b64(der)}
    certificate = (owned.owner / "owner.crt").read_text()
    its_key = serialization.load_pem_private_key((owned.owner / "owner.key").read_bytes(), None)
    for change in ({}, {"signature": b64(raw(der))},
                   {"key": certificate, "signature": b64(its_key.sign(data, ec.ECDSA(hashes.SHA256())))}):
        assert owner(VERIFY, {**good, **change}) == (200, {"result": "verified"}), change
    other = pem(ec.generate_private_key(ec.SECP256R1()))
    wrong = [{"data": b64(flip(data, bit))} for bit in (0, 7, 8 * len(data) - 1)] + [{"signature": b64(flip(raw(der), bit))} for bit in (0, 300, 511)]
    wrong += [{"key": other}, {"key": certificate}, {"data": ""}, {"signature": b64(raw(der)[:-1])}, {"signature": b64(raw(der) + b"\0")},
              {"signature": b64(der + b"\0")}, {"signature": b64(bytes(64))}, {"signature": b64(key.sign(data, ec.ECDSA(hashes.SHA384())))}]
    for change in wrong:
        status, body = owner(VERIFY, {**good, **change})
        assert (status, body.get("rule")) == (422, "crypto.signature"), (change, body)
    p384 = ec.generate_private_key(ec.SECP384R1())
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    for bad in (pem(p384), private, "x", pem(key) + "x", pem(key)[:-40], "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n"):
        status, body = owner(VERIFY, {**good, "key": bad})
        assert (status, body.get("rule")) == (400, "crypto.key"), (bad, body)
    assert owner(VERIFY, {**good, "signature": "A="})[1]["rule"] == "crypto.form"


def test_sealed_texts(owned, owner):
    def opens(sealed):
        return owner(UNSEAL, {"sealed": b64(sealed)})

    for text in (b"", b"x", os.urandom(1024)):
        status, body = owner(SEAL, {"data": b64(text)})
        sealed = unb64(body["sealed"])
        assert status == 200 and len(sealed) == len(text) + 28
        assert unb64(owner(SEAL, {"data": b64(text)})[1]["sealed"])[:12] != sealed[:12], "each has a nonce of its own"
        assert opens(sealed) == (200, {"data": b64(text)})
        changed = [flip(sealed, bit) for bit in (0, 95, 96, 8 * len(sealed) - 129, 8 * len(sealed) - 128, 8 * len(sealed) - 1) if bit < 8 * len(sealed)]
        for wrong in (*changed, sealed[:-1], sealed[1:], sealed[:27], b"x", sealed[:12] + sealed[-16:-1]):
            status, body = opens(wrong)
            assert (status, body.get("rule")) == (422, "crypto.sealed") and "data" not in body, wrong
    assert opens(bytes(1052))[0] == 422 and owner(UNSEAL, {"sealed": b64(bytes(1053))})[0] in (400, 422)
    assert owner(SEAL, {"data": b64(bytes(1025))})[0] == 400
    assert owner(SEAL, {"data": "A="})[1]["rule"] == "crypto.form"
    kept = unb64(owner(SEAL, {"data": b64(b"for later")})[1]["sealed"])
    assert owned.stop() == 0
    owned.start()
    assert opens(kept) == (200, {"data": b64(b"for later")}), "a restart changes nothing"


def created(unit, change=None):
    """When the ownership began, as the stopped device's store has it; changed, as if the clock had stood elsewhere."""
    with contextlib.closing(sqlite3.connect(unit.state / "core" / "store.db")) as store:
        if change:
            store.execute("UPDATE kept SET value = value + ? WHERE name = 'ownership.since'", (change,))
            store.commit()
        (at,), = store.execute("SELECT CAST(value AS INTEGER) FROM kept WHERE name = 'ownership.since'")
    for path in (unit.state / "core").iterdir():
        os.chown(path, os.stat(unit.state / "core").st_uid, -1)
    return at


def test_a_new_owner_of_the_same_name_opens_nothing(unit):
    """The former owner's clock stood a day ahead of the next one's: time alone does not tell two ownerships apart."""
    former = Client(unit)
    assert former.take().status == 201
    unit.stop()
    began = created(unit, 86400000)
    unit.start()
    sealed = former.ask("POST", SEAL, {"data": b64(b"not for the next one")}).json["sealed"]
    assert former.ask("POST", UNSEAL, {"sealed": sealed}).json == {"data": b64(b"not for the next one")}
    code = unit.at_console("recover").split("Type ")[1][:4]
    secret = unit.at_console(code).split("shown only now: ")[1][:32]
    following = Client(unit)
    assert following.take(secret=bytes.fromhex(secret)).status == 201
    refused = following.ask("POST", UNSEAL, {"sealed": sealed})
    assert (refused.status, refused.json["rule"]) == (422, "crypto.sealed") and "data" not in refused.json
    own = following.ask("POST", SEAL, {"data": b64(b"mine")}).json["sealed"]
    assert following.ask("POST", UNSEAL, {"sealed": own}).json == {"data": b64(b"mine")}
    unit.stop()
    assert created(unit) == began + 1


def test_right_and_wrong_digests(owned, owner):
    for name, function in FUNCTIONS.items():
        for data in (b"", b"abc", os.urandom(45000)):
            right = function(data).hexdigest()
            wrong = ("1" if right[0] == "0" else "0") + right[1:]
            asked = {"algorithm": name, "data": b64(data)}
            assert owner(CHECK, {**asked, "digest": right}) == (200, {"result": "match"})
            assert owner(CHECK, {**asked, "digest": right.upper()}) == (200, {"result": "match"})
            assert owner(CHECK, {**asked, "digest": wrong}) == (200, {"result": "mismatch"})
    for data in (b"abc", os.urandom(40000)):
        said = owned.json("crypto", "check", "--algorithm", "sha-256", "--data", b64(data), "--digest", hashlib.sha256(data).hexdigest())
        assert said == {"result": "match"}


def test_what_is_no_question(owned, owner):
    good = {"algorithm": "sha-256", "data": "YWJj", "digest": hashlib.sha256(b"abc").hexdigest()}
    for change, rule in (({"algorithm": "md5", "digest": hashlib.md5(b"abc").hexdigest()}, "crypto.approved"), ({"algorithm": "SHA-256"}, "crypto.approved"),
                         ({"algorithm": "sha-384"}, "crypto.digest"), ({"digest": good["digest"][:-2]}, "crypto.digest"),
                         ({"digest": "zz" * 32}, "crypto.digest"), ({"digest": good["digest"] + "00"}, "crypto.digest"),
                         ({"data": "YWJ"}, "crypto.form"), ({"data": "YWJj="}, "crypto.form"), ({"data": "+/+/"}, "crypto.form")):
        status, body = owner(CHECK, {**good, **change})
        assert (status, body.get("rule")) == (400, rule), (change, body)
    for change in ({"data": "A" * 60001}, {"more": 1}, {"data": 7}, {"algorithm": ""}):
        assert owner(CHECK, {**good, **change})[0] == 400, change
    stranger = Client(owned)
    assert stranger.ask("POST", CHECK, good).status == 401
    assert local(owned, "POST", CHECK, good).status == 403, "root on the unit has tools of its own"


def test_a_sound_device_passes(owned, tmp_path):
    seen = assess(owned, tmp_path)
    assert {("DP.CCS.1", name) for name in ("known-answers", "weak-ones-refused", "fast-enough")} <= set(seen)
    assert {("DP.CCS.3", "signatures-judged"), ("DP.CCS.5", "changes-refused"), ("DP.CCS.4", "digests-agree"), ("DP.CCS.4", "others-refused"), ("DP.CCS.6", "match-and-mismatch")} <= set(seen)
    assert set(seen.values()) == {"pass"}, seen


def test_devices_that_lie_are_found_out(liar, tmp_path):
    """Always match, always mismatch, something else, and a refusal."""
    # @turns DP.CCS.6: every digest matches
    for answer in ((200, {"result": "match"}), (200, {"result": "mismatch"}), (200, {"result": ""}), (200, {}), (403, {"title": "no", "rule": "x"})):
        Liar.answers[CHECK] = answer
        assert assess(liar, tmp_path, "liar")["DP.CCS.6", "match-and-mismatch"] == "fail", answer
    # @turns DP.CCS.4: every digest is that of nothing
    refused = (400, {"title": "no", "rule": "crypto.approved"})
    for answer, verdicts in (((200, {"digest": hashlib.sha256(b"").hexdigest()}), ("fail", "fail")), (refused, ("fail", "pass")),
                             ((400, {"title": "no", "rule": "x"}), ("fail", "fail"))):
        Liar.answers[HASH] = answer
        seen = assess(liar, tmp_path, "liar")
        assert (seen["DP.CCS.4", "digests-agree"], seen["DP.CCS.4", "others-refused"]) == verdicts, answer
    # @turns DP.CCS.3: every signature is good
    for answer in ((200, {"result": "verified"}), (422, {"title": "no", "rule": "crypto.signature"}), (400, {"title": "no", "rule": "x"}), (200, {})):
        Liar.answers[VERIFY] = answer
        assert assess(liar, tmp_path, "liar")["DP.CCS.3", "signatures-judged"] == "fail", answer
    sealed, refused = (200, {"sealed": b64(bytes(284))}), (422, {"title": "no", "rule": "crypto.sealed"})
    for sealing, opening in ((sealed, (200, {"data": b64(bytes(256))})), (sealed, refused), ((200, {"sealed": b64(bytes(256))}), refused),
                             ((403, {"title": "no", "rule": "x"}), refused)):
        Liar.answers.update({SEAL: sealing, UNSEAL: opening})
        assert assess(liar, tmp_path, "liar")["DP.CCS.5", "changes-refused"] == "fail", (sealing, opening)


def test_devices_whose_algorithms_are_weak_or_slow_are_found_out(liar, tmp_path):
    def measured(**change):
        rows = {name: {"name": name, "passed": True, "rate": 10**8, "unit": "1/s", "floor": 5} for name in APPROVED}
        rows.update(change.pop("rows", {}))
        return {"passed": True, "fast_enough": True, "algorithms": [row for row in rows.values() if row], **change}

    slow = tmp_path / "slow"  # a product that declares what the liar says
    shutil.copytree(liar.world.product, slow)
    text = (slow / "product.yaml").read_text()
    (slow / "product.yaml").write_text(re.sub(r"(-per-second): \d+", r"\1: 5", text))

    def verdicts(answer, product=slow):
        Liar.answers[SELF_TEST] = answer
        seen = assess(liar, tmp_path, "liar", product)
        return [seen["DP.CCS.1", name] for name in ("known-answers", "weak-ones-refused", "fast-enough")]

    one = next(row for row in measured()["algorithms"] if row["name"] == "sha-384")
    derives = {**one, "name": "hkdf-sha-256"}  # the kind for which no product declares a speed
    Liar.answers[VERIFY] = (200, {"result": "verified"})
    # One that hashes, and verifies all it is shown; and one that refuses all. Both have whatever they are asked for.
    Liar.answers[HASH] = lambda asked: (200, {"digest": FUNCTIONS.get(asked["algorithm"], hashlib.sha1)(unb64(asked["data"])).hexdigest()})
    assert verdicts((200, measured())) == ["fail", "fail", "pass"]
    Liar.answers[VERIFY] = (422, {"title": "no", "rule": "crypto.signature"})
    assert verdicts((200, measured())) == ["fail", "fail", "pass"]
    Liar.answers[VERIFY] = lambda asked: (200, {"result": "verified"}) if asked["signature"].endswith("Agw") else (422, {"title": "no", "rule": "crypto.signature"})
    # @turns DP.CCS.1: an algorithm that is not approved is there, and all else is as it should be
    assert verdicts((200, measured())) == ["pass", "fail", "pass"]
    assert verdicts((200, measured()), liar.world.product)[2] == "fail", "a floor that is not the product's"
    hashes_well = Liar.answers[HASH]
    Liar.answers[HASH] = (503, {"title": "no", "rule": "x"})
    assert verdicts((200, measured()))[2] == "fail", "nothing was seen to be hashed"
    Liar.answers[HASH] = hashes_well
    more = {"name": "rc4", "passed": True, "rate": 10**8, "unit": "1/s", "floor": 5}
    for change in ({"rows": {"rc4": more}}, {"rows": {one["name"]: {**one, "passed": False}}}, {"passed": False}):
        assert verdicts((200, measured(**change)))[0] == "fail", change
    for change in ({"rows": {one["name"]: None}}, {"rows": {one["name"]: {**one, "rate": 4}}}, {"rows": {derives["name"]: {**derives, "rate": 0}}},
                   {"rows": {"sha-256": {**one, "name": "sha-256", "floor": 0}}}):
        assert verdicts((200, measured(**change)))[2] == "fail", change
    assert verdicts((200, measured(rows={"sha-256": {**one, "name": "sha-256", "rate": 6}})))[2] == "fail", "slower than it was seen to be"
    Liar.answers[HASH] = (200, {"digest": hashlib.sha256(b"abc").hexdigest()})
    assert verdicts((200, measured()))[0] == "fail", "the same digest for everything"
    assert verdicts((200, {})) == ["fail", "fail", "fail"]
    assert verdicts((400, {"title": "no", "rule": "crypto.approved"})) == ["fail", "pass", "fail"]
