#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A small world for behaviour tests: a manufacturer's CA, an example product, and real devices that are provisioned, started,
taken over and stopped. Everything is in one temporary directory that every numeric user may pass through.

    with World() as world:
        unit = world.device("T-1")
        unit.start()
        unit.take_over()
        unit.json("identity", "read")

As a program (`test/world.py serve [OPTION...]`) it does the same for tests in other languages: it provisions one device and starts it
with these options, prints a line of JSON about it, then obeys lines of JSON on its input: {"console": "confirm 123456"},
{"tool": ["session", "code"]}, {"take_over": true}, {"turn": "on"}, {"press": 5000}; each answered by one line. At the end of its input everything is
stopped and removed. --keyswitch or --button as its first option declares the example of that name as a provider of the product's: "turn" starts and turns the
key switch, the button is there from the start and "press" says what the device said to it (as root only, for each has a user of its own).

The build is TW_BUILD (build/). As root, each role gets a user id that no account holds.
"""
import json
import os
import pty
import select
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import termios
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD = Path(os.environ.get("TW_BUILD", ROOT / "build"))
ROLES = {"core": 58711, "front": 58712, "keys": 58713, "application": 58714, "fetch": 58715, "scan": 58716, "hash": 58717, "watch": 58719, "firewall": 58740, "parts": 58741, "wifi": 58742, "cellular": 58743, "bluetooth": 58744}
KEYSWITCH, BUTTON = 58718, 58731
DECLARED = {"--keyswitch": f"{{name: keyswitch, kind: auth-plugin, uid: {KEYSWITCH}, help: The key switch beside the door.}}",
            "--button": f"{{name: button, kind: button, uid: {BUTTON}, help: The button on its front.}}"}
INSIDE = "TW_INSIDE_NAMESPACES"


class Failed(Exception):
    pass


def program(name, build=BUILD):
    for folder in ("src", "examples"):
        for path in sorted((build / folder).glob(f"**/{name}")):
            if path.is_file() and os.access(path, os.X_OK):
                return path
    raise Failed(f"{build} has no program {name}: build it first")


def missing():
    """What a test needs and the build does not have, or None."""
    for name in ("thingward-device", "thingward-role", "thingward"):
        try:
            program(name)
        except Failed as failure:
            return str(failure)
    return None


def run(*words, ok=(0,), timeout=30):
    command = [str(word) for word in words]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout, check=False)
    if ok is not None and done.returncode not in ok:
        raise Failed(f"{' '.join(command)} ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def enter_namespaces(before=lambda: None):
    """As root, this program starts itself again inside mount, network and process namespaces of its own; else it stays where it is."""
    if os.geteuid() != 0 or INSIDE in os.environ:
        return
    before()
    # The shell stays: the first process there takes the end of whatever a dead one has left behind, thousands of gpg's in a long story.
    again = ["unshare", "--mount", "--net", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", 'ip link set lo up && "$@"; exit $?', "sh"]
    sys.stdout.flush()
    os.environ[INSIDE] = "yes"
    os.execvp(again[0], again + sys.orig_argv)


def declare(product, option):
    """In product.yaml, before a unit of it is provisioned."""
    text = product.read_text()
    product.write_text(text.replace("  permissions:\n", f"  providers:\n    - {DECLARED[option]}\n  permissions:\n", 1))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class World:
    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="tw-world-"))
        self.folder.chmod(0o755)
        self.devices = []
        self.product, self.ca = self.folder / "product", self.folder / "ca"
        self.roles = self.folder / "roles.tab"
        run(program("thingward"), "product", "init", "--example", self.product)
        run(program("thingward"), "ca", "init", self.ca, "--unprotected")
        self.roles.write_text("".join(f"{name} {uid} {uid}\n" for name, uid in ROLES.items()))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for device in self.devices:
            device.stop()
            if device.button is not None:  # it outlives its device, and comes back to it
                device.button.end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def device(self, serial, build=BUILD):
        device = Device(self, serial, build)
        self.devices.append(device)
        return device


class Device:
    def __init__(self, world, serial, build=BUILD):
        self.world, self.serial = world, serial
        self.build = build  # whose programs run it; may be another one after each stop
        self.folder = world.folder / serial
        self.folder.mkdir()
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.state, self.config, self.run = self.folder / "state", self.folder / "config", self.folder / "run"
        self.label, self.owner, self.log = self.folder / "label.json", self.folder / "owner", self.folder / "log"
        self.process = self.console = self.keyswitch = self.button = None
        self.launcher = []  # words before the program: what lowers its limits, say
        self.run.mkdir(mode=0o755)
        run(program("thingward", build), "provision", "--ca", world.ca, "--product", world.product, "--serial", serial, "--state", self.state, "--config", self.config,
            "--label", self.label, "--address", self.address, *(["--roles", world.roles] if os.geteuid() == 0 else []))

    # ---- life ----

    def command(self, *more):
        roles = ["--roles", self.world.roles] if os.geteuid() == 0 else []
        words = [*self.launcher, program("thingward-device", self.build), "-f", "--role-program", program("thingward-role", self.build), "--state", self.state, "--run", self.run, "--config", self.config,
                 "--listen", self.address, *roles, *more]
        return [str(word) for word in words]

    def start(self, *more, wait=True):
        """With a console: the device's end is a terminal, ours is self.console."""
        self.console, theirs = pty.openpty()
        name = os.ttyname(theirs)
        if os.geteuid() == 0:
            os.chown(name, ROLES["core"], -1)
        mode = termios.tcgetattr(theirs)
        mode[3] &= ~termios.ECHO
        termios.tcsetattr(theirs, termios.TCSANOW, mode)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command("--console", name, *more), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        if wait:
            self.wait_ready(theirs)
        os.close(theirs)
        return self

    def wait_ready(self, _keep, timeout_s=10):
        until = time.monotonic() + timeout_s
        while time.monotonic() < until and self.process.poll() is None:
            try:
                if self.https("GET", "/api/v1/health")[0] == 200:
                    return
            except OSError:
                time.sleep(0.02)
        raise Failed(f"{self.serial} does not answer; it said:\n{self.said()}")

    def said(self):
        return self.log.read_text(errors="replace")[-4000:] if self.log.exists() else ""

    def stop(self, patience_s=10):
        """SIGTERM, and the exit status; SIGKILL when it does not end."""
        if self.console is not None:
            os.close(self.console)
            self.console = None
        if self.keyswitch is not None:
            self.keyswitch.kill()
            self.keyswitch.wait()
            self.keyswitch = None
        if self.process is None:
            return None
        process, self.process = self.process, None
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(patience_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return -signal.SIGKILL

    def role_pids(self):
        """{name: pid} of the roles of a running device."""
        found = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
                if int(fields[1]) != self.process.pid:
                    continue
                words = (stat.parent / "cmdline").read_bytes().split(b"\0")
                found[words[1].decode()] = int(stat.parent.name)
            except (OSError, IndexError, ValueError):
                continue
        return found

    # ---- doors ----

    def tool(self, *words, **options):
        return run(program("thingward"), *words, **options)

    def take_over(self):
        self.tool("device", "takeover", "--label", self.label, "--owner", self.owner, "--device", self.address, "--name", "alice", "--as", "unit")

    def json(self, *words):
        """`thingward device WORDS` as the owner, its answer as an object."""
        said = self.tool("device", *words, "--device", "unit", "--owner", self.owner, "--json").stdout
        return json.loads(said) if said.strip() else None

    def local(self, *words):
        return json.loads(self.tool("device", *words, "--local", self.run / "admin.sock", "--json").stdout)

    def https(self, method, path, body=None, headers=(), timeout_s=5):
        """Status, headers and body. The certificate is not looked at."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        sent = b"" if body is None else json.dumps(body).encode()
        head = [f"{method} {path} HTTP/1.1", f"Host: {self.address}", "Connection: close", *headers]
        if body is not None:
            head += ["Content-Type: application/json", f"Content-Length: {len(sent)}"]
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout_s) as plain, context.wrap_socket(plain) as line:
            line.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + sent)
            received = b""
            while piece := line.recv(65536):
                received += piece
        top, _, rest = received.partition(b"\r\n\r\n")
        first, *fields = top.decode("latin-1").split("\r\n")
        return int(first.split()[1]), {key.lower(): value.strip() for key, _, value in (one.partition(":") for one in fields)}, rest

    def at_console(self, line, timeout_s=5):
        """Types a line at the console; returns what the device answers within a moment of silence."""
        os.write(self.console, line.encode() + b"\n")
        said = b""
        until = time.monotonic() + timeout_s
        while time.monotonic() < until:
            ready, _, _ = select.select([self.console], [], [], 0.4 if said else until - time.monotonic())
            if not ready:
                break
            said += os.read(self.console, 4096)
        return said.decode("utf-8", "replace")

    def turn(self, word):
        """The example key switch stands at this word; a process of its own, which the first turn starts."""
        position = self.folder / "position"
        position.write_text(word)
        if self.keyswitch is None:
            words = [program("keyswitch"), "--socket", self.run / "events.sock", "--name", "keyswitch", "--position", position]
            self.keyswitch = subprocess.Popen([str(w) for w in words], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, user=KEYSWITCH, group=KEYSWITCH, extra_groups=[])


class Button:
    """The example program, pressed by lines in a FIFO."""

    def __init__(self, unit, folder, user=BUTTON):
        self.fifo = folder / f"fifo-{user}-{time.monotonic_ns()}"
        os.mkfifo(self.fifo, 0o600)
        os.chown(self.fifo, user, user)
        command = [program("button"), "--socket", unit.run / "events.sock", "--name", "button", "--fifo", self.fifo]
        self.process = subprocess.Popen([str(w) for w in command], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, user=user, group=user, extra_groups=[])
        self.said, self.rest, self.next = [], 0, 0
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        self.said += (line.strip() for line in self.process.stderr)

    def wait_said(self, count, timeout_s=10):
        until = time.monotonic() + timeout_s
        while len(self.said) < count:
            if time.monotonic() > until:
                raise Failed(f"the button said no more than {self.said}")
            time.sleep(0.02)

    def hold(self, ms):
        """What the device said to it, behind what the presses before made it wait for."""
        time.sleep(max(0, self.next - time.monotonic()))
        before = len(self.said)
        self.fifo.write_text(f"{ms}\n")
        self.wait_said(before + 1)
        self.rest = 0 if "confirmed" in self.said[before] else 2 * self.rest or 1
        self.next = time.monotonic() + self.rest + 0.1
        return self.said[before]

    def end(self):
        self.process.kill()
        self.process.wait()


def obey(unit, wish):
    if "console" in wish:
        return {"said": unit.at_console(wish["console"])}
    if "tool" in wish:
        return {"answer": unit.json(*wish["tool"])}
    if "run" in wish:
        done = unit.tool(*wish["run"], ok=None, timeout=120)
        return {"status": done.returncode, "out": done.stdout, "err": done.stderr}
    if "turn" in wish:
        unit.turn(wish["turn"])
        return {}
    if "press" in wish:
        return {"said": unit.button.hold(wish["press"])}
    if wish.get("take_over"):
        unit.take_over()
        return {}
    raise Failed(f"no such wish: {wish}")


def serve(*options):
    with World() as world:
        provider, options = (options[0], options[1:]) if options[:1] and options[0] in DECLARED else ("", options)
        if provider:
            declare(world.product / "product.yaml", provider)
        unit = world.device("BROWSER-1").start(*options)
        if provider == "--button":
            unit.button = Button(unit, unit.folder)
            unit.button.wait_said(1)
        about = {"url": f"https://{unit.address}/", "label": json.loads(unit.label.read_text()), "folder": str(unit.folder), "product": str(world.product),
                 "ca": str(world.ca), "owner": str(unit.owner)}
        print(json.dumps(about), flush=True)
        for line in sys.stdin:
            try:
                answer = obey(unit, json.loads(line))
            except (Failed, OSError, ValueError) as failure:
                answer = {"failed": str(failure), "log": unit.said()}
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] != ["serve"]:
        sys.exit(__doc__)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    serve(*sys.argv[2:])
