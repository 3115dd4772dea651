# SPDX-License-Identifier: Apache-2.0
"""The browser's way: the secret from the label, and a person at the console."""
import os

from harness import Client, b64


def begin(unit):
    browser = Client(unit, certificate=False)
    sent = browser.proof()
    answer = browser.ask("POST", "/api/v1/commissioning/browser", sent)
    assert answer.status == 202
    return browser, {"request": answer.json["request"], "client_nonce": sent["client_nonce"]}, answer.json["code"]


def claim(browser, what):
    return browser.ask("POST", "/api/v1/commissioning/claim", what)


def test_confirmed_at_the_console(unit):
    browser, what, code = begin(unit)
    assert claim(browser, what).json == {"state": "waiting"}
    said = unit.at_console(f"confirm {code}")
    assert "bob" in said and "Confirmed" in said
    before = browser.listener()
    answer = claim(browser, what)
    assert answer.status == 201 and answer.json["expires_in_s"] == 1800
    assert browser.listener() != before
    browser.token = answer.json["token"]
    assert browser.ask("GET", "/api/v1/identity").status == 200
    browser.token = None
    assert claim(browser, what).status == 404


def test_wrong_code_confirms_nothing(unit):
    browser, what, code = begin(unit)
    wrong = f"{(int(code) + 1) % 1000000:06}"
    assert "No browser waits" in unit.at_console(f"confirm {wrong}")
    assert claim(browser, what).status == 202


def test_request_of_another_browser(unit):
    browser, what, code = begin(unit)
    unit.at_console(f"confirm {code}")
    assert claim(browser, {**what, "client_nonce": b64(os.urandom(32))}).status == 404
    assert claim(browser, {**what, "request": b64(os.urandom(16))}).status == 404
    assert browser.ask("GET", "/api/v1/commissioning").json["owned"] is False


def test_wrong_secret_asks_nobody(unit):
    browser = Client(unit, certificate=False)
    answer = browser.ask("POST", "/api/v1/commissioning/browser", browser.proof(secret=os.urandom(16)))
    assert (answer.status, answer.json["rule"]) == (403, "commissioning.proof")
    assert unit.at_console("", timeout_s=0.5) == ""


def test_unconfirmed_request_is_gone_after_another_took_over(unit):
    browser, what, code = begin(unit)
    assert Client(unit).take().status == 201
    assert claim(browser, what).status == 404
    assert "owner" in unit.at_console(f"confirm {code}")


def test_lost_answer_is_given_again(unit):
    browser, what, code = begin(unit)
    unit.at_console(f"confirm {code}")
    lost = claim(browser, what)
    again = claim(browser, what)
    assert (lost.status, again.status) == (201, 201)
    first, second = lost.json["token"], again.json["token"]
    browser.token = first
    assert browser.ask("GET", "/api/v1/identity").status == 401
    browser.token = None
    assert claim(browser, {**what, "client_nonce": b64(os.urandom(32))}).status == 404
    browser.token = second
    assert browser.ask("GET", "/api/v1/identity").status == 200
    browser.token = None
    assert claim(browser, what).status == 404


def test_owner_nobody_heard_of_ends_with_the_start(unit):
    browser, what, code = begin(unit)
    unit.at_console(f"confirm {code}")
    assert claim(browser, what).status == 201
    assert unit.stop() == 0
    unit.start()
    assert claim(browser, what).status == 404
    browser, what, code = begin(unit)
    unit.at_console(f"confirm {code}")
    browser.token = claim(browser, what).json["token"]
    records = browser.ask("GET", "/api/v1/log?limit=100").json["records"]
    assert [r["fields"] for r in records if r.get("event") == "ownership.uncollected"] == [{"owner": "bob"}]
    assert unit.stop() == 0
    unit.start()
    assert browser.ask("GET", "/api/v1/commissioning").status in (200, 401)
    browser.token = None
    assert browser.ask("GET", "/api/v1/commissioning").json["owned"] is True
