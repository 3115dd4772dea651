# SPDX-License-Identifier: Apache-2.0
"""The manufacturer's server: the real program and its roles, from the first start on."""
import contextlib
import csv
import fcntl
import hashlib
import html.parser
import json
import http.client
import io
import os
import re
import secrets
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import tempfile
import threading
import time
import urllib.parse
from pathlib import Path

import pytest

import world as worlds
from harness import wait_for

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
PROGRAM = worlds.BUILD / "src/support/thingward-support"
ROLE = worlds.BUILD / "src/support/thingward-support-role"
HASH = worlds.BUILD / "src/device/thingward-hash"
STORE = worlds.BUILD / "src/support/thingward-store"
ROLE_POSTGRESQL = worlds.BUILD / "src/support/thingward-support-role-postgresql"
IDS = {"app": 64501, "front": 64502, "keys": 64503, "hash": 64504}


def copy_of_store(app, folder):
    """Of one that a service may be writing to. The service holds its store alone and keeps the index of its journal in memory:
    who opens the files beside it reads by an index of his own that nobody renews. So the files are read until nothing changed beneath."""
    def read():
        return [(app / n).read_bytes() if (app / n).exists() else b"" for n in ("support.db-wal", "support.db")]

    before, now = read(), read()
    while before != now:
        before, now = now, read()
    for name, content in zip(("support.db-wal", "support.db"), now):
        (Path(folder) / name).write_bytes(content)
    return Path(folder) / "support.db"


class Service:
    def __init__(self, folder):
        self.folder, self.dir, self.process = folder, folder / "desk", None
        self.dir.mkdir(mode=0o700)
        self.programs = folder / "programs"  # side by side, as they are installed
        self.programs.mkdir()
        for program in (ROLE, ROLE_POSTGRESQL, HASH, STORE):
            (self.programs / program.name).symlink_to(program)
        if os.geteuid() == 0:
            (self.dir / "roles.tab").write_text("".join(f"{n} {i} {i}\n" for n, i in IDS.items()))
        self.schema = None
        if url := os.environ.get("TW_STORE_URL"):  # conftest.py
            self.keep_in(url)

    def keep_in(self, url):
        """Before the first start: the store is in PostgreSQL, as `init --store` has it."""
        self.schema = "t" + secrets.token_hex(6)
        (self.dir / "store.url").write_text(f"{url}&schema={self.schema}\n")

    def sql(self, text):
        """Rows of text, by whoever looks after the store: while the service runs what reads, and what writes while it stands."""
        if self.schema:
            url = urllib.parse.urlsplit((self.dir / "store.url").read_text().strip())
            of = dict(urllib.parse.parse_qsl(url.query))
            done = subprocess.run(["psql", "-h", of["host"], "-U", of["user"], "-d", url.path[1:], "-tq", "--csv", "-c",
                                   f'SET search_path = "{self.schema}_support"', "-c", text], capture_output=True, text=True, timeout=20, check=False)
            assert done.returncode == 0, done.stderr
            return [tuple(row) for row in csv.reader(io.StringIO(done.stdout))]
        app = self.dir / "app"
        with contextlib.closing(sqlite3.connect(app / "support.db")) as db:
            with db:
                rows = [tuple("" if v is None else str(v) for v in row) for row in db.execute(text)]
        for f in app.iterdir():
            os.chown(f, *[app.stat().st_uid] * 2)
        return rows

    def look(self, *texts):
        """Rows of each, by somebody who may change nothing, while the service runs or stands."""
        if self.schema:
            return [self.sql(text) for text in texts]
        with tempfile.TemporaryDirectory() as folder, contextlib.closing(sqlite3.connect(copy_of_store(self.dir / "app", folder))) as db:
            return [db.execute(text).fetchall() for text in texts]

    def tables(self):
        """Of either store; not the one of the marks that commits leave, whatever they change (src/service/store/postgresql)."""
        listed = f"SELECT tablename FROM pg_tables WHERE schemaname = '{self.schema}_support' AND tablename <> 'store_mark'" if self.schema else (
            "SELECT name FROM sqlite_master WHERE type = 'table'")
        return {name for name, in self.look(listed)[0]}

    def rows(self):
        """What every table holds."""
        names = sorted(self.tables())
        if self.schema:  # asked at once: each question starts a program
            found = self.sql(" UNION ALL ".join(f"""SELECT '{name}', x::text FROM "{name}" AS x""" for name in names))
            return {name: sorted(row for of, row in found if of == name) for name in names}
        return {name: sorted(map(repr, rows)) for name, rows in zip(names, self.look(*(f'SELECT * FROM "{name}"' for name in names)))}

    def command(self, *more):
        return [PROGRAM, "serve", "--dir", self.dir, "--listen", "127.0.0.1:0", "--role-program", self.programs / ROLE.name, *more]

    def start(self):
        address = str(self.folder / "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told, open(self.folder / "log", "ab") as log:
            Path(address).unlink(missing_ok=True)
            told.bind(address)
            told.settimeout(float(os.environ.get("TW_START_S", "10")))  # longer where a benchmark has filled the store
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


def test_the_log_goes_on_over_every_start(service):
    for _ in range(3):
        service.start()
        assert service.stop() == 0
    assert "set aside" not in service.log() and not list((service.dir / "log").glob("*aside*"))


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


def test_what_the_front_refuses_is_a_page_to_a_browser(service):
    """Before app has read anything: too much of it, a site that is not ours, a form of another's; in both languages, with the policy that pages have."""
    service.start()
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    rows = [("/report", "POST", {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": "70000"}, 413, "too large", "zu groß"),
            ("/report", "POST", {"Content-Type": "multipart/form-data; boundary=x", "Content-Length": "9000000"}, 413, "8 MiB", "8 MiB"),
            ("/", "GET", {"Host": "evil.example"}, 421, "does not answer to the name", "antworten nicht auf den Namen"),
            ("/portal.css", "POST", {"Content-Length": "0"}, 405, "not what this page takes", "nimmt diese Seite nicht an"),
            ("/report", "POST", {"Origin": "https://evil.example", "Content-Length": "0"}, 403, "not what this page takes", "nimmt diese Seite nicht an")]
    for path, method, headers, status, english, german in rows:
        r, body = service.ask(path, method, browser | headers)
        assert r.status == status and r.getheader("Content-Type") == "text/html; charset=utf-8", (path, r.status, body)
        assert english in body and re.search(rf'<section lang="de">.*{german}', body) and "Rule: RFC " in body and 'href="/portal.css"' in body
        assert r.getheader("Content-Security-Policy").startswith("default-src 'none'; style-src 'self'; ")
        assert (r.getheader("Allow") == "GET, HEAD") == (status == 405)
        r, body = service.ask(path, method, headers | {"Accept": "*/*"})
        assert r.getheader("Content-Type") == "application/problem+json" and json.loads(body)["status"] == status
    r, body = service.ask("/api/v1/health", headers=browser | {"Host": "evil.example"})
    assert r.status == 421 and json.loads(body)["status"] == 421
    r, body = service.ask("/", "HEAD", browser | {"Host": "evil.example"})
    assert r.status == 421 and int(r.getheader("Content-Length")) > 500 and body == ""


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


def test_a_database_that_was_closed_whole_is_looked_through_later(service):
    if service.schema:
        pytest.skip("PostgreSQL looks after its files itself")
    db, word = service.dir / "app/support.db", service.dir / "app/support.db.closed"
    before = service.start().roles()
    assert not word.exists()
    os.kill(before["app"], signal.SIGKILL)
    wait_for(lambda: service.roles().get("app", before["app"]) != before["app"] and service.well(), 10)
    assert not word.exists() and service.stop() == 0 and word.exists()
    # Bits that turned on the disk: the file system knows nothing of it. No start reads this table.
    with contextlib.closing(sqlite3.connect(f"file:{db}?mode=ro&immutable=1", uri=True)) as look:
        page, = look.execute("SELECT rootpage FROM sqlite_master WHERE name = 'kept_answer'").fetchone()
    with open(db, "r+b") as f:
        f.seek((page - 1) * 4096)
        f.write(b"\xff" * 8)
    st = db.stat()
    word.write_text(f"file {st.st_ino} of {st.st_size} bytes changed {st.st_mtime_ns // 10**9}.{st.st_mtime_ns % 10**9:09} {st.st_ctime_ns // 10**9}.{st.st_ctime_ns % 10**9:09}\n")
    service.start()
    assert service.well()
    wait_for(lambda: "looking through the database" in service.log(), 10)
    wait_for(lambda: "app cannot start" in service.log(), 10)  # and no other start takes it
    assert not word.exists()


def vouch(log):
    """What src/service/audit/audit-closed.c writes, as if the segments were those that were verified: bits turned, and the file system knows nothing of it."""
    state = (log / "closed").read_bytes()[32:]
    digest = hashlib.sha256(state).digest()
    for f in sorted(log.glob("*.twlog")):
        st = f.stat()
        line = f"{f.name} {st.st_ino} {st.st_size} {st.st_mtime_ns // 10**9}.{st.st_mtime_ns % 10**9:09} {st.st_ctime_ns // 10**9}.{st.st_ctime_ns % 10**9:09}\n"
        digest = hashlib.sha256(digest + line.encode() + f.read_bytes()[:512]).digest()
    (log / "closed").write_bytes(digest + state)


def test_an_audit_log_that_was_closed_whole_is_looked_through_later(service):
    log = service.dir / "log"
    for n in range(3):  # a segment each; the first start finds nothing that it could vouch for
        service.start()
        assert not (log / "closed").exists() and service.stop() == 0 and (log / "closed").exists() == (n > 0)
    assert b'"read_from"' in max(log.glob("*.twlog")).read_bytes()
    first, *_, last = sorted(log.glob("*.twlog"))
    with open(first, "r+b") as f:  # the salt of the first record
        f.seek(512 + 40)
        f.write(b"\xff" * 4)
    vouch(log)
    service.start()
    assert service.well() and "did not verify" not in service.log()
    assert max(log.glob("*.twlog")) > last  # it goes on in the same log, for a second
    wait_for(lambda: "looking through the audit log" in service.log(), 10)
    wait_for(lambda: "did not verify and was set aside" in service.log() and service.well(), 10)
    assert f"segment {first.name}, record 1 " in service.log()
    assert len(list(log.glob("*.aside-*"))) == 4 and b'"fault"' in first.read_bytes()
    # What a start reads anyway, and what the file system tells of, is found before anybody is answered.
    assert service.stop() == 0
    with open(first, "r+b") as f:
        f.seek(512 + 40)
        f.write(b"\xff" * 4)
    said = service.log().count("set aside, a new one")
    service.start()
    assert service.log().count("set aside, a new one") == said + 1
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


def test_one_server_of_a_folder(service):
    service.start()
    said = (service.dir / "listening").read_text()
    p = subprocess.run(service.command(), capture_output=True, text=True, timeout=20)
    assert p.returncode == 1 and f"is served by process {service.process.pid} already" in p.stderr, p.stderr
    assert service.well() and (service.dir / "listening").read_text() == said  # nothing of it was touched
    service.process.kill()
    service.process.wait()
    service.start()  # whoever was killed holds nothing
    assert (service.dir / "lock").read_text() == f"{service.process.pid}\n"


def test_a_backup_of_a_running_server_is_a_server(service, tmp_path):
    service.start()
    if service.schema:
        p = subprocess.run([PROGRAM, "backup", "--dir", service.dir, "--out", tmp_path / "copy"], capture_output=True, text=True, timeout=30)
        assert p.returncode == 1 and "backed up by PostgreSQL's own tools" in p.stderr, p.stderr
        assert not list(tmp_path.glob("copy*")) and service.well()
        return
    kept = []
    for n in range(3):
        r, body = upload(service, "/report", {"description": f"before {n}"}, [(f"{n}.bin", "a/b", os.urandom(400000))])
        assert r.status == 200
        kept.append((receipt_of(body), f"before {n}"))
    (service.dir / "inmail.json").write_text("")
    (service.dir / "inmail-password").write_text("hunter\n")
    (service.dir / "inmail-password").chmod(0o600)
    (service.dir / "sign/private-keys-v1.d").mkdir(mode=0o700, parents=True)
    (service.dir / "sign/private-keys-v1.d/A.key").write_text("key")
    os.mkfifo(service.dir / "sign/S.gpg-agent")
    stop = threading.Event()

    def go_on():
        for n in range(100):
            if stop.is_set() or send(service, "/report", {"description": f"meanwhile {n}"})[0].status == 429:
                break
    writer = threading.Thread(target=go_on)
    writer.start()
    out = tmp_path / "copy"
    backup = [PROGRAM, "backup", "--dir", service.dir, "--out", out]
    with open(service.dir / "backup.lock", "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        p = subprocess.run(backup, capture_output=True, text=True, timeout=30)
        assert p.returncode == 1 and "another backup" in p.stderr
    (tmp_path / "copy.part/copy").mkdir(mode=0o700, parents=True)
    (tmp_path / "copy.part").chmod(0o700)
    (tmp_path / "copy.part/thingward-backup-not-whole").touch()  # of one that was cut
    (tmp_path / "copy.part/copy/app").touch()
    p = subprocess.run(backup, capture_output=True, text=True, timeout=30)
    stop.set()
    writer.join()
    assert p.returncode == 0 and "To restore" in p.stdout, p.stderr
    assert not (service.dir / "app/support.backup").exists() and sorted(p.name for p in tmp_path.glob("copy*")) == ["copy"]
    assert (out / "inmail.json").exists() and (out / "inmail-password").read_text() == "hunter\n"
    assert (out / "sign/private-keys-v1.d/A.key").read_text() == "key"
    assert not list(out.glob("thingward-*")) and not (out / "backup.lock").exists() and not (out / "sign/S.gpg-agent").exists()
    again = subprocess.run(backup, capture_output=True, text=True, timeout=30)
    assert again.returncode == 1 and "is there already" in again.stderr
    assert send(service, "/report", {"description": "after it"})[0].status in (200, 429)
    assert service.stop() == 0
    service.dir.rename(service.folder / "away")
    out.rename(service.dir)
    service.start()
    assert "set aside" not in service.log()
    for receipt, text in kept:
        body = send(service, "/report/status", {"receipt": receipt})[1]
        assert text in body and ".bin" in body
    assert send(service, "/report", {"description": "it goes on"})[0].status == 200
    assert service.stop() == 0
    p = subprocess.run(backup[:-1] + [tmp_path / "other"], capture_output=True, text=True, timeout=30)
    assert p.returncode == 1 and "does not run" in p.stderr and not list(tmp_path.glob("other*"))


def foreign(part, what):
    """What no cut backup leaves under that name."""
    elsewhere = part.parent / "elsewhere"
    elsewhere.mkdir(mode=0o700, exist_ok=True)
    (elsewhere / "thingward-backup-not-whole").touch()
    (elsewhere / "kept").touch()
    if what == "link":
        part.symlink_to(elsewhere)
    elif what == "file":
        part.write_text("mine")
    else:
        part.mkdir(mode=0o700)
        part.chmod(0o755 if what == "open" else 0o700)
        (part / {"unmarked": "copy", "more": "letters"}.get(what, "thingward-backup-not-whole")).touch()
        if what == "more":
            (part / "thingward-backup-not-whole").touch()
        if what == "other's":
            os.chown(part, 12345, 12345)


@ROOT_ONLY
@pytest.mark.parametrize("what", ["link", "file", "open", "other's", "unmarked", "more"])
def test_a_backup_removes_nothing_of_anybody(service, tmp_path, what):
    service.start()
    part = tmp_path / "copy.part"
    foreign(part, what)
    before = sorted(str(p) for p in tmp_path.rglob("*") if "elsewhere" in str(p) or ".part" in str(p))
    p = subprocess.run([PROGRAM, "backup", "--dir", service.dir, "--out", tmp_path / "copy"], capture_output=True, text=True, timeout=30)
    assert p.returncode == 1 and "move it away" in p.stderr and not (tmp_path / "copy").exists()
    assert sorted(str(p) for p in tmp_path.rglob("*") if "elsewhere" in str(p) or ".part" in str(p)) == before


@pytest.mark.skipif(not shutil.which("strace"), reason="needs strace")
def test_what_a_cut_leaves_of_a_backup_the_next_one_removes(service, tmp_path):
    """Killed at its first, second, ... change of a folder, until it comes to its end: what follows needs nobody's hand."""
    if service.schema:
        pytest.skip("PostgreSQL is backed up by its own tools")
    service.start()
    assert send(service, "/report", {"description": "kept"})[0].status == 200
    out, cut = tmp_path / "copy", 0
    for call in ("mkdirat", "renameat", "unlinkat", "fchown", "fsync"):
        for n in range(1, 60):
            command = [PROGRAM, "backup", "--dir", service.dir, "--out", out]
            p = subprocess.run(["strace", "-f", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={n}", *command],
                               capture_output=True, text=True, timeout=60)
            if p.returncode == 0:
                break
            cut += 1
            named = out.exists()  # the copy had its name already, and is whole
            p = subprocess.run(command, capture_output=True, text=True, timeout=30)
            assert p.returncode == named and ("is there already" in p.stderr) == named, (call, n, p.stderr)
            assert sorted(p.name for p in tmp_path.glob("copy*")) == ["copy"], (call, n)
            assert sorted(p.name for p in out.iterdir() if p.is_dir()) == ["app", "keys", "log"] and (out / "app/support.db").exists() and (out / "roles.tab").exists()
            assert not list(out.glob("**/thingward-*"))
            shutil.rmtree(out)
        shutil.rmtree(out, ignore_errors=True)
    assert cut > 20


def test_the_command_line(tmp_path):
    p = subprocess.run([PROGRAM, "--help"], capture_output=True, text=True)
    assert p.returncode == 0 and "thingward-support COMMAND --dir DIR" in p.stdout and "  serve " in p.stdout
    for words in ([], ["serve"], ["sell"], ["serve", "--dir", tmp_path, "--colour"]):
        assert subprocess.run([PROGRAM, *words], capture_output=True).returncode == 2
    p = subprocess.run([PROGRAM, "serve", "-n", "--dir", tmp_path, "--listen", "localhost:1"], capture_output=True, text=True)
    assert p.returncode == 1


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PAGES = ("/", "/report", "/report/status", "/policy", "/thanks", "/question")


def send(service, path, fields, **headers):
    return service.ask(path, "POST", {**FORM, **headers}, urllib.parse.urlencode(fields))


def upload(service, path, fields, files, boundary="----tw7MA4YWxkTrZu0gW", **headers):
    """As a browser sends a form with files: [(name, type, bytes)]."""
    def part(name, more, data):
        return f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode() + data + b"\r\n"
    body = b"".join(part(name, "", text.encode()) for name, text in fields.items())
    body += b"".join(part("files", f'; filename="{name}"\r\nContent-Type: {kind}', data) for name, kind, data in files)
    return service.ask(path, "POST", {"Content-Type": f"multipart/form-data; boundary={boundary}", **headers}, body + f"--{boundary}--\r\n".encode())


def hidden(body, name="receipt"):
    return html.unescape(re.search(rf'name="{name}" value="([^"]*)"', body)[1])


def receipt_of(body):
    return re.search(r"<code>([0-9A-Z-]{34})</code>", body)[1]


def report(service, description, **more):
    r, body = send(service, "/report", {"description": description, **more})
    assert r.status == 200, body
    return receipt_of(body)


def test_a_report_is_taken_followed_and_answered_without_account_or_script(service):
    r, body = service.start().ask("/report")
    assert r.status == 200 and r.getheader("Cache-Control") == "no-store" and body.count(" required=") == 1
    receipt = hidden(body)
    typed = {"receipt": receipt, "description": "It breaks.\nThen it burns.", "product": "Pump & Co", "version": "1.2", "flaw": "leak", "traits": "from the network",
             "fix": "do not", "contact": "me@example.com", "credit": "Ann"}
    r, body = send(service, "/report", typed)
    assert r.status == 200 and receipt_of(body) == receipt
    r, body = send(service, "/report", typed)  # impatient, or the answer was lost
    assert r.status == 200 and receipt_of(body) == receipt
    r, body = send(service, "/report", {**typed, "description": "Another one."})  # gone back, and written a new one
    assert r.status == 200 and receipt_of(body) != receipt
    r, body = send(service, "/report/status", {"receipt": receipt.lower().replace("-", " ")})
    assert r.status == 200 and "It breaks.\nThen it burns." in body and "Pump &amp; Co" in body and "Data is disclosed" in body
    assert "me@example.com" not in body and "Ann" not in body  # the receipt may have come into other hands
    r, body = send(service, "/report/answer", {"receipt": receipt, "text": "One thing more"})
    assert r.status == 200 and body.count("One thing more") == 1 and "Your message is stored." in body
    r, body = send(service, "/report/answer", {"receipt": receipt, "text": " "})
    assert r.status == 422 and 'href="#field-text"' in body
    assert service.stop() == 0
    files = [p for p in service.dir.rglob("*") if p.is_file()]
    assert files and not [p for p in files if receipt.encode() in p.read_bytes() or receipt.replace("-", "").encode() in p.read_bytes()]
    assert not [p for p in (service.dir / "log").rglob("*") if b"It breaks" in p.read_bytes()]


def test_a_question_is_asked_like_a_report_and_only_what_belongs_to_it(service):
    r, body = service.start().ask("/question")
    assert r.status == 200 and "<form" not in body and body.count("/question?kind=") == 6
    assert service.ask("/question?kind=none")[1] == body
    body = service.ask("/question?kind=event")[1]
    assert 'href="/question?kind=event&amp;lang=de"' in body
    assert 'name="directive"' in body and 'type="date"' in body and 'name="breadth"' not in body
    body = service.ask("/question?kind=documentation&document=%2Fpolicy")[1]
    assert 'value="/policy"' in body and 'name="depth"' in body and 'name="due"' not in body
    typed = {"receipt": hidden(body), "kind": "documentation", "description": "Where is\nthe rest?", "document": "/policy", "breadth": "missing", "depth": ""}
    receipt = receipt_of(send(service, "/question", typed)[1])
    assert receipt == typed["receipt"] == receipt_of(send(service, "/question", typed)[1])
    assert receipt_of(send(service, "/question", {**typed, "breadth": "enough"})[1]) != receipt  # gone back, and said something else
    body = send(service, "/report/status", {"receipt": receipt, "lang": "de"})[1]
    assert "Where is\nthe rest?" in body and "Something is missing" in body and "von einer Unterlage halten" in body
    r, body = send(service, "/question", {"kind": "event", "description": " ", "due": "soon", "directive": "ED 24-02"})
    assert r.status == 422 and 'href="#field-due"' in body and 'href="#field-description"' in body and 'value="ED 24-02"' in body
    r, body = send(service, "/question", {"kind": "none", "description": "kept"})
    assert r.status == 422 and body.count("/question?kind=") == 6


def test_what_was_typed_comes_back_with_what_is_wrong(service):
    service.start()
    r, body = send(service, "/report", {"description": " ", "product": "a" * 101, "fix": "kept as it was"})
    assert r.status == 422 and "kept as it was" in body and "a" * 101 in body
    for key in ("description", "product"):
        assert f'id="error-{key}"' in body and f'href="#field-{key}"' in body and f'aria-describedby="error-{key} hint-{key}" aria-invalid="true"' in body
    r, body = send(service, "/report", {"description": "x", "flaw": "none of these"})
    assert r.status == 422 and 'id="error-flaw"' in body
    assert send(service, "/report", {"description": "x", "colour": "red"})[0].status == 400
    assert service.ask("/report", "POST", {"Content-Type": "application/json"}, '{"description":"x"}')[0].status == 415
    assert send(service, "/report", {"description": "x"}, **{"Origin": "https://evil.example"})[0].status == 403
    longest = {"description": "語" * 4500, "traits": "語" * 700, "fix": "語" * 700, "product": "語" * 100, "version": "語" * 60, "contact": "語" * 120, "credit": "語" * 80}
    assert "語" * 4500 in send(service, "/report/status", {"receipt": report(service, **longest)})[1]


def test_strangers_are_bounded_and_keep_what_they_typed(service):
    service.start()
    stored = report(service, "number 0")
    for n in range(1, 20):
        assert send(service, "/report", {"description": f"number {n}"})[0].status == 200
    r, body = send(service, "/report", {"description": "one too many", "receipt": "R"})
    assert r.status == 429 and int(r.getheader("Retry-After")) > 0 and "one too many" in body and 'role="alert"' in body
    r, body = send(service, "/report/status", {"receipt": "0000-0000-0000-0000-0000-0000-0000"})
    assert r.status == 422 and "mistyped" in body
    right = hidden(service.ask("/report")[1])  # whole, and of no report
    answers = {send(service, "/report/status", {"receipt": right})[1] for _ in range(10)}
    assert len(answers) == 1 and "There is no report with this receipt" in answers.pop()
    assert send(service, "/report/status", {"receipt": right})[0].status == 429
    r, body = send(service, "/report/status", {"receipt": stored})  # whoever has a right one is kept waiting by nobody's guesses
    assert r.status == 200 and "number 0" in body


HOSTILE = ["<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "</textarea><svg onload=alert(1)>", "'); DROP TABLE report; --", "../../../etc/passwd",
           "a\r\nSet-Cookie: x=y", "{{7*7}}${7*7}", "javascript:alert(1)", "\u202egnp.exe", "&lt;b&gt;", "%3Cscript%3E", "\x1b[31m"]


def stays_text(body, texts):
    assert not re.search(r"<(script|img|svg|b)\b", body) and "\x1b" not in body
    for text in texts:
        shown = text.replace("\r\n", "\n").replace("\x1b", "\ufffd")
        assert html.escape(shown).replace("&#x27;", "&#39;") in body, text


def test_hostile_text_comes_back_as_text_on_every_page(service):
    service.start()
    for i in range(0, len(HOSTILE), 3):
        some = HOSTILE[i:i + 3]
        boxes, line = "\n".join(some), " ".join(some).replace("\r\n", " ")[:60]
        lines = dict.fromkeys(("product", "version", "contact", "credit"), line)
        typed = {"description": boxes, "traits": boxes, "fix": boxes, **lines}
        r, body = send(service, "/report", {**typed, "product": boxes})  # one line alone is taken there
        assert r.status == 422 and "Set-Cookie" not in r.headers
        stays_text(body, [boxes, line])
        r, body = send(service, "/report/answer", {"receipt": report(service, **typed), "text": boxes})
        assert r.status == 200 and "Set-Cookie" not in r.headers
        stays_text(body, [boxes, line])
        assert body.count("Set-Cookie") == (4 if "Set-Cookie" in boxes else 0) + ("Set-Cookie" in line) * 2
    r, body = send(service, "/report/status", {"receipt": boxes})
    assert r.status == 422
    stays_text(body, [boxes])


def test_credit_is_shown_when_published_and_not_before(service):
    service.start()
    report(service, "a", credit="<Ann & Co>")
    report(service, "b", credit="Bob")
    assert "Ann" not in service.ask("/thanks")[1]
    assert service.stop() == 0
    service.sql("UPDATE report SET published_ms = 1, thanked = 1 WHERE credit LIKE '%Ann%'")
    body = service.start().ask("/thanks")[1]
    assert "&lt;Ann &amp; Co&gt;" in body and "Bob" not in body


DESK = '{"name":"Example Works","site":"https://security.example.com","contacts":["mailto:psirt@example.com"],"expires":"2099-01-01T00:00:00Z"}'


def test_security_txt_says_what_the_desk_says(service):
    service.start()
    assert service.ask("/.well-known/security.txt")[0].status == 404
    assert "has not published a contact" in service.ask("/policy")[1]
    service.stop()
    desk = service.dir / "app/desk.json"
    desk.write_text(DESK)
    r, body = service.start().ask("/.well-known/security.txt")
    assert r.status == 200 and r.getheader("Content-Type") == "text/plain; charset=utf-8"
    lines = dict(line.split(": ", 1) for line in reversed(body.splitlines()))
    site = "https://security.example.com"
    assert lines == {"Contact": f"{site}/report", "Expires": "2099-01-01T00:00:00.000Z", "Preferred-Languages": "en, de",
                     "Canonical": f"{site}/.well-known/security.txt", "Policy": f"{site}/policy", "Acknowledgments": f"{site}/thanks"}
    assert "Contact: mailto:psirt@example.com" in body
    body = service.ask("/policy")[1]
    assert 'href="mailto:psirt@example.com"' in body and "Example Works" in body
    service.stop()
    desk.write_text(DESK.replace("2099", "2020"))  # out of date
    assert service.start().ask("/.well-known/security.txt")[0].status == 404


def test_pages_in_both_languages(service):
    service.start()
    for path in PAGES:
        english = service.ask(path)[1]
        german = service.ask(path, headers={"Accept-Language": "de-DE,de;q=0.9,en;q=0.8"})[1]
        assert '<html lang="en">' in english and '<html lang="de">' in german and len(german) < 50_000
        assert f'href="{path}?lang=de" lang="de"' in english
        chosen = service.ask(path + "?lang=en", headers={"Accept-Language": "de"})[1]
        assert '<html lang="en">' in chosen and 'href="/?lang=en"' in chosen
        texts = {t.strip() for t in re.findall(r">([^<>]{4,})<", re.sub(r"<(code|time)[^>]*>[^<]*", "<", english))}
        same = {t for t in texts if f">{t}<" in german}
        assert not same, f"{path}: not translated: {same}"
    r, body = send(service, "/report", {"description": "", "lang": "de"})
    assert r.status == 422 and "Noch nicht abgesendet" in body and hidden(body, "lang") == "de"
    assert "Zur ersten Seite" in service.ask("/nowhere", headers={"Accept-Language": "de"})[1]


def shown_literals(source):
    """Literals that are themselves given to what writes text into a page. In another call within it they are names of members, which it reads."""
    source = re.sub(r"\b(?:TW_SLICE|tw_slice_of)\(([^()]*)\)", r"\1", source)
    for call in re.finditer(r"\btw_html_(?:text|put)\(", source):
        depth, kept, at = 1, "", call.end()
        while depth:
            literal = re.compile(r'"(?:[^"\\]|\\.)*"').match(source, at)
            piece = literal[0] if literal else source[at]
            depth += (piece == "(") - (piece == ")")
            kept += piece if depth == 1 else ""
            at += len(piece)
        yield from re.findall(r'"((?:[^"\\]|\\.)*)"', kept)


def test_no_text_of_a_page_stands_outside_its_list():
    planted = 'tw_html_put(h, TW_E_P, "Some words"); tw_html_text(h, TW_SLICE("More")); tw_html_text(h, tw_slice_of(tw_json_text(doc, "title")));'
    assert list(shown_literals(planted)) == ["Some words", "More"]
    alike = {", SHA-256 ", "report.decided", "report.reason"}  # in each language: a name, and the rules that a refusal names
    root, seen = Path(__file__).resolve().parents[2] / "src/support", set()
    for source in root.glob("*/*.c"):
        if not source.name.startswith("test-"):
            for text in shown_literals(source.read_text()):
                assert text in alike or not re.search(r"[A-Za-z]{2}", text), f"{source.name}: {text}"
                seen.add((source.parent.name, text))
    assert {text for _, text in seen} >= alike and {"desk", "page"} <= {folder for folder, _ in seen}, seen


@pytest.mark.parametrize("role", ["app", "front", "keys", "all"])
def test_nothing_acknowledged_is_lost_by_a_kill(service, role):
    service.start()
    kept, stop = [], threading.Event()

    def go_on():
        n = 0
        while not stop.is_set() and n < 11:
            try:
                r, body = send(service, "/report", {"description": f"killed while it was sent: {n}"})
                if r.status == 200:
                    kept.append((receipt_of(body), f"killed while it was sent: {n}"))
                    n += 1
            except OSError:
                time.sleep(0.02)
    sender = threading.Thread(target=go_on)
    sender.start()
    wait_for(lambda: len(kept) >= 3, 10)
    if role == "all":
        service.process.kill()
        service.process.wait()
        stop.set()
    else:
        os.kill(service.roles()[role], signal.SIGKILL)
        wait_for(lambda: service.well(), 10)
        stop.set()
    sender.join()
    if role == "all":
        time.sleep(0.2)
        service.start()
    assert len(kept) >= 3
    for receipt, text in kept:
        assert text in send(service, "/report/status", {"receipt": receipt})[1]


@ROOT_ONLY
def test_a_full_disk_is_told_and_keeps_what_was_typed(service):
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m,mode=700", "tmpfs", service.dir], check=True)
    try:
        (service.dir / "roles.tab").write_text("".join(f"{n} {i} {i}\n" for n, i in IDS.items()))
        service.start()
        receipt = report(service, "before it was full")
        with open(service.dir / "fill", "wb", buffering=0) as fill, pytest.raises(OSError):
            while True:
                fill.write(b"x" * 4096)
        for n in range(100):  # there is room in what the files have already
            r, body = send(service, "/report", {"description": f"typed {n} " + "x" * 4000})
            if r.status != 200:
                break
        assert r.status == 503 and f"typed {n} " in body and "There is no room" in body
        r, body = upload(service, "/report", {"description": "with a file"}, [("a.bin", "a/b", os.urandom(300000))])
        assert r.status == 503 and "with a file" in body and "There is no room" in body and "choose the files again" in body
        assert "before it was full" in send(service, "/report/status", {"receipt": receipt})[1]
        (service.dir / "fill").unlink()
        wait_for(lambda: send(service, "/report/status", {"receipt": receipt})[0].status == 200, 5)
        service.stop()
        service.start()
        assert send(service, "/report", {"description": "there is room again"})[0].status == 200
    finally:
        service.stop()
        subprocess.run(["umount", "-l", service.dir], check=True)
