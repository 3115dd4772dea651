# SPDX-License-Identifier: Apache-2.0
"""Data that goes to approved parties by itself, with the real programs and a real party: on time, at least once, and no more once that is withdrawn."""
import json
import os
import signal
import threading
import time

import pytest

import liar as liars
from between import spoiled
from harness import Client, local, wait_for
from test_login_probes import assess

import test_fetch  # noqa: F401  (it makes test/est importable)
from server import Authority, Server, new_key, name_of
from cryptography.hazmat.primitives import serialization

HERE = "/api/v1/approved-shares"
PEM = serialization.Encoding.PEM


class Party(Server):
    """An endpoint that keeps what it is sent; status: what it answers."""

    def __init__(self):
        super().__init__()
        self.taken, self.at, self.status, self.hold = [], [], 204, threading.Event()
        self.hold.set()
        outer = self

        class Handler(self.http.RequestHandlerClass):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.taken.append(body)
                outer.at.append(time.monotonic())
                outer.hold.wait(20)
                self.answer(outer.status)

        self.http.RequestHandlerClass = Handler
        self.certificate = self.root.issue(name_of("party"), new_key().public_key()).public_bytes(PEM).decode()

    def approval(self, **more):
        return {"url": self.url("/take"), "anchors": self.root.pem(), "certificate": self.certificate, "data": "identity", "every": 60} | more

    def numbers(self):
        return [one["sequence"] for one in self.taken]


@pytest.fixture(scope="module")
def unit(world, tmp_path_factory):
    one = world.device("shares").start()
    one.take_over()
    with liars.beside(one, tmp_path_factory.mktemp("sham")):
        yield one
    one.stop()


@pytest.fixture(scope="module")
def owner(unit):
    client = Client(unit, certificate=False)
    client.context.load_cert_chain(unit.owner / "owner.crt", unit.owner / "owner.key")
    return client


@pytest.fixture
def party(owner):
    with Party() as one:
        yield one
        one.hold.set()
        owner.ask("DELETE", f"{HERE}/insurer")


def approve(owner, party, **more):
    answer = owner.ask("PUT", f"{HERE}/insurer", party.approval(**more))
    assert answer.status in (200, 201), answer.body
    return answer


def share(owner):
    (one,) = owner.ask("GET", HERE).json["shares"]
    return one


def events(unit, kind):
    return [r["fields"] for r in local(unit, "GET", "/api/v1/log?limit=200").json["records"] if r.get("event") == kind]


def test_it_goes_at_once_and_stops_when_withdrawn(unit, owner, party):
    """@nist LA.EC.3: a share that is approved is delivered, and no sooner again than its schedule says (src/device/outgoing/test-send.c turns the clock on)."""
    assert approve(owner, party).status == 201
    wait_for(lambda: share(owner)["acknowledged"] == 1)
    one = party.taken[0]
    assert (one["party"], one["data"], one["sequence"]) == ("insurer", "identity", 1) and one["sealed"].count(".") == 4
    assert share(owner)["by"] and "delivered" in share(owner) and "waits" not in share(owner)
    assert events(unit, "share.delivered")[-1] == {"party": "insurer", "data": "identity", "sequence": 1}
    time.sleep(3)
    assert party.numbers() == [1]
    assert owner.ask("DELETE", f"{HERE}/insurer").status == 204
    time.sleep(0.5)
    assert party.numbers() == [1] and owner.ask("GET", HERE).json["shares"] == []


@pytest.mark.skipif("TW_DEEP" not in os.environ, reason="takes two minutes: TW_DEEP=1")
def test_it_goes_on_its_schedule(owner, party):
    """@nist LA.EC.3: no sooner and not much later, by the receiver's clock."""
    approve(owner, party)
    wait_for(lambda: len(party.taken) >= 3, 150)
    gaps = [after - before for before, after in zip(party.at, party.at[1:])]
    assert all(59.9 <= gap < 65 for gap in gaps), gaps


def test_what_is_under_way_is_given_up(owner, party):
    """@nist LA.EC.3: a transfer that waits for its answer ends with the approval."""
    party.hold.clear()
    approve(owner, party)
    wait_for(lambda: party.taken)
    assert owner.ask("DELETE", f"{HERE}/insurer").status == 204
    party.hold.set()
    time.sleep(2.5)
    assert party.numbers() == [1]


def test_what_is_not_acknowledged_comes_again_under_its_number(unit, owner, party):
    party.status = 503
    approve(owner, party)
    wait_for(lambda: share(owner).get("waits") == "share.503")
    assert party.numbers() == [1] and share(owner)["acknowledged"] == 0
    assert events(unit, "share.failed")[0] == {"party": "insurer", "sequence": 1, "rule": "share.503"}
    party.status = 204
    assert approve(owner, party).status == 200  # approved anew, it does not wait
    wait_for(lambda: share(owner)["acknowledged"] == 1)
    assert approve(owner, party).status == 200
    wait_for(lambda: share(owner)["acknowledged"] == 2)
    assert party.numbers() == [1, 1, 2]


def test_a_device_that_is_killed_goes_on_counting(unit, owner, party):
    """Its core with SIGKILL, while a transfer waits for its answer and then behind one that was acknowledged."""
    party.hold.clear()
    approve(owner, party)
    wait_for(lambda: party.taken)
    os.kill(unit.role_pids()["core"], signal.SIGKILL)
    unit.stop()
    party.hold.set()
    unit.start()
    wait_for(lambda: share(owner)["acknowledged"] >= 1)
    os.kill(unit.role_pids()["core"], signal.SIGKILL)
    unit.stop()
    unit.start()
    approve(owner, party)
    wait_for(lambda: share(owner)["acknowledged"] == 2)
    assert party.numbers() == [1, 1, 2]


def test_only_whom_it_trusts_and_what_is_demanded(owner, party):
    """The approval's anchors, and what is demanded of systems outside."""
    approve(owner, party, anchors=Authority().pem())
    wait_for(lambda: share(owner).get("waits") == "fetch.untrusted")
    assert owner.ask("PUT", "/api/v1/outside-systems/party", {"place": party.url().split("/")[2], "keys": "00" * 32}).status == 201
    approve(owner, party)
    wait_for(lambda: share(owner).get("waits") == "fetch.key")
    assert owner.ask("DELETE", "/api/v1/outside-systems/party").status == 204
    assert party.taken == []


def test_the_organizations_rule_holds_it_back(owner, party):
    """What LA.EC.2 says of a recipient counts for what goes by itself too."""
    def mode(value):
        path = "/api/v1/settings/logical-access.mode"
        assert owner.ask("PUT", path, {"value": value}, [f"If-Match: {owner.ask('GET', path).headers['etag']}"]).status == 200

    assert owner.ask("PUT", "/api/v1/recipients/insurer", {"certificate": party.certificate, "identity": "operator"}).status == 201
    assert owner.ask("PUT", "/api/v1/rules/not-now", {"effect": "deny", "permission": "share.identity.insurer", "fact": "logical-access.mode", "is": "equal",
                                                      "value": "maintenance"}).status == 201
    mode("maintenance")
    approve(owner, party)
    wait_for(lambda: share(owner).get("waits") == "gate.rule")
    assert party.taken == []
    mode("normal")
    approve(owner, party)
    wait_for(lambda: party.taken)
    assert [owner.ask("DELETE", f"/api/v1/{what}").status for what in ("rules/not-now", "recipients/insurer")] == [204, 204]


@pytest.mark.parametrize("more, rule", [
    ({"url": "http://127.0.0.1/"}, "share.url"), ({"anchors": "x"}, "share.anchors"), ({"certificate": "x"}, "share.certificate"),
    ({"data": "secrets"}, "share.data"), ({"every": 59}, "path.input"),
])
def test_what_is_no_approval(owner, party, more, rule):
    refused = owner.ask("PUT", f"{HERE}/insurer", party.approval(**more))
    assert refused.status == 400 and refused.json["rule"] == rule
    assert owner.ask("PUT", f"{HERE}/Insurer", party.approval()).json["rule"] == "share.name"
    assert owner.ask("DELETE", f"{HERE}/insurer").json["rule"] == "share.unknown"


def test_there_are_eight_at_most(owner, party):
    for i in range(8):
        assert owner.ask("PUT", f"{HERE}/p{i}", party.approval(every=86400)).status == 201
    assert owner.ask("PUT", f"{HERE}/p8", party.approval()).json["rule"] == "share.full"
    assert [one["name"] for one in owner.ask("GET", HERE).json["shares"]] == [f"p{i}" for i in range(8)]
    for i in range(8):
        assert owner.ask("DELETE", f"{HERE}/p{i}").status == 204


def test_the_next_owner_finds_nothing_of_the_last_ones(new_unit):
    """Eight of whom none could be reached, one place that was refused, and a transfer under way."""
    owned = new_unit("shares").start()
    owned.take_over()
    first = Client(owned, certificate=False)
    first.context.load_cert_chain(owned.owner / "owner.crt", owned.owner / "owner.key")
    with Party() as party:
        nowhere = {"url": "https://127.0.0.1:1/", "every": 86400}
        assert first.ask("PUT", "/api/v1/outside-systems/party", {"place": party.url().split("/")[2], "keys": "00" * 32}).status == 201
        for i in range(8):
            assert first.ask("PUT", f"{HERE}/p{i}", party.approval(**({"every": 86400} if i == 0 else nowhere))).status == 201
            wait_for(lambda i=i: len([one for one in first.ask("GET", HERE).json["shares"] if one.get("waits")]) == i + 1)
        seen = first.ask("GET", "/api/v1/outside-systems").json
        assert seen["refused"] >= 1 and seen["last_place"] == party.url().split("/")[2]
        assert first.ask("DELETE", "/api/v1/outside-systems/party").status == 204
        party.hold.clear()
        assert first.ask("PUT", f"{HERE}/p0", party.approval()).status == 200
        wait_for(lambda: party.taken)
        said = owned.at_console(owned.at_console("recover").split("Type ")[1][:4])
        following = Client(owned)
        assert following.take(secret=bytes.fromhex(said.split("shown only now: ")[1][:32])).status == 201
        seen = following.ask("GET", "/api/v1/outside-systems").json
        assert seen["refused"] == 0 and "last_place" not in seen and following.ask("GET", HERE).json["shares"] == []
        assert following.ask("PUT", f"{HERE}/another", party.approval(**nowhere)).status == 201
        wait_for(lambda: following.ask("GET", HERE).json["shares"][0].get("waits") == "fetch.unreachable")
        party.hold.set()
        assert [one["party"] for one in party.taken] == ["p0"]


PROBE = "LA.EC.3/approved-share"


def test_a_sound_device_passes(unit, owner, tmp_path):
    """@nist LA.EC.3"""
    (found,) = assess(unit, tmp_path, {PROBE}).values()
    assert found[0] == "pass", found
    assert owner.ask("GET", HERE).json["shares"] == []


@pytest.mark.parametrize("method, spoil, told", [
    ("DELETE", lambda _: (204, {}), "The device went on sending to a party after the approval had been withdrawn"),  # @turns LA.EC.3: it is withdrawn in word alone
    ("PUT", lambda _: (201, {}), "An approved party was brought nothing"),  # @turns LA.EC.3: who is approved is sent nothing
], ids=["goes on", "does not begin"])
def test_what_is_wrong_is_found_out(unit, owner, tmp_path, method, spoil, told):
    with spoiled(unit, tmp_path, method, "approved-shares/*", spoil) as device:
        ((found, reason),) = assess(unit, tmp_path, {PROBE}, device).values()
    for one in owner.ask("GET", HERE).json["shares"]:
        owner.ask("DELETE", f"{HERE}/{one['name']}")
    assert found == "fail" and reason.startswith(told), reason
