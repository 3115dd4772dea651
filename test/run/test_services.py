# SPDX-License-Identifier: Apache-2.0
"""Services that are off by the list of a mode, where the product has a service manager of its own: a small one, whose services are programs that really
listen. What systemd makes of the same is test/services."""
import os
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest
import world as worlds
from between import spoiled
from harness import local, wait_for
from test_login_probes import assess

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the provider runs as a user of its own: needs root")
USER, OTHER, PROBE = 58727, 58728, "LA.IC.6/service-obeys-off"
LONGEST = "a" * 63
DECLARED = f"""  providers:
    - {{name: services, kind: services, uid: {USER}, help: Stops and starts services., keeps: heart lung}}
    - {{name: key, kind: auth-plugin, uid: {OTHER}, help: A key switch.}}
  permissions:
"""
# Services are the files of a folder: NAME.port; NAME.off says that it is not to be started, NAME.pid that it was.
MANAGER = """#!/usr/bin/python3
import os, pathlib, signal, subprocess, sys
here = pathlib.Path(sys.argv[0]).parent
def of(name, what): return here / f"{name}.{what}"
def runs(name):
    try:
        os.kill(int(of(name, "pid").read_text()), 0)
        return True
    except (FileNotFoundError, ProcessLookupError, ValueError):
        return False
def start(name):
    if of(name, "off").exists() or runs(name):
        return
    one = subprocess.Popen([here / "listen", of(name, "port").read_text()], stdin=subprocess.DEVNULL, start_new_session=True)  # it keeps the output
    of(name, "pid").write_text(str(one.pid))
def stop(name):
    if runs(name):
        os.kill(int(of(name, "pid").read_text()), signal.SIGKILL)
    of(name, "pid").unlink(missing_ok=True)
verb, names = sys.argv[1], sys.argv[2:] or [one.stem for one in sorted(here.glob("*.port"))]
if (here / "broken").exists():
    sys.exit("the manager is broken")
for name in names:
    if verb != "list" and not of(name, "port").exists():
        sys.exit(f"no service {name}")
    if verb == "off":
        if not of(name, "off").exists():  # whoever has written it may have left nobody the right to write it again
            of(name, "off").touch()
        stop(name)
    elif verb == "on":
        of(name, "off").unlink(missing_ok=True)
        start(name)
    elif verb == "start":
        start(name)
    elif verb == "list":
        if (here / "strange").exists():
            print("s" * 97, "running")
        print(name, "running" if runs(name) else "off" if of(name, "off").exists() else "stopped")
"""
LISTEN = """#!/usr/bin/python3
import socket, sys
one = socket.socket()
one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
one.bind(("127.0.0.1", int(sys.argv[1])))
one.listen()
while True:
    one.accept()[0].close()
"""


# Says at the door what it is told to, and prints the type of each answer and, of a refusal, its rule; "end" when the device ends the connection.
SPEAKER = """
import socket, struct, sys
door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
door.settimeout(10)
door.connect(sys.argv[1])
for i, word in enumerate(sys.argv[2:], 1):
    kind, payload = word.split(":", 1)
    payload = bytes.fromhex(payload)
    door.send(struct.pack(">HHII", int(kind, 16), 0, i, len(payload)) + payload)
    said = door.recv(4096)
    kind = struct.unpack(">H", said[:2])[0] if said else 0
    print("end" if not said else said[14:14 + said[13]].decode() if kind == 0x0683 else f"{kind:04x}", flush=True)
"""


class Manager:
    """A service manager with two services, and the provider that speaks to it."""

    def __init__(self, folder):
        self.folder, self.process, self.ports = folder, None, {}
        for name, text in (("manager", MANAGER), ("listen", LISTEN)):
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)
        for name in ("printer", "finder"):
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                self.ports[name] = probe.getsockname()[1]
            (folder / f"{name}.port").write_text(str(self.ports[name]))
        os.chown(folder, USER, USER)

    def do(self, *words):
        subprocess.run([self.folder / "manager", *words], stdout=subprocess.DEVNULL, user=USER, group=USER, extra_groups=[], timeout=20, check=True)

    def answers(self, name):
        with socket.socket() as one:
            return one.connect_ex(("127.0.0.1", self.ports[name])) == 0

    def listens(self):
        return {name for name in self.ports if self.answers(name)}

    def reboot(self):
        """What a service manager does: all are gone, and those that are not off are started."""
        for file in self.folder.glob("*.pid"):
            os.kill(int(file.read_text()), signal.SIGKILL)
            file.unlink()
        wait_for(lambda: not self.listens())
        self.do("start")

    def begin(self, unit):
        command = [worlds.BUILD / "src/device/thingward-services", "--socket", unit.run / "events.sock", "--user", str(USER), "--program", self.folder / "manager"]
        self.process = subprocess.Popen([str(w) for w in command], cwd="/")

    def end(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def manager():
    with tempfile.TemporaryDirectory() as one:
        os.chmod(one, 0o755)
        yield Manager(Path(one))


@pytest.fixture(scope="module")
def unit(manager):
    with worlds.World() as world:
        product = world.product / "product.yaml"
        product.write_text(product.read_text().replace("  permissions:\n", DECLARED, 1))
        one = world.device("SERVICES").start()
        one.take_over()
        one.json("settings", "change", "interfaces.period", "1")  # how often it is looked for what listens
        manager.do("start")
        wait_for(lambda: manager.listens() == {"printer", "finder"})
        yield one
        if manager.process:
            manager.end()
        (manager.folder / "broken").unlink(missing_ok=True)
        manager.do("off")


def listed(unit):
    return local(unit, "GET", "/api/v1/interfaces?limit=300").json


def service(unit, name):
    return next(((one["state"], one["off"]) for one in listed(unit)["interfaces"] if (one["kind"], one["name"]) == ("service", name)), None)


def listens_yet(unit, manager, name):
    """By what the device lists, which finds sockets gone at its next look."""
    socket = f"tcp 127.0.0.1:{manager.ports[name]}"
    return any(one["present"] for one in listed(unit)["interfaces"] if (one["kind"], one["name"]) == ("socket", socket))


def told(unit, event):
    return [one["fields"] for one in reversed(local(unit, "GET", "/api/v1/log?limit=200").json["records"]) if one.get("event") == event]


def change(unit, value, *more, ok=0):
    done = unit.tool("device", "settings", "change", "interfaces.off-normal", value, *more, "--device", "unit", "--owner", unit.owner, ok=None)
    assert (done.returncode == 0) is (ok == 0), done.stderr
    return done.stderr


def take_back(unit):
    unit.json("change", "revert")


def element(unit):
    return next((one["status"], one["reason"]) for one in unit.json("capabilities", "read")["elements"] if one["id"] == "LA.IC.6")


def test_without_the_provider_nothing_can_be_off(unit):
    status, reason = element(unit)
    assert status == "not provided" and "is not there" in reason
    change(unit, "service:printer")
    assert "provider of services is not there" in listed(unit)["unheld"]
    take_back(unit)
    assert listed(unit)["held"]


def test_what_the_device_or_the_product_needs_is_refused(unit):
    for value, rule in (("service:heart", "interfaces.service-needed: the product needs heart"), ("service:thingward-device", "interfaces.service-needed"), ("service:systemd-journald", "interfaces.service-needed"),
                        ("service:*", "no name of a service"), ("service:--force", "no name of a service"), ("service:", "no"), ("service:a/b", "no name of a service")):
        assert rule in change(unit, value, ok=1)


def speak(unit, user, *words):
    done = subprocess.run(["/usr/bin/python3", "-c", SPEAKER, unit.run / "events.sock", *words], user=user, group=user, extra_groups=[], capture_output=True, text=True, timeout=30, check=False, cwd="/")
    return done.stdout.split() or done.stderr


def test_nobody_else_says_which_services_there_are(unit):
    """Another provider is refused, and so is the application; one of services that says what is no list is cut off, and nothing of it is listed."""
    block = lambda name: "00" + f"{len(name):04x}" + name.encode().hex()  # noqa: E731
    fake = "0660:03" + b"ssh=off".hex()
    assert speak(unit, OTHER, "0650:" + block("key"), fake, "0661:00000000") == ["0681", "services.user", "services.user"]
    assert speak(unit, worlds.ROLES["application"], fake) == ["services.user"]
    assert speak(unit, USER, fake) == ["services.user"], "it has not said which provider it is"
    assert speak(unit, USER, "0650:" + block("services"), "0660:03" + b"s/h=off".hex()) == ["0681", "end"]
    assert not [one for one in listed(unit)["interfaces"] if one["kind"] == "service"]


# @nist LA.IC.6: a service that is off listens no more, stays so after a reboot and against whoever starts it, and is back when the list has it no more
def test_what_is_to_be_off_listens_no_more(unit, manager):
    manager.begin(unit)
    wait_for(lambda: service(unit, "printer") == ("running", False) and element(unit)[0] == "provided")
    change(unit, "service:printer", "--confirm")
    assert manager.listens() == {"finder"} and listed(unit)["held"]
    wait_for(lambda: service(unit, "printer") == ("off", True))
    assert "Services: 2, of these off by the list of the mode: 1" in element(unit)[1]

    manager.reboot()
    wait_for(lambda: manager.listens() == {"finder"})
    unit.stop()
    unit.start()
    wait_for(lambda: listed(unit)["held"])
    assert manager.listens() == {"finder"}

    # A stranger's connection has a name that no list can have: that is said, and all else goes on.
    (manager.folder / "strange").touch()
    wait_for(lambda: "some services" in listed(unit).get("missed", ""), 20)
    assert listed(unit)["held"] and service(unit, "printer") == ("off", True)
    # Somebody takes it back and starts it.
    manager.do("on", "printer")
    wait_for(lambda: not manager.answers("printer") and {"kind": "service", "name": "printer"} in told(unit, "interface.held"), 30)
    (manager.folder / "strange").unlink()
    wait_for(lambda: "missed" not in listed(unit), 20)

    # The provider dies, and is there again; the list in another mode; the word goes.
    manager.end()
    wait_for(lambda: "has gone" in listed(unit).get("unheld", "") and service(unit, "finder")[0] == service(unit, "printer")[0] == "unwatched")
    manager.begin(unit)
    wait_for(lambda: listed(unit)["held"])
    change(unit, "", "--confirm")
    wait_for(lambda: manager.listens() == {"printer", "finder"} and service(unit, "printer") == ("running", False))


def test_a_change_that_is_not_confirmed_goes_back(unit, manager):
    change(unit, "service:finder")
    wait_for(lambda: not manager.answers("finder"))
    unit.process.kill()
    unit.process.wait()
    unit.process = None
    unit.start()
    wait_for(lambda: manager.answers("finder"))
    assert local(unit, "GET", "/api/v1/settings/interfaces.off-normal").json["value"] == ""


def test_what_the_manager_refuses_is_said(unit, manager):
    change(unit, "service:nobody")
    wait_for(lambda: "no service nobody" in listed(unit).get("unheld", "") or listed(unit)["held"])
    take_back(unit)
    (manager.folder / "broken").touch()
    change(unit, "service:printer")
    wait_for(lambda: "the manager is broken" in listed(unit).get("unheld", ""))
    assert manager.answers("printer") and told(unit, "interface.unheld")[-1]["why"].endswith("the manager is broken")
    (manager.folder / "broken").unlink()
    take_back(unit)
    wait_for(lambda: listed(unit)["held"])


def judged(unit, folder, *more, device="unit"):
    (found,) = assess(unit, folder, {PROBE}, device, more).values()
    return found


def still_running(asked):
    status, body, headers = asked.answer()
    return status, body | {"interfaces": [{**one, "state": "running"} if one["kind"] == "service" else one for one in body["interfaces"]]}, headers


def listens_as(unit):
    def spoil(asked):
        status, body, headers = asked.answer()
        return status, body | {"interfaces": [{**one, "what": f"user 0, {unit}"} if one["kind"] == "socket" else one for one in body["interfaces"]]}, headers

    return spoil


def not_held(asked):
    status, body, headers = asked.answer()
    return status, body | {"held": False}, headers


# @turns LA.IC.6: the device says that a service is off by its list, and it runs, or something listens for it
def test_the_probe_passes_and_fails_when_it_is_not_off(unit, manager, tmp_path):
    assert judged(unit, tmp_path)[0] == "inconclusive"
    assert judged(unit, tmp_path, "--off", "service:printer")[0] == "fail", "its list does not name it"
    change(unit, "service:printer", "--confirm")
    wait_for(lambda: service(unit, "printer") == ("off", True) and not listens_yet(unit, manager, "printer"))
    found = judged(unit, tmp_path, "--off", "service:printer")
    assert found[0] == "pass", found[1]
    for wrong in (still_running, listens_as("printer.service"), listens_as("printer.socket"), not_held):
        with spoiled(unit, tmp_path, "GET", "interfaces*", wrong) as device:
            assert judged(unit, tmp_path, "--off", "service:printer", device=device)[0] == "fail"
    for other in ("sprinter.service", "printer.service.socket", "printer@1.service", "printer.service-x"):
        with spoiled(unit, tmp_path, "GET", "interfaces*", listens_as(other)) as device:
            assert judged(unit, tmp_path, "--off", "service:printer", device=device)[0] == "pass", other

    # A name as long as one can be in a list is taken whole.
    (manager.folder / f"{LONGEST}.port").write_text((manager.folder / "printer.port").read_text())
    wait_for(lambda: service(unit, LONGEST) == ("stopped", False))
    change(unit, f"service:{LONGEST}", "--confirm")
    wait_for(lambda: service(unit, LONGEST) == ("off", True))
    for listens, verdict in ((f"{LONGEST[:60]}.service", "pass"), (f"{LONGEST}.service", "fail")):
        with spoiled(unit, tmp_path, "GET", "interfaces*", listens_as(listens)) as device:
            assert judged(unit, tmp_path, "--off", f"service:{LONGEST}", device=device)[0] == verdict, listens
    change(unit, "", "--confirm")
