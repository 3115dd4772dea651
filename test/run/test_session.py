# SPDX-License-Identifier: Apache-2.0
"""One-use codes and the sessions they open."""
import hashlib
import os
import signal

import pytest

from harness import Client, roles, spki, wait_for


def code(unit):
    answer = unit.json("session", "code")
    assert answer["expires_in_s"] == 300
    return answer["code"]


def open_session(unit, text):
    browser = Client(unit, certificate=False)
    answer = browser.ask("POST", "/api/v1/sessions", {"code": text})
    if answer.status == 201:
        browser.token = answer.json["token"]
    return browser, answer


@pytest.mark.smoke
def test_code_opens_one_session(owned):
    text = code(owned)
    browser, answer = open_session(owned, text)
    assert answer.status == 201 and answer.json["expires_in_s"] == 1800
    assert browser.ask("GET", "/api/v1/identity").json["model"]
    again, answer = open_session(owned, text)
    assert (answer.status, answer.json["rule"]) == (403, "access.code")
    assert again.ask("GET", "/api/v1/identity").status == 401


def test_code_comes_with_what_the_browser_must_show(owned):
    said = owned.tool("device", "session", "code", "--device", "unit", "--owner", owned.owner).stdout
    with Client(owned, certificate=False).connect() as line:
        certificate = line.getpeercert(binary_form=True)
    assert f"https://{owned.address}/" in said
    assert f"Certificate  {hashlib.sha256(certificate).hexdigest()}\n" in said
    assert f"Public key   {spki(certificate).hex()}\n" in said


def test_code_as_people_type_it(owned):
    text = code(owned)
    _, answer = open_session(owned, text.replace("-", "").lower().replace("0", "o").replace("1", "l"))
    assert answer.status == 201


def test_closed_session_is_over(owned):
    browser, _ = open_session(owned, code(owned))
    assert browser.ask("DELETE", "/api/v1/sessions/current").status == 204
    answer = browser.ask("GET", "/api/v1/identity")
    assert (answer.status, answer.json["rule"]) == (401, "path.credentials")


def test_certificate_has_no_session_to_close(unit):
    client = Client(unit)
    assert client.take().status == 201
    assert client.ask("DELETE", "/api/v1/sessions/current").status == 409


def test_token_is_not_stored(owned):
    browser, _ = open_session(owned, code(owned))
    stored = b"".join(p.read_bytes() for p in (owned.state / "core").iterdir())
    assert browser.token.encode() not in stored


def test_session_outlives_a_restart_of_the_roles(owned):
    browser, _ = open_session(owned, code(owned))
    os.kill(roles(owned)["front"], signal.SIGKILL)
    assert wait_for(lambda: browser.ask("GET", "/api/v1/identity").status == 200)


def test_guessing_codes_is_slowed_down(owned):
    for _ in range(5):
        assert open_session(owned, "00000-00000")[1].status == 403
    _, answer = open_session(owned, code(owned))
    assert (answer.status, answer.json["rule"]) == (429, "access.throttle")


def test_made_up_and_malformed_tokens(owned):
    browser = Client(owned, certificate=False)
    for token in ("A" * 43, "A", "x" * 4000):
        browser.token = token
        assert browser.ask("GET", "/api/v1/identity").status == 401
