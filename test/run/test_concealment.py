# SPDX-License-Identifier: Apache-2.0
"""What somebody without a credential gets: in the network nothing that says which device this is, on the device a short list."""
import http.server
import json
import os
import shutil
import socket
import socketserver
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import pytest

import world as worlds
from harness import Client, unb64
from liar import Liar

STRANGER = 58799
LISTED = {"/api/v1/health", "/api/v1/commissioning", "/api/v1/notice", "/api/v1/openapi.json"}
ROWS = json.loads((worlds.BUILD / "src/formats/device.json").read_text())
PATHS = [(o["method"], o["path"].split("{")[0] + ("nobody" if "{" in o["path"] else "")) for c in ROWS["capabilities"] for o in c["operations"] if o["path"]]


def telling(unit):
    """What would say which device it is: identifier, class and serial, serial, model, and the public key of its identity."""
    known = unit.json("identity", "read")
    tail = known["identifier"].partition("-")[2]
    return [text.encode() for text in (known["identifier"], tail, unit.serial, known["model"], socket.gethostname()) if len(text) > 3]


def seen_by_a_stranger(unit):
    """Everything, byte by byte: the certificate, and head and body of each path by its method and by a wrong one."""
    stranger = Client(unit, certificate=False)
    with stranger.connect() as line:
        seen = [("certificate", line.getpeercert(binary_form=True))]
    for method, path in [*PATHS, ("GET", "/"), ("GET", "/no-such-page"), ("TRACE", "/"), ("GET", "/api/v1/identity/..")]:
        for verb in {method, "PATCH"}:
            answer = stranger.ask(verb, path, {"no such key": 1} if verb == "POST" else None)
            seen.append((f"{verb} {path}", repr(answer.headers).encode() + answer.body))
    return seen


def test_a_stranger_finds_nothing_that_tells_the_device(owned):
    """@nist DI.ABI.1.1: certificate, heads, pages, errors; and what it shows changes with its owner."""
    words = telling(owned)
    for where, data in seen_by_a_stranger(owned):
        for word in words:
            assert word not in data, (where, word)
    assert any(words[0] in data for data in (owned.tool("device", "identity", "read", "--device", "unit", "--owner", owned.owner).stdout.encode(),)), "an owner does find it"


def test_the_certificate_is_another_with_another_owner(unit):
    with Client(unit, certificate=False).connect() as line:
        before = line.getpeercert(binary_form=True)
    unit.take_over()
    with Client(unit, certificate=False).connect() as line:
        after = line.getpeercert(binary_form=True)
    assert before != after and unit.serial.encode() not in before + after


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a network of its own, so that every socket in it is the device's")
def test_nothing_is_announced(owned):
    """@nist DI.ABI.1.1: mDNS, LLMNR, SSDP and whatever else goes by datagram: the device has no such socket at all."""
    for table in ("udp", "udp6", "raw", "raw6", "udplite"):
        path = Path("/proc/net") / table
        assert not path.exists() or len(path.read_text().splitlines()) == 1, table
    listening = {line.split()[1].rpartition(":")[2] for line in Path("/proc/net/tcp").read_text().splitlines()[1:] if line.split()[3] == "0A"}
    assert f"{owned.port:04X}" in listening


def as_uid(uid):
    def drop():
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    return drop


def assess(unit, out, *more, name="unit", owner=None, uid=None):
    if "--element" not in more:
        more = (*more, *(word for element in ("DI.ABI.1.1", "DI.ABI.1.2", "DI.ABI.1.3") for word in ("--element", element)))
    words = [worlds.program("thingward"), "assess", "--device", name, "--owner", owner or unit.owner, "--product", unit.world.product, "--out", out, "--json", *more]
    done = subprocess.run(list(map(str, words)), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=90, check=False,
                          preexec_fn=as_uid(uid) if uid else None)
    assert out.exists(), done.stderr
    rows = json.loads(unb64(json.loads(out.read_text())["payload"]))["results"]
    return {(row["element"], row["probe"]): (row["verdict"], row["reason"]) for row in rows}


def as_a_stranger(unit, folder, *more):
    """The tool, run by a user of the machine who has no right on the device but its owner's papers."""
    for path in (folder, *folder.parents):
        if path == Path(tempfile.gettempdir()):
            break
        path.chmod(0o755)
    own = folder / "own"
    shutil.copytree(unit.owner, own)
    subprocess.run(["chown", "-R", f"{STRANGER}:{STRANGER}", str(own)], check=True)
    out = own / "e.json"
    return assess(unit, out, *more, owner=own, uid=STRANGER)


def test_probes_of_concealment(owned, tmp_path):
    """@nist DI.ABI.1.1 @nist DI.ABI.1.3: they pass, and do not decide where they could not look."""
    seen = assess(owned, tmp_path / "1.json", "--local", owned.run / "admin.sock")
    for probe in ("nothing-to-see", "no-announcement", "times-tell-nothing"):
        assert seen["DI.ABI.1.1", probe][0] == "pass", seen
    assert seen["DI.ABI.1.1", "live-status"][0] == seen["DI.ABI.1.3", "live-status"][0] == "pass"
    assert seen["DI.ABI.1.3", "only-the-list"][0] == "inconclusive", "root, and the device's own user, may look"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to come as another user")
def test_probe_of_the_local_socket(owned, tmp_path):
    """@nist DI.ABI.1.3: a user without rights gets what is on the list; a socket that answers more is found."""
    seen = as_a_stranger(owned, tmp_path, "--local", owned.run / "admin.sock")
    assert seen["DI.ABI.1.3", "only-the-list"][0] == "pass", seen["DI.ABI.1.3", "only-the-list"]


class Talker(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):  # noqa: N802
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass

    def address_string(self):
        return "local"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to come as another user")
def test_a_local_socket_that_answers_anybody_is_found(owned, tmp_path):
    """@nist DI.ABI.1.3 @turns DI.ABI.1.3: the local socket answers anybody"""
    path = owned.run / "talker.sock"
    server = socketserver.ThreadingUnixStreamServer(str(path), Talker)
    path.chmod(0o666)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    seen = as_a_stranger(owned, tmp_path, "--local", path)
    server.shutdown()
    server.server_close()
    assert seen["DI.ABI.1.3", "only-the-list"][0] == "fail", seen["DI.ABI.1.3", "only-the-list"]


def test_local_users_get_the_list_and_no_more(owned):
    """@nist DI.ABI.1.3: every path, by a user of the machine without rights; and the console knows four words."""
    if os.geteuid() == 0:
        ours, theirs = os.pipe()
        child = os.fork()
        if child == 0:
            as_uid(STRANGER)()
            said = {}
            for method, path in PATHS:
                with socket.socket(socket.AF_UNIX) as line:
                    line.settimeout(5)
                    line.connect(str(owned.run / "admin.sock"))
                    line.sendall(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".encode())
                    said[f"{method} {path}"] = int(line.recv(65536).split()[1])
            os.write(theirs, json.dumps(said).encode())
            os._exit(0)
        os.close(theirs)
        os.waitpid(child, 0)
        with os.fdopen(ours) as answers:
            said = json.load(answers)
        open_ones = {what for what, status in said.items() if status < 400}
        assert open_ones <= {f"GET {path}" for path in LISTED} | {"GET /api/v1/commissioning"}, open_ones
        assert said["GET /api/v1/identity"] == said["GET /api/v1/log"] == said["POST /api/v1/policies"] == 401
    for word in ("identity", "log", "settings", "root", "sh", "login"):
        assert "Not a command" in owned.at_console(word)


@pytest.mark.parametrize("where", ["path", "query", "body"])
def test_probe_finds_a_device_whose_answers_tell_by_their_times(liar, tmp_path, where):
    """@nist DI.ABI.1.1: a comparison that takes 40 ms longer for the right identifier."""
    right = liar.json("identity", "read")["identifier"]

    def late(asked):
        if asked is None or asked["identifier"] == right:
            time.sleep(0.04)
        return 401, {"title": "no"}
    Liar.answers = {{"path": f"/api/v1/peers/{right}", "query": f"/api/v1/identity?identifier={right}", "body": "/api/v1/peers"}[where]: late}
    seen = assess(liar, tmp_path / "t.json", "--element", "DI.ABI.1.1/times-tell-nothing", name="liar")
    verdict, reason = seen["DI.ABI.1.1", "times-tell-nothing"]
    assert verdict == "fail" and f"in the {where}" in reason and "later" in reason, reason


def test_probes_find_a_device_that_tells(liar, tmp_path):
    """@nist DI.ABI.1.1 @nist DI.ABI.1.2: an error page with the identifier, a datagram with it, and a door that serves anybody."""
    told = liar.json("identity", "read")
    Liar.answers = {path: (200, {}) for path in ("/api/v1/peers", "/api/v1/policies", "/api/v1/settings")}
    Liar.answers |= {"/api/v1/openapi.json": (200, {"paths": {"/api/v1/oops": {}}}), "/api/v1/identity": (200, told),
                     "/api/v1/oops": (404, {"title": f"{told['identifier']} does not know this"})}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as names:
        names.bind(("127.0.0.1", 5353))

        def answer():
            data, who = names.recvfrom(2000)
            names.sendto(data + told["identifier"].encode(), who)
        threading.Thread(target=answer, daemon=True).start()
        seen = assess(liar, tmp_path / "l.json", name="liar")
    assert seen["DI.ABI.1.1", "nothing-to-see"][0] == "fail"
    assert seen["DI.ABI.1.1", "no-announcement"][0] == "fail"
    assert seen["DI.ABI.1.2", "only-the-valid"][0] == "fail"
