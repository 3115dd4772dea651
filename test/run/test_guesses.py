# SPDX-License-Identifier: Apache-2.0
"""Strangers guess at one account from sixty addresses as fast as they are answered; its owner, whose client is known, comes in all the while."""
import json
import subprocess
import sys
import time
from pathlib import Path

from harness import Client

GOOD = "nine quiet herons wade"
ADDRESSES, BATCH, LOGINS = 60, 500, 3
ATTEMPTS, WAIT_S = 5, 60  # the settings as they come: failures before a wait, the first wait


def login(client, name, known=None):
    return client.ask("POST", "/api/v1/logins", {"account": name, "password": GOOD, **({"client": known} if known else {})})


def test_the_owner_comes_in_while_strangers_guess(unit):
    owner = Client(unit)
    assert owner.take().status == 201
    assert owner.ask("PUT", "/api/v1/password", {"password": GOOD}).status == 204
    name = owner.ask("GET", "/api/v1/accounts").json["accounts"][0]["name"]
    browser = Client(unit, certificate=False)
    known = login(browser, name).json["client"]
    begun = time.monotonic()
    guesser = [sys.executable, Path(__file__).parent / "guesser.py", str(unit.port), name, str(ADDRESSES), str(BATCH)]
    with subprocess.Popen(guesser, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as strangers:
        try:
            for _ in range(LOGINS):
                assert strangers.stdout.readline()  # so many more have been answered
                opened = login(browser, name, known)
                assert opened.status == 201, opened.json
                bearer = [f"Authorization: Bearer {opened.json['token']}"]
                assert browser.ask("GET", "/api/v1/identity", headers=bearer).status == 200
            stranger = login(Client(unit, certificate=False, source="127.0.9.9"), name)
            counts = json.loads(strangers.stdout.readline())
        finally:
            strangers.stdin.close()
    assert stranger.status == 429, "a stranger with the right password waits with the others"
    assert set(counts) <= {"403", "429"} and counts["429"] >= LOGINS * BATCH / 2, counts
    judged = ATTEMPTS + (time.monotonic() - begun) // WAIT_S
    assert counts.get("403", 0) <= judged, f"{counts['403']} guesses were judged from {ADDRESSES} addresses"
