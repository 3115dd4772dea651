# SPDX-License-Identifier: Apache-2.0
"""What an owner's browser is made to do by a page of somebody else: requests under his certificate, under another name, in a frame; and a
session whose token somebody chose for him. Nothing of it does anything."""
import pytest

from harness import Client

FOREIGN = {
    "form": ["Origin: https://attacker.example", "Sec-Fetch-Site: cross-site", "Content-Type: text/plain"],
    "no-cors": ["Origin: https://attacker.example", "Sec-Fetch-Site: cross-site"],
    "another port": ["Origin: https://127.0.0.1:1", "Sec-Fetch-Site: same-site"],
    "sandboxed frame": ["Origin: null"],
    "an older browser": ["Origin: https://attacker.example"],
}


@pytest.fixture(scope="module")
def owner(world):
    unit = world.device("LURED").start()
    client = Client(unit)
    assert client.take().status == 201
    yield client
    unit.stop()


@pytest.mark.parametrize("page", FOREIGN)
def test_no_foreign_page_asks_by_an_owners_certificate(owner, page):
    before = owner.ask("GET", "/api/v1/keys").json
    for method, path in (("POST", "/api/v1/session-codes"), ("POST", "/api/v1/keystore/rotation"), ("POST", "/api/v1/authenticator"),
                         ("DELETE", "/api/v1/account-sessions/a1"), ("GET", "/api/v1/identity")):
        answer = owner.ask(method, path, headers=FOREIGN[page])
        assert (answer.status, answer.json["rule"]) == (403, "RFC 6454 7.2"), (method, path)
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]
    assert owner.ask("GET", "/api/v1/keys").json == before
    own = ["Origin: https://" + owner.unit.address, "Sec-Fetch-Site: same-origin"]
    assert owner.ask("GET", "/api/v1/identity", headers=own).status == 200


def test_no_page_is_framed_and_no_cookie_is_set(owner):
    for path in ("/", "/app.js", "/api/v1/health", "/api/v1/identity", "/nothing-here"):
        answer = owner.ask("GET", path, headers=["Accept-Encoding: gzip"])
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"], path
        assert "set-cookie" not in answer.headers and "access-control-allow-origin" not in answer.headers, path


def test_a_rebound_name_finds_nothing(owner):
    with owner.connect() as line:
        line.sendall(b"POST /api/v1/session-codes HTTP/1.1\r\nHost: attacker.example\r\nConnection: close\r\n\r\n")
        assert line.recv(65536).startswith(b"HTTP/1.1 421 ")


def test_a_token_that_somebody_chose_opens_nothing(owner):
    """Neither one that was shown while the session was opened, nor one that the body names; and a session that was open stays whose it was."""
    nobody = Client(owner.unit, certificate=False)
    chosen = "A" * 43
    for shown in (chosen, None):
        code = owner.ask("POST", "/api/v1/session-codes").json["code"]
        headers = [f"Authorization: Bearer {shown}"] if shown else []
        answer = nobody.ask("POST", "/api/v1/sessions", {"code": code}, headers=headers)
        assert answer.status == (401 if shown else 201) and chosen not in str(answer.json)
        nobody.token = chosen
        assert nobody.ask("GET", "/api/v1/identity").status == 401
        nobody.token = None
    assert nobody.ask("POST", "/api/v1/sessions", {"code": "00000-00000", "token": chosen}).status == 400
    made = owner.ask("POST", "/api/v1/accounts", {"name": "sue", "kind": "person"}).json["account"]
    hers = owner.ask("POST", "/api/v1/session-codes", {"account": made}).json["code"]
    lured = Client(owner.unit, certificate=False)
    lured.token = nobody.ask("POST", "/api/v1/sessions", {"code": hers}).json["token"]
    code = owner.ask("POST", "/api/v1/session-codes").json["code"]
    answer = lured.ask("POST", "/api/v1/sessions", {"code": code})  # the owner types his code where her session is open
    assert answer.status == 403
    assert lured.ask("GET", "/api/v1/identity").status == 403, "what was hers is no owner's now"
