# SPDX-License-Identifier: Apache-2.0
"""Roles, rights, limits and keys of a unit on which one thing is wrong: the probe of the element that this breaks fails, and says why. What a probe
makes up it takes back, so that all rows share a unit."""
import json
import os
import re

import liar as liars
import pytest
from between import spoiled
from harness import Client, b64, unb64
from test_login_probes import assess

SOUND = {"LA.RSM.5.3/reserved", "LA.RSM.8/sharing", "LA.LDU.2.4/date-capped", "DP.CKM.3/old-key-refused"}


def by_account(asked):
    return any(head.startswith("Authorization") for head in asked.headers)


def in_vain(asked):
    """It says that it has done it, and has not."""
    return asked.answer() if asked.method == "GET" else (200, {})


def instead(before, behind, body=None, who=lambda asked: True):
    """Answers with another status than the device."""
    def spoil(asked):
        got = asked.answer()
        return (behind, body or {}) if got[0] == before and who(asked) else got
    return spoil


def to_account(before, behind):
    return instead(before, behind, who=by_account)


def shows(change):
    """Tells otherwise what is there."""
    def spoil(asked):
        status, body, headers = asked.answer()
        return (status, change(body), headers) if status == 200 else (status, body, headers)
    return spoil


def hide(name, key):
    """No entry of a list says it."""
    return shows(lambda body: {**body, name: [{k: v for k, v in row.items() if k != key} for row in body[name]]})


def any_role(asked):
    """Takes what is malformed, and forgets it."""
    got = asked.answer()
    return (200, {}) if 400 <= got[0] < 500 else got


def asked_for_less(asked):
    asked.path = asked.path.replace("limit=1000000", "limit=1")
    return asked.answer()


def not_replaced(asked):
    """Shows the key that there was."""
    return 200, next(one for one in asked.owner_reads("keys")["keys"] if asked.path.endswith("/" + one["name"]))


def telling(asked):
    status, body, headers = asked.answer()
    return status, body if asked.by_owner else {**body, "detail": asked.owner_reads("identity")["identifier"]}, headers


LOOK = "settings?limit=1"  # what an operator reads and an account without a role does not
UNCAPPED = "*", "session-caps*", in_vain
# Each row: the check, what is asked, what becomes of it, and why the check then fails.
ROWS = [
    # @turns LA.RSM.1: a name is given twice
    ("LA.RSM.1/one-name", "POST", "accounts", instead(409, 201, {"account": "a99"}), "A second account named"),
    # @turns LA.RSM.2: a role that was taken stays
    ("LA.RSM.2/roles-count", "DELETE", "role-assignments/*", in_vain, "as operator 200, afterwards 200"),
    # @turns LA.RSM.3: a new name makes a new id
    ("LA.RSM.3/ids-stay", "PUT", "accounts/*", shows(lambda body: {**body, "account": "a99"}), "became a99"),
    # @turns LA.RSM.4: an owner may not ask what others may do
    ("LA.RSM.4/as-published", "GET", "access?*", instead(400, 403), "access.explain was answered with 403 as owner"),
    # the same of other roles alone, at one of many operations that its permission is for
    ("LA.RSM.4/as-published", "GET", "message-gateway?*", to_account(403, 400), "answered with 400 as guest"),
    # @turns LA.RSM.4.1: without a role an account asks what others may do
    ("LA.RSM.4.1/drawn-from-roles", "GET", "access?*", to_account(403, 400), "access.explain was answered with 400 as an account without a role"),
    # @turns LA.RSM.4.2: suspending ends nothing
    ("LA.RSM.4.2/state-follows", "*", "suspensions/*", in_vain, "suspended 200"),
    # @turns LA.RSM.4.3: a malformed role is taken
    ("LA.RSM.4.3/own-roles", "PUT", "roles/*", any_role, "A role with the permissions 'settings.read everything' was answered with 200"),
    # the same where one operation of many that a permission is for counts for nothing
    ("LA.RSM.4.3/own-roles", "GET", "message-gateway?*", to_account(403, 400), "answered with 400 as a role of the organization"),
    # @turns LA.RSM.5.1: a service reads what is not its task
    ("LA.RSM.5.1/narrow-service", "GET", "keys*", to_account(403, 200), "keys?limit=1 with 200"),
    # @turns LA.RSM.5.3: an operator reads the roles
    ("LA.RSM.5.3/reserved", "GET", "roles*", to_account(403, 200), "roles.list was answered with 200"),
    # @turns LA.RSM.5.4: a privileged setting is changed without a fresh proof
    ("LA.RSM.5.4/step-up", "PUT", "settings/*", to_account(403, 200), "with 200 when he changed it without"),
    # @turns LA.RSM.6: an action is done for whoever has another role
    ("LA.RSM.6/actions-for-roles", "POST", "actions/*", instead(403, 200), "with 200 and 200 by whoever has the other"),
    # @turns LA.RSM.6.1: an account for one use is one for any number
    ("LA.RSM.6.1/expires", "POST", "accounts", lambda asked: asked.answer(uses=None), "a second login with 201"),
    # @turns LA.RSM.6.2: an action that was removed is done
    ("LA.RSM.6.2/actions-come-and-go", "POST", "actions/*", instead(404, 200), "with 200, 200 and 200"),
    # @turns LA.RSM.6.3: the report does not say who did it
    ("LA.RSM.6.3/changes-reported", "GET", "account-changes*", hide("changes", "by"), "does not tell when and by whom"),
    # @turns LA.RSM.6.3.1: an admin changes what is recorded
    ("LA.RSM.6.3.1/controlled-by-auditor", "PUT", "audit-rules", to_account(403, 200), "by an admin with 200"),
    # @turns LA.RSM.6.3.2: an operator reads the log
    ("LA.RSM.6.3.2/log-readers", "GET", "log?*", to_account(403, 200), "as auditor: 200 and 200"),
    # @turns LA.RSM.6.3.3: a record does not name who has read
    ("LA.RSM.6.3.3/log-names", "GET", "log?*", hide("records", "account"), "no record names the account that asked"),
    # @turns LA.RSM.6.4: the members of a shared account do not read back
    ("LA.RSM.6.4/shared-set", "GET", "shared-accounts/*", shows(lambda body: {**body, "members": []}), "do not read back"),
    # @turns LA.RSM.6.5: whoever is in a shared account stays
    ("LA.RSM.6.5/shared-changed", "GET", LOOK, to_account(401, 200), "with 200 when its hours changed"),
    # @turns LA.RSM.6.6: a shared account opens for everybody
    ("LA.RSM.6.6/shared-enforced", "POST", "shared-sessions", instead(403, 201, {"token": "x" * 43}), "for whoever is no member with 201"),
    # @turns LA.RSM.7: the device's state does not change
    ("LA.RSM.7/state-flips", "PUT", "settings/logical-access.mode", in_vain, "with 200 when the device was in maintenance"),
    # @turns LA.RSM.7.1: what a role has lost is answered still
    ("LA.RSM.7.1/judged-anew", "GET", LOOK, to_account(403, 200), "the answers were 200, 200 and 200"),
    # @turns LA.RSM.7.2: a rule counts for nothing
    ("LA.RSM.7.2/action-ruled", "*", "rules/*", in_vain, "with 200 under a rule"),
    # @turns LA.RSM.8: a role shares what it may not
    ("LA.RSM.8/sharing", "POST", "recipients/*", instead(403, 200), "with 200 for a role that may not share it"),
    # @turns LA.RSM.9: a guest is told of the hardware that keeps keys
    ("LA.RSM.9/by-class", "GET", "keystore", to_account(403, 200), "keeps keys: as guest the answer was 200"),
    # @turns LA.IC.5: an account without a role is shown how the elements stand
    ("LA.IC.5/shown-to-few", "GET", "capabilities?limit=1", to_account(403, 200), "with 200 for an account without a role"),
    # @turns LA.IC.1: a policy that lacks a kind is taken
    ("LA.IC.1/all-kinds", "PUT", "remote-access", lambda asked: (200, {}), "without the kind 'who' was answered with 200"),
    # @turns LA.IC.1.1: hours and permissions of a policy count for nothing
    ("LA.IC.1.1/who-when-what", "PUT", "remote-access", in_vain, "Outside his hours somebody was answered with 200"),
    # @turns LA.IC.1.2: a session without the certificate that it needs is answered
    ("LA.IC.1.2/session-made", "GET", LOOK, to_account(403, 200), "one without was answered with 200"),
    # @turns LA.IC.1.3: a connection from the wrong network is answered
    ("LA.IC.1.3/connection-made", "PUT", "remote-access", in_vain, "does not let in, the answer was 200"),
    # @turns LA.IC.1.4: a rule of the manufacturer's counts for nothing
    ("LA.IC.1.4/manufacturers", "PUT", "remote-access", in_vain, "forbids over the network was answered with 200"),
    # @turns LA.IC.11: a malformed role is taken
    ("LA.IC.11/invalid-refused", "PUT", "roles/*", any_role, "PUT /api/v1/roles/probe took what is not of its form: it was answered with 200"),
    # @turns LA.EC.2: a rule about when counts for nothing
    ("LA.EC.2/shared-when", "*", "rules/*", in_vain, "with 200 while the device was in a state in which a rule forbids it"),
    # @turns LA.LDU.1: a search for everything is answered
    ("LA.LDU.1/searches", "GET", "inventory?limit=1000000", asked_for_less, "inventory?limit=1000000 was answered with 200"),
    # @turns LA.LDU.2: a cap counts for nothing
    ("LA.LDU.2/capped-and-freed", *UNCAPPED, "a third was answered with 201"),
    # @turns LA.LDU.2.1: the cap of an account counts for nothing
    ("LA.LDU.2.1/account-capped", *UNCAPPED, "a second one was answered with 201"),
    # @turns LA.LDU.2.2: the cap of a role counts for nothing
    ("LA.LDU.2.2/role-capped", *UNCAPPED, "a second one was answered with 201"),
    # @turns LA.LDU.2.3: the cap of a group counts for nothing
    ("LA.LDU.2.3/group-capped", *UNCAPPED, "a second one was answered with 201"),
    # @turns LA.LDU.2.4: the cap of a date counts for nothing
    ("LA.LDU.2.4/date-capped", *UNCAPPED, "a second was answered with 201"),
    # @turns LA.LDU.2.5: the cap of hours counts for nothing
    ("LA.LDU.2.5/hours-capped", *UNCAPPED, "a second was answered with 201"),
    # @turns LA.LDU.2.6: the cap of a place counts for nothing
    ("LA.LDU.2.6/place-capped", *UNCAPPED, "a second was answered with 201"),
    # @turns LA.LDU.2.7: the cap of a parameter counts for nothing
    ("LA.LDU.2.7/parameter-capped", *UNCAPPED, "a second was answered with 201"),
    # @turns LA.AIM.1: what is listed as permitted without login is not
    ("LA.AIM.1/without-login", "PUT", "settings/logical-access.without-login", in_vain, "was answered with 401 as a stranger"),
    # @turns LA.AZ.1: it says that anybody may read the settings
    ("LA.AZ.1/verdicts", "GET", "access?operation=settings.read&kind=anyone", shows(lambda body: {**body, "allowed": True}), "says that it is allowed"),
    # @turns DP.CCS.5: what was changed opens
    ("DP.CCS.5/changes-refused", "POST", "crypto/unseal", instead(422, 200, {"data": b64(bytes(256))}), "does not refuse to open"),
    # @turns DP.CKM.3: a key that was to be replaced is the same
    ("DP.CKM.3/old-key-refused", "POST", "keys/*", not_replaced, "After the rotation the key is the same as before"),
    # @turns DI.ABI.1.1: an error tells the identifier
    ("DI.ABI.1.1/nothing-to-see", "GET", "access", telling, "/api/v1/access"),
]
# On the device itself, as root.
INSIDE = [
    # @turns LA.AZ.2: over the network rights do not count
    ("LA.AZ.2/both-doors", "GET", LOOK, to_account(403, 200), "without rights 401 and 200"),
    # @turns LA.IC.7: over the network the rules count for nothing
    ("LA.IC.7/both-ways", "GET", LOOK, to_account(403, 200), "the answers were 200 over the network"),
    # @turns LA.RSM.4.4: a service reads what is above its level
    ("LA.RSM.4.4/several-levels", "GET", LOOK, to_account(403, 200), "at the level of guest was answered with 200 at its level and with 200 above"),
    # @turns LA.RSM.5: a new account reads the settings
    ("LA.RSM.5/least", "GET", LOOK, to_account(403, 200), "A new account without a role was answered with 200"),
]
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="others' processes are seen by root alone")


@pytest.fixture(scope="module")
def unit(world):
    one = world.device("one-thing-of-rights").start()
    one.take_over()
    yield one
    assert [who["name"] for who in one.json("accounts", "list")["accounts"]] == ["alice"]
    one.stop()


def judged(unit, folder, check, device, *more):
    (found,) = assess(unit, folder, {check}, device, more).values()
    return found


def test_nothing_is_wrong_with_who_is_between(unit, tmp_path):
    """So that no row below fails for his sake."""
    with spoiled(unit, tmp_path, "*", "*", lambda asked: asked.answer()) as device:
        verdicts = assess(unit, tmp_path, SOUND, device)
    assert len(verdicts) == len(SOUND) and [one for one in verdicts.items() if one[1][0] != "pass"] == []


def test_nothing_is_wrong_where_a_use_notice_is_in_force(unit, tmp_path):
    """Whoever the tool plays accepts it at each step of a login."""
    notice = unit.json("notice", "change", "--text", "Only for staff.")["notice"]
    try:
        verdicts = assess(unit, tmp_path, {"LA.RSM.5.4/step-up", "LA.AS.2.1/second-factor"}, "unit", ("--accept-notice", notice))
    finally:
        unit.tool("device", "notice", "withdraw", "--device", "unit", "--owner", unit.owner, "--accept-notice", notice)
    assert len(verdicts) == 2 and [one for one in verdicts.items() if one[1][0] != "pass"] == []


@pytest.mark.parametrize("check, method, path, spoil, told", ROWS, ids=[row[0] for row in ROWS])
def test_what_is_wrong_is_found_out(unit, tmp_path, check, method, path, spoil, told):
    with spoiled(unit, tmp_path, method, path, spoil) as device:
        verdict, reason = judged(unit, tmp_path, check, device)
    assert verdict == "fail" and told in reason, reason


MATRIX = {"LA.RSM.4/as-published": 8, "LA.RSM.4.3/own-roles": 1}  # check: as how many roles it asks each operation
DRAWN = re.compile("Drawn by chance: ([0-9]+) of ([0-9]+) pairs of role and operation, each answered as published; without --draw, ")


# @nist LA.RSM.4 LA.RSM.4.3
def test_each_operation_is_asked_as_each_role(unit, tmp_path):
    published = Client(unit, certificate=False).ask("GET", "/api/v1/openapi.json").json["paths"]
    operations = sum("x-thingward-permission" in row and row.get("x-thingward-when") != "unowned" for methods in published.values() for row in methods.values())
    verdicts = assess(unit, tmp_path, MATRIX, "unit")
    assert [verdict for verdict, _ in verdicts.values()] == ["pass", "pass"] and operations > 150
    assert f"{8 * operations} requests" in verdicts["LA.RSM.4", "as-published"][1] and f"each of {operations} operations" in verdicts["LA.RSM.4.3", "own-roles"][1]
    by = set()
    for _ in range(2):
        verdicts = assess(unit, tmp_path, MATRIX, "unit", ("--draw",))
        for (element, probe), (verdict, reason) in verdicts.items():
            drawn, of = (int(n) for n in DRAWN.match(reason).groups())
            assert verdict == "inconclusive" and f"--element {element}` asks them all" in reason
            assert of == MATRIX[f"{element}/{probe}"] * operations and 0 < drawn < of / 3, "one of eight, by chance"
        payload = json.loads(unb64(json.loads((tmp_path / "e.json").read_text())["payload"]))
        by |= {row["seen"]["drawn by"] for row in payload["results"] if row["probe"] != "live-status"}
    assert len(by) == 4, "drawn anew, in each check of each run"


@pytest.mark.parametrize("check, who", [("LA.RSM.4/as-published", "as guest"), ("LA.RSM.4.3/own-roles", "as a role of the organization")])
def test_a_draw_finds_what_is_wrong_in_much(unit, tmp_path, check, who):
    """What is refused passes the gate: of hundreds of pairs a draw has one."""
    with spoiled(unit, tmp_path, "*", "*probe=1", to_account(403, 400)) as device:
        verdict, reason = judged(unit, tmp_path, check, device, "--draw")
    assert verdict == "fail" and f"answered with 400 {who}" in reason, reason


@AS_ROOT
@pytest.mark.parametrize("check, method, path, spoil, told", INSIDE, ids=[row[0] for row in INSIDE])
def test_what_is_wrong_is_found_out_from_inside(unit, tmp_path, check, method, path, spoil, told):
    with spoiled(unit, tmp_path, method, path, spoil) as device:
        verdict, reason = judged(unit, tmp_path, check, device, "--local", unit.run / "admin.sock")
    assert verdict == "fail" and told in reason, reason


@AS_ROOT
def test_a_process_that_is_not_confined_is_found_out(unit, tmp_path):
    """@turns LA.RSM.5.2: the process that the device's local socket belongs to is in no sandbox."""
    check = "LA.RSM.5.2/confined"
    assert judged(unit, tmp_path, check, "unit", "--local", unit.run / "admin.sock")[0] == "pass"
    with liars.at_socket() as path:
        verdict, reason = judged(unit, tmp_path, check, "unit", "--local", path)
    assert verdict == "fail" and "may gain privileges" in reason, reason
