# SPDX-License-Identifier: Apache-2.0
"""Services that are off, by a real systemd: one in a container, with this machine's files and a layer above them, which is killed as if the power were
cut and booted again. The device is outside; what listens in the container listens here."""
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest
import world as worlds
from harness import wait_for
from test_services import DECLARED, USER, change, element, listed, service, take_back, told

PACKAGED = worlds.ROOT / "packaging/systemd/thingward-services.service"
LISTENER = """[Service]
ExecStart=/usr/bin/python3 -c "import socket,time; s=socket.create_server(('127.0.0.1',{port})); time.sleep(1e6)"
[Install]
WantedBy=few.target
"""
ON_DEMAND = """[Service]
ExecStart=/usr/bin/sleep 1000000
"""
SOCKET = """[Socket]
ListenStream=127.0.0.1:{port}
[Install]
WantedBy=few.target
"""
# Of this machine's units none is started: nothing but what is tried here, and what systemd needs.
FEW = """[Unit]
Requires=sysinit.target
After=sysinit.target
AllowIsolate=yes
"""


def free():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port):
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


class Container:
    def __init__(self, folder, run):
        self.layers, self.run, self.process = folder, run, None
        subprocess.run(["mount", "-t", "tmpfs", "layers", folder], check=True)
        for name in ("upper", "work", "root"):
            (folder / name).mkdir()
        subprocess.run(["mount", "-t", "overlay", "layers", "-o", f"lowerdir=/,upperdir={folder}/upper,workdir={folder}/work", folder / "root"], check=True)
        self.root, self.ports = folder / "root", {"plotter": free(), "seeker": free()}
        (self.root / "etc/machine-id").unlink(missing_ok=True)
        (self.root / "etc/machine-id").write_text("0123456789abcdef0123456789abcdef\n")
        units = self.root / "usr/lib/systemd/system"
        (units / "few.target").write_text(FEW)
        (units / "plotter.service").write_text(LISTENER.format(port=self.ports["plotter"]))
        (units / "seeker.service").write_text(ON_DEMAND)
        (units / "seeker.socket").write_text(SOCKET.format(port=self.ports["seeker"]))
        (self.root / "usr/libexec/thingward").mkdir(parents=True, exist_ok=True)
        shutil.copy(worlds.BUILD / "src/device/thingward-services", self.root / "usr/libexec/thingward")
        (units / "thingward-services.service").write_text(PACKAGED.read_text().replace("multi-user.target", "few.target"))
        (self.root / "etc/default/thingward-services").write_text(f"SERVICES_USER={USER}\n")
        subprocess.run(["systemctl", f"--root={self.root}", "enable", "plotter.service", "seeker.socket", "thingward-services.service"], check=True, capture_output=True)

    def boot(self):
        self.process = subprocess.Popen(["systemd-nspawn", "--quiet", "--directory", self.root, "--register=no", "--keep-unit", "--boot", "--kill-signal=SIGKILL", f"--bind={self.run}:/run/thingward", "systemd.unit=few.target", "systemd.show_status=no"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        return self

    def cut(self):
        os.kill(int(self.first()), signal.SIGKILL)  # with it ends whatever is in there, and nspawn after it
        self.process.wait(60)
        wait_for(lambda: not any(answers(port) for port in self.ports.values()), 20)

    def first(self):
        """Its first process, which is what nspawn started."""
        return Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()[0]

    def do(self, *words):
        return subprocess.run(["nsenter", "-t", self.first(), "-m", "-p", "-i", "-u", "-r", *words], capture_output=True, text=True, timeout=30, check=False)

    def end(self):
        if self.process:
            self.cut()
        for name in ("root", ""):
            subprocess.run(["umount", "-l", self.layers / name], check=True)
        self.layers.rmdir()  # never what is beneath: should it still be mounted, that is this machine's files


@pytest.fixture(scope="module")
def box():
    if os.geteuid() != 0 or not shutil.which("systemd-nspawn"):
        pytest.skip("needs root and systemd-nspawn")
    with worlds.World() as world:
        product = world.product / "product.yaml"
        product.write_text(product.read_text().replace("  permissions:\n", DECLARED, 1))
        unit = world.device("SYSTEMD").start()
        unit.take_over()
        one = Container(Path(tempfile.mkdtemp()), unit.run)
        one.unit = unit
        try:
            yield one.boot()
        finally:
            one.end()


# @nist LA.IC.6: by the system's service manager: its socket closes, and stays closed after a reboot; what it is itself started by is refused
def test_a_service_of_systemds_is_off_and_stays_so(box):
    unit, plotter, seeker = box.unit, box.ports["plotter"], box.ports["seeker"]
    wait_for(lambda: answers(plotter) and answers(seeker) and service(unit, "plotter") == ("running", False), 30)
    assert element(unit)[0] == "provided"
    change(unit, "service:plotter service:seeker", "--confirm")
    assert not answers(plotter) and not answers(seeker) and listed(unit)["held"]
    wait_for(lambda: service(unit, "plotter") == ("off", True) and service(unit, "seeker") == ("off", True))

    # The power is cut: systemd starts neither, before anything of ours says a word; then the device says that it is so.
    unit.stop()
    box.cut()
    box.boot()
    wait_for(lambda: box.do("systemctl", "is-active", "few.target").stdout == "active\n", 30)
    assert not answers(plotter) and not answers(seeker)
    unit.start()
    wait_for(lambda: listed(unit)["held"] and element(unit)[0] == "provided", 20)
    assert not answers(plotter) and not answers(seeker)

    # Somebody takes it back and starts it: it is off again, and told.
    assert box.do("systemctl", "unmask", "plotter.service").returncode == 0 and box.do("systemctl", "start", "plotter.service").returncode == 0
    wait_for(lambda: not answers(plotter) and {"kind": "service", "name": "plotter"} in told(unit, "interface.held"), 20)

    # The words go: both are there as before.
    change(unit, "", "--confirm")
    wait_for(lambda: answers(plotter) and answers(seeker), 20)


# Where the administrator's own file is in the place of the mask, systemd refuses: that is said, and the change goes back.
def test_what_systemd_refuses_is_said(box):
    (box.root / "etc/systemd/system/plotter.service").write_text(LISTENER.format(port=box.ports["plotter"]))
    change(box.unit, "service:plotter")
    wait_for(lambda: "already exists" in listed(box.unit).get("unheld", ""), 20)
    take_back(box.unit)
    wait_for(lambda: listed(box.unit)["held"] and answers(box.ports["plotter"]), 20)
    (box.root / "etc/systemd/system/plotter.service").unlink()


# Another name of a unit, masked, would leave the unit running, and pass what guards names: it is refused, and the unit itself is named.
def test_another_name_of_a_unit_is_refused(box):
    units = box.root / "usr/lib/systemd/system"
    (units / "old-plotter.service").symlink_to("plotter.service")
    (units / "heard.service").write_text(ON_DEMAND)
    (units / "heard.socket").symlink_to("seeker.socket")
    assert box.do("systemctl", "daemon-reload").returncode == 0
    for name, real in (("old-plotter", "plotter.service"), ("heard", "seeker.socket"), ("udev", "systemd-udevd.service")):
        change(box.unit, f"service:{name}")
        wait_for(lambda: f"another name of '{real}'" in listed(box.unit).get("unheld", ""), 20)  # noqa: B023
        take_back(box.unit)
        wait_for(lambda: listed(box.unit)["held"], 20)
    assert answers(box.ports["plotter"]) and answers(box.ports["seeker"])
    assert box.do("systemctl", "is-enabled", "old-plotter.service", "udev.service").stdout.split() == ["alias", "alias"]


# Neither the process nor what it starts has any capability, and to the device it is the user that the manifest names.
def test_it_has_roots_id_for_systemd_alone(box):
    main = box.do("systemctl", "show", "-P", "MainPID", "thingward-services.service").stdout.strip()
    status = dict(line.split(":\t", 1) for line in box.do("cat", f"/proc/{main}/status").stdout.splitlines() if ":\t" in line)
    assert status["Uid"].split() == [str(USER), str(USER), "0", str(USER)] and status["NoNewPrivs"] == "1" and status["Seccomp"] == "2"
    assert {status[key] for key in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {f"{0:016x}"}
