# SPDX-License-Identifier: Apache-2.0
"""The demo, told twice and cleaned up, in namespaces of its own: it must work without a network, be quick on repeat, leave the
device running in between and nothing behind."""
import fcntl
import os
import re
import socket
import ssl
import struct
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("TW_BUILD", ROOT / "build"))
REPEAT_S = 60
UP = 1


def lacking():
    sys.path.insert(0, str(ROOT / "test"))
    import world
    return world.missing()


def bring_up_loopback():
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", UP))  # SIOCSIFFLAGS


def demo(folder, *more):
    return subprocess.run([ROOT / "tools/demo", "--folder", folder, "--build", BUILD, *more], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


def ours(folder):
    """Processes whose command line names the folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                words = (entry / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if str(folder) in words and Path(__file__).name not in words:
                found.append(words.replace("\0", " "))
    return found


def portal_shows(server, name):
    """As a browser: the list, and the advisory's page that it leads to."""
    unchecked = ssl._create_unverified_context()  # the certificate is its own
    for path in ("/advisories", f"/advisories/{name}"):
        with urllib.request.urlopen(server + path, context=unchecked, timeout=5) as answer:
            page = answer.read().decode()
        assert name in page and "Heats without end" in page, page
    assert "Update to 1.0.1." in page and "CVE-2026-0001" in page, page


def told(folder):
    done = demo(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    steps = re.findall(r"^\[ *(\d+)/(\d+)\]", done.stdout, re.M)
    assert [int(number) for number, _ in steps] == list(range(1, int(steps[-1][1]) + 1)), done.stdout
    assert re.search(r"^  Page +https://127\.0\.0\.1:\d+/", done.stdout, re.M), done.stdout
    assert re.search(r"^  Code +[0-9A-Z]{5}-[0-9A-Z]{5} ", done.stdout, re.M), done.stdout
    server = re.search(r"^  Server +(https://127\.0\.0\.1:\d+)/", done.stdout, re.M)[1]
    assert f"a stranger reported a flaw at {server}/report" in done.stdout
    assert re.search(r"Art\. 14\(2\)\(a\), early-warning: 23 h \d+ min left", done.stdout), done.stdout
    assert "the whole tree" in done.stdout and f"Contact: {server}/report" in done.stdout
    shown = re.search(rf"{re.escape(server)}/advisories/(ADV-\d{{4}}-0001)\s+shows\s+it:\s+Heats\s+without\s+end\s", done.stdout)
    assert shown, done.stdout
    portal_shows(server, shown[1])
    [document] = (folder / "desk/app/csaf/white").glob(f"*/{shown[1].lower()}.json")
    for words in (("validate", document), ("tree", "check", folder / "desk/app/csaf")):
        judged = subprocess.run([BUILD / "src/tool/thingward", "csaf", *words], capture_output=True, text=True, check=False)
        assert judged.returncode == 0, judged.stdout + judged.stderr
    for name in ("evidence.json", "evidence.html", "evidence-off.json", "evidence-off.html"):
        assert (folder / name).stat().st_size > 0, name


def story(folder):
    if os.geteuid() == 0:
        bring_up_loopback()
    told(folder)
    first = ours(folder)
    assert any("thingward-device" in words for words in first), "the device runs on"
    began = time.monotonic()
    told(folder)
    took = time.monotonic() - began
    assert took < REPEAT_S, f"the second time took {took:.0f} s"
    assert sum("thingward-device" in words for words in ours(folder)) == 1, "the first device was stopped"
    assert sum("thingward-support serve" in words for words in ours(folder)) == 1, "so was the first server"
    cleaned = demo(folder, "--clean")
    assert cleaned.returncode == 0, cleaned.stderr
    assert not folder.exists()
    assert not ours(folder)


def test_demo_twice_and_clean(tmp_path):
    if lacking():
        pytest.skip(lacking())
    apart = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"] if os.geteuid() == 0 else []
    done = subprocess.run([*apart, sys.executable, "-B", __file__, str(tmp_path / "demo")], capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_demo_spares_a_folder_that_is_not_its_own(tmp_path):
    (tmp_path / "mine").write_text("keep")
    for more in ([], ["--clean"]):
        done = demo(tmp_path, *more)
        assert done.returncode != 0
        assert "not a folder of this demo" in done.stderr
    assert (tmp_path / "mine").read_text() == "keep"


if __name__ == "__main__":
    story(Path(sys.argv[1]))
