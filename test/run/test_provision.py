# SPDX-License-Identifier: Apache-2.0
"""Units by the batch: what is made, cut off by SIGKILL and made to the end; a device that starts from an archive; files that are none.

@nist DI.IMS.1: no serial number is given out twice, none is lost
"""
import base64
import collections
import json
import os
import pty
import random
import re
import select
import shutil
import subprocess
import tarfile
import time

import jsonschema
import pytest

import world as worlds
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

SCHEMA = json.loads((worlds.ROOT / "doc/spec/provisioning-record.schema.json").read_text())


def tool(*words, **options):
    return subprocess.run([str(worlds.program("thingward")), *map(str, words)], capture_output=True, text=True, timeout=120, check=False, stdin=subprocess.DEVNULL, **options)


@pytest.fixture
def desk(tmp_path):
    assert tool("product", "init", "--example", tmp_path / "product").returncode == 0
    assert tool("ca", "init", tmp_path / "ca", "--unprotected").returncode == 0
    (tmp_path / "roles").write_text("".join(f"{name} {uid if os.geteuid() == 0 else os.geteuid()} {uid if os.geteuid() == 0 else os.getegid()}\n"
                                            for name, uid in worlds.ROLES.items()))
    return tmp_path


def words_of(desk, *more):
    return ["provision", "batch", "--ca", desk / "ca", "--product", desk / "product", "--roles", desk / "roles", "--out", desk / "out", *more]


def batch(desk, *more):
    return tool(*words_of(desk, *more))


def lines(desk):
    return [json.loads(line) for line in (desk / "ca/units.jsonl").read_text().splitlines()]


def b64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def sha256_of(key):
    digest = hashes.Hash(hashes.SHA256())
    digest.update(key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo))
    return digest.finalize().hex()


def issued_by(cert, anchor):
    assert cert.issuer == anchor.subject
    anchor.public_key().verify(cert.signature, cert.tbs_certificate_bytes, ec.ECDSA(hashes.SHA256()))


def record_of(path, anchor):
    """The payload of a record, verified without our code; the desk's certificate is issued by the anchor."""
    jws = json.loads(path.read_text())
    desk = x509.load_der_x509_certificate(base64.b64decode(json.loads(b64(jws["protected"]))["x5c"][0]))
    issued_by(desk, anchor)
    raw = b64(jws["signature"])
    der = utils.encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    desk.public_key().verify(der, f"{jws['protected']}.{jws['payload']}".encode(), ec.ECDSA(hashes.SHA256()))
    payload = json.loads(b64(jws["payload"]))
    jsonschema.validate(payload, SCHEMA, cls=jsonschema.Draft202012Validator)
    return payload


def check_unit(desk, serial, anchor, registry):
    """Archive, label, record and registry say the same about one unit; returns its key's fingerprint."""
    record = record_of(desk / f"out/{serial}.record.json", anchor)
    label = json.loads((desk / f"out/{serial}.label.json").read_text())
    with tarfile.open(desk / f"out/{serial}.tar") as archive:
        files = {one.name: archive.extractfile(one).read() for one in archive if one.isfile()}
    keys = "var/lib/thingward/keys/"
    cert = x509.load_pem_x509_certificate(files[keys + "identity.crt"])
    issued_by(cert, anchor)
    key = serialization.load_pem_private_key(files[keys + "identity.key"], None)
    listener = serialization.load_pem_private_key(files[keys + "listener.pem"].partition(b"-----BEGIN CERTIFICATE")[0], None)
    assert sha256_of(key.public_key()) == sha256_of(cert.public_key()) == record["device_key_sha256"]
    assert sha256_of(listener.public_key()) == record["listener_sha256"] == label["listener_sha256"]
    assert f"{cert.serial_number:x}" == record["certificate"].lstrip("0") and sha256_of(anchor.public_key()) == record["ca_sha256"]
    assert files[keys + "takeover.secret"].hex() == label["secret"] and record["identifier"] == label["identifier"] and record["serial"] == serial
    assert files["etc/thingward/manufacturer.crt"] == (desk / "ca/ca.crt").read_bytes()
    line, = [one for one in registry if one["serial"] == serial and one["state"] == "complete"]
    assert {name: record[name] for name in ("identifier", "physical_id", "certificate", "device_key_sha256", "listener_sha256")}.items() <= line.items()
    return record["device_key_sha256"]


def anchor_of(desk):
    return x509.load_pem_x509_certificate((desk / "ca/ca.crt").read_bytes())


def test_what_is_made(desk):
    (desk / "serials").write_text("T-7\nT-8\r\nX.9\n")
    done = batch(desk, "--serials", desk / "serials")
    assert done.returncode == 0 and "Provisioned 3 units" in done.stdout
    anchor, registry = anchor_of(desk), lines(desk)
    assert len({check_unit(desk, serial, anchor, registry) for serial in ("T-7", "T-8", "X.9")}) == 3
    assert {path.name: path.stat().st_mode & 0o777 for path in (desk / "out").iterdir()} == {
        f"{serial}.{end}": mode for serial in ("T-7", "T-8", "X.9") for end, mode in (("tar", 0o600), ("label.json", 0o600), ("record.json", 0o644))}
    assert [line["state"] for line in lines(desk)] == ["begun"] * 3 + ["complete"] * 3
    again = json.loads(batch(desk, "--serials", desk / "serials", "--json").stdout)
    assert (again["made"], again["complete_before"], again["without_files"]) == (0, 3, 0) and len(lines(desk)) == 6
    shutil.rmtree(desk / "out")
    again = json.loads(batch(desk, "--first", "T-8", "--count", "2", "--json").stdout)
    assert (again["made"], again["complete_before"], again["without_files"]) == (1, 1, 1)
    one = tool("provision", "--ca", desk / "ca", "--product", desk / "product", "--roles", desk / "roles", "--serial", "T-9", "--state", desk / "s", "--config", desk / "c",
               "--label", desk / "l.json")
    assert one.returncode == 1 and "T-9 was given to a unit" in one.stderr


def test_killed_at_any_moment_and_made_to_the_end(desk):
    """SIGKILL as often as it takes, at moments drawn anew; each run goes on where the last one was cut."""
    words = [str(worlds.program("thingward")), *map(str, words_of(desk, "--first", "T-000", "--count", "250"))]
    draw = random.Random(20261121)
    journal = desk / "ca/units.jsonl"
    killed = 0
    for _ in range(12):
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = (journal.stat().st_size if journal.exists() else 0) + draw.randint(200, 8000)  # bytes, not seconds: however fast this machine is, there is some of it left
        while process.poll() is None and not (journal.exists() and journal.stat().st_size >= until):
            time.sleep(0.0005)
        process.kill()
        killed += process.wait() == -9
    done = batch(desk, "--first", "T-000", "--count", "250")
    assert done.returncode == 0 and killed >= 2, (killed, done.stderr)
    complete = collections.Counter(line["serial"] for line in lines(desk) if line["state"] == "complete")
    assert complete == {f"T-{number:03}": 1 for number in range(250)}
    begun = collections.Counter(line["serial"] for line in lines(desk) if line["state"] == "begun")
    assert max(begun.values()) > 1, "no kill hit a unit half-made"
    anchor, registry = anchor_of(desk), lines(desk)
    again = [serial for serial, times in begun.items() if times > 1][:20]
    assert len({check_unit(desk, serial, anchor, registry) for serial in [*again, *list(complete)[::20]]}) == len({*again, *list(complete)[::20]})
    records = sorted(str(path) for path in (desk / "out").glob("*.record.json"))
    assert len(records) == 250 and not list((desk / "out").glob("*.new"))
    said = tool("provision", "verify", *records, "--anchor", desk / "ca/ca.crt")
    assert said.returncode == 0 and said.stdout == "250 records hold.\n"
    assert len({line["device_key_sha256"] for line in lines(desk) if line["state"] == "complete"}) == 250


def test_a_device_starts_from_its_archive(desk, new_unit):
    unit = new_unit("ARCHIVE")
    shutil.rmtree(unit.state)
    shutil.rmtree(unit.config)
    world = unit.world
    done = tool("provision", "batch", "--ca", world.ca, "--product", world.product, "--roles", desk / "roles", "--out", desk / "out", "--first", "FROM-TAR-1", "--count", "1",
                "--state", "/state", "--config", "/config")
    assert done.returncode == 0, done.stderr
    subprocess.run(["tar", "-xpf", desk / "out/FROM-TAR-1.tar", "-C", unit.folder], check=True)
    unit.label = desk / "out/FROM-TAR-1.label.json"
    unit.start()
    unit.take_over()
    assert unit.json("identity", "read")["identifier"] == "urn:dev:ops:32473-thermostat-FROM-TAR-1"
    assert unit.local("identity", "read")["physical_id"] == json.loads(tool("provision", "verify", desk / "out/FROM-TAR-1.record.json", "--anchor", world.ca / "ca.crt", "--json").stdout)["physical_id"]


def test_labels_of_a_batch(desk):
    assert batch(desk, "--first", "T-01", "--count", "40").returncode == 0
    done = tool("label", "--batch", desk / "out", "--out", desk / "labels", "--sheet", "a4", "--with-secret", "--json")
    assert done.returncode == 0, done.stderr
    assert [one["identifier"].rpartition("-T-")[2] for one in json.loads(done.stdout)["units"]] == [f"{n:02}" for n in range(1, 41)]
    assert {path.name for path in (desk / "labels").iterdir()} == {"sheet-01.svg", "sealed-01.svg", "sheet-02.svg", "sealed-02.svg"}
    (desk / "empty").mkdir()
    assert tool("label", "--batch", desk / "empty", "--out", desk / "labels").returncode == 1
    assert tool("label", "--batch", desk / "out", "--ca", desk / "ca", "--out", desk / "labels").returncode == 2


def test_progress(desk):
    done = batch(desk, "--first", "T-001", "--count", "200")
    told = re.findall(r"^(\d+) of 200 units$", done.stderr, re.M)
    assert told and told[-1] == "200" and "[" not in done.stderr and "\r" not in done.stderr
    pid, end = pty.fork()
    if pid == 0:
        os.execv(str(worlds.program("thingward")), ["thingward", *map(str, words_of(desk, "--first", "P-001", "--count", "200"))])
    shown, until = b"", time.monotonic() + 60
    while time.monotonic() < until:
        if select.select([end], [], [], 0.5)[0]:
            try:
                shown += os.read(end, 65536)
            except OSError:
                break
    os.close(end)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert b"[########################" in shown.replace(b"\r\x1b[K", b"") and b"100 %" in shown and b"Provisioned 200 units" in shown


@pytest.mark.parametrize("text, place", [("", "line 1"), ("A\n\nB\n", "line 2"), ("A\nB\nA\n", "line 3"), ("A\nB/../C\n", "line 2"), ("A;B\n", "line 1"), ("A" * 65 + "\n", "line 1"),
                                         ("oversized", "serials"), ("A\nB\x1b[2J\n", "line 2"), (None, "serials")])
def test_a_list_that_is_none(desk, text, place):
    if text is not None:
        (desk / "serials").write_text("A\n" + "B" * 7_000_000 if text == "oversized" else text)
    done = batch(desk, "--serials", desk / "serials")
    assert done.returncode == 1 and "serials" in done.stderr and place in done.stderr and "\x1b" not in done.stderr, done.stderr
    assert not (desk / "ca/units.jsonl").exists() and not (desk / "out").exists()


@pytest.mark.parametrize("more", [[], ["--first", "T-1"], ["--count", "5"], ["--first", "T-", "--count", "2"], ["--first", "T-9", "--count", "2"], ["--first", "T-1", "--count", "0"],
                                  ["--first", "T-1", "--count", "1e3"], ["--first", "T-1", "--count", "100001"], ["--first", "T-1", "--count", "1", "--state", "relative"],
                                  ["--first", "T-1", "--count", "1", "--state", "/a/../b"]])
def test_usage(desk, more):
    done = batch(desk, *more)
    assert done.returncode == 2 and "Try:" in done.stderr and not (desk / "out").exists(), done.stderr


def sign(desk, payload, typ="thingward-provisioning+jws", key="manifest"):
    """A record by the desk's own key over whatever a test wants it to say."""
    def b64url(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    cert = x509.load_pem_x509_certificate((desk / f"ca/{key}.crt").read_bytes())
    private = serialization.load_pem_private_key((desk / f"ca/{key}.key").read_bytes(), None)
    head = b64url(json.dumps({"alg": "ES256", "typ": typ, "x5c": [base64.b64encode(cert.public_bytes(serialization.Encoding.DER)).decode()]}).encode())
    body = b64url(payload if isinstance(payload, bytes) else json.dumps(payload).encode())
    r, s = utils.decode_dss_signature(private.sign(f"{head}.{body}".encode(), ec.ECDSA(hashes.SHA256())))
    return json.dumps({"payload": body, "protected": head, "signature": b64url(r.to_bytes(32, "big") + s.to_bytes(32, "big"))})


def test_records_that_are_none(desk):
    """Each member absent, doubled, of another kind, oversized; trailing bytes; another use of the same key: file and member are named."""
    assert batch(desk, "--first", "T-1", "--count", "1").returncode == 0
    good = record_of(desk / "out/T-1.record.json", anchor_of(desk))
    path = desk / "bad.json"

    def verdict(text):
        path.write_text(text)
        done = tool("provision", "verify", path, "--anchor", desk / "ca/ca.crt")
        return done.returncode, done.stderr

    assert verdict(sign(desk, good))[0] == 0
    bad = {}
    for name, value in good.items():
        bad[f"{name} absent"] = {key: one for key, one in good.items() if key != name}
        bad[f"{name} mistyped"] = {**good, name: [value]}
        bad[f"{name} oversized"] = {**good, name: str(value) * 60}
        bad[f"{name} doubled"] = json.dumps(good)[:-1].encode() + f', "{name}": {json.dumps(value)}}}'.encode()
    del bad["listener_sha256 absent"]  # of a unit that made its keys itself
    bad["more unknown"] = {**good, "more": 1}
    accepted = []
    for name, payload in bad.items():
        code, said = verdict(sign(desk, payload))
        if code == 0:
            accepted.append(name)
        place = "a key stands twice" if "doubled" in name else name.split()[0]
        assert "bad.json" in said and place in said, (name, said)
    assert not accepted and len(bad) >= 40
    whole = sign(desk, good)
    for text in (whole + "x", whole[:-1], "", "{}", sign(desk, good, typ="thingward-manifest+jws"), sign(desk, good, key="ca"), "x" * 20000):
        code, said = verdict(text)
        assert code == 1 and "bad.json" in said, (text[:40], said)
    print(f"{len(bad)} bad records, 0 accepted")
