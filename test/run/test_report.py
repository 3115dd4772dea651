# SPDX-License-Identifier: Apache-2.0
"""The device report as strangers read it: cbor2 and the schema take it apart, cryptography verifies it, and so does the tool.

@nist DI.IMS.2: the signed report names the same identifier as the device holds, and answers nonce and connection
"""
import base64
import json
import os
from pathlib import Path

import cbor2
import jsonschema
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

import world as worlds
from harness import b64, local, unb64
from liar import Liar

SPEC = Path(__file__).resolve().parents[2] / "doc/spec"
SCHEMA = json.loads((SPEC / "device-report.schema.json").read_text())
LABELS = {2: "sub", 6: "iat", 10: "eat_nonce", 258: "oemid", 259: "hwmodel", 260: "hwversion", 262: "oemboot", 263: "dbgstat", 265: "eat_profile",
          267: "bootcount", 268: "bootseed", 270: "swname", 271: "swversion", -70001: "thingward_time_trusted", -70002: "thingward_exporter",
          -70003: "thingward_product_version", -70004: "thingward_boot_confirmed", -70005: "thingward_elements", -70006: "thingward_log_epoch",
          -70007: "thingward_log_seq", -70008: "thingward_log_chain", -70009: "thingward_log_checkpoint"}
DEBUG = ("enabled", "disabled", "disabled-since-boot", "disabled-permanently", "disabled-fully-and-permanently")


def signed(certificate, signature, data):
    key = certificate.public_key()
    assert len(signature) == 64
    key.verify(utils.encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")), data, ec.ECDSA(hashes.SHA256()))


def read_cwt(data):
    """Claims under their JSON names, and the certificate that the signature verifies against."""
    token = cbor2.loads(data)
    assert cbor2.dumps(token) == data and isinstance(token, cbor2.CBORTag) and token.tag == 18
    protected, unprotected, payload, signature = token.value
    header, claims = cbor2.loads(protected), cbor2.loads(payload)
    assert cbor2.dumps(header, canonical=True) == protected and cbor2.dumps(claims) == payload and unprotected == {}
    assert set(header) == {1, 16, 33} and header[1] == -7 and header[16] == 'application/eat+cwt; eat_profile="urn:thingward:report:1"'
    certificate = x509.load_der_x509_certificate(header[33])
    signed(certificate, signature, cbor2.dumps(["Signature1", protected, b"", payload]))
    named = {LABELS[k]: b64(v) if isinstance(v, bytes) else v for k, v in claims.items()}
    if "dbgstat" in named:
        named["dbgstat"] = DEBUG[named["dbgstat"]]
    return named, certificate


def read_jwt(text):
    head, payload, signature = text.split(".")
    header = json.loads(unb64(head))
    assert set(header) == {"alg", "typ", "x5c"} and header["alg"] == "ES256" and header["typ"] == "thingward-report+jwt"
    certificate = x509.load_der_x509_certificate(base64.b64decode(header["x5c"][0]))
    signed(certificate, unb64(signature), f"{head}.{payload}".encode())
    return json.loads(unb64(payload)), certificate


def read(answer):
    return read_cwt(unb64(answer["report"])) if answer["format"] == "cwt" else read_jwt(answer["report"])


@pytest.mark.parametrize("form", ("cwt", "jwt"))
def test_strangers_read_it(owned, form):
    nonce = os.urandom(32)
    claims, certificate = read(owned.json("identity", "report", "--nonce", b64(nonce), "--format", form))
    jsonschema.validate(claims, SCHEMA)
    identity = owned.json("identity", "read")
    assert certificate == x509.load_pem_x509_certificate(identity["certificate"].encode())
    assert claims["sub"] == identity["identifier"] and claims["eat_nonce"] == b64(nonce) and "thingward_exporter" in claims
    assert unb64(claims["hwmodel"]).decode() == identity["model"] and claims["thingward_product_version"] == identity["product_version"]
    assert str(claims["oemid"]) == identity["identifier"].split(":")[3].split("-")[0]
    assert not {"oemboot", "dbgstat", "hwversion"} & set(claims), "what it does not know it does not say"


def test_it_says_how_the_unit_stands(owned):
    words = ("provided", "off by policy", "needs a part", "not provided")

    def ask():
        return read(local(owned, "POST", "/api/v1/identity/report", {"nonce": b64(os.urandom(16))}).json)[0]

    one = ask()
    said = {e["id"]: words.index(e["status"]) for e in owned.json("capabilities", "read")["elements"]}
    assert one["thingward_elements"] == said and len(said) > 2
    assert one["bootcount"] >= 1 and len(unb64(one["bootseed"])) == 16 and "thingward_exporter" not in one
    owned.json("settings", "change", "identification.remote-read", "off")
    two = ask()
    assert two["thingward_elements"]["DI.IMS.1"] == 1 and one["thingward_elements"]["DI.IMS.1"] == 0
    assert two["thingward_log_seq"] > one["thingward_log_seq"] >= one["thingward_log_checkpoint"]
    assert two["thingward_log_epoch"] == one["thingward_log_epoch"] and two["thingward_log_chain"] != one["thingward_log_chain"]


def test_off_refuses_it_over_the_network(owned):
    owned.json("settings", "change", "identification.remote-read", "off")
    refused = owned.tool("device", "identity", "report", "--nonce", "A" * 22, "--device", "unit", "--owner", owned.owner, ok=(3,))
    assert "DI.IMS.1" in refused.stderr


def test_bad_requests(owned):
    for body in ({"nonce": "A" * 21}, {"nonce": "A" * 87}, {"nonce": "A" * 21 + "="}, {"nonce": 7}, {}, {"nonce": "A" * 22, "format": "xml"},
                 {"nonce": "A" * 22, "format": ""}, {"nonce": "A" * 22, "format": 1}, {"nonce": "A" * 22, "more": 1}):
        assert local(owned, "POST", "/api/v1/identity/report", body).status == 400, body


@pytest.mark.parametrize("form", ("cwt", "jwt"))
def test_the_tool_verifies_it(world, owned, tmp_path, form):
    nonce = b64(os.urandom(16))
    answer = owned.json("identity", "report", "--nonce", nonce, "--format", form)
    raw = unb64(answer["report"]) if form == "cwt" else answer["report"].encode()
    files = {"json": json.dumps(answer).encode(), "text": answer["report"].encode() + b"\n", "raw": raw}
    anchor = ("--anchor", world.ca / "ca.crt")

    def verify(data, *more, ok=(0,)):
        path = tmp_path / "report"
        path.write_bytes(data)
        return owned.tool("device", "report", "verify", path, *more, "--json", ok=ok)

    for data in files.values():
        said = json.loads(verify(data, *anchor, "--nonce", nonce).stdout)
        assert said["device"] == owned.json("identity", "read")["identifier"] and said["claims"]["eat_nonce"] == nonce
    exporter = unb64(said["claims"]["thingward_exporter"]).hex()
    verify(raw, *anchor, "--nonce", nonce, "--exporter", exporter)
    verify(raw, *anchor, "--nonce", nonce, "--exporter", "none", ok=(1,))
    verify(raw, *anchor, "--nonce", nonce, "--exporter", "00" * 32, ok=(1,))
    verify(raw, *anchor, "--nonce", b64(os.urandom(16)), ok=(1,))
    certificate = tmp_path / "device.crt"
    certificate.write_text(owned.json("identity", "read")["certificate"])
    verify(raw, "--anchor", certificate, "--nonce", nonce, ok=(1,))
    verify(raw[:-1] + bytes([raw[-1] ^ 4]), *anchor, "--nonce", nonce, ok=(1,))
    verify(b"", *anchor, "--nonce", nonce, ok=(1,))
    verify(b"{}", *anchor, "--nonce", nonce, ok=(1,))


def assess(unit, folder, device="unit"):
    """The results of the report's probes: verdict and what was seen."""
    worlds.run(worlds.program("thingward"), "assess", "--device", device, "--owner", unit.owner, "--product", unit.world.product, "--out",
               folder / "e.json", "--element", "DI.IMS.2", ok=(0, 1), timeout=60)
    payload = json.loads(unb64(json.loads((folder / "e.json").read_text())["payload"]))
    rows = {row["probe"]: row for row in payload["results"] if row["probe"].startswith("report-")}
    return rows["report-holds"], rows["report-is-bound"]


def test_the_report_is_evidence(owned, world, tmp_path):
    """What the assessment kept is judged again, later and by itself."""
    holds, bound = assess(owned, tmp_path)
    assert holds["verdict"] == bound["verdict"] == "pass", (holds, bound)
    for form in ("cwt", "jwt"):
        (tmp_path / form).write_text(holds["seen"][form])
        words = ("device", "report", "verify", tmp_path / form, "--anchor", world.ca / "ca.crt", "--nonce")
        assert owned.tool(*words, holds["seen"][f"{form} nonce"]).returncode == 0
        owned.tool(*words, b64(os.urandom(32)), ok=(1,))


def test_reports_that_are_worth_nothing_are_found_out(liar, tmp_path):
    path = "/api/v1/identity/report"

    def verdicts(answer):
        Liar.answers[path] = answer
        return [row["verdict"] for row in assess(liar, tmp_path, "liar")]

    old = {form: liar.json("identity", "report", "--nonce", b64(os.urandom(32)), "--format", form) for form in ("cwt", "jwt")}
    assert verdicts(lambda asked: (200, old[asked["format"]])) == ["fail", "fail"], "recorded, for another nonce"
    passed_on = verdicts(lambda asked: (200, local(liar, "POST", path, asked).json))
    assert passed_on == ["fail", "fail"], "the device's own, for this nonce, but not of this connection"
    for answer in ((200, {"format": "cwt", "report": ""}), (403, {"title": "no", "rule": "x"})):
        assert verdicts(answer) == ["fail", "fail"], answer
