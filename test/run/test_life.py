# SPDX-License-Identifier: Apache-2.0
"""Starting, ending, dying, and what survives: nothing that was acknowledged is ever lost."""
import os
import random
import signal
import socket
import subprocess
import threading
import time

import pytest

import world as worlds
from harness import Client, local, roles, wait_for

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def test_check_says_what_is_missing(new_unit):
    unit = new_unit()
    assert worlds.run(*unit.command("-n")).stderr == ""
    (unit.config / "product.manifest").rename(unit.config / "elsewhere")
    assert "product.manifest" in worlds.run(*unit.command("-n"), ok=(1,)).stderr
    assert "unknown option" in worlds.run(*unit.command("--colour"), ok=(2,)).stderr


@ROOT_ONLY
def test_roles_tab_and_directories_must_be_safe(new_unit):
    unit = new_unit()
    tab = unit.folder / "roles.tab"
    tab.write_text(unit.world.roles.read_text())
    command = [str(w) for w in unit.command("-n", "--roles", tab)]
    assert worlds.run(*command).returncode == 0
    tab.chmod(0o666)
    assert "nobody else can write" in worlds.run(*command, ok=(1,)).stderr
    tab.chmod(0o644)
    tab.write_text("core 0 0\n")
    assert "line 1" in worlds.run(*command, ok=(1,)).stderr
    (unit.state / "core").chmod(0o755)
    assert "directory core" in worlds.run(*unit.command("-n"), ok=(1,)).stderr


@pytest.mark.smoke
def test_sigterm_drains(owned):
    """While changes are being made: what was begun is finished, nothing is left open, the log's head is signed, the status is 0."""
    with_session(owned)
    stop, acknowledged = threading.Event(), []

    def work():
        for n in range(100000):
            if stop.is_set():
                return
            if change(owned, str(5 + n % 26)):
                acknowledged.append(str(5 + n % 26))

    worker = threading.Thread(target=work)
    worker.start()
    wait_for(lambda: len(acknowledged) > 3)
    assert owned.stop() == 0
    stop.set()
    worker.join()
    assert "did not end in time" not in owned.said()
    owned.start()
    assert local(owned, "GET", "/api/v1/settings/application.target").json["value"] == acknowledged[-1]
    records = local(owned, "GET", "/api/v1/log?limit=50").json["records"]
    assert not [r for r in records if r.get("result") in ("unknown", "aborted")]
    newest_first = [r["type"] for r in records]
    assert newest_first[newest_first.index("open") + 1] == "checkpoint"


def test_sighup_does_nothing(owned):
    owned.process.send_signal(signal.SIGHUP)
    time.sleep(0.1)
    assert owned.process.poll() is None and owned.json("identity", "read")


def test_manifest_of_somebody_else_is_not_obeyed(new_unit, world):
    unit = new_unit()
    text = (unit.config / "product.manifest").read_text()
    (unit.config / "product.manifest").write_text(text.replace('"signature":"', '"signature":"A'))
    unit.start(wait=False)
    assert wait_for(lambda: "core cannot start" in unit.said())
    with pytest.raises(OSError):
        unit.https("GET", "/api/v1/health")


@ROOT_ONLY
def test_roles_have_their_own_users_and_no_more(owned):
    for name, pid in roles(owned).items():
        status = dict(line.split(":\t", 1) for line in open(f"/proc/{pid}/status").read().splitlines() if ":\t" in line)
        assert set(status["Uid"].split()) == {str(worlds.ROLES[name])}
        assert status["Groups"].strip() == "" and int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
        assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2"
    status = dict(line.split(":\t", 1) for line in open(f"/proc/{owned.process.pid}/status").read().splitlines() if ":\t" in line)
    assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2"
    kept = (1 << 6) | (1 << 7) | (1 << 8) | (1 << 5) | (1 << 12)  # setgid, setuid, setpcap, kill, and net_admin for the role firewall
    assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == kept


def change(unit, value):
    """True when acknowledged."""
    try:
        head = Client(unit, certificate=False)
        head.token = unit.token
        tag = head.ask("GET", "/api/v1/settings/application.target").headers["etag"]
        return head.ask("PUT", "/api/v1/settings/application.target", {"value": value}, [f"If-Match: {tag}"]).status == 200
    except (OSError, KeyError, IndexError, ValueError):
        return False


def with_session(unit):
    browser = Client(unit, certificate=False)
    unit.token = browser.ask("POST", "/api/v1/sessions", {"code": unit.json("session", "code")["code"]}).json["token"]
    return unit


@pytest.mark.parametrize("victim", ["core", "front", "keys"])
def test_killed_role_loses_nothing_acknowledged(owned, victim):
    """Kills at random moments while changes are made; each acknowledged one is there, in the store and in the log."""
    with_session(owned)
    rng = random.Random(victim)
    stop, acknowledged = threading.Event(), []

    def work():
        for n in range(100000):
            if stop.is_set():
                return
            value = str(5 + n % 26)
            if change(owned, value):
                acknowledged.append(value)

    worker = threading.Thread(target=work)
    worker.start()
    for _ in range(4):
        time.sleep(rng.uniform(0.05, 0.4))
        pid = wait_for(lambda: roles(owned).get(victim))
        os.kill(pid, signal.SIGKILL)
        began = time.monotonic()
        wait_for(lambda: pid not in roles(owned).values() and owned.https("GET", "/api/v1/health")[0] == 200)
        assert time.monotonic() - began < 2.5
    before = len(acknowledged)
    wait_for(lambda: len(acknowledged) > before)
    stop.set()
    worker.join()
    records = local(owned, "GET", "/api/v1/log?limit=200").json["records"]
    assert [r["fields"]["role"] for r in records if r.get("event") == "role.died"].count(victim) >= 1
    done = [r["detail"].split()[1].rstrip(",") for r in reversed(records) if r["type"] == "outcome" and r.get("result") == "done"
            and r.get("detail", "").startswith("application.target:")]
    tail = acknowledged[-5:]
    position = 0
    for value in tail:
        position = done.index(value, position) + 1
    assert local(owned, "GET", "/api/v1/settings/application.target").json["value"] in done[-1:]


def test_killed_parent_takes_all_along(owned):
    pids = [owned.process.pid, *roles(owned).values()]
    owned.json("settings", "change", "application.target", "23")
    os.kill(owned.process.pid, signal.SIGKILL)
    owned.process.wait()
    wait_for(lambda: not any(os.path.exists(f"/proc/{pid}") and "Z" not in open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[0] for pid in pids[1:]))
    owned.start()
    assert owned.json("settings", "read", "application.target")["value"] == "23"
    assert owned.json("identity", "read")["identifier"]


class Manager:
    """A service manager's end of sd_notify."""

    def __init__(self, unit):
        self.path = str(unit.folder / "notify")
        self.line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.line.bind(self.path)
        os.chmod(self.path, 0o777)
        self.said = []

    def hear(self, word, timeout_s=5):
        until = time.monotonic() + timeout_s
        while time.monotonic() < until:
            self.line.settimeout(max(0.01, until - time.monotonic()))
            try:
                text = self.line.recv(1000).decode()
            except OSError:
                return None
            self.said.append(text)
            if word in text:
                return text
        return None


def test_service_manager_is_told(new_unit, monkeypatch):
    unit = new_unit()
    manager = Manager(unit)
    monkeypatch.setenv("NOTIFY_SOCKET", manager.path)
    monkeypatch.setenv("WATCHDOG_USEC", "400000")
    unit.start()
    assert "doors answer" in manager.hear("READY=1")
    assert manager.hear("WATCHDOG=1") and manager.hear("WATCHDOG=1")
    core = roles(unit)["core"]
    os.kill(core, signal.SIGSTOP)
    manager.hear("nothing", timeout_s=0.5)
    assert manager.hear("WATCHDOG=1", timeout_s=0.8) is None, "a core that does not answer is not vouched for"
    os.kill(core, signal.SIGCONT)
    assert manager.hear("WATCHDOG=1")
    assert unit.stop() == 0
    assert manager.hear("STOPPING=1")


def test_hardware_watchdog_is_fed_and_released(new_unit):
    unit = new_unit()
    device = unit.folder / "watchdog"
    device.touch()
    unit.start("--watchdog", str(device))
    assert unit.stop() == 0
    assert device.read_bytes().endswith(b"V")


def test_background_start_returns_when_ready(new_unit):
    unit = new_unit()
    command = [w for w in unit.command() if w != "-f"]
    started = time.monotonic()
    with open(unit.log, "ab") as log:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, timeout=10, check=False)
    assert done.returncode == 0 and time.monotonic() - started < 5
    assert unit.https("GET", "/api/v1/health")[0] == 200
    for stat in filter(str.isdigit, os.listdir("/proc")):
        try:
            if f"--state\0{unit.state}\0".encode() in open(f"/proc/{stat}/cmdline", "rb").read():
                os.kill(int(stat), signal.SIGTERM)
        except OSError:
            pass  # somebody else's, which has ended meanwhile
    wait_for(lambda: not listening(unit))


def listening(unit):
    try:
        unit.https("GET", "/api/v1/health")
        return True
    except OSError:
        return False


def test_ready_at_once(new_unit):
    """The first answer over TLS; generous, since the machine is shared. The bench holds the true figure."""
    unit = new_unit()
    began = time.monotonic()
    unit.start()
    assert time.monotonic() - began < 1.0


@ROOT_ONLY
def test_without_root_one_user_serves_and_says_so(world, new_unit):
    """Started as a user that owns everything: nothing is dropped, and the statuses say so."""
    unit = new_unit()
    uid = 58790
    for folder, _, files in os.walk(unit.folder):
        for name in ["", *files]:
            os.chown(os.path.join(folder, name), uid, uid)
    with open(unit.log, "ab") as log:
        unit.process = subprocess.Popen([w for w in unit.command()], stdin=subprocess.DEVNULL, stdout=log, stderr=log, user=uid, group=uid, extra_groups=[])
    wait_for(lambda: unit.https("GET", "/api/v1/health")[0] == 200)
    unit.take_over()
    answer = unit.json("capabilities", "read")
    reasons = {e["id"]: e["reason"] for e in answer["elements"]}
    assert "share one user" in reasons["DI.IMS.1"] and "share one user" in reasons["DI.IMS.2"]
    assert all(not s["ids_dropped"] and s["seccomp"] for s in answer["sandbox"])
    assert "not root" in unit.said()


def test_a_signal_to_the_whole_group_drains_too(owned):
    """As a terminal does it: every process gets the signal, and still only the parent decides how all end."""
    os.killpg(owned.process.pid, signal.SIGINT)
    assert owned.process.wait(8) == 0
    assert "was ended by signal" not in owned.said()


def test_a_death_while_ending_hurries_nobody(owned):
    client = Client(owned, certificate=False)
    sent = client.head("POST", "/api/v1/commissioning/claim", {"request": "A" * 22, "client_nonce": "A" * 43})
    keys = roles(owned)["keys"]
    with client.connect() as line:
        line.sendall(sent[:-10])
        time.sleep(0.1)
        owned.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        os.kill(keys, signal.SIGKILL)
        time.sleep(0.2)
        line.sendall(sent[-10:])
        assert line.recv(65536).startswith(b"HTTP/1.1 4")
