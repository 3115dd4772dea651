# SPDX-License-Identifier: Apache-2.0
"""The element: one identifier, read by the authorized, stated under the device's signature, switched off and on.

@nist DI.IMS.1: read, unlike another's, the same after restart; off by policy and back
@nist DI.IMS.2: the signed statement names the same identifier as the device holds locally
"""
import base64
import json
import os

import pytest

from harness import Client, b64, local, unb64


SWITCHED = ("DI.IMS.1", "DI.IMS.2", "DI.IMS.3")  # by identification.remote-read


def elements(unit):
    return {e["id"]: e for e in unit.json("capabilities", "read")["elements"] if e["id"].startswith("DI.IMS.")}


def test_two_units_differ_and_a_restart_changes_nothing(new_unit):
    units = [new_unit(name).start() for name in "AB"]
    for one in units:
        one.take_over()
    ids = [one.json("identity", "read")["identifier"] for one in units]
    assert ids[0] != ids[1] and all(i.startswith("urn:dev:ops:") for i in ids)
    assert units[0].stop() == 0
    units[0].start()
    assert units[0].json("identity", "read")["identifier"] == ids[0]


def test_people_get_the_certificate_whole(owned):
    said = owned.tool("device", "identity", "read", "--device", "unit", "--owner", owned.owner).stdout
    assert "\ncertificate:\n" + owned.json("identity", "read")["certificate"].rstrip() + "\n" in said
    assert "certificate_not_after  no end\n" in said, "it lives as long as the device"


def test_statement_names_the_identifier_and_the_nonce(owned):
    nonce = b64(os.urandom(32))
    statement = owned.json("identity", "statement", "--nonce", nonce)["statement"]
    claims = json.loads(unb64(statement["payload"]))
    assert claims["sub"] == owned.local("identity", "read")["identifier"]
    assert claims["eat_nonce"] == nonce
    assert "thingward_exporter" in claims


def test_statement_over_the_local_socket_has_no_exporter(owned):
    answer = local(owned, "POST", "/api/v1/identity/statement", {"nonce": b64(os.urandom(16))})
    claims = json.loads(unb64(answer.json["statement"]["payload"]))
    assert answer.status == 200 and "thingward_exporter" not in claims


def test_bad_nonces(owned):
    for nonce in ("A" * 21, "A" * 87, "A" * 21 + "=", "A" * 21 + "+", "", "A" * 25, "A" * 21 + "B", 7):
        assert local(owned, "POST", "/api/v1/identity/statement", {"nonce": nonce}).status == 400, nonce


def test_nobody_else_reads_it(owned):
    stranger = Client(owned)
    for method, path, body in (("GET", "/api/v1/identity", None), ("POST", "/api/v1/identity/statement", {"nonce": b64(os.urandom(16))})):
        answer = stranger.ask(method, path, body)
        assert answer.status == 401 and owned.serial.encode() not in answer.body


@pytest.mark.smoke
def test_switched_off_and_on_again(owned):
    assert {elements(owned)[i]["status"] for i in SWITCHED} == {"provided"}
    owned.json("settings", "change", "identification.remote-read", "off")
    for element in (elements(owned)[i] for i in SWITCHED):
        assert element["status"] == "off by policy"
        assert element["changed_by"] == "owner:alice" and element["since"] and element["setting"] == "identification.remote-read"
    refused = owned.tool("device", "identity", "read", "--device", "unit", "--owner", owned.owner, ok=(3,))
    assert "DI.IMS.1" in refused.stderr
    assert owned.local("identity", "read")["identifier"]
    owned.json("settings", "change", "identification.remote-read", "on")
    assert {elements(owned)[i]["status"] for i in SWITCHED} == {"provided"}
    assert owned.json("identity", "read")["identifier"]


def test_exchanged_identity_is_noticed(new_unit):
    one, other = new_unit("A").start(), new_unit("B")
    one.take_over()
    assert one.stop() == 0
    owner = (one.state / "keys").stat()
    for source in (other.state / "keys").iterdir():
        target = one.state / "keys" / source.name
        target.write_bytes(source.read_bytes())
        os.chown(target, owner.st_uid, owner.st_gid)
    one.start()
    found = {e["id"]: e for e in local(one, "GET", "/api/v1/capabilities").json["elements"]}
    assert found["DI.IMS.1"]["status"] == found["DI.IMS.2"]["status"] == "not provided"
    assert "another identifier" in found["DI.IMS.1"]["reason"]
    assert local(one, "GET", "/api/v1/identity").status == 503


def test_who_shares_a_user_is_told(owned):
    sandbox = owned.json("capabilities", "read")["sandbox"]
    assert sorted(s["role"] for s in sandbox) == ["core", "front", "keys"]
    for element in elements(owned).values():
        assert ("share one user" in element["reason"]) == (os.geteuid() != 0)
    assert all(s["ids_dropped"] == (os.geteuid() == 0) for s in sandbox)


def test_certificate_is_the_manufacturers(owned):
    from cryptography import x509
    answer = owned.json("identity", "read")
    leaf = x509.load_pem_x509_certificate(answer["certificate"].encode())
    uri = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.UniformResourceIdentifier)
    assert uri == [answer["identifier"]]
    statement = local(owned, "POST", "/api/v1/identity/statement", {"nonce": b64(os.urandom(16))}).json["statement"]
    header = json.loads(unb64(statement["protected"]))
    assert x509.load_der_x509_certificate(base64.b64decode(header["x5c"][0])) == leaf
