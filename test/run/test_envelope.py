# SPDX-License-Identifier: Apache-2.0
"""doc/spec/envelope.md, statement.md, manifest.md and evidence.md are enough: a verifier written from them takes what the programs make.

@nist DI.IMS.1: the identifier under the signature is the one the certificate names
@nist DI.IMS.2: a stranger's verifier proves the statement
"""
import base64
import datetime
import json
import os
import subprocess

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

import world as worlds
from harness import b64, unb64


def canonical(text):
    data = unb64(text)
    assert b64(data) == text, "1: another spelling"
    return data


def envelope(jws, typ):
    """The payload and the certificate."""
    assert set(jws) == {"payload", "protected", "signature"}
    header = json.loads(canonical(jws["protected"]))
    assert set(header) == {"alg", "typ", "x5c"} and header["alg"] == "ES256" and header["typ"] == typ and len(header["x5c"]) == 1
    cert = x509.load_der_x509_certificate(base64.b64decode(header["x5c"][0], validate=True))
    assert isinstance(cert.public_key().curve, ec.SECP256R1)
    signature = canonical(jws["signature"])
    assert len(signature) == 64
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    cert.public_key().verify(utils.encode_dss_signature(r, s), f"{jws['protected']}.{jws['payload']}".encode(), ec.ECDSA(hashes.SHA256()))
    return json.loads(canonical(jws["payload"])), cert


def issued_by(cert, anchor):
    basic = anchor.extensions.get_extension_for_class(x509.BasicConstraints).value
    usage = anchor.extensions.get_extension_for_class(x509.KeyUsage).value
    assert basic.ca and usage.key_cert_sign
    assert not cert.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert cert.issuer == anchor.subject
    anchor.public_key().verify(cert.signature, cert.tbs_certificate_bytes, ec.ECDSA(hashes.SHA256()))
    now = datetime.datetime.utcnow()
    assert anchor.not_valid_before <= now <= anchor.not_valid_after and cert.not_valid_before <= now <= cert.not_valid_after


def anchor_of(unit):
    return x509.load_pem_x509_certificate((unit.config / "manufacturer.crt").read_bytes())


def test_statement(owned):
    nonce = b64(os.urandom(16))
    claims, cert = envelope(owned.json("identity", "statement", "--nonce", nonce)["statement"], "thingward-statement+jws")
    issued_by(cert, anchor_of(owned))
    names = cert.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [claims["sub"]]
    assert set(claims) == {"eat_profile", "sub", "eat_nonce", "iat", "thingward_time_trusted", "thingward_exporter", "hwmodel", "swname", "swversion",
                           "thingward_product_version"}
    assert claims["eat_profile"] == "urn:thingward:statement:1" and claims["eat_nonce"] == nonce and len(canonical(claims["thingward_exporter"])) == 32
    assert claims["sub"].startswith("urn:dev:ops:") and claims["sub"].endswith("-" + owned.serial)
    assert canonical(claims["hwmodel"]).decode() and claims["swname"] == "thingward-device" and len(claims["swversion"]) == 1


def test_manifest(unit):
    manifest, cert = envelope(json.loads((unit.config / "product.manifest").read_bytes()), "thingward-manifest+jws")
    issued_by(cert, anchor_of(unit))
    assert set(manifest) == {"format", "organization", "product", "support", "contacts", "application", "cryptography", "claims"} and manifest["format"] == 1
    assert set(manifest["product"]) == {"name", "class", "model", "hardware", "version"} and set(manifest["application"]) == {"settings", "events", "health", "access", "remote-access"}
    assert set(manifest["application"]["access"]) == {"permissions", "roles"}


def test_evidence_and_every_kind_of_change(owned, tmp_path):
    path = tmp_path / "evidence.json"
    tool = str(worlds.program("thingward"))
    drawn = json.loads(owned.tool("label", "--label", owned.label, "--out", tmp_path / "labels", "--json").stdout)
    owned.json("label", "check", drawn["units"][0]["code"])  # else the claim that it has a label would be contradicted
    assert subprocess.run([tool, "assess", "--device", "unit", "--owner", owned.owner, "--product", owned.world.product, "--out", path, "--element", "DI.IMS.2"],
                          capture_output=True, check=False).returncode == 0
    text = path.read_bytes()
    report, cert = envelope(json.loads(text), "thingward-evidence+jws")
    assert cert and {"format", "created", "nonce", "tool", "catalog", "device", "assessor", "results", "totals"} <= set(report)
    assert sum(report["totals"].values()) == len(report["results"]) > 0
    statement, device = envelope(report["device"]["statement"], "thingward-statement+jws")
    issued_by(device, anchor_of(owned))
    assert statement["sub"] == report["device"]["identifier"]

    def verify(data):
        changed = tmp_path / "changed.json"
        changed.write_bytes(data)
        return subprocess.run([tool, "evidence", "verify", changed], capture_output=True, check=False).returncode

    assert verify(text) == 0
    text = text.rstrip()  # without the end of its last line it is still the same
    for at in range(0, len(text), max(1, len(text) // 40)):
        assert verify(text[:at] + bytes([text[at] ^ 1]) + text[at + 1:]) != 0
        assert verify(text[:at]) != 0
        assert verify(text[:at] + b" " + text[at:]) != 0
    with pytest.raises((InvalidSignature, AssertionError)):
        envelope(dict(json.loads(text), payload=b64(json.dumps(dict(report, assessor="somebody else")).encode())), "thingward-evidence+jws")
