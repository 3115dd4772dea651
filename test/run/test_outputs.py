# SPDX-License-Identifier: Apache-2.0
"""What the device sends out: fields that its owner withholds leave by no way there is, and what goes to a destination that nobody listed does not arrive."""
import json

import pytest

import liar as liars
from between import spoiled
from harness import Client, local, unb64, wait_for
from test_firewall import NFT, declared, enforce, from_manager, hosts, pytestmark, setting  # noqa: F401  (fixtures)
from test_login_probes import assess
from test_shares import Party, approve
from test_stream import Stream
from test_tasks import confirm
from world import program

FIELDS, DESTINATIONS = "withholds-fields", "drops-unlisted"
KEY = "outputs.withheld"


@pytest.fixture(scope="module")
def unit(world, tmp_path_factory):
    one = world.device("outputs").start()
    one.take_over()
    with liars.beside(one, tmp_path_factory.mktemp("sham")):
        yield one
    one.stop()


@pytest.fixture(scope="module")
def owner(unit):
    client = Client(unit, certificate=False)
    client.context.load_cert_chain(unit.owner / "owner.crt", unit.owner / "owner.key")
    return client


@pytest.fixture(scope="module")
def helper(unit, owner):
    """Somebody who may read the log and who the device is, and nothing else; by his session."""
    assert owner.ask("PUT", "/api/v1/roles/helper", {"permissions": "log.read identity.read"}).status == 201
    account = owner.ask("POST", "/api/v1/accounts", {"name": "hannah", "kind": "person"}).json["account"]
    assert owner.ask("POST", "/api/v1/role-assignments", {"account": account, "role": "helper"}).status == 201
    code = owner.ask("POST", "/api/v1/session-codes", {"account": account}).json["code"]
    client = Client(unit, certificate=False)
    token = client.ask("POST", "/api/v1/sessions", {"code": code}).json["token"]
    client.bearer = [f"Authorization: Bearer {token}"]
    return client


def withhold(unit, words):
    unit.tool("device", "settings", "change", KEY, words, "--device", "unit", "--owner", unit.owner)


def reads(client, path):
    return client.ask("GET", f"/api/v1/{path}", headers=client.bearer)


def next_of(stream, operation):
    return next(data for _, _, data in iter(stream.event, None) if data.get("operation") == operation)


# @nist LA.IC.12: by the list, by a stream that was open before, by the files and by the local socket
def test_a_field_of_the_log_leaves_by_no_way(unit, owner, helper):
    stream = Stream(helper, headers=helper.bearer)
    owner.ask("GET", "/api/v1/identity")
    first = next_of(stream, "identity.read")
    assert "source" in first and "withheld" not in first
    withhold(unit, "helper:log.read:source local:log:source")
    owner.ask("GET", "/api/v1/settings")
    record = next_of(stream, "settings.list")
    assert "source" not in record and record["withheld"] == ["source"] and record["subject"].startswith("owner:")
    stream.line.close()
    log = reads(helper, "log?limit=100").json
    assert log["withheld"] == ["source"] and len(log["records"]) > 10 and '"source"' not in json.dumps(log["records"])
    assert '"source"' not in json.dumps(local(unit, "GET", "/api/v1/log?limit=100").json["records"])
    assert '"source"' in json.dumps(owner.ask("GET", "/api/v1/log?limit=100").json["records"])
    # The files of the log hold every field: who may take them away otherwise, gets none.
    assert owner.ask("PUT", "/api/v1/roles/helper", {"permissions": "log.read identity.read log.export"}).status == 200
    code = owner.ask("POST", "/api/v1/session-codes", {"account": "a2"}).json["code"]
    helper.bearer = [f"Authorization: Bearer {helper.ask('POST', '/api/v1/sessions', {'code': code}).json['token']}"]
    segment = reads(helper, "log/segments").json["segments"][0]["first"]
    refused = reads(helper, f"log/segments/{segment}")
    assert refused.status == 403 and refused.json["rule"] == KEY and "source" in refused.json["detail"]
    assert owner.ask("GET", f"/api/v1/log/segments/{segment}").status == 200
    counts = owner.ask("GET", "/api/v1/outputs").json["fields"]
    assert counts[0]["narrowed"] >= 2 and counts[0]["refused"] == 1 and counts[1]["narrowed"] >= 1, counts
    (element,) = [one for one in unit.json("capabilities", "read")["elements"] if one["id"] == "LA.IC.12"]
    assert "Fields withheld by outputs.withheld: 2" in element["reason"] and "refused 1" in element["reason"]
    withhold(unit, "")


# @nist LA.IC.12: what goes to an approved party by itself
def test_a_party_is_sent_what_is_not_withheld(unit, owner):
    seen = []
    withhold(unit, "@insurer:identity.read:physical_id operator:identity.read:model")
    with Party() as party:
        approve(owner, party)
        wait_for(lambda: party.taken)
        seen = owner.ask("GET", "/api/v1/outputs").json["fields"]
        owner.ask("DELETE", "/api/v1/approved-shares/insurer")
    assert (seen[0]["who"], seen[0]["narrowed"], seen[1]["narrowed"]) == ("@insurer", 1, 0)
    withhold(unit, "")


def fields_probe(unit, folder, device="unit"):
    (found,) = assess(unit, folder, {f"LA.IC.12/{FIELDS}"}, device).values()
    return found


def with_it(asked):
    status, body, headers = asked.answer()
    return status, body | {"physical_id": "TW-1"}, headers


def never_refused(asked):
    return 200, {"statement": "e30.e30.e30"}, {}


# @turns LA.IC.12: a field that is withheld is given all the same, or what is signed and holds it
def test_the_probe_of_fields_fails_where_they_are_given(unit, tmp_path):
    withhold(unit, "operator:log:source")
    assert fields_probe(unit, tmp_path)[0] == "pass", fields_probe(unit, tmp_path)
    assert local(unit, "GET", f"/api/v1/settings/{KEY}").json["value"] == "operator:log:source"
    with spoiled(unit, tmp_path, "GET", "identity", with_it) as device:
        found = fields_probe(unit, tmp_path, device)
    assert found[0] == "fail" and "was given it all the same" in found[1], found
    with spoiled(unit, tmp_path, "POST", "identity/statement", never_refused) as device:
        found = fields_probe(unit, tmp_path, device)
    assert found[0] == "fail" and "signed statement" in found[1], found
    withhold(unit, "")


def judged(unit, manager, folder):
    """From the manager's host, where the device finds a door at a port that no flow of its product leads to."""
    out = folder / f"evidence{len(list(folder.iterdir()))}.json"
    manager.run(program("thingward"), "assess", "--device", "far", "--owner", unit.owner, "--product", unit.world.product, "--out", out, "--element",
                "LA.IC.12", ok=False)
    return {row["probe"]: (row["verdict"], row["reason"]) for row in json.loads(unb64(json.loads(out.read_text())["payload"]))["results"]}


# @nist LA.IC.12: a packet to a destination that is not listed does not arrive
# @turns LA.IC.12: what goes out is not held to the flows of the product
def test_the_probe_of_destinations_fails_where_packets_arrive(declared, hosts, tmp_path):
    manager = hosts["manager"]
    enforce(declared, manager)
    assert setting(declared, "firewall.period", "1").returncode == 0
    confirm(declared)  # no task begins before
    found = judged(declared, manager, tmp_path)
    assert found[DESTINATIONS][0] == "fail" and "came to 10.77.1.2" in found[DESTINATIONS][1], found
    assert found["live-status"][0] == "fail", found
    for word in ("report", "enforce"):  # a connection that was open before its direction was judged is unknown, and would end
        done = from_manager(declared, manager, "settings", "change", "firewall.egress", word, "--confirm")
        assert "Confirmed" in done.stderr, done.stderr
    found = judged(declared, manager, tmp_path)
    assert {one[0] for one in found.values()} == {"pass"}, found
