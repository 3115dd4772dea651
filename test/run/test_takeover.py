# SPDX-License-Identifier: Apache-2.0
"""Taking a device over: what is accepted, and what each way of cheating gets."""
import os

from harness import Client, b64, local, unb64


def test_good_takeover_by_the_tool(unit):
    unit.take_over()
    assert unit.json("commissioning", "read")["owned"] is True
    assert unit.json("identity", "read")["identifier"] == f"urn:dev:ops:32473-thermostat-{unit.serial}"


def test_device_proves_itself_and_changes_its_listener_key(unit):
    client = Client(unit)
    before = client.listener()
    sent = {**client.proof(), "certificate": client.pem}
    answer = client.ask("POST", "/api/v1/commissioning", sent)
    assert answer.status == 201
    right = client.mac(b"device", unb64(sent["challenge"]), unb64(sent["client_nonce"]), before, client.key)
    assert unb64(answer.json["proof"]) == right
    assert client.listener().hex() == answer.json["listener"] != before.hex()
    assert client.ask("GET", "/api/v1/identity").status == 200


def refused(unit, answer, status, rule):
    assert (answer.status, answer.json["rule"]) == (status, rule)
    assert answer.headers["content-type"] == "application/problem+json"
    assert Client(unit).ask("GET", "/api/v1/commissioning").json["owned"] is False


def test_wrong_secret(unit):
    refused(unit, Client(unit).take(secret=os.urandom(16)), 403, "commissioning.proof")


def test_proof_made_for_another_listener_key(unit):
    """Somebody in the middle shows the owner a key of his own; the proof he gets is for that key."""
    refused(unit, Client(unit).take(listener=os.urandom(32)), 403, "commissioning.proof")


def test_proof_made_for_another_owner_key(unit):
    refused(unit, Client(unit).take(owner=os.urandom(32)), 403, "commissioning.proof")


def test_certificate_of_a_key_that_is_not_held(unit):
    client, other = Client(unit), Client(unit)
    refused(unit, client.ask("POST", "/api/v1/commissioning", {**client.proof(), "certificate": other.pem}), 403, "commissioning.client-key")


def test_without_client_certificate(unit):
    client, other = Client(unit, certificate=False), Client(unit)
    refused(unit, client.ask("POST", "/api/v1/commissioning", {**client.proof(), "certificate": other.pem}), 403, "commissioning.client-key")


def test_challenge_is_good_once(unit):
    client = Client(unit)
    sent = {**client.proof(secret=os.urandom(16)), "certificate": client.pem}
    assert client.ask("POST", "/api/v1/commissioning", sent).status == 403
    right = {**client.proof(challenge=sent["challenge"]), "certificate": client.pem}
    refused(unit, client.ask("POST", "/api/v1/commissioning", right), 409, "commissioning.challenge")


def test_challenge_that_was_never_given(unit):
    refused(unit, Client(unit).take(challenge=b64(os.urandom(32))), 409, "commissioning.challenge")


def test_guessing_is_slowed_down(unit):
    client = Client(unit)
    for _ in range(5):
        assert client.take(secret=os.urandom(16)).status == 403
    answer = client.take()
    refused(unit, answer, 429, "access.throttle")
    assert 0 < int(answer.headers["retry-after"]) <= 60


def test_strangers_cannot_fill_the_log(unit):
    """Attempts without a challenge cost nothing to make; from the sixth on they leave counts, not records."""
    before = sum(p.stat().st_size for p in (unit.state / "log").iterdir())
    client = Client(unit)
    statuses = [client.take(challenge=b64(os.urandom(32))).status for _ in range(60)]
    assert statuses[:5] == [409] * 5 and set(statuses[5:]) == {429}
    unit.stop()
    unit.start()
    assert client.ask("GET", "/api/v1/commissioning").json["owned"] is False
    assert client.take().status == 429, "a restart forgives nothing"
    other = Client(unit, source="127.0.0.2")
    assert other.take().status == 201, "and nobody else waits"
    records = other.ask("GET", "/api/v1/log?limit=200").json["records"]
    assert len([r for r in records if r["type"] == "intent"]) == 6
    assert len(records) < 60 and [r for r in records if r["type"] == "refusals"]
    assert sum(p.stat().st_size for p in (unit.state / "log").iterdir()) <= before + 4 * 1024 * 1024


def test_replay_on_an_owned_device(unit):
    client = Client(unit)
    sent = {**client.proof(), "certificate": client.pem}
    assert client.ask("POST", "/api/v1/commissioning", sent).status == 201
    again = client.ask("POST", "/api/v1/commissioning", sent)
    assert (again.status, again.json["type"]) == (403, "urn:thingward:problem:owned")


def test_second_takeover(owned):
    challenge = Client(owned).ask("GET", "/api/v1/commissioning").json
    assert challenge["owned"] is True and "challenge" not in challenge
    answer = Client(owned).take(challenge=b64(os.urandom(32)))
    assert answer.status == 403
    assert owned.json("identity", "read")["model"]


def test_until_owned_only_commissioning_answers(unit):
    client = Client(unit)
    for method, path, body in (("GET", "/api/v1/identity", None), ("POST", "/api/v1/identity/statement", {"nonce": "A" * 22}),
                               ("GET", "/api/v1/capabilities", None), ("GET", "/api/v1/settings", None), ("GET", "/api/v1/log", None),
                               ("POST", "/api/v1/session-codes", None), ("POST", "/api/v1/sessions", {"code": "00000-00000"})):
        assert client.ask(method, path, body).status in (401, 403), path
    assert client.ask("GET", "/api/v1/health").json == {"state": "ok"}


def test_not_by_the_local_socket(unit):
    """Being root on the device is not having the label."""
    assert local(unit, "POST", "/api/v1/commissioning", {**Client(unit).proof(), "certificate": Client(unit).pem}).status == 403


def test_two_owners_at_once(unit):
    """Both hold a good proof; one becomes the owner, the other is told."""
    one, two = Client(unit), Client(unit)
    sent = [{**c.proof(), "certificate": c.pem} for c in (one, two)]
    with one.connect() as a, two.connect() as b:
        for line, client, body in ((a, one, sent[0]), (b, two, sent[1])):
            line.sendall(client.head("POST", "/api/v1/commissioning", body))
        statuses = []
        for line in (a, b):
            raw = b""
            try:
                while piece := line.recv(65536):
                    raw += piece
            except OSError:
                pass
            statuses.append(int(raw.split()[1]) if raw else 0)
    assert 201 in statuses and set(statuses) <= {201, 403, 0} and statuses.count(201) == 1
    winner, loser = (one, two) if statuses[0] == 201 else (two, one)
    assert winner.ask("GET", "/api/v1/identity").status == 200
    assert loser.ask("GET", "/api/v1/identity").status == 401
