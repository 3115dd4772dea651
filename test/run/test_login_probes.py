# SPDX-License-Identifier: Apache-2.0
"""Probes of logging in: a sound device passes them and is left as it was; a device that gets one thing wrong fails, and one that is cut short in a
probe has its settings back."""
import json
import os
import pathlib
import signal
import subprocess
import threading
import time

import liar as liars
import pytest
import world as worlds
from harness import Client, unb64
from liar import Liar

INSIDE = {("LA.AS.2", "local-methods")} if os.geteuid() == 0 else set()
PROBES = {("LA.AC.1", "login-rules"), ("LA.AC.1.1", "lockout-length"), ("LA.AC.1.2", "lockout-count"), ("LA.X.1", "lockout-switch"),
          ("LA.AS.2", "network-methods"), ("LA.AS.3", "login-masked")}
LENGTH, COUNT, RULES, METHODS = "LA.AC.1.1/lockout-length", "LA.AC.1.2/lockout-count", "LA.AC.1/login-rules", "LA.AS.2/network-methods"
MASKED, SWITCH = "LA.AS.3/login-masked", "LA.X.1/lockout-switch"


def command(unit, tmp_path, only, device, more=()):
    words = [word for one in sorted(only) for word in ("--element", one)]
    return [str(word) for word in (worlds.program("thingward"), "assess", "--device", device, "--owner", unit.owner, "--product", unit.world.product,
                                   "--out", tmp_path / "e.json", *words, *more)]


def assess(unit, tmp_path, only, device="unit", more=()):
    worlds.run(*command(unit, tmp_path, only, device, more), ok=(0, 1), timeout=400)
    payload = json.loads(unb64(json.loads((tmp_path / "e.json").read_text())["payload"]))
    return {(row["element"], row["probe"]): (row["verdict"], row["reason"]) for row in payload["results"] if row["probe"] != "live-status"}


# @nist LA.AC.1 LA.AC.1.1 LA.AC.1.2 LA.AS.2 LA.AS.3 LA.X.1
def test_a_sound_device_passes_and_is_left_as_it_was(owned, tmp_path):
    settings, roles = (owned.json(what, "list")[what] for what in ("settings", "roles"))
    verdicts = assess(owned, tmp_path, {one for one, _ in PROBES}, more=("--local", owned.run / "admin.sock"))
    assert PROBES | INSIDE <= set(verdicts)
    assert [one for one in verdicts.items() if one[1][0] != "pass" and one[0] in PROBES | INSIDE] == []
    assert [(one["key"], one["value"]) for one in owned.json("settings", "list")["settings"]] == [(one["key"], one["value"]) for one in settings]
    assert owned.json("roles", "list")["roles"] == roles
    assert [one["name"] for one in owned.json("accounts", "list")["accounts"]] == ["alice"]


# @nist LA.AC.1.2
def test_the_console_waits_for_nobody(owned):
    owned.json("settings", "change", "logical-access.attempts", "3")
    stranger = Client(owned, certificate=False)
    wrong = {"account": "alice", "password": "not what it is"}
    assert [stranger.ask("POST", "/api/v1/logins", wrong).status for _ in range(4)] == [403, 403, 403, 429]
    assert "recover" in owned.at_console("help")


class Sham:
    """Logins as a device has them, but for what is wrong."""
    DEFAULTS = {"attempts": "5", "attempts-wait": "60", "attempts-wait-most": "900", "password-min": "15", "network-methods": "any",
                "second-factor": "", "throttle": "on"}

    ADMIN = "c" * 43  # whom a code lets in

    def __init__(self, *wrong):
        self.wrong = wrong
        self.settings = dict(self.DEFAULTS)
        self.changed = threading.Event()  # attempts-wait is not as it was
        self.log = []
        self.password, self.given, self.role, self.failures, self.until, self.was_off = "", False, "", 0, 0.0, False

    def get(self, path, default=None):
        return lambda asked: self.answer(path.removeprefix("/api/v1/"), asked or {})

    def told(self, _method, path, asked, headers):
        """Who shows no token is the owner, by his certificate."""
        token = headers.get("Authorization", "").removeprefix("Bearer ")
        if path == "/api/v1/settings/logical-access.throttle" and asked and token:
            may = token == self.ADMIN and "admins may not" not in self.wrong or token != self.ADMIN and "anybody may" in self.wrong
            if not may:
                return 403, {}
        return self.get(path)(asked)

    def answer(self, path, asked):
        if path.startswith("settings/logical-access."):
            return self.setting(path.removeprefix("settings/logical-access."), asked)
        if path == "settings?limit=1":
            return self.session()
        if path == "passwords/a2":
            self.password, self.given = asked["password"], True
        if path == "role-assignments" and asked:
            self.role = asked["role"]
        if path == "logins":
            if "logs nothing" not in self.wrong:
                self.log.append({"operation": "login.open", **({"typed": asked.get("password")} if "logs passwords" in self.wrong else {})})
            return self.login(asked)
        if path == "log?limit=100":
            return 200, {"records": self.log}
        if path == "sessions" and asked:
            weak = self.settings["network-methods"] != "any" and "codes come in" not in self.wrong
            return (403, {}) if weak else (201, {"token": self.ADMIN})
        if path in ("identity", "sessions?limit=1", "notice", "health"):
            return 200, {"sessions": [], "text": "", "notice": ""}
        return 201, {"account": "a2", "code": "00000-00000", "capabilities": []}

    def setting(self, key, asked):
        if "value" in asked:
            self.settings[key] = asked["value"]
            self.was_off |= self.settings["throttle"] == "off"
            if key == "attempts-wait":
                self.changed.set()
        return 200, {"value": self.settings[key]}

    def session(self):
        return (403 if self.settings["network-methods"] == "any" or "sessions stay" in self.wrong else 401), {}

    def login(self, asked):
        known, self.typed = "client" in asked, asked.get("password", "")
        if "login" in asked:
            if len(asked["new_password"]) < int(self.settings["password-min"]):
                return 400, {}
            self.password, self.given = asked["new_password"], False
            return self.come_in()
        if self.settings["network-methods"] == "certificate" and "passwords come in" not in self.wrong:
            return 403, {}
        if time.monotonic() < self.until and (not known or "all wait" in self.wrong):
            return 429, {}
        if asked["password"] != self.password:
            return self.fail()
        if self.settings["network-methods"] != "any" and "passwords come in" not in self.wrong:
            return 403, {}
        if self.role and self.role in self.settings["second-factor"].split() and "no factor" not in self.wrong:
            return 403, {}
        short = len(self.password) < int(self.settings["password-min"]) and "old length" not in self.wrong
        if self.given or short:
            return 200, {"needed": ["new-password"], "login": "h" * 43}
        if not known:
            self.failures = 0
        return self.come_in()

    def fail(self):
        off = self.settings["throttle"] == "off" and "never off" not in self.wrong
        if off or self.was_off and "never on again" in self.wrong:
            return 403, {}
        self.failures += 1
        late = "one too late" in self.wrong
        wait = int(self.settings["attempts-wait"]) * (0.25 if "ends early" in self.wrong else 1000 if "never ends" in self.wrong else 1)
        if self.failures >= int(self.settings["attempts"]) + late - ("one too early" in self.wrong) and "nobody waits" not in self.wrong:
            self.until = time.monotonic() + wait
        return 403, {"detail": self.typed} if "tells what was typed" in self.wrong else {}

    def come_in(self):
        return 201, {"token": "t" * 43, "client": "k" * 43, **({"password": self.password} if "shows the password" in self.wrong else {})}


@pytest.fixture(scope="module")
def sham(world, tmp_path_factory):
    unit = world.device("login-probes").start()
    unit.take_over()
    with liars.beside(unit, tmp_path_factory.mktemp("sham")) as one:
        yield one
    unit.stop()


# Each row: what is wrong, and what has to be found out. The first: nothing is, so that a row that fails does not fail for the sham's own sake.
@pytest.mark.parametrize("wrong, found", [
    ((), (RULES, METHODS, MASKED, SWITCH)),
    (("never off",), (SWITCH,)),  # @turns LA.X.1: lockouts cannot be switched off
    (("never on again",), (SWITCH,)),
    (("admins may not",), (SWITCH,)),
    (("anybody may",), (SWITCH,)),
    (("tells what was typed",), (MASKED,)),  # @turns LA.AS.3: an answer says what was typed
    (("shows the password",), (MASKED,)),
    (("logs passwords",), (MASKED,)),
    (("logs nothing",), (MASKED,)),
    (("nobody waits",), (LENGTH,)),  # @turns LA.AC.1.1: who fails does not wait at all
    (("old length",), (RULES,)),  # @turns LA.AC.1: a new least length of passwords counts for nobody
    (("passwords come in",), (METHODS,)),  # @turns LA.AS.2: what the policy calls too weak opens
    (("all wait", "no factor", "codes come in"), (LENGTH, RULES, METHODS, SWITCH)),
    (("ends early", "sessions stay"), (LENGTH, METHODS)),
    (("never ends",), (LENGTH,)),
    (("one too late",), (COUNT,)),  # @turns LA.AC.1.2: one failure more than was set is free
    (("one too early",), (COUNT,)),
], ids=lambda one: " and ".join(one) or "nothing" if isinstance(one, tuple) else None)
def test_what_is_wrong_is_found_out(sham, tmp_path, wrong, found):
    Liar.answers = Sham(*wrong)
    verdicts = assess(sham, tmp_path, found, "liar")
    assert {f"{e}/{probe}" for e, probe in verdicts} == set(found)
    assert [one for one in verdicts.items() if one[1][0] != ("fail" if wrong else "pass")] == []
    assert Liar.answers.settings == Sham.DEFAULTS


class Local:
    """Answers root and everybody else, at the local socket, as it is told to."""

    def __init__(self, root, others):
        self.root, self.others = root, others

    def told(self, _method, _path, _asked, headers):
        return (self.root if headers.get("X-User", "0") == "0" else self.others), {"capabilities": [], "elements": []}


# @nist LA.AS.2
# @turns LA.AS.2: whoever has no rights comes in at the local socket, or is not told from root
# The first: as it should be, so that none of the others fails for the sham's own sake.
@pytest.mark.skipif(os.geteuid() != 0, reason="it takes root to become somebody without rights")
@pytest.mark.parametrize("root, others, verdict", [(200, 401, "pass"), (200, 200, "fail"), (200, 403, "fail"), (401, 401, "fail")])
def test_a_socket_that_does_not_tell_who_asks_is_found_out(sham, tmp_path, root, others, verdict):
    Liar.answers = Local(root, others)
    with liars.at_socket() as path:
        said = assess(sham, tmp_path, {"LA.AS.2/local-methods"}, "liar", ("--local", path))
    assert said["LA.AS.2", "local-methods"][0] == verdict, said


# @nist LA.AS.1 LA.AIM.1
def test_strangers_get_what_is_listed(sham, tmp_path):
    verdicts = assess(sham, tmp_path, {"LA.AS.1", "LA.AIM.1"}, "unit")
    assert [one for one in verdicts.items() if one[1][0] != "pass"] == [] and {e for e, _ in verdicts} == {"LA.AS.1", "LA.AIM.1"}
    assert sham.json("settings", "read", "logical-access.without-login")["value"] == "health.read"


class Open:
    """Answers every operation alike, whoever asks, and lists what it is told to."""
    published = json.loads((pathlib.Path(worlds.BUILD) / "src/formats/openapi.json").read_text())

    def __init__(self, status, listed):
        self.status, self.listed = status, listed

    def get(self, path, default=None):
        if path == "/api/v1/openapi.json":
            return 200, self.published
        if path.startswith(("/api/v1/roles?", "/api/v1/capabilities")) or path == "/api/v1/roles":
            return 200, {"roles": [], "capabilities": []}
        return (200 if "without-login" in path else self.status), {"value": self.listed}


@pytest.mark.parametrize("status, listed", [(400, "health.read"), (401, "health.read"), (401, "log.read")])
def test_others_are_found_out(sham, tmp_path, status, listed):
    Liar.answers = Open(status, listed)
    verdicts = assess(sham, tmp_path, {"LA.AS.1", "LA.AIM.1"}, "liar")
    assert {e: said[0] for (e, _), said in verdicts.items()} == {"LA.AS.1": "fail", "LA.AIM.1": "fail"}


# @nist LA.AIM.1
def test_what_is_listed_does_not_tell_who_the_device_is(sham, tmp_path):
    sham.json("settings", "change", "logical-access.without-login", "health.read status.read")
    assert Client(sham, certificate=False).ask("GET", "/api/v1/capabilities").status == 200
    probe = "DI.ABI.1.1", "nothing-to-see"
    assert assess(sham, tmp_path, {"/".join(probe)})[probe][0] == "pass"


def test_one_that_is_cut_short_has_its_settings_back(sham, tmp_path):
    Liar.answers = Sham()
    with subprocess.Popen(command(sham, tmp_path, (LENGTH,), "liar"), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as tool:
        assert Liar.answers.changed.wait(60)
        tool.send_signal(signal.SIGTERM)
        assert tool.wait(200) == -signal.SIGTERM
    assert Liar.answers.settings == Sham.DEFAULTS
