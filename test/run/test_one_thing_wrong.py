# SPDX-License-Identifier: Apache-2.0
"""A device on which one thing is wrong: the probe of the element that this breaks fails, and says why."""
import json
import pathlib
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import liar as liars
import pytest
import world as worlds
from between import spoiled
from liar import Liar
from test_login_probes import assess

NOTICE = "/api/v1/notice"


@pytest.fixture(scope="module")
def unit(world, tmp_path_factory):
    one = world.device("one-thing").start()
    one.take_over()
    with liars.beside(one, tmp_path_factory.mktemp("sham")):
        yield one
    assert one.json("notice", "read")["text"] == "" and [who["name"] for who in one.json("accounts", "list")["accounts"]] == ["alice"]
    one.stop()


def judged(unit, folder, probe, device):
    (found,) = assess(unit, folder, {probe}, device).values()
    return found


# ---- the device itself, but for one answer ----


def as_it_is(asked):
    return asked.answer()


def not_done(_asked):
    """It says so, and has not."""
    return 200, {}


def without_previous(asked):
    status, body, headers = asked.answer()
    return status, {key: value for key, value in body.items() if key != "previous"}, headers


class UsedAgain:
    """A code opens whenever it has been shown before."""

    def __init__(self):
        self.shown = set()

    def __call__(self, asked):
        code = asked.said.get("code")
        again = code in self.shown
        self.shown |= {code} - {None}
        return (201, {"token": "x" * 43}) if again else asked.answer()


def shown_to_nobody(asked):
    status, body, headers = asked.answer()
    return status, body | {"text": "", "notice": ""}, headers


def written_by_anybody(asked):
    return not_done(asked) if "Bearer" in str(asked.headers) else asked.answer()


def without_digests(asked):
    status, body, headers = asked.answer()
    return status, body | {"records": [{**one, "fields": {}} for one in body["records"]]}, headers


def taken_when_too_long(asked):
    status, *more = asked.answer()
    return (200 if status == 400 else status), *more


def accepted_for_him(asked):
    return asked.answer(notice=asked.client.ask("GET", NOTICE).json["notice"])


def open_when_silent(asked):
    status, *more = asked.answer()
    return (201, {"token": "x" * 43}) if status == 503 else (status, *more)


SUN = {f"LA.SUN.{probe}" for probe in ("1/notice-shown", "2/notice-written", "2.1/notice-edited", "2.2/notice-bounded", "3/notice-held")}


def test_nothing_is_wrong_with_who_is_between(unit, tmp_path):
    """So that no row below fails for his sake."""
    with spoiled(unit, tmp_path, "GET", "*", as_it_is) as device:
        verdicts = assess(unit, tmp_path, {"LA.AC.1.3/login-before-told", "LA.AS.2.1/second-factor", "LA.AS.2.1.1/one-time-code", *SUN}, device)
    assert len(verdicts) == 8 and [one for one in verdicts.items() if one[1][0] != "pass"] == []


# The probe, what is asked, what becomes of it, and why the probe then fails.
ROWS = [
    # @turns LA.AC.1.3: a login is not told when the one before was
    ("LA.AC.1.3/login-before-told", "POST", "sessions", without_previous, "The second login was told ''"),
    # @turns LA.AS.2.1: an authenticator is enrolled, and the password alone opens
    ("LA.AS.2.1/second-factor", "PUT", "authenticator", lambda _: (204, {}), "The password alone, where a second factor is enrolled,"),
    # @turns LA.AS.2.1.1: a code that was used opens again
    ("LA.AS.2.1.1/one-time-code", "POST", "logins", UsedAgain(), "A code that was used a moment ago was answered with 201"),
    # @turns LA.SUN.1: strangers are shown no notice
    ("LA.SUN.1/notice-shown", "GET", "notice", shown_to_nobody, "A stranger is not shown the notice that was written"),
    # @turns LA.SUN.2: an operator who writes a notice is not refused
    ("LA.SUN.2/notice-written", "PUT", "notice", written_by_anybody, "An operator (login 201) who wrote a notice was answered 200"),
    # @turns LA.SUN.2.1: the log does not have the digests of an edit
    ("LA.SUN.2.1/notice-edited", "GET", "log*", without_digests, "After an edit the newest records of the log do not name the digests"),
    # @turns LA.SUN.2.1: it does not say what the product's displays show
    ("LA.SUN.2.1/notice-edited", "GET", "notice-displays", not_done, "The device does not say what the product's displays show"),
    # @turns LA.SUN.2.2: a notice longer than what it says it holds is not refused
    ("LA.SUN.2.2/notice-bounded", "PUT", "notice", taken_when_too_long, "It says it holds"),
    # @turns LA.SUN.3: whoever does not accept the notice is let in
    ("LA.SUN.3/notice-held", "POST", "sessions", accepted_for_him, "Without accepting the notice a login was answered 201"),
]


@pytest.mark.parametrize("probe, method, path, spoil, told", ROWS, ids=[row[0] for row in ROWS])
def test_what_is_wrong_is_found_out(unit, tmp_path, probe, method, path, spoil, told):
    with spoiled(unit, tmp_path, method, path, spoil) as device:
        verdict, reason = judged(unit, tmp_path, probe, device)
    assert verdict == "fail" and reason.startswith(told), reason


# What is only found out by waiting, side by side: none of them meets another.
WAITED = [
    # @turns LA.AC.1.4.1: a session lives on however long it is idle
    ("LA.AC.1.4.1/idle-logged-out", "POST", "sessions", lambda asked: asked.answer(idle=None),
     "A session that may be idle for a second was answered with 200, and after longer with 200"),
    # @turns LA.AC.1.4.2: an emergency account does not end
    ("LA.AC.1.4.2/emergency-ends", "POST", "accounts", lambda asked: asked.answer(lifetime=600),
     "An emergency account of 2 s was there three times as long"),
    # @turns LA.AS.2.1.2: a login opens when the organization's server says nothing
    ("LA.AS.2.1.2/server-judges", "POST", "logins", open_when_silent, "The server said nothing, and the login was let in"),
]


def test_what_is_found_out_by_waiting(unit, tmp_path):
    """@turns LA.AC.1.4: an account that nobody uses is never disabled."""
    set_to_a_second = threading.Event()

    def never(_asked):
        set_to_a_second.set()
        return 200, {}

    def run(number, probe, method, path, spoil, _told):
        (folder := tmp_path / str(number)).mkdir()
        device = together.enter_context(spoiled(unit, folder, method, path, spoil, f"spoiled-{number}"))
        return others.submit(judged, unit, folder, probe, device)

    unused = ("LA.AC.1.4/unused-disabled", "PUT", "settings/logical-access.inactive", never,
              "An account that nobody had used for longer than the limit of a second reads as 'active'")
    with ExitStack() as together, ThreadPoolExecutor() as others:
        found = [run(0, *unused)]
        assert set_to_a_second.wait(60)  # it looks whether others have accounts before that
        found += [run(number, *row) for number, row in enumerate(WAITED, 1)]
        for (probe, *_, told), one in zip((unused, *WAITED), found):
            verdict, reason = one.result()
            assert verdict == "fail" and reason.startswith(told), (probe, reason)


def test_no_system_of_a_partner_is_heard(unit, tmp_path):
    """@turns LA.AC.2: other devices' certificates are switched off, and a partner's with them."""
    assert judged(unit, tmp_path, "LA.AC.2/partner-known", "unit")[0] == "pass"
    unit.json("settings", "change", "identification.peers", "off")
    verdict, reason = judged(unit, tmp_path, "LA.AC.2/partner-known", "unit")
    unit.json("settings", "change", "identification.peers", "on")
    assert verdict == "fail" and reason.startswith("/api/v1/settings was refused with 401 by the rule 'peer.off'"), reason


def test_no_listed_system_is_dealt_with(unit, tmp_path):
    """@turns LA.EC.1: a system that the owner has listed is not heard."""
    assert judged(unit, tmp_path, "LA.EC.1/partner-protected", "unit")[0] == "pass"
    unit.json("settings", "change", "identification.peers", "off")
    verdict, reason = judged(unit, tmp_path, "LA.EC.1/partner-protected", "unit")
    unit.json("settings", "change", "identification.peers", "on")
    assert verdict == "fail" and "peer.off" in reason, reason


# ---- made up: the tool's certificates cannot be passed on, and to pass on every operation takes long ----


class Withdrawn:
    """A partner's system and a person of another organization come, and are shut out when the owner wishes, but for what is wrong."""

    def __init__(self, *wrong):
        self.wrong = wrong
        self.partner, self.revoked, self.suspended = "", False, False

    def told(self, _method, path, asked, _headers):
        path = path.removeprefix("/api/v1/")
        self.partner = asked["subject"] if path == "policies" else self.partner
        self.revoked |= path == "peer-revocations"
        self.suspended |= path.startswith("suspensions/")
        if path == "settings" and self.revoked and "the revoked come in" not in self.wrong:
            return 401, {"rule": "peer.revoked"}
        if path == "settings?limit=1" and self.suspended and "sessions stay" not in self.wrong:
            return 401, {}
        if path == "session-codes" and self.suspended and "the suspended come again" not in self.wrong:
            return 409, {}
        records = [{"subject": f"peer:{self.partner}", "rule": "peer.revoked"}] if self.revoked else []
        made = path in ("accounts", "session-codes", "sessions")
        return (201 if made else 200), {"account": "a2", "code": "00000-00000", "token": "t" * 43, "records": records}


@pytest.mark.parametrize("wrong, told", [
    ((), "A partner's system was refused once its certificate was revoked"),
    # @turns LA.AC.3: a partner's system comes in by a certificate that was revoked
    (("the revoked come in",), "/api/v1/settings was answered with 200; it should have been refused by peer.revoked"),
    (("sessions stay",), "Somebody of another organization was suspended: his session was answered with 200"),
    (("the suspended come again",), "Somebody of another organization was suspended: his session was answered with 401, a new login with 201"),
], ids=lambda one: "".join(one) or "nothing" if isinstance(one, tuple) else "")
def test_outsiders_who_are_not_shut_out(unit, tmp_path, wrong, told):
    Liar.answers = Withdrawn(*wrong)
    verdict, reason = judged(unit, tmp_path, "LA.AC.3/access-withdrawn", "liar")
    assert verdict == ("fail" if wrong else "pass") and reason.startswith(told), reason


class Gate:
    """Refuses whoever has proven nothing, but at the way in, at what the organization lists, and at one permission more."""
    published = json.loads((pathlib.Path(worlds.BUILD) / "src/formats/openapi.json").read_text())

    def __init__(self, more=""):
        way_in = "commissioning.read commissioning.take commissioning.claim session.open notice.read recovery.ask"
        free = {*way_in.split(), "health.read", more}
        self.open = {(method.upper(), re.sub("{.*", "nobody", path) + "?probe=1") for path, methods in self.published["paths"].items()
                     for method, row in methods.items() if row.get("x-thingward-permission") in free}

    def told(self, method, path, _asked, _headers):
        if path == "/api/v1/openapi.json":
            return 200, self.published
        if path.endswith("?probe=1"):
            return (400 if (method, path) in self.open else 401), {}
        return 200, {"roles": [], "capabilities": [], "value": "health.read"}


@pytest.mark.parametrize("more, verdict, told", [
    ("", "pass", "the others refused"),
    ("settings.read", "fail", "was answered with 400 as a stranger"),  # @turns LA.AS.1: one permission more is open to strangers
])
def test_what_is_open_to_strangers(unit, tmp_path, more, verdict, told):
    Liar.answers = Gate(more)
    found, reason = judged(unit, tmp_path, "LA.AS.1/login-demanded", "liar")
    assert found == verdict and told in reason, reason
