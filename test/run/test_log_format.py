# SPDX-License-Identifier: Apache-2.0
"""doc/spec/audit-log.md is enough to write a verifier: the one written from it agrees with ours on real logs, whole and spoilt."""
import json
import random
import re
import shutil

from cryptography import x509
from cryptography.hazmat.primitives import serialization

import verify_log
import world as worlds

PAGE = (worlds.ROOT / "doc/spec/audit-log.md").read_text()


def lived(unit):
    """A device with some history: three starts, changes, reads, refusals. Returns the keys of its closed epochs."""
    unit.take_over()
    for word in ("off", "on"):
        unit.json("settings", "change", "identification.remote-read", word)
    unit.https("GET", "/api/v1/settings")
    for _ in range(2):
        assert unit.stop() == 0
        unit.start()
        unit.json("identity", "read")
    return unit.json("log", "keys")


def how(unit, keys):
    cert = x509.load_pem_x509_certificate((unit.state / "keys/identity.crt").read_bytes())
    spki = cert.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return {"device_key": cert.public_key(), "device": verify_log.sha(spki),
            "keys": {e["epoch"]: bytes.fromhex(e["key"]) for e in keys["epochs"]}}


def ours(unit, folder, keys_file):
    done = unit.tool("log", "verify", folder, "--device-cert", unit.state / "keys/identity.crt", "--keys", keys_file, "--json", ok=None)
    return done.returncode


def number(fault):
    found = re.search(r"record (\d+)", fault)
    return int(found.group(1)) if found else None


def test_the_page_is_enough(new_unit, tmp_path):
    unit = new_unit("LOG").start()
    keys = lived(unit)
    assert unit.stop() == 0
    folder = tmp_path / "log"
    shutil.copytree(unit.state / "log", folder)
    keys_file = tmp_path / "keys.json"
    keys_file.write_text(json.dumps(keys))
    segments = verify_log.read_directory(folder)
    report = verify_log.verify(segments, **how(unit, keys))
    assert report["fault"] == "" and report["first"] == 1 and report["records"] == report["last"] > 10
    assert report["checkpoints"] > 0 and report["proven"] > 0 and report["open_intents"] == 0
    assert ours(unit, folder, keys_file) == 0

    # Spoilt in the same place, both find it; the page's own verifier at every tenth byte, ours at some of them.
    chance = random.Random(1)
    for name, data in segments:
        used = len(data.rstrip(b"\0"))
        for at in sorted({chance.randrange(used) for _ in range(40)}):
            spoilt = bytearray(data)
            spoilt[at] ^= 1 << chance.randrange(8)
            found = verify_log.verify([(n, bytes(spoilt) if n == name else d) for n, d in segments], **how(unit, keys))
            key = keys["epochs"] and verify_log.Header(data).epoch in {e["epoch"] for e in keys["epochs"]}
            if not key and not found["fault"]:
                continue  # only a seal differs, and this epoch's key is not out yet
            assert found["fault"], (name, at)
            if at % 4 == 0:
                (folder / name).write_bytes(bytes(spoilt))
                assert ours(unit, folder, keys_file) != 0, (name, at)
        (folder / name).write_bytes(data)
    assert ours(unit, folder, keys_file) == 0


def test_the_example_on_the_page():
    want = dict(re.findall(r"^\| ([a-z ]+) \| `([0-9a-f]{64})` \|$", PAGE, re.M))
    key = b"\1" * 32
    covered = b"TWAUDIT\0" + verify_log.struct.pack(">HHI5Q", 1, 512, 4096, 1, 1, 1, 0, 1790000000000) + b"\2" * 16 + b"\3" * 32 + bytes(32)
    check = verify_log.mac(key, b"thingward-log-header-1\0" + covered)
    head = (covered + check).ljust(480, b"\0")
    start = verify_log.sha(b"thingward-log-segment-1\0" + head)
    body = b'{"why":"start"}'
    leaf = verify_log.sha(b"\4" * 16 + body)
    chain = verify_log.sha(start + verify_log.struct.pack(">QHQQ", 1, 7, 1790000000001, 5) + leaf)
    seal = verify_log.mac(key, chain)
    assert {name: bytes.fromhex(value) for name, value in want.items()} == {
        "key check": check, "start": start, "leaf": leaf, "chain": chain, "mac": seal, "next key": verify_log.sha(b"thingward-log-key-1\0" + key)}
    record = verify_log.struct.pack(">IHHQQQ", 112 + len(body), len(body), 7, 1, 1790000000001, 5) + b"\4" * 16 + body + chain + seal
    assert verify_log.verify([("example", head + start + record)], keys={1: key})["fault"] == ""
    assert verify_log.verify([("example", head + start + record)], keys={1: b"\2" * 32})["fault"].endswith("14: key check")
