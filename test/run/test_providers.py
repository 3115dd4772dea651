# SPDX-License-Identifier: Apache-2.0
"""Providers as processes: the example key switch, and the same program as a simulated reader, judge logins at a real device; and end, hang and lie. The
example display shows the use notice; the example link is listed and obeys."""
import hashlib
import json
import os
import signal
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest
import world as worlds
from harness import Client, local, unb64, wait_for
from liar import Liar, beside

GOOD = "nine quiet herons wade"
READER, KEYSWITCH, FOREIGN, PANEL, SONAR = 58721, 58722, 58723, 58724, 58725
MORE = f"""  providers:
    - {{name: reader, kind: biometric, uid: {READER}, help: Reads fingers.}}
    - {{name: keyswitch, kind: auth-plugin, uid: {KEYSWITCH}, help: The key switch beside the door.}}
    - {{name: panel, kind: display, uid: {PANEL}, help: The display on its front.}}
    - {{name: sonar, kind: link, uid: {SONAR}, help: The acoustic modem.}}
  permissions:
"""


class Provider:
    """A process that reads its verdict from a file."""

    def __init__(self, unit, folder, name, user, *words):
        self.position = folder / f"{name}.position"
        if not self.position.exists():
            self.position.write_text("off")
        command = [worlds.program("keyswitch"), "--socket", unit.run / "events.sock", "--name", name, "--position", self.position, *words]
        self.process = subprocess.Popen([str(w) for w in command], stderr=subprocess.PIPE, text=True, user=user, group=user, extra_groups=[])
        self.asked, self.said = 0, ""
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stderr:
            self.asked += "asked for" in line
            self.said += line

    def end(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def folder():
    """Where providers may read."""
    with tempfile.TemporaryDirectory() as one:
        os.chmod(one, 0o755)
        yield Path(one)


@pytest.fixture(scope="module")
def device(folder):
    """A product with two providers, both there, and its owner, who has a password. None waits for his failures."""
    if os.geteuid() != 0:
        pytest.skip("providers run as users of their own: needs root")
    with worlds.World() as world:
        product = world.product / "product.yaml"
        product.write_text(product.read_text().replace("  permissions:\n", MORE, 1))
        unit = world.device("PROVIDERS").start()
        unit.take_over()
        unit.json("settings", "change", "logical-access.throttle", "off")
        unit.owned = Client(unit)
        (folder / "password").write_text(GOOD + "\n")
        unit.tool("device", "password", "set", "--password-file", folder / "password", "--device", "unit", "--owner", unit.owner)
        unit.reader = Provider(unit, folder, "reader", READER, "--simulated")
        unit.switch = Provider(unit, folder, "keyswitch", KEYSWITCH)
        wait_for(lambda: connected(unit) == {"reader", "keyswitch"})
        yield unit
        unit.reader.end()
        unit.switch.end()


def connected(unit):
    return {p["provider"] for p in unit.json("login-providers", "list")["providers"] if p["connected"]}


def use(unit, name):
    unit.json("login-providers", "remove", "a1")
    unit.json("login-providers", "set", "a1", "--provider", name)


def ask(unit, body):
    return Client(unit, certificate=False).ask("POST", "/api/v1/logins", body)


def begin(unit, kind):
    asked = ask(unit, {"account": "alice", "password": GOOD})
    assert (asked.status, asked.json["needed"]) == (200, [kind]) and "token" not in asked.json
    return {"login": asked.json["login"], "factor": kind}


def judged(unit, provider, kind, word):
    provider.position.write_text(word)
    answer = ask(unit, begin(unit, kind))
    return answer.status, answer.json.get("rule")


def events(unit, name):
    return [r["fields"] for r in local(unit, "GET", "/api/v1/log?limit=200").json["records"] if r.get("event") == name]


def test_the_reader(device):
    """@nist LA.AS.2.1.3: match, no match and error: the login follows the match alone; the status says that it is simulated."""
    use(device, "reader")
    assert judged(device, device.reader, "biometric", "on") == (201, None)
    assert judged(device, device.reader, "biometric", "off") == (403, "access.biometric")
    assert judged(device, device.reader, "biometric", "?") == (503, "provider.error")
    elements = {e["id"]: e for e in device.json("capabilities", "read")["elements"]}
    assert elements["LA.AS.2.1.3"]["status"] == "needs a part" and "simulated" in elements["LA.AS.2.1.3"]["reason"]
    assert elements["LA.AS.2.1.6"]["status"] == "provided"
    assert [e["verdict"] for e in events(device, "login.verdict")][:3] == ["none", "no", "yes"], "the newest first"


def held(device, provider, then):
    """A login whose provider was asked and says nothing; what then happens to the provider; the answer."""
    provider.position.write_text("wait")
    body, before, answers = begin(device, "auth-plugin"), provider.asked, []
    asker = threading.Thread(target=lambda: answers.append(ask(device, body)))
    asker.start()
    wait_for(lambda: provider.asked > before)
    then()
    asker.join(30)
    return answers[0].status, answers[0].json["rule"]


def test_the_method_of_the_manufacturer(device, folder):
    """@nist LA.AS.2.1.6: its yes and its no are honoured; killed while it is asked, hanging, or gone, nobody comes in."""
    use(device, "keyswitch")
    assert judged(device, device.switch, "auth-plugin", "on") == (201, None)
    assert judged(device, device.switch, "auth-plugin", "off") == (403, "access.auth-plugin")
    assert held(device, device.switch, device.switch.end) == (503, "provider.gone")
    wait_for(lambda: connected(device) == {"reader"})
    assert judged(device, device.switch, "auth-plugin", "on") == (503, "provider.gone")
    device.switch = Provider(device, folder, "keyswitch", KEYSWITCH)
    wait_for(lambda: connected(device) == {"reader", "keyswitch"})
    device.json("settings", "change", "logical-access.provider-timeout", "1")
    assert held(device, device.switch, lambda: device.switch.process.send_signal(signal.SIGSTOP)) == (503, "provider.late")
    device.json("settings", "change", "logical-access.provider-timeout", "20")
    device.switch.process.send_signal(signal.SIGCONT)
    assert judged(device, device.switch, "auth-plugin", "on") == (201, None)


def test_who_may_be_it(device, folder):
    """@nist LA.AS.2.1.6: another user's process, and a second one, are refused, and the log says so."""
    before = len(events(device, "provider.connected"))
    one = Provider(device, folder, "keyswitch", FOREIGN)
    refused = wait_for(lambda: events(device, "provider.refused"))
    assert refused[0]["uid"] == FOREIGN and refused[0]["rule"] == "provider.user"
    one.end()
    for user, rule in ((READER, "provider.user"), (KEYSWITCH, "provider.taken"), (worlds.ROLES["application"], "gate.permission")):
        one = Provider(device, folder, "keyswitch", user)
        wait_for(lambda: rule in one.said)  # noqa: B023
        one.end()
    assert len(events(device, "provider.connected")) == before


def test_the_tool_waits_for_it(device, folder, tmp_path):
    """The tool says what to do, waits, and is in when the key is turned."""
    use(device, "keyswitch")
    device.switch.position.write_text("on")
    done = device.tool("device", "login", "--device", "unit", "--owner", tmp_path / "me", "--known", device.owner / "devices/unit.json", "--account", "alice",
                       "--password-file", folder / "password")
    assert "You are logged in at unit as alice" in done.stdout and "it waits" in done.stderr


def assess(unit, tmp_path, device, element, *more):
    worlds.run(worlds.program("thingward"), "assess", "--device", device, "--owner", unit.owner, "--product", unit.world.product, "--out",
               tmp_path / "e.json", "--element", element, *more, ok=(0, 1), timeout=90)
    payload = json.loads(unb64(json.loads((tmp_path / "e.json").read_text())["payload"]))
    return next(row["verdict"] for row in payload["results"] if row["probe"] in ("biometric-match", "plugged-in-method"))


class Pretends(dict):
    """Asks for what it should, and lets everybody in, or nobody, whatever the provider says."""
    alone = opens = False

    def get(self, path, default=None):
        if path == "/api/v1/login-providers":
            return 200, {"providers": [{"provider": "x", "kind": kind, "help": "x", "connected": True, "simulated": False} for kind in ("biometric", "auth-plugin")]}
        if path == "/api/v1/logins":
            return self.login
        return self.set if path.startswith("/api/v1/login-providers/") else (201, {"account": "a2"})

    def set(self, _asked):
        self.given = True
        return 204, {}

    given = False

    def login(self, asked):
        if self.given and "login" in asked and not self.opens:
            return 403, {"rule": "access.x"}
        if "login" in asked or (self.given and self.alone):
            return 201, {"token": "x" * 43}
        return 200, {"needed": ["biometric", "auth-plugin"] if self.given else ["new-password"], "login": "x" * 43}


class Opens(Pretends):
    opens = True


class Alone(Opens):
    alone = True


def test_the_probes(device, tmp_path):
    """@nist LA.AS.2.1.3 LA.AS.2.1.6: they pass where the verdicts are honoured, fail where anybody or nobody comes in; undecided where nobody can see."""
    rows = (("LA.AS.2.1.3", device.reader, (Opens,)),  # @turns LA.AS.2.1.3: a login opens whatever the reader says
            ("LA.AS.2.1.6", device.switch, (Pretends, Alone)))  # @turns LA.AS.2.1.6: a login opens without the method, or never
    assert assess(device, tmp_path, "unit", rows[0][0]) == "inconclusive"
    for element, provider, _ in rows:
        assert assess(device, tmp_path, "unit", element, "--verdicts", provider.position) == "pass"
    with beside(device, tmp_path):
        for element, provider, liars in rows:
            for one in liars:
                Liar.answers = one()
                assert assess(device, tmp_path, "liar", element, "--verdicts", provider.position) == "fail", one


# What the example never says: a word without having said who it is, and of a notice that nobody wrote.
WORDS = """import ctypes, sys
lib = ctypes.CDLL(sys.argv[1])
lib.thingward_why.restype = ctypes.c_char_p
lib.thingward_why.argtypes = [ctypes.c_void_p]
t = ctypes.c_void_p()
lib.thingward_open(sys.argv[2].encode(), ctypes.byref(t))
call = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p)(lambda *_: None)
def say(what, result):
    print(what, result, lib.thingward_why(t).decode())
say("shows", lib.thingward_shows(t, b"x" * 32, 1))
say("provide", lib.thingward_provide(t, b"panel", 0, None, None))
say("small", lib.thingward_display(t, 15, 2, call, None))
say("size", lib.thingward_display(t, 20, 4, call, None))
say("nonsense", lib.thingward_shows(t, b"x" * 32, 1))
"""


class Display:
    """The example program, whose pictures are kept."""

    def __init__(self, unit, user=PANEL, words=()):
        command = [worlds.program("display"), "--socket", unit.run / "events.sock", "--name", "panel", "--columns", "20", "--lines", "2",
                   *words]
        self.process = subprocess.Popen([str(w) for w in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        user=user, group=user, extra_groups=[])
        self.screen, self.said = "", ""
        threading.Thread(target=self.read, args=("screen", self.process.stdout), daemon=True).start()
        threading.Thread(target=self.read, args=("said", self.process.stderr), daemon=True).start()

    def read(self, name, stream):
        for line in stream:
            setattr(self, name, getattr(self, name) + line)

    def picture(self):
        return self.screen.rpartition("----\n")[2]

    def press(self, keys):
        self.process.stdin.write(keys + "\n")
        self.process.stdin.flush()

    def end(self):
        self.process.kill()
        self.process.wait()


def of_notice(unit, *words):
    unit.tool("device", *words, "--device", "unit", "--owner", unit.owner)


def write_notice(unit, text):
    """By the owner, who accepts it for his certificate."""
    of_notice(unit, "notice", "change", "--text", text)
    of_notice(unit, "identity", "read", "--accept-notice", hashlib.sha256(text.encode()).hexdigest())


def shown(unit):
    one, = local(unit, "GET", "/api/v1/notice-displays").json["displays"]
    return one["shows"]


@pytest.fixture
def noticed(device):
    """The device with a use notice, which is taken back."""
    write_notice(device, "Only for staff. What is done here is recorded.")
    yield device
    if local(device, "GET", "/api/v1/notice").json["text"]:
        of_notice(device, "notice", "withdraw")


def edit_verdict(unit, tmp_path):
    worlds.run(worlds.program("thingward"), "assess", "--device", "unit", "--owner", unit.owner, "--product", unit.world.product, "--out",
               tmp_path / "e.json", "--element", "LA.SUN.2.1", ok=(0, 1), timeout=90)
    payload = json.loads(unb64(json.loads((tmp_path / "e.json").read_text())["payload"]))
    return next((row["verdict"], row["reason"]) for row in payload["results"] if row["probe"] == "notice-edited")


def test_the_display(noticed, tmp_path):
    """@nist LA.SUN.2.1 LA.SUN.3: it shows what counts now, page by page, and what is written while it shows; the device knows when it does not, the probe too."""
    assert shown(noticed) == "absent"
    panel = Display(noticed)
    wait_for(lambda: shown(noticed) == "current")
    assert panel.picture() == "Only for staff. What\nis done here is\n"
    panel.press("a")
    panel.press("n")
    wait_for(lambda: panel.picture() == "recorded.\n")
    assert "accepted" not in panel.said, "before its last page was there"
    panel.press("a")
    wait_for(lambda: "accepted: taken" in panel.said and panel.picture() == "Ready.\n")
    assert {"account": "", "how": "display"}.items() <= events(noticed, "notice.accepted")[0].items()
    write_notice(noticed, "Only for staff, and guests.")
    wait_for(lambda: shown(noticed) == "current" and panel.picture() == "Only for staff, and\nguests.\n")
    assert edit_verdict(noticed, tmp_path)[0] == "pass"
    panel.process.send_signal(signal.SIGSTOP)
    write_notice(noticed, "Only for staff.")
    assert shown(noticed) == "former"
    verdict, reason = edit_verdict(noticed, tmp_path)
    assert verdict == "fail" and "panel (former)" in reason  # @turns LA.SUN.2.1: the product's display shows the notice before
    panel.press("a")
    panel.process.send_signal(signal.SIGCONT)
    wait_for(lambda: shown(noticed) == "current" and panel.picture() == "Only for staff.\n")
    assert panel.said.count("accepted") == 1, "a key pressed while another notice was there accepts none"
    panel.end()
    wait_for(lambda: shown(noticed) == "absent")
    element = next(e for e in local(noticed, "GET", "/api/v1/capabilities?limit=300").json["elements"] if e["id"] == "LA.SUN.2.1")
    assert element["status"] == "needs a part" and "panel is not there" in element["reason"]
    panel = Display(noticed, words=("--simulated",))
    wait_for(lambda: shown(noticed) == "current" and panel.picture() == "Only for staff.\n")
    verdict, reason = edit_verdict(noticed, tmp_path)
    assert verdict == "inconclusive" and "panel is simulated" in reason
    of_notice(noticed, "notice", "withdraw")
    wait_for(lambda: shown(noticed) == "current" and panel.picture() == "Ready.\n")
    panel.end()


def test_whose_display_it_is(noticed):
    """@nist LA.SUN.2.1: another user's, a reader's, the application's, and what it says that cannot be: refused by name; nothing of it is believed."""
    library, door = worlds.BUILD / "src/lib/libthingward.so", str(noticed.run / "events.sock")
    for user, wanted in ((PANEL, ("shows -7 display.user", "provide 0", "small -7 display.size", "size 0", "nonsense -7 display.former")),
                         (READER, ("shows -7 display.user", "provide -7 provider.user", "size -7 display.user")),
                         (worlds.ROLES["application"], ("shows -7 display.user", "provide -7 gate.permission", "size -7 display.user"))):
        done = subprocess.run(["python3", "-c", WORDS, library, door], user=user, group=user, extra_groups=[], capture_output=True, text=True, timeout=20, check=False)
        assert all(any(line.startswith(one) for line in done.stdout.splitlines()) for one in wanted), done.stdout + done.stderr
    foreign = Display(noticed, FOREIGN)
    wait_for(lambda: "display: " in foreign.said)
    foreign.end()
    assert "connected" not in foreign.said and shown(noticed) == "absent"
    panel = Display(noticed)
    wait_for(lambda: shown(noticed) == "current")
    second = Display(noticed)
    wait_for(lambda: "provider.taken" in second.said)
    second.end()
    for words, code in ((("--name", "other"), 1), (("--name", "panel", "--columns", "15"), 2), (("--name", "panel", "--lines", "1001"), 2)):
        assert subprocess.run([worlds.program("display"), "--socket", door, *words], user=PANEL, group=PANEL, extra_groups=[], timeout=20, check=False).returncode == code
    garbage = "import socket, sys; s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); s.connect(sys.argv[1]); s.send(bytes(range(200))); print(s.recv(1))"
    done = subprocess.run(["python3", "-c", garbage, door], user=PANEL, group=PANEL, extra_groups=[], capture_output=True, text=True, timeout=20, check=False)
    assert done.stdout.strip() == "b''", done.stdout + done.stderr
    assert shown(noticed) == "current", "its own connection goes on"
    panel.end()


class Modem:
    """The example program of a link, whose hardware is a file."""

    def __init__(self, unit, folder, user=SONAR):
        self.hardware, self.folder = folder / "sonar" / "state", folder / "sonar"
        self.folder.mkdir(exist_ok=True)
        os.chown(self.folder, SONAR, SONAR)
        self.put("off")
        command = [worlds.program("link"), "--socket", unit.run / "events.sock", "--name", "sonar", "--switch", self.hardware, "--driver", "sonar 1.2"]
        self.process = subprocess.Popen([str(w) for w in command], stderr=subprocess.PIPE, text=True, user=user, group=user, extra_groups=[])
        self.said = ""
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stderr:
            self.said += line

    def put(self, word):
        """What becomes of the hardware without the program."""
        new = self.folder / "new"
        new.write_text(word + "\n")
        os.chown(new, SONAR, SONAR)
        new.rename(self.hardware)

    def is_off(self):
        return self.hardware.read_text() == "off\n"

    def end(self):
        self.process.kill()
        self.process.wait()


def interfaces(unit):
    return local(unit, "GET", "/api/v1/interfaces?limit=300").json


def sonar(unit):
    """Its state, as it is listed; None: it is not."""
    return next((one["state"] for one in interfaces(unit)["interfaces"] if one["name"] == "sonar"), None)


def switch(unit, words):
    unit.tool("device", "settings", "change", "interfaces.off-normal", words, "--confirm", "--device", "unit", "--owner", unit.owner)


def obeys(unit, tmp_path, *more):
    worlds.run(worlds.program("thingward"), "assess", "--device", "unit", "--owner", unit.owner, "--product", unit.world.product, "--out",
               tmp_path / "e.json", "--element", "LA.IC.14.4", *more, ok=(0, 1), timeout=90)
    payload = json.loads(unb64(json.loads((tmp_path / "e.json").read_text())["payload"]))
    return next((row["verdict"], row["reason"]) for row in payload["results"] if row["probe"] == "obeys-off")


# What the example never does: it says that its link is up whatever it is told, a thousand times, and then nothing.
FLOODS = """import ctypes, sys, time
lib = ctypes.CDLL(sys.argv[1])
lib.thingward_why.restype = ctypes.c_char_p
lib.thingward_why.argtypes = [ctypes.c_void_p]
t = ctypes.c_void_p()
lib.thingward_open(sys.argv[2].encode(), ctypes.byref(t))
print(lib.thingward_link(t, b"acoustic modem", b"liar", 2), lib.thingward_why(t).decode(), flush=True)
lib.thingward_provide(t, b"sonar", 0, None, None)
results = [lib.thingward_link(t, b"acoustic modem", b"liar", 2 - i % 2) for i in range(1000)]
print(results.count(0), lib.thingward_why(t).decode(), flush=True)
time.sleep(30)
"""


def test_a_link_of_the_manufacturers_own(device, folder, tmp_path):
    """@nist LA.IC.14.4: it appears in the inventory with technology, driver and state, and obeys the list of the mode; killed, lying, flooding and hanging it is not held to be off."""
    assert sonar(device) is None
    modem = Modem(device, folder)
    wait_for(lambda: sonar(device) == "down" and not modem.is_off())  # it may be on
    modem.put("up")
    wait_for(lambda: sonar(device) == "up")
    one = next(one for one in interfaces(device)["interfaces"] if one["name"] == "sonar")
    assert {"kind": "link", "what": "acoustic modem", "driver": "sonar 1.2", "declared": "sonar", "present": True, "off": False}.items() <= one.items()
    assert obeys(device, tmp_path, "--off", "link:sonar")[0] == "fail", "its list does not name it"

    switch(device, "link:sonar")
    assert modem.is_off() and sonar(device) == "off" and interfaces(device)["held"]
    assert obeys(device, tmp_path, "--off", "link:sonar")[0] == "pass"
    modem.put("up")  # somebody else switches it on
    wait_for(lambda: {"kind": "link", "name": "sonar"} in events(device, "interface.held") and modem.is_off() and sonar(device) == "off")

    device.stop()
    modem.put("up")
    device.start()  # it comes again by itself, and is told anew
    wait_for(lambda: sonar(device) == "off" and interfaces(device)["held"])

    # Killed: nobody watches its link, and it is not held to be off.
    modem.end()
    wait_for(lambda: sonar(device) == "unwatched")
    assert events(device, "provider.gone")[0]["name"] == "sonar"
    assert not interfaces(device)["held"] and "is not here" in interfaces(device)["unheld"]
    verdict, reason = obeys(device, tmp_path, "--off", "link:sonar")
    assert verdict == "fail" and "is not here" in reason  # @turns LA.IC.14.4: the program that drives the product's own link has ended

    # Another user's program is none; one that floods and lies is heard ten times at most; it does not obey, hangs, and the list is not in force.
    door = str(device.run / "events.sock")
    foreign = Modem(device, folder, READER)
    wait_for(lambda: "provider.user" in foreign.said)
    foreign.end()
    liar = subprocess.Popen(["python3", "-c", FLOODS, worlds.BUILD / "src/lib/libthingward.so", door], user=SONAR, group=SONAR, extra_groups=[], stdout=subprocess.PIPE, text=True)
    assert liar.stdout.readline().startswith("-7 link.user")
    taken, rule = liar.stdout.readline().split()[:2]
    assert 0 < int(taken) <= 10 and rule == "link.often:"
    assert sonar(device) == "unknown" and not interfaces(device)["held"]
    wait_for(lambda: any("does not switch it off" in one["why"] for one in events(device, "interface.unheld")), 15)
    liar.kill()
    liar.wait()
    wait_for(lambda: sonar(device) == "unwatched")
    switch(device, "")
    assert interfaces(device)["held"]
