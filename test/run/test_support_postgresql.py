# SPDX-License-Identifier: Apache-2.0
"""The manufacturer's server with its store in PostgreSQL: a real one, started here. The other files of this folder run against it too, by TW_STORE=postgresql."""
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pgproxy
import pgserver
import pytest

import test_support as support
import test_support_setup as setup
from harness import wait_for
from support_staff import administrator, colleague
from test_desk import ask, run

DEEP = bool(os.environ.get("TW_STORE"))
KILLS = 10 if DEEP else 1

pytestmark = pytest.mark.skipif(pgserver.missing() is not None, reason=pgserver.missing() or "")


@pytest.fixture(scope="module")
def server():
    with pgserver.Server() as one:
        yield one


@pytest.fixture
def service(tmp_path, server, monkeypatch):
    monkeypatch.setenv("TW_STORE_URL", server.url())
    one = support.Service(tmp_path)
    yield one
    one.stop()


def refused(service, why):
    """It does not come up, and says why; and it made no store of another kind instead."""
    with open(service.folder / "log", "ab") as log:
        service.process = subprocess.Popen(service.command(), stderr=log)
    try:
        wait_for(lambda: why in service.log(), 10)
    finally:
        service.stop()
    assert not (service.dir / "app/support.db").exists()


def address(service, line):
    path = service.dir / "store.url"
    path.write_text(line + "\n")


def loads(pid, library):
    return library in Path(f"/proc/{pid}/maps").read_text()


def test_report_case_and_staff(service, server):
    roles = service.start().roles()
    assert loads(roles["app"], "libpq") and not loads(roles["app"], "libsqlite3")
    assert not loads(roles["front"], "libpq") and not loads(roles["keys"], "libpq")
    receipt = support.report(service, "It burns.\nÄ 'quoted' \\ text", product="Lamp 3", credit="Ann")
    admin = administrator(service)
    ann = colleague(admin, "ann", "manager")
    status, case = ann.ask("POST", "/api/v1/cases", {"title": "Lamp burns"})
    assert status == 201 and case["id"] == "c1", case
    r, body = support.send(service, "/report/status", {"receipt": receipt})
    assert r.status == 200 and "Ä &#39;quoted&#39; \\ text" in body
    assert service.stop() == 0
    assert not list((service.dir / "app").glob("support.db*"))
    assert service.sql("SELECT product, credit FROM report") == [("Lamp 3", "Ann")]
    service.start()
    assert ask(service, "case", "read", "c1")["title"] == "Lamp burns"
    p = subprocess.run(["psql", "-h", server.socket, "-U", "desk", "-d", "postgres", "-c", f'DELETE FROM "{service.schema}_support".report'],
                       capture_output=True, text=True, check=False)
    assert p.returncode == 1 and "a report stays" in p.stderr


def test_init_says_where_and_check_looks(tmp_path, server):
    service = support.Service(tmp_path)
    answers = tmp_path / "answers.json"
    answers.write_text(setup.json.dumps(setup.ANSWERS))
    for line, why in (("postgresql://db.example.com/desk?user=u&sslmode=disable", "store.tls"), ("mysql:///a", "postgresql:///DATABASE")):
        p = setup.operate(service, "init", "--from", answers, "--store", line)
        assert p.returncode == 1 and why in p.stderr and not (service.dir / "app/desk.json").exists()
    p = setup.operate(service, "init", "--from", answers, "--store", server.url("byinit"))
    assert p.returncode == 0 and "the store is in PostgreSQL" in p.stdout, p.stderr
    p = setup.operate(service, "check")
    assert p.returncode == 0 and f"ok     the store is in PostgreSQL, database postgres at {server.socket}" in p.stdout, p.stdout + p.stderr
    service.start()
    assert service.stop() == 0 and not (service.dir / "app/support.db").exists()
    assert server.sql("SELECT format FROM byinit_support.store_format") == "1"
    address(service, "postgresql:///a?host=/nowhere&user=b")
    p = setup.operate(service, "check")
    assert p.returncode == 1 and "there is no socket /nowhere/.s.PGSQL.5432" in p.stdout
    if os.geteuid() == 0:
        with open(service.dir / "roles.tab", "a", encoding="utf-8") as tab:
            tab.write("store 64509 64509\n")
    address(service, "postgresql://db.example.com/a?user=b")
    p = setup.operate(service, "check")
    assert p.returncode == 1 and "store.password: there is no" in p.stdout and "store.tls: there is no" in p.stdout, p.stdout


def test_app_does_not_name_the_store(service, server):
    """An address where app may write counts for nothing: alone it stops the start, beside the right one nobody reads it."""
    right = (service.dir / "store.url").read_text()
    app = service.dir / "app"
    app.mkdir(mode=0o700)
    (app / "store.url").write_text(right)
    if os.geteuid() == 0:
        for path in (app, app / "store.url"):
            os.chown(path, support.IDS["app"], support.IDS["app"])
    (service.dir / "store.url").unlink()
    p = subprocess.run(service.command(), capture_output=True, text=True, timeout=10, check=False)
    assert p.returncode == 1 and "names the store where app may write" in p.stderr and "install -m 600" in p.stderr, p.stderr
    (app / "store.url").write_text("postgresql:///a?host=/nowhere&user=b")
    (service.dir / "store.url").write_text(right)
    service.start()
    assert ask(service, "case", "create", "kept")["id"] == "c1"


def test_the_folder_of_a_test_that_was_killed_is_removed_by_the_next():
    script = "import os, pgserver; s = pgserver.Server(); print(s.dir, flush=True); os.kill(os.getpid(), 9)"
    said = subprocess.run([sys.executable, "-c", script], cwd=Path(pgserver.__file__).parent, capture_output=True, text=True, timeout=60, check=False)
    folder = Path(said.stdout.strip())
    assert said.returncode == -signal.SIGKILL and (folder / "data").exists(), said.stderr
    with pgserver.Server() as other:
        assert not folder.exists()
        pgserver.sweep()
        assert other.sql("SELECT 1") == "1" and other.dir.exists()


def test_an_address_beside_the_database_stops_no_start(service, server):
    """app, taken over, has put it there: it is not believed, and nobody is told to copy it."""
    (service.dir / "store.url").unlink()
    service.start()
    ask(service, "case", "create", "in files")
    assert service.stop() == 0
    (service.dir / "app/store.url").write_text("postgresql:///a?host=/nowhere&user=b")
    service.start()
    assert ask(service, "case", "create", "still")["id"] == "c2"
    assert "store.url is not looked at" in service.log() and "install -m 600" not in service.log()


def test_what_does_not_run_there_is_refused_at_the_start(service, server):
    server.sql("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    server.sql("CREATE DATABASE words TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'")
    refused_by = [("latin", "--encoding=UTF8"), ("words", "--locale=C"), ("none", 'database "none" does not exist')]
    for database, why in refused_by:
        address(service, server.url("x", database=database))
        refused(service, why)
    address(service, "postgresql:///a?host=/nowhere&user=b")
    refused(service, "PostgreSQL cannot be reached at /nowhere, port 5432")
    address(service, "postgresql:///a?host=db.example.com&user=b")
    refused(service, "one of the network is postgresql://HOST/DATABASE")
    address(service, server.url("newer"))
    server.sql("CREATE SCHEMA newer_support; CREATE TABLE newer_support.store_format (format bigint); INSERT INTO newer_support.store_format VALUES (9)")
    refused(service, "has format 9, of a newer release")


def test_one_at_a_time(service, tmp_path_factory):
    service.start()
    other = support.Service(tmp_path_factory.mktemp("other"))
    (other.dir / "store.url").write_text((service.dir / "store.url").read_text())
    refused(other, "is in use by another process")
    assert service.well()


def test_a_server_that_was_gone_is_found_again(service, server):
    roles = service.start().roles()
    ask(service, "case", "create", "before")
    server.stop()
    p = run(service, "case", "create", "meanwhile")
    assert p.returncode != 0 and "store.broken" in p.stderr, p.stderr
    p = run(service, "cases", "list")
    assert not service.well() and service.ask("/")[0].status == 200 and p.returncode != 0, p.stdout  # nor is anything made up
    server.start()
    wait_for(lambda: run(service, "case", "create", "after").returncode == 0, 10)
    assert [c["title"] for c in ask(service, "cases", "list")["cases"]] == ["before", "after"]
    assert service.roles() == roles  # nothing was in doubt, so nobody started anew


def test_nothing_acknowledged_is_lost_when_the_server_is_killed(service, server):
    """SIGKILL of all of PostgreSQL while cases are opened one after the other: whatever was answered is there, once."""
    acknowledged, stop = [], threading.Event()

    def open_cases():
        n = 0
        while not stop.is_set():
            title = f"case {n}"
            p = run(service, "case", "create", title)
            if p.returncode == 0:
                acknowledged.append((setup.json.loads(p.stdout)["id"], title))
            n += 1

    service.start()
    writer = threading.Thread(target=open_cases)
    writer.start()
    try:
        for _ in range(KILLS):
            before = len(acknowledged)
            wait_for(lambda: len(acknowledged) > before + 3, 20)
            server.kill()
            server.start()
    finally:
        stop.set()
        writer.join()
    wait_for(lambda: run(service, "case", "create", "last").returncode == 0, 20)
    assert service.stop() == 0
    stored = {(f"c{number}", title) for number, title in service.sql("SELECT id, json_extract(doc, '$.title') FROM desk_case")}
    assert len(acknowledged) >= 4 * KILLS and set(acknowledged) <= stored
    # And no more than was tried: each title at most once, each case with its entry in the journal.
    titles = [title for _, title in stored]
    assert len(titles) == len(set(titles))
    assert service.sql("SELECT count(*) FROM journal_entry") == [(str(len(stored)),)]


@pytest.fixture
def proxy(server):
    one = pgproxy.Proxy(server)
    yield one
    one.close()


def behind(service, proxy, server):
    """The service's store, by way of the proxy."""
    address(service, (service.dir / "store.url").read_text().strip().replace(str(server.socket), str(proxy.folder)))
    return service.start()


def cut(service, proxy, side, number, *holding):
    """Opens a case while the line is cut there. None: it was not, since that many messages are not sent; else whether it was acknowledged."""
    title = f"{side} {number}"
    proxy.arm(side, number, holding)
    p = run(service, "case", "create", title)
    if not proxy.disarm():
        assert p.returncode == 0, p.stderr
        return None
    there = [row for row in service.sql("SELECT json_extract(doc, '$.title') FROM desk_case") if row[0] == title]
    assert len(there) == (p.returncode == 0), (title, there, p.stdout, p.stderr)  # the truth was said, whichever it is
    wait_for(lambda: run(service, "cases", "list").returncode == 0, 10)
    return p.returncode == 0


def test_a_commit_that_is_cut_is_told_as_it_became(service, server, proxy):
    behind(service, proxy, server)
    roles = service.roles()
    # Of the case's own transaction: the server commits by its clock too.
    asked = cut(service, proxy, pgproxy.CLIENT, 1, b"client 1", b"COMMIT")
    answered = cut(service, proxy, pgproxy.SERVER, 1, b"server 1", b"COMMIT")
    assert asked is False and answered is True
    assert service.roles() == roles  # nothing stayed in doubt, so nobody started anew


def test_what_was_acknowledged_and_has_gone_is_noticed(service, server):
    """The server is restored to what it was a moment ago, or a standby takes over that lags: not the same truth that app remembers."""
    service.start()
    ask(service, "case", "create", "kept")
    server.stop()
    shutil.copytree(server.data, server.dir / "before", copy_function=shutil.copy2)
    server.start()
    wait_for(lambda: run(service, "case", "create", "lost").returncode == 0, 10)
    server.stop()
    shutil.rmtree(server.data)
    subprocess.run(["cp", "-a", server.dir / "before", server.data], check=True)
    subprocess.run(["chown", "-R", "--reference", server.dir, server.data], check=True)
    roles = service.roles()
    server.start()
    wait_for(lambda: run(service, "cases", "list").returncode == 0 and service.roles()["app"] != roles["app"], 20)
    assert "has not what it acknowledged" in service.log()
    wait_for(lambda: run(service, "case", "create", "after").returncode == 0, 10)
    assert [c["title"] for c in ask(service, "cases", "list")["cases"]] == ["kept", "after"]


@pytest.mark.skipif(not DEEP, reason="deep only: it waits as long as a server may stand still")
def test_a_cable_that_is_cut_says_nothing_and_the_session_before_is_ended(service, server, proxy):
    behind(service, proxy, server)
    ask(service, "case", "create", "first")
    proxy.arm(pgproxy.CLIENT, 1, [b"second", b"COMMIT"], silent=True)
    p = run(service, "case", "create", "second")
    proxy.disarm()
    assert p.returncode != 0 and "store.broken" in p.stderr, p.stderr
    wait_for(lambda: run(service, "case", "create", "third").returncode == 0, 10)
    assert [c["title"] for c in ask(service, "cases", "list")["cases"]] == ["first", "third"]
    assert server.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'thingward-support'") == "1"


@pytest.mark.skipif(not DEEP, reason="deep only: every message")
@pytest.mark.parametrize("side", [pgproxy.CLIENT, pgproxy.SERVER])
def test_a_change_that_is_cut_at_any_message_is_told_as_it_became(service, server, proxy, side):
    behind(service, proxy, server)
    ask(service, "case", "create", "first")  # what is prepared once
    became = []
    while (one := cut(service, proxy, side, len(became) + 1)) is not None:
        became.append(one)
    assert len(became) > 8 and True in became and False in became, became
    assert service.sql("SELECT count(*) FROM store_mark") == [("1",)]
    titles = [c["title"] for c in ask(service, "cases", "list")["cases"]]
    assert len(titles) == len(set(titles)) == became.count(True) + 2
