# SPDX-License-Identifier: Apache-2.0
"""Other devices as subjects: who is believed, who is not, what each may do, and what the log says of it."""
import json
import os
import signal
import socket
import sqlite3
import ssl

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from harness import Client, roles, unb64, wait_for
from liar import Liar
from peers import DAY, LAMP, Authority, Peer, as_owner, records, rule, trust

A, B = LAMP + "A", LAMP + "B"
NOBODY = {"anchors": [], "peers": [], "revoked": [], "suspected": []}


@pytest.fixture
def trusting(owned):
    """An owned device that takes an authority's word; both."""
    authority = Authority()
    trust(owned, authority)
    return owned, authority


def test_a_claim_that_does_not_hold_is_refused_and_recorded(trusting):
    """@nist DI.DAS.2: wrong key, revoked serial, ended, not begun, wrong purpose, an authority nobody knows; each by its own rule."""
    unit, authority = trusting
    gone = Peer(unit, LAMP + "gone", authority)
    owner = as_owner(unit)
    assert owner.ask("POST", "/api/v1/peer-revocations", {"anchor": "lamps", "serial": gone.serial}).status == 201
    assert owner.ask("POST", "/api/v1/peers", {"identifier": LAMP + "pinned", "key": "ab" * 32}).status == 201
    own = unit.json("identity", "read")["identifier"]
    rule(unit, "all", "urn:dev:ops:32473-lamp")
    wrong = {
        "revoked": (gone, "peer.revoked"),
        "ended": (Peer(unit, LAMP + "ended", authority, start=-9 * DAY, end=-DAY), "peer.dates"),
        "not begun": (Peer(unit, LAMP + "early", authority, start=DAY), "peer.dates"),
        "for servers": (Peer(unit, LAMP + "server", authority, purpose=ExtendedKeyUsageOID.SERVER_AUTH), "peer.purpose"),
        "unknown authority": (Peer(unit, LAMP + "foreign", Authority("strangers")), "peer.anchor"),
        "same name, other key": (Peer(unit, LAMP + "forged", authority, signer=Authority().key), "peer.anchor"),
        "its own word": (Peer(unit, LAMP + "self"), "peer.anchor"),
        "not the key the owner named": (Peer(unit, LAMP + "pinned", authority), "peer.key"),
        "no such form": (Peer(unit, "urn:dev:nothing", authority), "peer.name"),
        "too long": (Peer(unit, LAMP + "x" * 60, authority), "peer.name"),
        "this very device": (Peer(unit, own, authority), "peer.self"),
    }
    for what, (peer, want) in wrong.items():
        for path in ("/api/v1/identity", "/api/v1/health"):
            assert peer.verdict(path) == (401, want), what
        seen = records(unit, event="request.refused", subject="peer:" + peer.identifier[:58], rule=want)
        assert len(seen) == 2, (what, "the record names the claim and the rule")
    assert Peer(unit, LAMP + "good", authority).verdict() == (200, None)


def test_a_device_has_come_by_its_certificate(trusting):
    """@nist LA.IC.1.2: as one factor, which is what rules of access ask about."""
    unit, authority = trusting
    both = ["management", "elsewhere"]
    lamp = Peer(unit, A, authority)
    rule(unit, "reads", A)
    policy = {"who": [{"name": "all", "doors": both}], "connection": [], "product": [],
              "session": [{"name": "key", "doors": both, "certificate": True, "methods": ["client-certificate"], "factors": 1}]}
    unit.json("remote-access", "set", "--policy", json.dumps(policy))
    assert lamp.verdict() == (200, None)
    assert unit.json("change", "revert")["waiting"] is False


def test_a_false_claim_ends_its_connection(trusting):
    unit, _ = trusting
    peer = Peer(unit, LAMP + "self")
    with peer.connect() as line:
        line.sendall(b"GET /api/v1/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        said = b""
        while piece := line.recv(65536):
            said += piece
    assert said.startswith(b"HTTP/1.1 401 ") and b"connection: close" in said.lower()


def test_a_key_the_owner_named_needs_no_authority(owned):
    peer = Peer(owned, A)
    assert peer.verdict() == (401, "peer.anchor")
    assert as_owner(owned).ask("POST", "/api/v1/peers", {"identifier": A, "key": peer.print}).status == 201
    assert peer.verdict("/api/v1/health") == (200, None)
    assert peer.verdict() == (403, "policy.default"), "known, and still not admitted to anything"
    assert as_owner(owned).ask("DELETE", f"/api/v1/peers/{A}").status == 204
    assert peer.verdict("/api/v1/health") == (401, "peer.anchor")


def test_a_rule_admits_the_device_it_names_and_no_other(trusting):
    """@nist DI.ABI.1: a rule for A only: A succeeds, B is refused, and the record names B and the rule; as subject and as target."""
    unit, authority = trusting
    a, b = Peer(unit, A, authority), Peer(unit, B, authority)
    assert a.verdict() == b.verdict() == (403, "policy.default"), "no is the default"
    rule(unit, "a-reads", A)
    assert (a.verdict(), b.verdict()) == ((200, None), (403, "policy.default"))
    assert a.verdict("/api/v1/settings") == (403, "policy.default"), "what the rule does not name"
    refused = records(unit, event="request.refused", subject="peer:" + B, operation="identity.read", rule="policy.default")
    assert len(refused) == 2 and refused[0]["status"] == 403
    assert records(unit, subject="peer:" + A, operation="identity.read", how="device-certificate", status=200)

    own = unit.json("identity", "read")["identifier"]
    rule(unit, "elsewhere", B, target="urn:dev:ops:32473-boiler")
    assert b.verdict() == (403, "policy.default"), "counts on another class of device"
    rule(unit, "here", B, target=own)
    assert b.verdict() == (200, None)
    rule(unit, "not-lamps", "urn:dev:ops:32473-lamp", effect="deny")
    assert a.verdict() == b.verdict() == (403, "policy:not-lamps"), "what forbids wins"
    assert as_owner(unit).ask("DELETE", "/api/v1/policies/not-lamps").status == 204
    assert a.verdict() == (200, None)


def test_rules_outlive_a_restart_and_end_with_the_owner(trusting):
    unit, authority = trusting
    rule(unit, "a-reads", A)
    unit.stop()
    unit.start()
    assert Peer(unit, A, authority).verdict() == (200, None)
    unit.at_console(unit.at_console("recover").split("Type ")[1][:4])
    heir = Client(unit)
    assert Peer(unit, A, authority).verdict("/api/v1/health") == (401, "peer.anchor")
    assert json.loads(unit.https("GET", "/api/v1/commissioning")[2])["owned"] is False
    unit.stop()
    unit.start()
    assert Peer(unit, A, authority).verdict("/api/v1/health") == (401, "peer.anchor")
    assert heir.ask("GET", "/api/v1/health").status == 200


def test_a_device_that_may_read_the_identity_learns_no_name_of_a_person(trusting):
    unit, authority = trusting
    peer = Peer(unit, A, authority)
    rule(unit, "a-reads", A)
    unit.json("assignment", "change", "kind=person", "name=Bob")
    assert unit.json("identity", "read")["assigned_to"]["name"] == "Bob"
    answer = peer.ask("GET", "/api/v1/identity")
    assert answer.status == 200 and answer.json["identifier"] and "assigned_to" not in answer.json


@pytest.mark.parametrize(("operation", "want"), [("settings.change", 400), ("log.read", 400), ("no.such", 400), ("identity.read", 201)])
def test_a_rule_is_for_what_a_device_could_hold(owned, operation, want):
    body = {"name": "one", "subject": A, "operation": operation, "effect": "allow"}
    assert as_owner(owned).ask("POST", "/api/v1/policies", body).status == want


def test_what_the_lists_do_not_take(trusting):
    unit, authority = trusting
    owner = as_owner(unit)
    for path, body, want in (
            ("/api/v1/peers", {"identifier": "lamp", "key": "ab" * 32}, 400), ("/api/v1/peers", {"identifier": A, "key": "zz" * 32}, 400),
            ("/api/v1/peer-anchors", {"name": "No Name", "certificate": authority.pem()}, 400), ("/api/v1/peer-anchors", {"name": "x", "certificate": "x"}, 400),
            ("/api/v1/peer-anchors", {"name": "lamps", "certificate": authority.pem()}, 409),
            ("/api/v1/peer-anchors", {"name": "leaf", "certificate": (unit.owner / "owner.crt").read_text()}, 400),
            ("/api/v1/peer-revocations", {"anchor": "nobody", "serial": "01"}, 400), ("/api/v1/peer-revocations", {"anchor": "lamps", "serial": "1"}, 400),
            ("/api/v1/policies", {"name": "r", "subject": "urn:dev:ops:32473", "operation": "identity.read", "effect": "allow"}, 400),
            ("/api/v1/policies", {"name": "r", "subject": "*", "operation": "identity.read", "effect": "allow"}, 400),
            ("/api/v1/policies", {"name": "r", "subject": A, "operation": "*", "effect": "allow"}, 400),
            ("/api/v1/policies", {"name": "r", "subject": A, "operation": "identity.read", "effect": "perhaps"}, 400)):
        assert owner.ask("POST", path, body).status == want, (path, body)
    for path in ("/api/v1/peers/nobody", "/api/v1/peer-anchors/nobody", "/api/v1/policies/nobody"):
        assert owner.ask("DELETE", path).status == 404
    for i in range(3):
        trust(unit, Authority(), f"more-{i}")
    assert owner.ask("POST", "/api/v1/peer-anchors", {"name": "fifth", "certificate": authority.pem()}).status == 409


def test_two_authorities_number_alike(trusting):
    """What one authority's number means says nothing of another's: both can be revoked, and one alone."""
    unit, authority = trusting
    other = Authority("other lamps")
    trust(unit, other, "others")
    mine, theirs = Peer(unit, A, authority), Peer(unit, B, other)
    assert mine.serial == theirs.serial
    owner = as_owner(unit)
    assert owner.ask("POST", "/api/v1/peer-revocations", {"anchor": "lamps", "serial": mine.serial}).status == 201
    assert mine.verdict("/api/v1/health") == (401, "peer.revoked") and theirs.verdict("/api/v1/health") == (200, None)
    assert owner.ask("POST", "/api/v1/peer-revocations", {"anchor": "lamps", "serial": mine.serial}).status == 409
    assert owner.ask("POST", "/api/v1/peer-revocations", {"anchor": "others", "serial": theirs.serial}).status == 201
    assert theirs.verdict("/api/v1/health") == (401, "peer.revoked")


def test_distrusting_an_authority_ends_its_devices(trusting):
    unit, authority = trusting
    peer = Peer(unit, A, authority)
    assert peer.verdict("/api/v1/health") == (200, None)
    assert unit.tool("device", "peers", "distrust", "lamps", "--device", "unit", "--owner", unit.owner).returncode == 0
    assert peer.verdict("/api/v1/health") == (401, "peer.anchor")
    assert unit.json("peers", "list") == NOBODY


def test_switched_off_every_claim_is_refused(trusting):
    """@nist DI.DAS.2 @nist DI.ABI.1: the status says so, with who and since."""
    unit, authority = trusting
    peer = Peer(unit, A, authority)
    said = {e["id"]: e for e in unit.json("capabilities", "read")["elements"]}
    assert said["DI.DAS.2"]["status"] == said["DI.ABI.1"]["status"] == "provided"
    unit.json("settings", "change", "identification.peers", "off")
    assert peer.verdict("/api/v1/health") == (401, "peer.off")
    said = {e["id"]: e for e in unit.json("capabilities", "read")["elements"]}
    assert said["DI.DAS.2"]["status"] == said["DI.ABI.1"]["status"] == "off by policy" and said["DI.ABI.1"]["changed_by"] == "owner:alice"


def test_a_certificate_that_names_no_device_changes_nothing(owned):
    stranger = Client(owned)
    assert stranger.ask("GET", "/api/v1/health").status == 200
    assert stranger.ask("GET", "/api/v1/identity").json["rule"] == "gate.anonymous"


def test_a_real_device_talks_to_another(owned, new_unit):
    """The certificate that the manufacturer gives each unit is one that others can be told to believe."""
    other = new_unit("other")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    keys = other.state / "keys"
    context.load_cert_chain(keys / "identity.crt", keys / "identity.key")
    anchor = (owned.config / "manufacturer.crt").read_text()
    assert as_owner(owned).ask("POST", "/api/v1/peer-anchors", {"name": "maker", "certificate": anchor}).status == 201
    rule(owned, "siblings", "urn:dev:ops:32473-thermostat")
    with socket.create_connection(("127.0.0.1", owned.port), timeout=5) as plain, context.wrap_socket(plain) as line:
        line.sendall(b"GET /api/v1/identity HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        said = b""
        while piece := line.recv(65536):
            said += piece
    assert json.loads(said.partition(b"\r\n\r\n")[2])["identifier"] == owned.json("identity", "read")["identifier"]


def assess(unit, out, *more, device="unit"):
    """{(element, probe): verdict}, claims and all of the evidence."""
    if "--element" not in more:
        more = (*more, *(word for element in ("DI.ABI.1", "DI.ABI.1.2", "DI.ABI.2", "DI.DAS.2") for word in ("--element", element)))
    done = unit.tool("assess", "--device", device, "--owner", unit.owner, "--product", unit.world.product, "--out", out, "--json", *more, ok=None, timeout=60)
    payload = json.loads(unb64(json.loads(out.read_text())["payload"]))
    return {(row["element"], row["probe"]): row["verdict"] for row in payload["results"]}, {row["element"]: row["claim"] for row in json.loads(done.stdout)}, payload


def test_probes_of_a_sound_device_and_with_the_feature_off(owned, tmp_path):
    """@nist DI.DAS.2 @nist DI.ABI.1: the probes pass, leave nothing behind, and fail when no device is heard."""
    seen, claims, payload = assess(owned, tmp_path / "1.json")
    assert {seen[key] for key in (("DI.DAS.2", "wrong-key"), ("DI.DAS.2", "revoked-serial"), ("DI.ABI.1", "rule-admits-one"))} == {"pass"}, payload["results"]
    assert seen["DI.ABI.1.2", "only-the-valid"] == seen["DI.ABI.2", "each-by-its-name"] == "pass", payload["results"]
    assert claims["DI.DAS.2"] == claims["DI.ABI.1"] == claims["DI.ABI.1.2"] == claims["DI.ABI.2"] == "holds"
    assert owned.json("peers", "list") == NOBODY and owned.json("policies", "list") == {"policies": []}
    # @turns DI.ABI.2: another action is watched
    owned.json("settings", "change", "identification.watched", "settings.list")
    seen, claims, _ = assess(owned, tmp_path / "2.json")
    assert (seen["DI.ABI.2", "each-by-its-name"], claims["DI.ABI.2"]) == ("fail", "contradicted"), "another action is watched, not the one that was done"
    # @turns DI.DAS.2 DI.ABI.1 DI.ABI.1.2: no other device is heard
    owned.json("settings", "change", "identification.peers", "off")
    seen, claims, _ = assess(owned, tmp_path / "2.json")
    assert seen["DI.DAS.2", "wrong-key"] == seen["DI.ABI.1", "rule-admits-one"] == seen["DI.ABI.1.2", "only-the-valid"] == "fail"
    assert claims["DI.DAS.2"] == claims["DI.ABI.1"] == claims["DI.ABI.1.2"] == "contradicted"


PROBES = ("DI.DAS.2/wrong-key", "DI.DAS.2/revoked-serial", "DI.ABI.1/rule-admits-one")
ANYBODY = {f"/api/v1/{what}": (200, {}) for what in ("health", "settings", "peers", "peer-anchors", "peer-revocations", "policies")}


def of_the_liar(liar, out, *probes):
    """{probe: (verdict, reason)} of these alone, of a device that says Liar.answers to whoever asks."""
    _, _, payload = assess(liar, out, *(word for probe in probes for word in ("--element", probe)), device="liar")
    return {row["probe"]: (row["verdict"], row["reason"]) for row in payload["results"]}


def test_probes_find_a_device_that_admits_anybody(liar, tmp_path):
    """@nist DI.DAS.2 @nist DI.ABI.1: it takes every order of its owner, and serves whoever comes, whatever certificate he shows."""
    Liar.answers = ANYBODY
    seen = of_the_liar(liar, tmp_path / "1.json", *PROBES)
    wanted = {"wrong-key": ("health", "peer.anchor", None), "revoked-serial": ("health", "peer.revoked", "peer-anchors"),
              "rule-admits-one": ("settings", "policy.default", "peers")}
    assert seen.keys() == wanted.keys()
    for probe, (asked, by, left) in wanted.items():
        verdict, reason = seen[probe]
        assert verdict == "fail" and reason.startswith(f"/api/v1/{asked} was answered with 200; it should have been refused by {by}."), reason
        assert ("could not be removed again" in reason) == bool(left) and (not left or f" {left} " in reason), reason


def test_a_probe_finds_a_rule_that_admits_more_than_it_names(liar, tmp_path):
    """@nist DI.ABI.1: nobody is admitted until there is a rule, each refusal has its record, and the rule lets in everybody."""
    known, rules, asked = [], [], []

    def settings(_):
        asked.append(len(rules))
        return (200, {}) if rules else (403, {"rule": "policy.default"})

    Liar.answers = ANYBODY | {
        "/api/v1/peers": lambda said: (known.append(said["identifier"]), (201, {}))[1],
        "/api/v1/policies": lambda said: (rules.append(said["subject"]), (201, {}))[1],
        "/api/v1/settings": settings,
        "/api/v1/log?limit=50": lambda _: (200, {"records": [{"subject": f"peer:{one}", "rule": "policy.default"} for one in known]}),
    }
    verdict, reason = of_the_liar(liar, tmp_path / "1.json", "DI.ABI.1/rule-admits-one")["rule-admits-one"]
    assert (verdict, asked, rules) == ("fail", [0, 1, 1], known[:1]), reason
    assert reason.startswith("/api/v1/settings was answered with 200; it should have been refused by policy.default."), reason


@pytest.mark.parametrize("status", [404, 503])
def test_an_error_that_names_no_rule_is_no_answer(liar, tmp_path, status):
    """@nist DI.DAS.2: to be heard is to be answered; else a device that nobody reaches would count as one that heard."""
    Liar.answers = ANYBODY | {"/api/v1/health": (status, {"title": "none"})}
    verdict, reason = of_the_liar(liar, tmp_path / "1.json", "DI.DAS.2/revoked-serial")["revoked-serial"]
    assert verdict == "fail" and f"refused with {status}" in reason and "wanted was an answer" in reason, reason


def test_one_request_valid_ended_and_none(trusting):
    """@nist DI.ABI.1.2: the same request from the same place: served with a valid certificate, with none of the others."""
    unit, authority = trusting
    rule(unit, "lamps", "urn:dev:ops:32473-lamp")
    valid, ended = Peer(unit, A, authority), Peer(unit, A, authority, start=-9 * DAY, end=-DAY)
    nobody = Client(unit, certificate=False)
    assert valid.verdict() == (200, None)
    assert ended.verdict() == (401, "peer.dates")
    assert nobody.ask("GET", "/api/v1/identity").json["rule"] == "gate.anonymous"
    assert valid.verdict() == (200, None), "what others were refused does not count for it"
    session = Client(unit, certificate=False)
    session.token = nobody.ask("POST", "/api/v1/sessions", {"code": unit.json("session", "code")["code"]}).json["token"]
    assert session.ask("GET", "/api/v1/identity").status == 200
    assert session.ask("DELETE", "/api/v1/sessions/current").status == 204
    assert session.ask("GET", "/api/v1/identity").json["rule"] == "path.credentials"


def watched(unit, name="peer.watched"):
    return [r["fields"] for r in records(unit, event=name)]


def test_a_watched_action_is_recorded_with_the_name_of_who_did_it(trusting):
    """@nist DI.ABI.2: two devices, two identifiers; what is not watched leaves no event, nor does the owner."""
    unit, authority = trusting
    for operation in ("identity.read", "settings.list"):
        rule(unit, operation.replace(".", "-"), "urn:dev:ops:32473-lamp", operation)
    a, b = Peer(unit, A, authority), Peer(unit, B, authority)
    for peer in (a, b):
        assert peer.verdict() == peer.verdict("/api/v1/settings") == (200, None)
    unit.json("identity", "read")
    assert [(f["identifier"], f["operation"], f["source"]) for f in watched(unit)] == [(B, "identity.read", b.address), (A, "identity.read", a.address)]
    unit.json("settings", "change", "identification.watched", "settings.list")
    assert a.verdict() == a.verdict("/api/v1/settings") == (200, None)
    assert (watched(unit)[0]["identifier"], watched(unit)[0]["operation"], len(watched(unit))) == (A, "settings.list", 3)
    refused = unit.tool("device", "settings", "change", "identification.watched", "no.such", "--device", "unit", "--owner", unit.owner, ok=None)
    assert refused.returncode != 0
    unit.json("settings", "change", "identification.watched", "")
    said = {e["id"]: e for e in unit.json("capabilities", "read")["elements"]}
    assert said["DI.ABI.2"]["status"] == "off by policy"


@pytest.mark.parametrize("counters", [(5, 6, 6), (5, 9, 7), ("18446744073709551616", 3, 4), (5, "x", 6)])
def test_a_counter_that_does_not_rise_is_suspicious(trusting, counters):
    """@nist DI.ABI.2"""
    unit, authority = trusting
    peer = Peer(unit, A, authority)
    for counter in counters:
        assert peer.ask("GET", "/api/v1/health", headers=[f"Thingward-Counter: {counter}"]).status == 200
    suspected = watched(unit, "peer.clone-suspected")
    falls = counters[:2] != (5, "x") and counters[2] <= counters[1] if isinstance(counters[1], int) else False
    assert [f["identifier"] for f in suspected] == ([A] if falls else [])


def suspects(unit):
    return unit.json("peers", "list")["suspected"]


def counts(peer, *counters):
    for counter in counters:
        assert peer.ask("GET", "/api/v1/health", headers=[f"Thingward-Counter: {counter}"]).status == 200


def test_a_suspicion_outlives_a_kill_until_its_owner_clears_it(trusting):
    """@nist DI.ABI.2: kept before it is told, shown with the status, gone when the owner says so or with him, and looked at anew then."""
    unit, authority = trusting
    peer = Peer(unit, A, authority)
    counts(peer, 5, 9, 7)
    one, = suspects(unit)
    assert (one["identifier"], one["source"], one["times"], one["first"]) == (A, peer.address, 1, one["last"]) and "counter" in one["why"]
    core = roles(unit)["core"]
    os.kill(core, signal.SIGKILL)
    wait_for(lambda: roles(unit).get("core", core) != core and unit.https("GET", "/api/v1/health")[0] == 200)
    assert suspects(unit) == [one]
    counts(peer, 6, 6)  # what the counter was is of one run
    assert [(s["identifier"], s["times"], s["first"]) for s in suspects(unit)] == [(A, 2, one["first"])]
    unit.stop()
    unit.start()
    assert "Suspected to be two devices: 1." in next(e for e in unit.json("capabilities", "read")["elements"] if e["id"] == "DI.ABI.2")["reason"]
    counts(peer, 8)
    unit.json("peers", "clear", A)
    assert suspects(unit) == [] and records(unit, type="intent", operation="peers.clear", parameter=A)
    assert "suspected since" in records(unit, type="outcome", subject="owner:alice")[0]["detail"]
    assert unit.tool("device", "peers", "clear", A, "--device", "unit", "--owner", unit.owner, ok=None).returncode
    counts(peer, 3, 4)  # a device restored from a backup: cleared, it begins anew
    assert suspects(unit) == []
    counts(peer, 4)
    assert [s["times"] for s in suspects(unit)] == [1]
    unit.at_console(unit.at_console("recover").split("Type ")[1][:4])
    unit.stop()
    with sqlite3.connect(unit.state / "core" / "store.db") as store:
        assert not [name for name, in store.execute("SELECT name FROM kept") if name.startswith("owner.")]


def test_nobody_pushes_a_suspicion_out(trusting):
    unit, authority = trusting
    for i in range(18):
        counts(Peer(unit, f"{LAMP}{i}", authority), 2, 1)
    assert [s["identifier"] for s in suspects(unit)] == [f"{LAMP}{i}" for i in range(16)]
    assert "two devices: 16, and more that only the log names" in next(e for e in unit.json("capabilities", "read")["elements"] if e["id"] == "DI.ABI.2")["reason"]
    assert len(watched(unit, "peer.clone-suspected")) == 18
    unit.json("peers", "clear", LAMP + "0")
    counts(Peer(unit, LAMP + "new", authority), 2, 1)
    assert [s["identifier"] for s in suspects(unit)][-1] == LAMP + "new"


def test_a_key_that_comes_back_is_suspicious(trusting):
    """@nist DI.ABI.2: a renewed key is none, two keys in turn are; one record of it a minute."""
    unit, authority = trusting
    old, new = Peer(unit, A, authority), Peer(unit, A, authority)
    for peer in (old, old, new, new):
        assert peer.verdict("/api/v1/health") == (200, None)
    assert not watched(unit, "peer.clone-suspected")
    for peer in (old, new, old):
        assert peer.verdict("/api/v1/health") == (200, None)
    assert [(f["identifier"], f["source"]) for f in watched(unit, "peer.clone-suspected")] == [(A, old.address)]
