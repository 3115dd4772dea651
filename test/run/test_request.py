# SPDX-License-Identifier: Apache-2.0
"""A key made where the unit is, asked for and answered; certificates taken back. OpenSSL's program is the second opinion on all of it.

@nist DI.IMS.1: the desk says which unit it is, once
"""
import json
import os
import shutil
import subprocess

import pytest

import world as worlds
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID


def tool(*words):
    return subprocess.run([str(worlds.program("thingward")), *map(str, words)], capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)


def openssl(*words):
    return subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def desk(tmp_path):
    assert tool("product", "init", "--example", tmp_path / "product").returncode == 0
    assert tool("ca", "init", tmp_path / "ca", "--unprotected").returncode == 0
    (tmp_path / "roles").write_text("".join(f"{name} {uid} {uid}\n" for name, uid in worlds.ROLES.items()))
    return tmp_path


def of_unit(place):
    return ["--state", place / "state", "--config", place / "config", *(["--roles", place.parent / "roles"] if os.geteuid() == 0 else [])]


def request(desk, name, serial):
    (desk / name).mkdir(exist_ok=True)
    return tool("provision", "request", "--serial", serial, "--out", desk / f"{name}.csr", *of_unit(desk / name))


def sign(desk, path, serial, out):
    return tool("provision", "sign", path, "--serial", serial, "--ca", desk / "ca", "--product", desk / "product", "--out", desk / out)


def install(desk, name, answer, *more):
    return tool("provision", "install", desk / answer, "--label", desk / name / "label.json", *of_unit(desk / name), *more)


def lines(desk):
    path = desk / "ca/units.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_the_key_never_leaves_the_unit(desk, new_unit):
    unit = new_unit("OWNKEY")
    for one in (unit.state, unit.config):
        shutil.rmtree(one)
    unit.label.unlink()
    world = unit.world
    place = ["--state", unit.state, "--config", unit.config, *(["--roles", world.roles] if os.geteuid() == 0 else [])]
    asked = tool("provision", "request", "--serial", "OWN-1", "--out", desk / "csr", *place)
    assert asked.returncode == 0, asked.stderr
    before = (unit.state / "keys/identity.key").read_bytes()
    assert openssl("req", "-in", desk / "csr", "-verify", "-noout").returncode == 0 and b"PRIVATE" not in (desk / "csr").read_bytes()
    assert tool("provision", "request", "--serial", "OWN-1", "--out", desk / "csr", *place).returncode == 0, "asking again keeps the key"
    done = tool("provision", "sign", desk / "csr", "--serial", "OWN-1", "--ca", world.ca, "--product", world.product, "--out", desk / "answer")
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (desk / "answer").iterdir()} == {"device.crt", "product.manifest", "manufacturer.crt", "record.json"}
    assert b"PRIVATE" not in b"".join(path.read_bytes() for path in (desk / "answer").iterdir())
    assert openssl("verify", "-x509_strict", "-CAfile", world.ca / "ca.crt", desk / "answer/device.crt").returncode == 0
    record = json.loads(tool("provision", "verify", desk / "answer/record.json", "--anchor", world.ca / "ca.crt", "--json").stdout)
    assert record["identifier"].endswith("-OWN-1")
    done = tool("provision", "install", desk / "answer", "--label", unit.label, *place)
    assert done.returncode == 0, done.stderr
    assert (unit.state / "keys/identity.key").read_bytes() == before
    unit.start()
    unit.take_over()
    assert unit.json("identity", "read")["identifier"] == record["identifier"]
    # What is installed is not installed over.
    unit.stop()
    secret = (unit.label).read_bytes()
    done = tool("provision", "install", desk / "answer", "--label", unit.label, *place)
    assert done.returncode == 1 and unit.label.read_bytes() == secret
    again = tool("provision", "sign", desk / "csr", "--serial", "OWN-1", "--ca", world.ca, "--product", world.product, "--out", desk / "again")
    assert again.returncode == 1 and "was given to a unit" in again.stderr and not (desk / "again").exists()


def test_whose_answer_it_is(desk):
    for name, serial in (("one", "Q-1"), ("two", "Q-2")):
        assert request(desk, name, serial).returncode == 0
    wrong = sign(desk, desk / "one.csr", "Q-2", "a")
    assert wrong.returncode == 1 and "one.csr" in wrong.stderr and "'serialNumber' is Q-1" in wrong.stderr and not lines(desk)
    assert sign(desk, desk / "one.csr", "Q-1", "a1").returncode == 0 and sign(desk, desk / "two.csr", "Q-2", "a2").returncode == 0
    other = install(desk, "one", "a2")
    assert other.returncode == 1 and "another key" in other.stderr and not (desk / "one/state/keys/identity.crt").exists() and not (desk / "one/label.json").exists()
    # A copy of a unit asks under another serial number.
    shutil.copytree(desk / "one", desk / "copy")
    assert request(desk, "copy", "Q-3").returncode == 0
    copied = sign(desk, desk / "copy.csr", "Q-3", "a3")
    assert copied.returncode == 1 and "its key is that of urn:dev:ops:32473-thermostat-Q-1" in copied.stderr
    for name, mend in (("device.crt", "a2"), ("record.json", "a2")):
        shutil.rmtree(desk / "mixed", ignore_errors=True)
        shutil.copytree(desk / "a1", desk / "mixed")
        shutil.copy(desk / mend / name, desk / "mixed" / name)
        assert install(desk, "one", "mixed").returncode == 1
    for name in ("device.crt", "record.json", "product.manifest", "manufacturer.crt"):
        shutil.rmtree(desk / "mixed", ignore_errors=True)
        shutil.copytree(desk / "a1", desk / "mixed")
        for damage in (lambda path: path.write_bytes(path.read_bytes() + b"x"), lambda path: path.write_bytes(b""), lambda path: path.write_bytes(b"x" * 400000), lambda path: path.unlink()):
            damage(desk / "mixed" / name)
            refused = install(desk, "one", "mixed")
            assert refused.returncode == 1 and "mixed" in refused.stderr and not (desk / "one/label.json").exists(), (name, refused.stderr)
    assert install(desk, "one", "a1").returncode == 0 and install(desk, "two", "a2").returncode == 0


def test_cut_off_while_installing(desk):
    """Whatever of it is there: the certificate is last, and until it is there the same command makes it whole."""
    assert request(desk, "one", "Q-1").returncode == 0 and sign(desk, desk / "one.csr", "Q-1", "a1").returncode == 0
    assert install(desk, "one", "a1").returncode == 0
    first = json.loads((desk / "one/label.json").read_text())
    (desk / "one/state/keys/identity.crt").unlink()
    assert install(desk, "one", "a1").returncode == 0
    second = json.loads((desk / "one/label.json").read_text())
    assert first["identifier"] == second["identifier"] and first["secret"] != second["secret"]
    assert (desk / "one/state/keys/takeover.secret").read_bytes().hex() == second["secret"]


def test_whose_manufacturer_it_is(desk):
    """An answer that is good by itself, and by another authority, is refused wherever something here knows better."""
    assert request(desk, "one", "Q-1").returncode == 0 and sign(desk, desk / "one.csr", "Q-1", "mine").returncode == 0
    (desk / "ca").rename(desk / "first")
    assert tool("ca", "init", desk / "ca", "--unprotected").returncode == 0
    assert sign(desk, desk / "one.csr", "Q-1", "theirs").returncode == 0
    refused = install(desk, "one", "theirs", "--anchor", desk / "first/ca.crt")
    assert refused.returncode == 1 and "manufacturer.crt is another one" in refused.stderr and not (desk / "one/label.json").exists()
    (desk / "one/config").mkdir(exist_ok=True)
    shutil.copy(desk / "first/ca.crt", desk / "one/config/manufacturer.crt")
    refused = install(desk, "one", "theirs")
    assert refused.returncode == 1 and "manufacturer.crt is another one" in refused.stderr and not (desk / "one/label.json").exists()
    assert install(desk, "one", "mine", "--anchor", desk / "first/ca.crt").returncode == 0


def test_signing_that_was_cut_off(desk):
    """The registry knows from the start whose key it is: a copy of the unit gets nothing, the unit asks again, and each certificate can be taken back."""
    assert request(desk, "one", "Q-1").returncode == 0
    shutil.copytree(desk / "one", desk / "copy")
    (desk / "full").write_text("no directory")
    assert sign(desk, desk / "one.csr", "Q-1", "full").returncode == 1 and [line["state"] for line in lines(desk)] == ["begun"]
    assert request(desk, "copy", "Q-3").returncode == 0
    copied = sign(desk, desk / "copy.csr", "Q-3", "a3")
    assert copied.returncode == 1 and "its key is that of urn:dev:ops:32473-thermostat-Q-1" in copied.stderr
    assert sign(desk, desk / "one.csr", "Q-1", "a1").returncode == 0
    before = (desk / "ca/units.jsonl").read_text().splitlines()
    (desk / "ca/units.jsonl").write_text(before[0] + "\n")  # cut before "complete"
    assert sign(desk, desk / "one.csr", "Q-1", "a2").returncode == 0
    assert tool("ca", "revoke", desk / "ca", "Q-1", "--reason", "superseded").returncode == 0
    for code in (0, 1):
        assert tool("ca", "revoke", desk / "ca", "Q-1", "--reason", "superseded", "--certificate", desk / "a1/device.crt").returncode == code
    assert tool("ca", "crl", desk / "ca", "--out", desk / "list.crl").returncode == 0
    assert "revoked" in verified(desk, desk / "a1/device.crt").stderr and "revoked" in verified(desk, desk / "a2/device.crt").stderr


def csr(subject, key=None, names=None, digest=None):
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([x509.NameAttribute(oid, text) for oid, text in subject]))
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(key or ec.generate_private_key(ec.SECP256R1()), digest or hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def test_requests_that_are_none(desk):
    serial = (NameOID.SERIAL_NUMBER, "Q-1")
    good = csr([(NameOID.COMMON_NAME, "Q-1"), serial])
    bad = {
        "absent": None, "empty": b"", "trailing": good + b"x", "cut": good[:200], "oversized": b"#" * 5000 + good, "twice": good + good,
        "another kind": (desk / "ca/ca.crt").read_bytes(), "no serialNumber": csr([(NameOID.COMMON_NAME, "Q-1")]),
        "another serialNumber": csr([(NameOID.COMMON_NAME, "Q-1"), (NameOID.SERIAL_NUMBER, "Q-2")]), "serialNumber doubled": csr([(NameOID.COMMON_NAME, "Q-1"), serial, serial]),
        "RSA": csr([serial], rsa.generate_private_key(65537, 2048)), "P-384": csr([serial], ec.generate_private_key(ec.SECP384R1())), "SHA-512": csr([serial], digest=hashes.SHA512()),
        "a DNS name": csr([serial], names=[x509.DNSName("example.com")]), "another unit's name": csr([serial], names=[x509.UniformResourceIdentifier("urn:dev:ops:32473-thermostat-Q-2")]),
    }
    der = bytearray(x509.load_pem_x509_csr(good).public_bytes(serialization.Encoding.DER))
    der[-1] ^= 1
    bad["signature changed"] = bytes(der)
    for name, text in bad.items():
        path = desk / "bad.csr"
        path.unlink(missing_ok=True)
        if text is not None:
            path.write_bytes(text)
        done = sign(desk, path, "Q-1", "answer")
        assert done.returncode == 1 and "bad.csr" in done.stderr and not lines(desk) and not (desk / "answer").exists(), (name, done.stderr)
        if "serialNumber" in name and "doubled" not in name:
            assert "'serialNumber'" in done.stderr
    assert sign(desk, desk / "bad.csr", "Q/1", "answer").returncode == 2
    (desk / "good.csr").write_bytes(good)
    assert sign(desk, desk / "good.csr", "Q-1", "answer").returncode == 0
    print(f"{len(bad)} bad requests, 0 accepted")


def verified(desk, certificate):
    return openssl("verify", "-x509_strict", "-crl_check", "-CAfile", desk / "ca/ca.crt", "-CRLfile", desk / "list.crl", certificate)


def test_what_is_revoked_is_refused(desk):
    for serial in ("R-1", "R-2"):
        assert request(desk, serial, serial).returncode == 0 and sign(desk, desk / f"{serial}.csr", serial, f"answer-{serial}").returncode == 0
    assert tool("ca", "crl", desk / "ca", "--out", desk / "list.crl", "--days", "7").returncode == 0
    for serial in ("R-1", "R-2"):
        assert verified(desk, desk / f"answer-{serial}/device.crt").returncode == 0
    done = tool("ca", "revoke", desk / "ca", "R-1", "--reason", "keyCompromise")
    assert done.returncode == 0 and "urn:dev:ops:32473-thermostat-R-1" in done.stdout
    done = json.loads(tool("ca", "crl", desk / "ca", "--out", desk / "list.crl", "--days", "7", "--json").stdout)
    assert (done["number"], done["revoked"]) == (2, 1)
    refused = verified(desk, desk / "answer-R-1/device.crt")
    assert refused.returncode != 0 and "certificate revoked" in refused.stdout + refused.stderr
    assert verified(desk, desk / "answer-R-2/device.crt").returncode == 0
    said = openssl("crl", "-in", desk / "list.crl", "-noout", "-text").stdout
    assert "Version 2" in said and "CRL Number: \n                2" in said and "Key Compromise" in said and "ecdsa-with-SHA256" in said
    crl = x509.load_pem_x509_crl((desk / "list.crl").read_bytes())
    anchor = x509.load_pem_x509_certificate((desk / "ca/ca.crt").read_bytes())
    assert crl.is_signature_valid(anchor.public_key()) and crl.issuer == anchor.subject
    assert 6.9 * 86400 < (crl.next_update - crl.last_update).total_seconds() <= 7 * 86400
    # It stays revoked, and its serial number taken.
    assert tool("ca", "revoke", desk / "ca", "R-1", "--reason", "superseded").returncode == 1
    assert sign(desk, desk / "R-1.csr", "R-1", "more").returncode == 1
    assert [line["state"] for line in lines(desk) if line["serial" if "serial" in line else "state"] == "R-1"][-1] == "revoked"


def test_a_unit_whose_number_the_registry_never_learnt(desk):
    assert request(desk, "old", "O-1").returncode == 0 and sign(desk, desk / "old.csr", "O-1", "a").returncode == 0
    assert request(desk, "new", "O-2").returncode == 0 and sign(desk, desk / "new.csr", "O-2", "b").returncode == 0
    registry = desk / "ca/units.jsonl"
    registry.write_text("".join(json.dumps({key: value for key, value in line.items() if key != "certificate"}) + "\n" for line in lines(desk)))
    done = tool("ca", "revoke", desk / "ca", "O-1", "--reason", "superseded")
    assert done.returncode == 2 and "--certificate" in done.stderr
    assert tool("ca", "revoke", desk / "ca", "O-1", "--reason", "superseded", "--certificate", desk / "b/device.crt").returncode == 1
    assert tool("ca", "revoke", desk / "ca", "O-1", "--reason", "superseded", "--certificate", desk / "a/device.crt").returncode == 0
    assert tool("ca", "crl", desk / "ca", "--out", desk / "list.crl").returncode == 0
    assert verified(desk, desk / "a/device.crt").returncode != 0 and verified(desk, desk / "b/device.crt").returncode == 0


@pytest.mark.parametrize("words", [("revoke", "R-1", "--reason", "hold"), ("revoke", "R-1"), ("revoke", "--reason", "superseded"), ("crl", "--out", "x", "--days", "0"),
                                   ("crl", "--out", "x", "--days", "3651"), ("crl", "--out", "x", "--days", "-1"), ("crl",)])
def test_usage(desk, words):
    done = tool("ca", words[0], desk / "ca", *words[1:])
    assert done.returncode == 2 and "Try:" in done.stderr, done.stderr
