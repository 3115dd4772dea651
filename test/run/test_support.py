# SPDX-License-Identifier: Apache-2.0
"""The manufacturer's server: the real program and its roles, from the first start on."""
import html.parser
import http.client
import os
import re
import signal
import socket
import ssl
import subprocess
import time
from pathlib import Path

import pytest

import world as worlds
from harness import wait_for

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
PROGRAM = worlds.BUILD / "src/support/thingward-support"
ROLE = worlds.BUILD / "src/support/thingward-support-role"
HASH = worlds.BUILD / "src/device/thingward-hash"
IDS = {"app": 64501, "front": 64502, "keys": 64503, "hash": 64504}


class Service:
    def __init__(self, folder):
        self.folder, self.dir, self.process = folder, folder / "desk", None
        self.dir.mkdir(mode=0o700)
        self.programs = folder / "programs"  # side by side, as they are installed
        self.programs.mkdir()
        for program in (ROLE, HASH):
            (self.programs / program.name).symlink_to(program)
        if os.geteuid() == 0:
            (self.dir / "roles.tab").write_text("".join(f"{n} {i} {i}\n" for n, i in IDS.items()))

    def command(self, *more):
        return [PROGRAM, "serve", "--dir", self.dir, "--listen", "127.0.0.1:0", "--role-program", self.programs / ROLE.name, *more]

    def start(self):
        address = str(self.folder / "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told, open(self.folder / "log", "ab") as log:
            Path(address).unlink(missing_ok=True)
            told.bind(address)
            told.settimeout(10)
            self.process = subprocess.Popen(self.command(), stderr=log, env={"NOTIFY_SOCKET": address})
            said = told.recv(400).decode()
        assert said.startswith("READY=1\nSTATUS=support service "), said
        return self

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            return self.process.wait(10)
        return self.process.returncode if self.process else None

    def log(self):
        return (self.folder / "log").read_text()

    def roles(self):
        """name -> pid"""
        found = {}
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            for pid in (task / "children").read_text().split():
                found[Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[1].decode()] = int(pid)
        return found

    def ask(self, path, method="GET", headers=None, body=None):
        host, port = (self.dir / "listening").read_text().strip().rsplit(":", 1)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        c = http.client.HTTPSConnection(host, int(port), context=context, timeout=10)
        try:
            c.request(method, path, body=body, headers=headers or {})
            r = c.getresponse()
            return r, r.read().decode(errors="replace")
        finally:
            c.close()

    def well(self):
        try:
            return self.ask("/api/v1/health")[0].status == 200
        except OSError:
            return False


@pytest.fixture
def service(tmp_path):
    one = Service(tmp_path)
    yield one
    one.stop()


@pytest.mark.smoke
def test_starts_answers_and_ends(service):
    service.start()
    r, body = service.ask("/api/v1/health")
    assert (r.status, body) == (200, '{"state":"ok"}')
    assert sorted(service.roles()) == ["app", "front", "keys"]
    assert service.stop() == 0
    assert "stopping" in service.log()


def test_the_first_page_needs_no_script_and_permits_none(service):
    r, body = service.start().ask("/")
    assert r.status == 200 and r.getheader("Content-Type") == "text/html; charset=utf-8"
    policy = r.getheader("Content-Security-Policy")
    assert "default-src 'none'" in policy and "form-action 'self'" in policy and "script-src" not in policy and "unsafe" not in policy
    tags = []

    class Reader(html.parser.HTMLParser):
        def handle_starttag(self, tag, attrs):
            tags.append((tag, dict(attrs)))

    Reader().feed(body)
    names = [tag for tag, _ in tags]
    assert "script" not in names and names.count("h1") == 1 and names.count("main") == 1
    assert ("html", {"lang": "en"}) in tags
    assert next(a for t, a in tags if t == "a")["href"] == "#main"  # the first stop of a keyboard
    assert any(a.get("name") == "viewport" for t, a in tags if t == "meta")
    assert not [a for _, a in tags if set(a) & {"style", "onclick", "onload", "onerror"}]
    sheet = next(a["href"] for t, a in tags if t == "link")
    r, _ = service.ask(sheet, headers={"Accept-Encoding": "gzip"})
    assert r.status == 200 and r.getheader("Content-Type").startswith("text/css")
    assert len(body) < 50_000


def test_refusals_are_pages_to_people_and_json_to_programs(service):
    r, body = service.start().ask("/%3Cscript%3Ealert(1)%3C/script%3E")
    assert r.status in (400, 404) and "<script" not in body
    r, body = service.ask("/no-such-page")
    assert r.status == 404 and r.getheader("Content-Type") == "text/html; charset=utf-8" and 'href="/"' in body
    r, body = service.ask("/api/v1/no-such")
    assert r.status == 404 and r.getheader("Content-Type") == "application/problem+json"
    assert service.ask("/", method="POST")[0].status == 405


def test_a_page_may_be_linked_from_elsewhere_but_not_sent_to(service):
    service.start()
    elsewhere = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert service.ask("/", headers={"Sec-Fetch-Site": "cross-site"})[0].status == 200
    assert service.ask("/", method="POST", headers=elsewhere)[0].status == 403
    assert service.ask("/api/v1/health", headers=elsewhere)[0].status == 403
    assert service.ask("/", headers={"Host": "evil.example"})[0].status == 421


@pytest.mark.parametrize("role", ["app", "front", "keys"])
def test_a_killed_role_is_back(service, role):
    before = service.start().roles()
    os.kill(before[role], signal.SIGKILL)
    wait_for(lambda: service.roles().get(role, before[role]) != before[role] and service.well(), 10)
    after = service.roles()
    assert not set(before.values()) & set(after.values())  # all start anew
    assert "did not verify" not in service.log()
    assert service.stop() == 0


def test_the_same_keys_and_log_after_a_kill_of_all(service):
    service.start()
    identity = (service.dir / "keys/identity.crt").read_bytes()
    service.process.kill()
    service.process.wait()
    time.sleep(0.2)
    service.start()
    assert service.well() and (service.dir / "keys/identity.crt").read_bytes() == identity
    assert "did not verify" not in service.log()
    assert not list((service.dir / "log").glob("*.aside-*"))


def test_a_first_start_that_was_cut_begins_anew(service):
    service.start()
    assert service.stop() == 0
    for name in ("identity.key", "log.epoch"):
        (service.dir / "keys" / name).unlink()
    for f in (service.dir / "log").iterdir():
        f.unlink()
    assert service.start().well()


def check(service, *more):
    return subprocess.run(service.command("-n", *more), capture_output=True, text=True, timeout=20)


def test_a_folder_of_others_is_refused_with_what_to_do(service):
    assert check(service).returncode == 0
    service.dir.chmod(0o750)
    p = check(service)
    assert p.returncode == 1 and f"chmod 700 {service.dir}" in p.stderr
    p = subprocess.run(service.command(), capture_output=True, text=True, timeout=20)  # and so does a start
    assert p.returncode == 1 and f"chmod 700 {service.dir}" in p.stderr
    service.dir.chmod(0o700)
    (service.dir / "log").mkdir(mode=0o700)
    (service.dir / "log").chmod(0o777)
    assert check(service).returncode == 1
    p = check(service, "--dir", service.folder / "none")
    assert p.returncode == 1 and "mkdir -m 700" in p.stderr


@ROOT_ONLY
def test_an_owner_who_is_not_us_is_refused(service):
    os.chown(service.dir, 64509, 64509)
    p = check(service)
    assert p.returncode == 1 and "belongs to user 64509" in p.stderr and f"chown 0 {service.dir}" in p.stderr


@ROOT_ONLY
def test_each_role_has_a_user_and_a_box_of_its_own(service):
    for name, pid in service.start().roles().items():
        status = Path(f"/proc/{pid}/status").read_text()
        assert re.search(rf"^Uid:\t{IDS[name]}\t{IDS[name]}\t{IDS[name]}", status, re.M)
        assert re.search(r"^Seccomp:\t2$", status, re.M) and re.search(r"^NoNewPrivs:\t1$", status, re.M)
    for folder, role in (("app", "app"), ("log", "app"), ("keys", "keys")):
        st = (service.dir / folder).stat()
        assert (st.st_uid, st.st_mode & 0o777) == (IDS[role], 0o700)
    assert "no user of its own" not in service.log()


@pytest.mark.skipif(os.geteuid() == 0, reason="needs somebody who is not root")
def test_without_root_it_says_what_is_missing(service):
    service.start()
    assert "not root: app, front and keys share user" in service.log()
    wait_for(lambda: service.log().count("has no user of its own") == 3, 5)


def test_the_command_line(tmp_path):
    p = subprocess.run([PROGRAM, "--help"], capture_output=True, text=True)
    assert p.returncode == 0 and "serve --dir DIR" in p.stdout
    for words in ([], ["serve"], ["sell"], ["serve", "--dir", tmp_path, "--colour"]):
        assert subprocess.run([PROGRAM, *words], capture_output=True).returncode == 2
    p = subprocess.run([PROGRAM, "serve", "-n", "--dir", tmp_path, "--listen", "localhost:1"], capture_output=True, text=True)
    assert p.returncode == 1
