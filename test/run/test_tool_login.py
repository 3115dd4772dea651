# SPDX-License-Identifier: Apache-2.0
"""Logging in with the tool, from files and at a terminal: what is typed is seen nowhere, and the session serves the commands after it."""
import base64
import hashlib
import hmac
import json
import re
import signal
import stat
import struct
import subprocess
import time

import pytest

import liar as liars
import world as worlds
from liar import Liar
from terminal import Terminal

GIVEN, CHOSEN, OTHER, WRONG = "a first password of a kind", "nine quiet herons wade", "ten loud geese came by", "no heron wades at night"


def tool(*words):
    """Without a terminal."""
    return subprocess.run([str(worlds.program("thingward")), "device", *map(str, words)], capture_output=True, text=True, timeout=60, check=False,
                          stdin=subprocess.DEVNULL, start_new_session=True)


def well(*words):
    done = tool(*words)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def device(world):
    """Its owner, alice, makes as many accounts as a test asks for. All come from one address, so nobody waits but where a test is about it."""
    unit = world.device("TOOL-LOGIN").start()
    unit.take_over()
    unit.json("settings", "change", "logical-access.throttle", "off")
    yield unit
    unit.stop()


class Person:
    """An operator with a password of the owner's making, and a directory of his own."""

    def __init__(self, device, folder, name):
        self.device, self.name, self.folder = device, name, folder
        self.account = device.json("accounts", "make", "--name", name, "--kind", "person")["account"]
        device.json("accounts", "role-give", "--account", self.account, "--role", "operator")
        self.given = self.file(GIVEN)
        well("passwords", "set", self.account, "--password-file", self.given, "--device", "unit", "--owner", device.owner)

    def file(self, text):
        path = self.folder / f"secret-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
        path.write_text(text + "\n")
        return path

    @property
    def kept(self):
        return self.folder / "me/logins/unit.json"

    @property
    def here(self):
        return ["--device", "unit", "--owner", self.folder / "me"]

    @property
    def known(self):
        return ["--known", self.device.owner / "devices/unit.json"]

    def login(self, password, *more):
        return ["login", *self.here, "--account", self.name, "--password-file", self.file(password), *more]

    def choose(self, password=CHOSEN):
        """His first login, which wants another password."""
        return tool(*self.login(GIVEN, *self.known, "--new-password-file", self.file(password), "--json"))


@pytest.fixture
def person(device, tmp_path):
    return lambda name: Person(device, tmp_path, name)


def code(secret, step):
    """RFC 6238, from the secret as the URI has it."""
    mac = hmac.new(base64.b32decode(secret), struct.pack(">Q", int(time.time()) // 30 + step), hashlib.sha1).digest()
    at = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[at:at + 4])[0] & 0x7FFFFFFF) % 10**6:06}"


def test_the_session_serves_the_commands_after_it(person):
    bob = person("bob")
    done = bob.choose()
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["name"], said["account"]) == ("bob", bob.account) and "token" not in said and "client" not in said and "previous" not in said
    kept = json.loads(bob.kept.read_text())
    assert stat.S_IMODE(bob.kept.stat().st_mode) == 0o600 and stat.S_IMODE(bob.kept.parent.stat().st_mode) == 0o700
    assert kept["account"] == "bob" and len(kept["token"]) == 43 and len(kept["clients"]["bob"]) == 43
    assert json.loads(well("identity", "read", *bob.here, "--json"))["model"]
    assert [one["name"] for one in json.loads(well("sessions", "list", "--device", "unit", "--owner", bob.device.owner, "--json"))["sessions"]] == ["bob"]
    refused = tool("accounts", "make", "--name", "eve", "--kind", "person", *bob.here)
    assert refused.returncode == 3 and "gate.permission" in refused.stderr
    assert "logged out" in well("logout", *bob.here)
    after = json.loads(bob.kept.read_text())
    assert after == {"clients": kept["clients"]}, "what makes it a known client stays"
    done = tool("identity", "read", *bob.here)
    assert done.returncode == 1 and "not logged in" in done.stderr and "Try: thingward device login" in done.stderr
    again = well(*bob.login(CHOSEN))
    assert "logged in at unit as bob" in again and "by password, from 127.0.0.1" in again
    bob.device.json("sessions", "end-all", bob.account)
    done = tool("identity", "read", *bob.here)
    assert done.returncode == 3 and "path.credentials" in done.stderr
    assert "over already" in well("logout", *bob.here)
    assert tool("logout", *bob.here).returncode == 1


def test_a_known_client_does_not_wait_for_strangers(person):
    carol = person("carol")
    assert carol.choose().returncode == 0
    strange = ["login", "--device", "unit", "--owner", carol.device.owner, "--account", "carol", "--password-file", carol.file(WRONG)]
    carol.device.json("settings", "change", "logical-access.throttle", "on")
    try:
        for _ in range(5):
            done = tool(*strange)
            assert done.returncode == 3 and "access.login" in done.stderr and "Try: Look at the name" in done.stderr
        done = tool(*strange)
        assert done.returncode == 3 and re.search(r"the device asks to wait \d+ s: .*429, access.throttle", done.stderr)
        assert "logged in" in well(*carol.login(CHOSEN))
    finally:
        carol.device.json("settings", "change", "logical-access.throttle", "off")


def test_what_is_wrong_is_said(person, tmp_path):
    dave = person("dave")
    done = tool(*dave.login(GIVEN, *dave.known, "--new-password-file", dave.file("short")))
    assert done.returncode == 3 and "password.rules" in done.stderr and not dave.kept.exists()
    done = tool(*dave.login(GIVEN))
    assert done.returncode == 2 and "no terminal" in done.stderr and "Try: --new-password-file FILE" in done.stderr
    (tmp_path / "odd.json").write_text('{"address": "127.0.0.1:1"}')
    assert tool("login", *dave.here, "--known", tmp_path / "odd.json").returncode == 2
    assert tool("login", "--device", "unit", "--owner", tmp_path / "nowhere").returncode == 1
    done = tool("login", *dave.here)
    assert done.returncode == 2 and "Try: --account NAME" in done.stderr
    assert tool("passwords", "set", "dave", "--device", "unit", "--owner", dave.device.owner).returncode == 2


def test_own_password(person):
    erin = person("erin")
    assert erin.choose().returncode == 0
    chosen, other, wrong = erin.file(CHOSEN), erin.file(OTHER), erin.file(WRONG)
    done = tool("password", "change", *erin.here, "--old-password-file", wrong, "--password-file", other)
    assert done.returncode == 3 and "password.old" in done.stderr
    assert "changed" in well("password", "change", *erin.here, "--old-password-file", chosen, "--password-file", other)
    assert "token" not in json.loads(erin.kept.read_text()), "the session has ended with the password"
    assert tool(*erin.login(CHOSEN)).returncode == 3
    well(*erin.login(OTHER))
    assert "no password any more" in well("password", "remove", *erin.here, "--old-password-file", other)
    assert tool(*erin.login(OTHER)).returncode == 3
    alice = ["--device", "unit", "--owner", erin.device.owner]
    assert "have a password" in well("password", "set", *alice, "--password-file", chosen)
    assert tool("password", "set", *alice, "--password-file", other).returncode == 3, "the present one is wanted"


def test_an_authenticator(person):
    frank = person("frank")
    assert frank.choose().returncode == 0
    done = tool("totp", "enrol", *frank.here)
    assert done.returncode == 2 and "--uri" in done.stderr
    said = tool("totp", "enrol", *frank.here, "--uri", "--json")
    secret = re.search(r"secret=([A-Z2-7]+)", json.loads(said.stdout)["uri"])[1]
    assert tool("totp", "confirm", *frank.here, "--code-file", frank.file("000000")).returncode == 3
    well("totp", "confirm", *frank.here, "--code-file", frank.file(code(secret, 0)))
    done = tool("totp", "enrol", *frank.here, "--uri")
    assert done.returncode == 3 and "--replace" in done.stderr
    well("totp", "remove", *frank.here, "--code-file", frank.file(code(secret, 1)))
    well(*frank.login(CHOSEN))


def test_a_factor_is_chosen_and_one_that_it_does_not_know_is_named(device, tmp_path):
    """A device that asks for whatever the test says, in the owner's directory beside the real one."""
    for name in ("word", "code"):
        (tmp_path / name).write_text("12345678\n")
    asked, needs = [], [["totp", "dance", "message"], ["totp", "dance", "message"], ["new-password"], []]
    here = ["--device", "liar", "--owner", device.owner, "--account", "bob", "--password-file", tmp_path / "word"]
    more = ["--code-file", tmp_path / "code", "--new-password-file", tmp_path / "word"]

    def answer(body):
        asked.append(body)
        needed = needs[len(asked) - 1]
        return (200, {"needed": needed, "login": "h" * 43, "expires_in_s": 300}) if needed else (
            201, {"token": "t" * 43, "name": "bob", "account": "a2", "expires_in_s": 60, "idle_s": 60, "previous": "\x1b[31m2026", "previous_how": "x", "previous_from": "y"})

    with liars.beside(device, tmp_path):
        Liar.answers = {"/api/v1/logins": answer, "/api/v1/notice": (200, {"text": ""})}
        said = well("login", *here, *more, "--factor", "message")
        assert "\x1b" not in said and "2026" in said
        handle = {"login": "h" * 43}
        assert asked == [{"account": "bob", "password": "12345678"}, {**handle, "factor": "message"},
                         {**handle, "factor": "message", "code": "12345678"}, {**handle, "new_password": "12345678"}]
        asked.clear()
        done = tool("login", *here)
        assert done.returncode == 2 and "totp or message" in done.stderr and "Try: --factor NAME" in done.stderr
        asked.clear()
        assert tool("login", *here, "--factor", "new-password").returncode == 2
        asked.clear()
        needs[0] = ["dance"]
        done = tool("login", *here)
        assert done.returncode == 1 and "'dance'" in done.stderr and "newer thingward" in done.stderr
        asked.clear()
        needs[:] = [["totp"]] * 20
        done = tool("login", *here, *more)
        assert done.returncode == 1 and "more and more" in done.stderr and len(asked) == 9


# What is not kept cannot be taken: also when the device is slow, or the tool is ended meanwhile.
def test_whoever_logs_out_is_forgotten_first(device, tmp_path):
    kept, at_the_end = device.owner / "logins/liar.json", []

    def end(_):
        at_the_end.append(json.loads(kept.read_text()))
        return 200, {}

    with liars.beside(device, tmp_path):
        Liar.answers = {"/api/v1/sessions/current": end, "/api/v1/notice": (200, {"text": ""})}
        kept.parent.mkdir(mode=0o700, exist_ok=True)
        kept.write_text(json.dumps({"account": "bob", "token": "t" * 43, "before": ["u" * 43], "clients": {"bob": "c"}}))
        kept.chmod(0o600)
        assert "logged out" in well("logout", "--device", "liar", "--owner", device.owner)
    assert at_the_end == [{"clients": {"bob": "c"}}] * 2


def drawn(text):
    """The modules of a QR code as the terminal shows them, without the quiet zone."""
    rows = []
    for line in re.findall(r"\x1b\[30;107m([ ▀▄█]+)\x1b\[0m", text):
        rows += ["".join("1" if c in "▀█" else "0" for c in line), "".join("1" if c in "▄█" else "0" for c in line)]
    return [row[4:-4] for row in rows[4:-5]]


def seen(person):
    """All that the device has said and kept in its log, and what the tool keeps."""
    unit = person.device
    records = well("log", "read", "--all", "--json", "--device", "unit", "--owner", unit.owner)
    raw = b"".join(path.read_bytes() for path in (unit.state / "log").iterdir())
    return records + unit.said() + raw.decode("latin-1") + person.kept.read_text()


# @nist LA.AS.3: asked for by the tool, it shows nowhere
def test_what_is_typed_is_seen_nowhere(person):
    grace = person("grace")
    with Terminal("device", "login", *grace.here, *grace.known, "--json") as t:
        t.says("Account: ")
        t.type("grace")
        for typed, times in ((GIVEN, 2), ("short", 3), ("short", 4), (CHOSEN, 5), (CHOSEN, 6)):
            t.asked(times)
            t.type(typed)
        assert t.ended() == (0, True), t.text
        assert "password.rules" in t.text and '"name": "grace"' in t.text
    with Terminal("device", "totp", "enrol", *grace.here) as o:
        o.asked()
        modules = drawn(o.text)
        assert "who sees it can make your codes" in o.text and "otpauth:" not in o.text
        assert len(modules) == len(modules[0]) >= 33 and all(modules[y][:7] == modules[0][:7][::-1] for y in (0, 6))
        o.type("000000")
        assert o.ended() == (3, True), o.text
    with Terminal("device", "password", "change", *grace.here) as p:
        for typed, times in ((CHOSEN, 1), (OTHER, 2), (OTHER, 3)):
            p.asked(times)
            p.type(typed)
        assert p.ended() == (0, True), p.text
    everything = seen(grace) + t.text + o.text + p.text
    for secret in (GIVEN, CHOSEN, OTHER, "000000"):
        assert secret not in everything, secret
        assert secret.encode().hex() not in everything and base64.b64encode(secret.encode()).decode().rstrip("=")[:-1] not in everything, secret


# @nist LA.AS.3: nor is the terminal left without echo
def test_the_echo_comes_back_however_the_question_ends(person):
    heidi = person("heidi")
    words = ["device", "login", *heidi.here, *heidi.known, "--account", "heidi"]
    with Terminal(*words) as t:
        t.asked()
        t.type(GIVEN[:8], end="\x03")
        assert t.ended() == (-signal.SIGINT, True), t.text
        assert GIVEN[:8] not in t.text
    with Terminal(*words) as t:
        t.asked()
        t.type(GIVEN[:8], end="\x1a")
        t.says("<stopped, echo True>")
        t.asked(2)
        assert GIVEN[:8] not in t.text
        t.type(WRONG)
        assert t.ended() == (3, True), t.text
        assert WRONG not in t.text and "access.login" in t.text


def step_up_age(device, seconds):
    device.json("settings", "change", "logical-access.step-up-age", str(seconds))


# @nist LA.RSM.5.4: whoever sits at the terminal proves himself anew there, and it is done then; without a terminal he is told what to do
def test_an_old_session_is_asked_once_more(person):
    ivan = person("ivan")
    device = ivan.device
    device.json("accounts", "role-give", "--account", ivan.account, "--role", "admin")
    judy = device.json("accounts", "make", "--name", "judy", "--kind", "person")["account"]
    assert ivan.choose().returncode == 0
    first = json.loads(ivan.kept.read_text())["token"]
    give = ["accounts", "role-give", "--account", judy, "--role", "user", *ivan.here]
    step_up_age(device, 4)
    try:
        time.sleep(4.2)
        refused = tool(*give)
        assert refused.returncode == 3 and "step-up.login" in refused.stderr
        assert "Try: thingward device login --device unit --owner DIR, and then this once more" in refused.stderr
        with Terminal("device", *give) as t:
            t.asked()
            t.type(WRONG)
            assert t.ended() == (3, True), t.text
        assert json.loads(ivan.kept.read_text())["token"] == first and device.json("accounts", "read", judy)["roles"] == []
        with Terminal("device", *give) as t:
            t.says("Once more, who you are.")
            t.asked()
            t.type(CHOSEN)
            assert t.ended() == (0, True), t.text
            assert "what you asked for is done now" in t.text and CHOSEN not in t.text
    finally:
        step_up_age(device, 300)
    assert device.json("accounts", "read", judy)["roles"] == ["user"]
    kept = json.loads(ivan.kept.read_text())
    assert kept["token"] != first and kept["before"] == [first]
    assert len([one for one in device.json("sessions", "list")["sessions"] if one["name"] == "ivan"]) == 2, "what hangs on the first goes on"
    assert "logged out" in well("logout", *ivan.here)
    assert [one for one in device.json("sessions", "list")["sessions"] if one["name"] == "ivan"] == []


def test_an_assessment_goes_by_a_login(person, tmp_path):
    karl = person("karl")
    for role in ("admin", "auditor"):
        karl.device.json("accounts", "role-give", "--account", karl.account, "--role", role)
    words = [str(worlds.program("thingward")), "assess", *map(str, karl.here), "--product", str(karl.device.world.product), "--out", str(tmp_path / "e.json"),
             "--element", "LA.RSM.1", "--by-login"]
    assert karl.choose().returncode == 0
    well("logout", *karl.here)
    run = lambda: subprocess.run(words, capture_output=True, text=True, timeout=90, check=False, stdin=subprocess.DEVNULL, start_new_session=True)
    refused = run()
    assert refused.returncode == 1 and "device login" in refused.stderr and not (tmp_path / "e.json").exists()
    well(*karl.login(CHOSEN))
    assert not (tmp_path / "me/owner.key").exists()
    done = run()
    assert done.returncode in (0, 1), done.stderr
    payload = json.loads((tmp_path / "e.json").read_text())["payload"]
    rows = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["results"]
    assert {row["verdict"] for row in rows if row["element"] == "LA.RSM.1"} == {"pass"}, rows
    karl.device.json("settings", "change", "logical-access.throttle", "on")
    try:
        for words[-2], probe in (("LA.LDU.1", "searches"), ("LA.AC.1", "login-rules")):  # they change settings, which needs a proof of a moment ago
            assert run().returncode in (0, 1)
            payload = json.loads((tmp_path / "e.json").read_text())["payload"]
            rows = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["results"]
            assert [row["verdict"] for row in rows if row["probe"] == probe] == ["pass"], rows
    finally:
        karl.device.json("settings", "change", "logical-access.throttle", "off")
    assert subprocess.run([words[0], "evidence", "verify", str(tmp_path / "e.json"), "--signer", str(tmp_path / "me/owner.crt")], check=False).returncode == 0
    assert json.loads(well("identity", "read", *karl.here, "--json"))["model"], "the key made for the signature opens nothing and shuts nothing"


def test_known_clients_are_listed_and_forgotten(person):
    lena = person("lena")
    assert lena.choose().returncode == 0
    known = json.loads(well("clients", "list", *lena.here, "--json"))["clients"]
    assert len(known) == 1 and known[0]["source"] == "127.0.0.1" and known[0]["known"] <= known[0]["used"]
    well("clients", "forget", known[0]["client"], *lena.here)
    assert json.loads(well("clients", "list", *lena.here, "--json"))["clients"] == []
    assert tool("clients", "forget", known[0]["client"], *lena.here).returncode == 3
    old = json.loads(lena.kept.read_text())["clients"]["lena"]
    well(*lena.login(CHOSEN))
    assert json.loads(lena.kept.read_text())["clients"]["lena"] != old, "it is known anew"
    well("clients", "forget-all", *lena.here)
    assert json.loads(well("clients", "list", *lena.here, "--json"))["clients"] == []
