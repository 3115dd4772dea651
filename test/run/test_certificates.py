# SPDX-License-Identifier: Apache-2.0
"""Certificates of others, checked by the device for its owner, and the lists of what authorities have taken back.

@nist DP.CCS.2: good, expired, wrong-name, untrusted and revoked certificates: only the good one passes
"""
import datetime
import hashlib
import json

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from harness import Client, b64, local
from liar import Liar
from peers import DAY, LAMP, Authority, Peer, as_owner, name_of, records, rule, trust
from test_crypto import assess

CHECK, LISTS = "/api/v1/certificates/check", "/api/v1/certificates/crls"
HOST = "est.example"


def made(authority, *, name=HOST, start=-DAY, end=DAY, purpose=ExtendedKeyUsageOID.SERVER_AUTH, signer=None):
    """A server's certificate, and its number in hex."""
    authority.last += 1
    now = datetime.datetime.utcnow()
    signer = signer or authority.key
    certificate = (x509.CertificateBuilder().subject_name(name_of("server")).issuer_name(authority.name)
                   .public_key(ec.generate_private_key(ec.SECP256R1()).public_key()).serial_number(authority.last).not_valid_before(now + start)
                   .not_valid_after(now + end).add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), False)
                   .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), False)
                   .add_extension(x509.ExtendedKeyUsage([purpose]), False).sign(signer, hashes.SHA256()))
    return certificate, f"{authority.last:04x}"


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def verdict(unit, certificate, **more):
    answer = as_owner(unit).ask("POST", CHECK, {"chain": pem(certificate), "purpose": "server", "name": HOST, **more})
    return answer.json["rule"] if answer.status == 200 else (answer.status, answer.json["rule"])


@pytest.fixture
def trusting(owned):
    authority = Authority()
    trust(owned, authority)
    return owned, authority


def test_only_the_good_one_passes(trusting):
    unit, ca = trusting
    good, _ = made(ca)
    gone, serial = made(ca)
    crl = ca.revoked(serial)
    assert verdict(unit, good) == "" and verdict(unit, good, anchors=ca.pem()) == "" and verdict(unit, good, crl=crl, unrevoked=True) == ""
    wrong = {
        "chain.dates": made(ca, end=-datetime.timedelta(hours=1))[0], "chain.name": made(ca, name="other.example")[0],
        "chain.anchor": made(Authority("nobody"))[0], "chain.purpose": made(ca, purpose=ExtendedKeyUsageOID.CLIENT_AUTH)[0],
    }
    for want, certificate in wrong.items():
        assert verdict(unit, certificate) == want
    assert verdict(unit, gone) == "" and verdict(unit, gone, crl=crl) == "chain.revoked"
    assert verdict(unit, good, name="*.example") == verdict(unit, good, name="example") == verdict(unit, good, name="urn:dev:x") == "chain.name"
    assert verdict(unit, good, unrevoked=True) == "chain.unproven"
    assert verdict(unit, good, crl=ca.revoked(end=-datetime.timedelta(hours=1))) == "crl.dates"
    assert verdict(unit, good, crl=ca.revoked(signer=Authority().key)) == "crl.signature"


def stapled(ca, certificate, status=ocsp.OCSPCertStatus.GOOD, responder=None):
    responder = responder or ca
    now = datetime.datetime.utcnow().replace(microsecond=0)
    gone = (now - DAY, x509.ReasonFlags.key_compromise) if status == ocsp.OCSPCertStatus.REVOKED else (None, None)
    answer = (ocsp.OCSPResponseBuilder().add_response(certificate, ca.certificate, hashes.SHA256(), status, now - DAY, now + DAY, *gone)
              .responder_id(ocsp.OCSPResponderEncoding.NAME, responder.certificate).sign(responder.key, hashes.SHA256()))
    return b64(answer.public_bytes(serialization.Encoding.DER))


def test_stapled_answers(trusting):
    unit, ca = trusting
    good, _ = made(ca)
    other, _ = made(ca)
    assert verdict(unit, good, ocsp=stapled(ca, good), unrevoked=True) == ""
    assert verdict(unit, good, ocsp=stapled(ca, good, ocsp.OCSPCertStatus.REVOKED)) == "chain.revoked"
    assert verdict(unit, good, ocsp=stapled(ca, good, ocsp.OCSPCertStatus.UNKNOWN)) == "ocsp.unknown"
    assert verdict(unit, good, ocsp=stapled(ca, other)) == "ocsp.certificate"
    assert verdict(unit, good, ocsp=stapled(ca, good, responder=Authority())) == "ocsp.signature", "the same name, another key"
    assert verdict(unit, good, ocsp=stapled(ca, good, responder=Authority("other"))) == "ocsp.signer"
    assert verdict(unit, good, ocsp="AAAA") == "ocsp.form" and verdict(unit, good, ocsp="A=") == (400, "ocsp.form")


def test_what_is_no_question(trusting):
    unit, ca = trusting
    good, _ = made(ca)
    assert verdict(unit, good, chain="x") == verdict(unit, good, chain=pem(good) + "x") == verdict(unit, good, chain=pem(good) * 5) == "chain.form"
    assert verdict(unit, good, chain=pem(good) + ca.pem()) == "" and verdict(unit, good, chain=pem(good) * 2) == "chain.extra"
    assert verdict(unit, good, anchors="x") == (400, "certificates.anchors") and verdict(unit, good, crl="x") == (400, "crl.form")
    assert as_owner(unit).ask("POST", CHECK, {"chain": pem(good), "purpose": "anything"}).status == 400
    question = {"chain": pem(good), "purpose": "server"}
    assert Client(unit, certificate=False).ask("POST", CHECK, question).status == 401
    assert local(unit, "POST", CHECK, question).status == 403
    said = unit.json("certificates", "check", "--chain", pem(good), "--purpose", "server", "--name", HOST)
    assert (said["result"], said["rule"], said["time_trusted"]) == ("good", "", True)


def test_a_long_list_is_looked_at_once(trusting, tmp_path):
    """It crosses as sealed memory, of whoever the device knows; one that is kept is shorter."""
    unit, ca = trusting
    (good, _), (gone, serial) = made(ca), made(ca)
    files = {name: tmp_path / name for name in ("good", "gone", "long", "longer")}
    files["good"].write_text(pem(good))
    files["gone"].write_text(pem(gone))
    numbers = [f"{0x70000000000000000000000000000000 + i:x}" for i in range(4000)]
    files["long"].write_text(ca.revoked(serial, *numbers[1:]))
    files["longer"].write_text(ca.revoked(serial, *numbers))
    assert files["long"].stat().st_size > 180000

    def asked(chain, crl, *more):
        return unit.tool("device", "certificates", "check", "--device", "unit", "--owner", unit.owner, "--chain", f"@{chain}", "--purpose", "server",
                         "--crl", f"@{crl}", "--json", *more, ok=None)

    assert json.loads(asked(files["good"], files["long"], "--unrevoked", "yes").stdout)["rule"] == ""
    assert json.loads(asked(files["gone"], files["long"]).stdout)["rule"] == "chain.revoked"
    longer = asked(files["good"], files["longer"])
    assert longer.returncode and "a list of 4001 entries, limit 4000" in longer.stderr
    absent = asked(files["good"], tmp_path / "absent")
    assert absent.returncode == 2 and "there is no file" in absent.stderr
    kept = unit.tool("device", "certificates", "crl", f"@{files['long']}", "--device", "unit", "--owner", unit.owner, ok=None)
    assert kept.returncode and "34000" in kept.stderr, kept.stderr


def test_a_kept_list_counts_and_only_a_higher_number_replaces_it(trusting):
    """For the check and for other devices, after a restart too; whoever holds an old list gives no credit back."""
    unit, ca = trusting
    owner = as_owner(unit)
    rule(unit, "all", "urn:dev:ops:32473-lamp")
    lamp, (server, serial) = Peer(unit, LAMP + "gone", ca), made(ca)
    other = Peer(unit, LAMP + "stays", ca)
    assert lamp.verdict() == other.verdict() == (200, None) and verdict(unit, server) == ""
    first = owner.ask("POST", LISTS, {"crl": ca.revoked(lamp.serial, serial, number=5)})
    assert (first.status, first.json["number"], first.json["entries"]) == (201, 5, 2)
    unit.stop()
    unit.start()
    assert lamp.verdict() == (401, "peer.revoked") and other.verdict() == (200, None) and verdict(unit, server) == "chain.revoked"
    for number in (4, 5):
        older = owner.ask("POST", LISTS, {"crl": ca.revoked(number=number)})
        assert (older.status, older.json["rule"]) == (409, "crl.older")
    for bad, want in ((ca.revoked(number=9, signer=Authority().key), "crl.signature"), (ca.revoked(number=9, end=-datetime.timedelta(hours=1)), "crl.dates"),
                      (Authority("nobody").revoked(number=9), "crl.issuer")):
        refused = owner.ask("POST", LISTS, {"crl": bad})
        assert (refused.status, refused.json["rule"]) == (422, want)
    assert owner.ask("POST", LISTS, {"crl": "x"}).json["rule"] == "crl.form"
    assert lamp.verdict() == (401, "peer.revoked"), "nothing of these was kept"
    foreign = Authority("foreign")
    assert owner.ask("POST", LISTS, {"crl": foreign.revoked(number=1), "issuer": foreign.pem()}).status == 201
    assert [(row["issuer"], row["number"]) for row in owner.ask("GET", LISTS).json["lists"]] == [("lamps", 5), ("foreign", 1)]
    assert owner.ask("POST", LISTS, {"crl": ca.revoked(serial, number=6)}).status == 201
    assert lamp.verdict() == (200, None) and verdict(unit, server) == "chain.revoked"
    status = {row["id"]: row for row in unit.json("capabilities", "read", "--limit", "300")["elements"]}["DP.CCS.2"]
    assert status["status"] == "provided" and "certificates: 2" in status["reason"]
    for name in ("third", "fourth", "fifth"):
        one = Authority(name)
        last = owner.ask("POST", LISTS, {"crl": one.revoked(), "issuer": one.pem()})
    assert (last.status, last.json["rule"]) == (409, "crl.room")
    unit.at_console(unit.at_console("recover").split("Type ")[1][:4])
    assert json.loads(unit.https("GET", "/api/v1/commissioning")[2])["owned"] is False


def test_a_kept_list_is_removed(trusting):
    """By the very list that was seen, by the owner alone, on the record; its place is another's then, and a restart brings nothing back."""
    unit, ca = trusting
    owner = as_owner(unit)
    gone, serial = made(ca)
    others = [Authority(name) for name in ("second", "third", "fourth", "fifth")]

    def hand(authority, *serials, number=1):
        answer = owner.ask("POST", LISTS, {"crl": authority.revoked(*serials, number=number), "issuer": authority.pem()})
        return answer.json["fingerprint"] if answer.status == 201 else (answer.status, answer.json["rule"])

    def kept():
        return [(row["issuer"], row["number"]) for row in owner.ask("GET", LISTS).json["lists"]]

    def remove(fingerprint, client=owner):
        answer = client.ask("DELETE", f"{LISTS}/{fingerprint}")
        return answer.status if answer.status == 204 else (answer.status, answer.json["rule"])

    crl = ca.revoked(serial, number=5)
    first = owner.ask("POST", LISTS, {"crl": crl}).json
    assert first["fingerprint"] == hashlib.sha256(x509.load_pem_x509_crl(crl.encode()).public_bytes(serialization.Encoding.DER)).hexdigest()
    assert first["over"] is False and first == owner.ask("GET", LISTS).json["lists"][0]
    second = [hand(one) for one in others[:3]][0]
    assert hand(others[3]) == (409, "crl.room")
    for nothing in ("0" * 64, first["fingerprint"][:62], first["fingerprint"] + "00", "g" * 64, "lamps"):
        assert remove(nothing) == (404, "crl.unknown"), nothing
    assert remove(first["fingerprint"], Client(unit, certificate=False)) == (401, "gate.anonymous")
    assert local(unit, "DELETE", f"{LISTS}/{first['fingerprint']}").status == 403
    assert verdict(unit, gone) == "chain.revoked" and len(kept()) == 4, "nothing of these removed anything"
    assert remove(first["fingerprint"]) == 204 and remove(first["fingerprint"]) == (404, "crl.unknown")
    assert verdict(unit, gone) == "" and kept() == [("second", 1), ("third", 1), ("fourth", 1)]
    asked = {r["seq"] for r in records(unit, operation="certificates.remove-crl", type="intent", parameter=first["fingerprint"])}
    assert [r["detail"] for r in records(unit, type="outcome", result="done") if r["intent"] in asked] == ["removed list 5 with 1 entries of lamps"]
    newer = hand(others[0], number=2)
    assert remove(second) == (404, "crl.unknown"), "replaced since it was seen"
    unit.stop()
    unit.start()
    assert kept() == [("second", 2), ("third", 1), ("fourth", 1)] and verdict(unit, gone) == ""
    assert isinstance(hand(others[3]), str) and kept() == [("fifth", 1), ("second", 2), ("third", 1), ("fourth", 1)], "the free place"
    assert unit.json("certificates", "remove-crl", newer) in (None, {}) and len(kept()) == 3
    assert owner.ask("POST", LISTS, {"crl": ca.revoked(serial, number=4)}).status == 201, "an older one than the removed"
    assert verdict(unit, gone) == "chain.revoked"


def test_a_stranger_of_the_same_name_displaces_no_list(trusting):
    """Name and key id can be anybody's: the trusted authority alone judges lists of its name, and a kept one gives way to its own signer's only."""
    unit, ca = trusting
    owner = as_owner(unit)
    gone, serial = made(ca)

    def hand(authority, number, *serials):
        answer = owner.ask("POST", LISTS, {"crl": authority.revoked(*serials, number=number), "issuer": authority.pem()})
        return answer.status, answer.json.get("rule")

    stranger = Authority(posing_as=ca)
    assert hand(stranger, 9) == (422, "crl.signature"), "before there is one"
    assert hand(ca, 1, serial) == (201, None) and hand(stranger, 9) == (422, "crl.signature")
    assert verdict(unit, gone) == "chain.revoked"
    other = Authority("other")
    false = Authority("other", posing_as=other)
    assert hand(false, 9) == (201, None) and hand(other, 10) == (422, "crl.issuer"), "nobody trusts either"
    trust(unit, other, "others")
    assert hand(other, 1) == (201, None) and hand(false, 10) == (422, "crl.signature"), "the trusted one's, whatever the numbers"
    assert [(row["issuer"], row["number"]) for row in owner.ask("GET", LISTS).json["lists"]] == [("lamps", 1), ("other", 1)]


def test_a_sound_device_passes(owned, tmp_path):
    assert assess(owned, tmp_path)["DP.CCS.2", "only-good-passes"] == "pass"


# @turns DP.CCS.2: every certificate is good
def test_devices_that_lie_are_found_out(liar, tmp_path):
    good = {"result": "good", "rule": "", "reason": "", "at": 0, "unrevoked": False, "time_trusted": True}
    for answer in ((200, good), (200, {**good, "result": "refused", "rule": "chain.dates"}), (200, {}), (403, {"title": "no", "rule": "x"})):
        Liar.answers[CHECK] = answer
        assert assess(liar, tmp_path, "liar")["DP.CCS.2", "only-good-passes"] == "fail", answer
