# SPDX-License-Identifier: Apache-2.0
"""The packaged unit of wpa_supplicant, in a systemd of its own with this machine's files: that its fence leaves wpa_supplicant what it needs, and what it has not."""
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest

from harness import wait_for
from world import ROOT

UNITS = ROOT / "packaging/systemd"
PACKAGED = UNITS / "thingward-supplicant@.service"
NEEDED = ("systemd-nspawn", "systemd-analyze", "wpa_supplicant")
MISSING = [name for name in NEEDED if not shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"needs {' '.join(MISSING)}")
MOST = {"thingward-supplicant@wlan0.service": 30, "thingward-device.service": 55, "thingward-services.service": 35, "thingward-support.service": 35}  # tenths of systemd's own measure: 0 none, 100 no fence at all
FEW = "[Unit]\nRequires=sysinit.target\nAfter=sysinit.target\nAllowIsolate=yes\nWants=thingward-supplicant@twair.service\n"
# There is no udev in the container, and a link that is no radio: wpa_supplicant is told to use it as a wire.
HERE = (("BindsTo=", "#"), ("After=", "#"), (" -D nl80211 ", " -D wired "))


# As the wifi role does: from a name that the kernel makes. wpa_cli's own lies in a /tmp that the unit does not see.
PING = ("python3", "-c", "import socket; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(''); s.settimeout(2); s.connect('/run/wpa_supplicant/twair'); s.send(b'PING'); print(s.recv(9).decode(), end='')")


def do(*words, ok=True):
    done = subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    assert not ok or done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_systemd_finds_no_fault_with_it(tmp_path):
    instance = shutil.copy(PACKAGED, tmp_path / "thingward-supplicant@wlan0.service")
    assert "thingward-supplicant" not in do("systemd-analyze", "verify", "--man=no", instance)
    for name, most in MOST.items():
        file = instance if "@" in name else UNITS / name
        said = do("systemd-analyze", "security", "--no-pager", "--offline=true", f"--threshold={most}", file)
        assert "Overall exposure level" in said


class Container:
    def __init__(self, folder):
        self.layers, self.root, self.process = folder, folder / "root", None
        do("mount", "-t", "tmpfs", "layers", folder)
        for name in ("upper", "work", "root"):
            (folder / name).mkdir()
        do("mount", "-t", "overlay", "layers", "-o", f"lowerdir=/,upperdir={folder}/upper,workdir={folder}/work", self.root)
        (self.root / "etc/machine-id").unlink(missing_ok=True)
        (self.root / "etc/machine-id").write_text("0123456789abcdef0123456789abcde0\n")
        units = self.root / "usr/lib/systemd/system"
        (units / "few.target").write_text(FEW)
        text = PACKAGED.read_text()
        for there, here in HERE:
            assert there in text
            text = text.replace(there, here)
        (units / PACKAGED.name).write_text(text)
        self.process = subprocess.Popen(["systemd-nspawn", "--quiet", "--directory", self.root, "--register=no", "--keep-unit", "--boot", "--kill-signal=SIGKILL", "--capability=CAP_NET_ADMIN,CAP_NET_RAW", "systemd.unit=few.target", "systemd.show_status=no"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)

    def first(self):
        return Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()[0]

    def do(self, *words):
        return subprocess.run(["nsenter", "-t", self.first(), "-m", "-p", "-i", "-u", "-r", *words], capture_output=True, text=True, timeout=30, check=False).stdout

    def end(self):
        os.kill(int(self.first()), signal.SIGKILL)
        self.process.wait(60)
        for name in ("root", ""):
            do("umount", "-l", self.layers / name)
        self.layers.rmdir()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs namespaces")
def test_it_runs_in_its_fence():
    do("ip", "link", "add", "twair", "type", "veth", "peer", "name", "twground")
    box = Container(Path(tempfile.mkdtemp()))
    try:
        wait_for(lambda: box.do(*PING) == "PONG\n", 40)
        assert box.do("stat", "-c", "%a %U %G", "/run/wpa_supplicant") == "700 root root\n"
        pid = box.do("systemctl", "show", "-P", "MainPID", "thingward-supplicant@twair.service").strip()
        status = dict(line.split(":\t", 1) for line in box.do("cat", f"/proc/{pid}/status").splitlines() if ":\t" in line)
        assert {status["CapEff"], status["CapBnd"]} == {f"{1 << 12 | 1 << 13:016x}"} and (status["Seccomp"], status["NoNewPrivs"]) == ("2", "1")
        # It comes again when it has ended, and its socket with it.
        box.do("kill", "-9", pid)
        wait_for(lambda: box.do("systemctl", "show", "-P", "MainPID", "thingward-supplicant@twair.service").strip() not in ("0", pid), 20)
        wait_for(lambda: box.do(*PING) == "PONG\n", 20)
    except AssertionError as failure:
        raise AssertionError(box.do("systemctl", "status", "--no-pager", "--full", "thingward-supplicant@twair.service")) from failure
    finally:
        box.end()
        do("ip", "link", "delete", "twair")
