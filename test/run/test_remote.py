# SPDX-License-Identifier: Apache-2.0
"""Rules of access over real connections: two source addresses, TLS suites and groups, the local socket, a restart."""
import json
import os
import subprocess
import time

import pytest
from test_access_probes import assess

OWNERS = {"name": "owners", "doors": ["management", "elsewhere"], "roles": ["owner"]}
ELEMENTS = {"LA.IC.1", "LA.IC.1.1", "LA.IC.1.2", "LA.IC.1.3", "LA.IC.1.4", "LA.IC.5", "LA.IC.7"}


def policy(who=(), session=(), connection=(), product=()):
    return json.dumps({"who": [OWNERS, *who], "session": list(session), "connection": list(connection), "product": list(product)})


def say(unit, **rows):
    unit.json("remote-access", "set", "--policy", policy(**rows))


def confirm(unit):
    unit.json("change", "confirm", "--word", unit.json("change", "read")["word"])


def curl(unit, path, *more):
    """As anybody; the status, and the rule of a refusal."""
    got = subprocess.run(["curl", "-sk", "-w", "\n%{http_code}", *more, f"https://{unit.address}/api/v1/{path}"], capture_output=True, text=True, timeout=20)
    body, status = got.stdout.rsplit("\n", 1)
    return int(status), json.loads(body).get("rule", "") if body else ""


# @nist LA.IC.1.2: what TLS the connection has, front says, and no header does
def test_the_connection_has_to_be_as_the_policy_wants(owned):
    say(owned, session=[{"name": "tls", "doors": ["elsewhere"], "suites": ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"], "groups": ["X25519"]}])
    confirm(owned)
    asked = "commissioning"
    assert curl(owned, asked, "--curves", "X25519", "--tls13-ciphers", "TLS_AES_128_GCM_SHA256") == (200, "")
    assert curl(owned, asked, "--curves", "P-256", "--tls13-ciphers", "TLS_AES_128_GCM_SHA256") == (403, "remote.session:tls")
    assert curl(owned, asked, "--curves", "X25519", "--tls13-ciphers", "TLS_CHACHA20_POLY1305_SHA256") == (403, "remote.session:tls")


# @nist LA.IC.1.3
def test_from_where_and_under_which_name(owned):
    say(owned, connection=[{"name": "here", "doors": ["elsewhere"], "networks": ["127.0.0.1/32"]},
                           {"name": "name", "doors": ["elsewhere", "management"], "hosts": [owned.address]}])
    confirm(owned)
    assert curl(owned, "commissioning") == (200, "")
    assert curl(owned, "commissioning", "--interface", "127.0.0.2") == (403, "remote.connection:here")
    assert owned.json("identity", "read")["identifier"]
    say(owned, connection=[{"name": "name", "doors": ["elsewhere", "management"], "hosts": ["lamp.example:8443"]}])
    assert curl(owned, "commissioning") == (403, "remote.connection:name")


# @nist LA.IC.7: after a start as before, and a change that nobody confirmed is gone
def test_across_a_restart(owned):
    say(owned, connection=[{"name": "here", "doors": ["elsewhere"], "networks": ["127.0.0.1/32"]}])
    assert curl(owned, "commissioning", "--interface", "127.0.0.2")[0] == 403
    owned.stop()
    owned.start()
    assert curl(owned, "commissioning", "--interface", "127.0.0.2")[0] == 200
    say(owned, connection=[{"name": "here", "doors": ["elsewhere"], "networks": ["127.0.0.1/32"]}])
    confirm(owned)
    owned.stop()
    owned.start()
    assert curl(owned, "commissioning", "--interface", "127.0.0.2") == (403, "remote.connection:here")


def test_whoever_cuts_himself_off_is_let_in_again(owned):
    owned.json("settings", "change", "change.within", "5")
    say(owned, connection=[{"name": "nowhere", "doors": ["elsewhere"], "networks": ["192.0.2.0/24"]}])
    assert curl(owned, "commissioning")[0] == 403
    deadline = time.monotonic() + 20
    while curl(owned, "commissioning")[0] != 200:
        assert time.monotonic() < deadline
        time.sleep(0.3)
    assert owned.json("remote-access", "read")["digest"] == "off"


# @nist LA.IC.1 LA.IC.1.1 LA.IC.1.2 LA.IC.1.3 LA.IC.1.4 LA.IC.5 LA.IC.7
@pytest.mark.skipif(os.geteuid() != 0, reason="the local socket answers root")
def test_the_probes_of_a_sound_device(owned, tmp_path):
    verdicts = assess(owned, tmp_path, ELEMENTS, more=("--local", owned.run / "admin.sock"))
    bad = {one: said for one, said in verdicts.items() if said[0] != "pass" and one[1] != "live-status"}
    assert bad == {} and {e for e, _ in verdicts} == ELEMENTS
    assert owned.json("remote-access", "read")["digest"] == "off"
    assert [one["name"] for one in owned.json("accounts", "list")["accounts"]] == ["alice"]
