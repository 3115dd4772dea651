# SPDX-License-Identifier: Apache-2.0
"""The desk of the manufacturer's server: cases, the clocks of Article 14 and their journal, by the tool and over its socket."""
import collections
import contextlib
import datetime
import hashlib
import json
import os
import random
import re
import signal
import socket
import sqlite3
import ssl
import subprocess
import time
import zoneinfo

import pytest

import world as worlds
from harness import wait_for
from test_support import Service, receipt_of, report, send, upload

TOOL = worlds.BUILD / "src/tool/thingward"


@pytest.fixture
def desk(tmp_path):
    s = Service(tmp_path)
    yield s.start()
    s.stop()


def run(s, *words):
    return subprocess.run([TOOL, "--json", "desk", *words, "--local", "desk.sock"], cwd=s.dir, capture_output=True, text=True, timeout=20)


def ask(s, *words):
    p = run(s, *words)
    assert p.returncode == 0, (words, p.stdout, p.stderr)
    return json.loads(p.stdout)


def refused(s, rule, *words):
    p = run(s, *words)
    assert p.returncode == 3 and rule in p.stderr, (words, p.returncode, p.stdout, p.stderr)


def clocks(s, case):
    return {(c["kind"], c["step"]): c for c in ask(s, "article14", "read", case)["clocks"]}


def test_a_case_from_report_to_close(desk):
    case = ask(desk, "case", "create", "Lamp opens a door", "--product", "Lamp 3")
    assert case["id"] == "c1" and case["state"] == "received"
    refused(desk, "case.move", "case", "move", "c1", "verified")
    for state in ("acknowledged", "triage", "verified", "remediation", "released", "post-release"):
        assert ask(desk, "case", "move", "c1", state)["state"] == state
    changed = ask(desk, "case", "change", "c1", "--cvss", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "--cwe", "CWE-79")
    assert changed["score"] == "9.8 (3.1)"
    refused(desk, "case.cwe", "case", "change", "c1", "--cwe", "CWE-999999")
    shown = ask(desk, "case", "move", "c1", "closed")
    digest = hashlib.sha256(json.dumps({k: v for k, v in shown.items() if k != "hash"}, separators=(",", ":"), sort_keys=True,
                                       ensure_ascii=False).encode()).hexdigest()
    assert shown["hash"] == digest  # as doc/spec says


def test_the_clocks_agree_with_the_zone_database(desk):
    ask(desk, "case", "create", "t")
    aware = datetime.datetime(2026, 3, 28, 12, 0, tzinfo=datetime.timezone.utc)
    now = datetime.datetime.now(datetime.timezone.utc)
    assert aware < now
    ask(desk, "article14", "start", "c1", "severe-incident", "--aware", aware.isoformat().replace("+00:00", "Z"), "--zone", "Europe/Vienna")
    ask(desk, "article14", "submit", "c1", "notification", "--at", "2026-03-28T12:30:00Z")
    got = clocks(desk, "c1")
    warning, final = got["severe-incident", "early-warning"], got["severe-incident", "final-report"]
    there = (aware + datetime.timedelta(hours=24)).astimezone(zoneinfo.ZoneInfo("Europe/Vienna"))
    assert warning["due_local"] == there.isoformat() and warning["state"] == "late"
    assert final["due"] == "2026-04-28T11:30:00.000Z" and final["due_local"] == "2026-04-28T13:30:00+02:00"
    assert ask(desk, "cases", "list")["cases"][0]["late"] is True


def test_drafts_name_what_is_missing_and_drills_say_so(desk):
    case = ask(desk, "article14", "drill", "--zone", "Europe/Brussels")
    assert case["drill"] and len(clocks(desk, case["id"])) == 6
    refused(desk, "article14.kind", "article14", "draft", case["id"], "--step", "early-warning")
    got = ask(desk, "article14", "draft", case["id"], "--step", "notification", "--kind", "exploited-vulnerability")
    assert got["text"].startswith("DRILL.") and "Manufacturer" in got["text"].split("STILL MISSING")[1]
    assert got["draft"]["drill"] and "contact" in [m["key"] for m in got["draft"]["missing"] if m["required"]]
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((worlds.BUILD.parent / "doc/spec/article14-draft.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    for step in ("early-warning", "final-report", "intermediate-report"):
        jsonschema.validate(ask(desk, "article14", "draft", case["id"], "--step", step, "--kind", "severe-incident")["draft"], schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**got["draft"], "drill": "no"}, schema)
    entries = ask(desk, "journal", "list")["entries"]
    assert json.loads(entries[0]["text"])["drill"] is True


def test_the_journal_verifies_and_notices(desk):
    for i in range(5):
        ask(desk, "case", "create", f"case {i}")
    identity = desk.dir / "keys/identity.crt"
    said = ask(desk, "journal", "verify", "--identity", identity, "--keep", desk.folder / "head.json")
    assert said["entries"] == 5 and said["identity_given"]
    ask(desk, "case", "tell", "c2", "CERT", "all")
    assert ask(desk, "journal", "verify", "--since", desk.folder / "head.json")["continues"]
    assert len(ask(desk, "journal", "inclusion", "--entry", "4")["proof"]) > 1
    desk.stop()
    # Somebody with the disk in hand rewrites what was done, in the table of entries alone, which the store itself refuses.
    desk.sql("DROP TRIGGER journal_entry_is_as_written" + " ON journal_entry" * bool(desk.schema))
    desk.sql("UPDATE journal_entry SET text = replace(text, 'CERT', 'NOBODY'), number = number WHERE number = 5")
    desk.sql("UPDATE journal_entry SET text = replace(text, 'case.tell', 'case.move') WHERE number = 5")
    desk.start()
    p = run(desk, "journal", "verify")
    assert p.returncode == 1 and "not those whose head is signed" in p.stderr, p.stderr


def test_nothing_acknowledged_is_lost_by_a_kill(desk):
    """app is killed at any moment while cases are opened; whatever was answered is there, in the cases and in the journal."""
    acknowledged, chance, until = [], random.Random(14), time.monotonic() + 5
    while time.monotonic() < until:
        roles = desk.roles()
        with subprocess.Popen(["sleep", str(chance.uniform(0.0, 0.5))]) as pause:
            while pause.poll() is None:
                p = run(desk, "case", "create", f"number {len(acknowledged)}")
                if p.returncode == 0:
                    acknowledged.append(json.loads(p.stdout)["id"])
        os.kill(roles["app"], signal.SIGKILL)
        wait_for(lambda: "app" in desk.roles() and desk.roles()["app"] != roles["app"] and run(desk, "health", "read").returncode == 0, 10)
    assert len(acknowledged) > 4 and len(set(acknowledged)) == len(acknowledged)
    there = {c["id"] for c in ask(desk, "cases", "list", "--all")["cases"]}
    assert set(acknowledged) <= there
    assert ask(desk, "journal", "verify")["entries"] == len(there)


def ago(**how_long):
    return (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(**how_long)).isoformat().replace("+00:00", "Z")


def raised(s):
    """How often the audit log has each alarm."""
    text = b"".join(f.read_bytes() for f in sorted((s.dir / "log").glob("*.twlog")))
    return collections.Counter(int(n) for n in re.findall(rb'"event":"alarm\.raised","fields":\{"alarm":([0-9]+),', text))


def test_a_report_becomes_a_case_and_its_reporter_is_answered(desk):
    receipt, quiet = report(desk, "It opens\nwhen told so.", product="Lamp 3", credit="Ann O'Nymous"), report(desk, "It opens too")
    assert [r["id"] for r in ask(desk, "reports", "list", "--verdict", "new")["reports"]] == ["r2", "r1"]
    assert ask(desk, "reports", "list", "--since", ago(days=-1))["reports"] == []
    case = ask(desk, "report", "case", "r1")
    assert (case["id"], case["title"], case["product"], case["report"]) == ("c1", "It opens", "Lamp 3", "r1")
    refused(desk, "report.decided", "report", "reject", "r1", "after all")
    ask(desk, "report", "duplicate", "r2", "c1", "the same")
    assert {r["verdict"] for r in ask(desk, "case", "reports", "c1")["reports"]} == {"case", "duplicate"}
    ask(desk, "report", "reply", "r1", "Which version <is> it?")
    body = send(desk, "/report/status", {"receipt": receipt})[1]
    assert "Which version &lt;is> it?" in body or "Which version &lt;is&gt; it?" in body
    assert "Which version" not in send(desk, "/report/status", {"receipt": quiet})[1]
    assert send(desk, "/report/answer", {"receipt": receipt, "text": "It is 1.4."})[0].status == 200
    said = ask(desk, "case", "messages", "c1")["messages"]
    assert [(m["report"], m["from"]) for m in said] == [("r1", "us"), ("r1", "reporter")] and said[1]["text"] == "It is 1.4."
    refused(desk, "report.consent", "report", "publish", "r2", "yes")
    ask(desk, "case", "embargo", "c1", "2999-01-01T00:00:00Z")
    refused(desk, "report.embargo", "report", "publish", "r1", "yes")
    ask(desk, "case", "embargo", "c1", "now")
    ask(desk, "report", "publish", "r1", "yes")
    assert "Ann O" in desk.ask("/thanks")[1] and "Published" in send(desk, "/report/status", {"receipt": receipt})[1]
    ask(desk, "report", "publish", "r1", "no")
    assert "Ann O" not in desk.ask("/thanks")[1]
    shown = ask(desk, "report", "read", "r1")["desk"]
    entries = [json.loads(e["text"]) for e in ask(desk, "journal", "list")["entries"]]
    assert [e for e in entries if e["case"] == "r1"][-1]["after"] == shown["hash"]
    ask(desk, "journal", "verify")


def test_files_come_with_a_report_and_are_encrypted_kept_and_destroyed(desk):
    secret = b"the proof of it, in the clear " * 40000  # 1.2 MB: more than any other body may have
    typed = {"description": "it falls over", "receipt": ""}
    r, body = upload(desk, "/report", typed, [("../trace <b>.pcap", "application/pcap", secret), ("", "application/octet-stream", b"")])
    assert r.status == 200, body
    receipt = receipt_of(body)
    digest = hashlib.sha256(secret).hexdigest()
    r, body = send(desk, "/report/status", {"receipt": receipt})
    assert digest in body and "trace _b_.pcap" in body and f"{len(secret)} Byte" in body and 'enctype="multipart/form-data"' in body
    assert upload(desk, "/report", typed | {"receipt": receipt}, [("../trace <b>.pcap", "", secret)])[0].status == 200  # sent once more
    r, body = upload(desk, "/report/files", {"receipt": receipt}, [("b.txt", "text/html", b"<script>second</script>")])
    assert r.status == 200 and "Your files are stored." in body and body.count(digest) == 1 and "second" not in body
    # Nobody who has the database alone reads any of it.
    stored = b"".join(p.read_bytes() for p in (desk.dir / "app").glob("support.db*"))
    assert b"the proof of it" not in stored and b"second" not in stored and b"pcap" not in stored and digest.encode() not in stored
    # The limits are told before, and by who refuses.
    assert "At most 8 at a time, together 8 MiB" in desk.ask("/report")[1]
    nine = [(f"{n}", "a/b", b"x") for n in range(9)]
    r, body = upload(desk, "/report", {"description": "keep what I typed"}, nine)
    assert r.status == 422 and "too many" in body and "keep what I typed" in body
    r, body = upload(desk, "/report/files", {"receipt": receipt}, [])
    assert r.status == 422 and "No file was chosen." in body
    r, body = upload(desk, "/report/files", {"receipt": "0" * 28}, [("a", "a/b", b"x")])
    assert r.status == 422 and "No file" not in body
    head = {"Content-Length": str(9 << 20), "Content-Type": "multipart/form-data; boundary=x"}
    r, body = desk.ask("/report", "POST", head, b"")
    assert r.status == 413 and "8 MiB together at most" in body
    for kind, sent in (("multipart/form-data", b"--x--"), ("multipart/form-data; boundary=x", b"--y--"), ("multipart/mixed; boundary=x", b"--x--")):
        assert desk.ask("/report", "POST", {"Content-Type": kind}, sent)[0].status in (400, 415)
    assert desk.ask("/policy", "POST", {"Content-Type": "multipart/form-data; boundary=x"}, b"--x--")[0].status == 405
    r, body = upload(desk, "/report/answer", {"receipt": receipt, "text": "x"}, [])  # its row takes no files
    assert r.status == 415
    # The administrator's tool has them, whole.
    files = ask(desk, "report", "files", "r1")["files"]
    assert [(f["id"], f["name"], f["type"], f["size"]) for f in files] == [("f1", "trace _b_.pcap", "application/pcap", len(secret)), ("f2", "b.txt", "text/html", 23)]
    assert ask(desk, "file", "save", "f1", "--out", "kept.pcap")["sha256"] == digest
    assert (desk.dir / "kept.pcap").read_bytes() == secret and (desk.dir / "kept.pcap").stat().st_mode & 0o777 == 0o600
    assert run(desk, "file", "save", "f1", "--out", "kept.pcap").returncode == 2  # nothing is written over
    refused(desk, "file.unknown", "file", "save", "f9", "--out", "none")
    assert ask(desk, "report", "case", "r1")["id"] == "c1"
    assert ask(desk, "case", "files", "c1")["files"] == files
    if desk.schema:  # PostgreSQL keeps what was deleted
        refused(desk, "report.files-stay", "report", "destroy-files", "r1", "--reason", "the reporter asked for it")
        assert ask(desk, "report", "files", "r1")["files"] == files
        return
    key = sqlite3_key(desk)
    said = ask(desk, "report", "destroy-files", "r1", "--reason", "the reporter asked for it")
    assert said["files_destroyed"]["count"] == 2
    assert key not in b"".join(p.read_bytes() for p in (desk.dir / "app").glob("support.db*"))
    assert ask(desk, "report", "files", "r1")["files"] == []
    refused(desk, "report.no-files", "report", "destroy-files", "r1", "--reason", "again")
    refused(desk, "file.unknown", "file", "save", "f1", "--out", "none")
    assert digest not in send(desk, "/report/status", {"receipt": receipt})[1]


def stored(s):
    return b"".join(p.read_bytes() for p in (s.dir / "app").glob("support.db*"))


def test_what_is_erased_is_in_no_file_any_more(desk):
    typed = {"description": "Sesame-description opens " * 150, "product": "Sesame-product", "version": "Sesame-version", "traits": "Sesame-traits", "fix": "Sesame-fix",
             "contact": "sesame-contact@example.org", "credit": "Sesame-credit"}
    for n in range(14):  # rows that are moved about between it and others
        assert send(desk, "/report", {"description": f"other {n} " * (n * 7 % 300 + 1), "product": f"{n * 7919 % 1000}"})[0].status == 200
        if n == 5:
            r, body = upload(desk, "/report", typed, [("a", "a/b", b"Sesame-file" * 100)])
            assert r.status == 200
            receipt = receipt_of(body)
    assert send(desk, "/report/answer", {"receipt": receipt, "text": "Sesame-message " * 200})[0].status == 200
    ask(desk, "report", "reply", "r7", "Sesame-reply")
    assert ask(desk, "report", "case", "r7", "--title", "t")["id"] == "c1"
    ask(desk, "report", "publish", "r7", "yes")
    assert "Sesame-credit" in desk.ask("/thanks")[1]
    refused(desk, "report.needed", "report", "erase", "r7", "all", "done with")
    ask(desk, "case", "change", "c1", "--product", "x", "--versions", "x", "--description", "x")  # what a case took over is its own
    ask(desk, "case", "move", "c1", "closed", "--reason", "nothing of ours")
    said = ask(desk, "report", "erase", "r7", "contact", "he asked for it")
    assert said["contact_erased"]["reason"] == "he asked for it"
    assert "Sesame-credit" not in desk.ask("/thanks")[1] and "Sesame-product" in send(desk, "/report/status", {"receipt": receipt})[1]
    if not desk.schema:
        there = stored(desk)
        assert b"esame-contact" not in there and b"esame-credit" not in there and b"Sesame-description" in there
    assert ask(desk, "intake", "read")["left"] == 20000 - 15
    assert ask(desk, "report", "erase", "r7", "all", "done with")["erased"]["files"] == 1
    said = ask(desk, "intake", "read")
    assert (said["kept"], said["left"], said["alarms"]) == (14, 20000 - 14, [])
    [element] = [e for e in json.loads(desk.ask("/api/v1/elements")[1])["elements"] if e["id"] == "QR.1.a.1.1"]
    assert element["reason"].endswith("There is room for 19986 more.")
    refused(desk, "report.erased", "report", "erase", "r7", "all", "again")
    shown = ask(desk, "report", "read", "r7")
    assert shown["verdict"] == "case" and shown["erased"] and "esame" not in json.dumps(shown)
    r, body = send(desk, "/report/status", {"receipt": receipt})
    assert r.status == 200 and "Erased: nothing is kept" in body and f'datetime="{shown["erased"][:16]}' in body and "esame" not in body and "<textarea" not in body
    for path, form in (("/report/answer", {"text": "Sesame-more"}), ("/report/files", {})):
        r, body = send(desk, path, {"receipt": receipt, **form}) if form else upload(desk, path, {"receipt": receipt}, [("a", "a/b", b"Sesame-more")])
        assert r.status == 422 and "Erased: nothing is kept" in body and "esame" not in body
    if desk.schema:
        assert "PostgreSQL keeps" in shown["desk"]["erased"]["left"]
    else:
        assert b"esame" not in stored(desk)
    ask(desk, "journal", "verify")
    desk.process.kill()  # and what was answered is there
    desk.process.wait()
    desk.start()
    assert ask(desk, "report", "read", "r7")["erased"] == shown["erased"]
    assert desk.schema or b"esame" not in stored(desk)


def test_one_party_holds_two_sendings_open_and_no_more(desk):
    host, port = (desk.dir / "listening").read_text().strip().rsplit(":", 1)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with contextlib.ExitStack() as held:
        def begin():
            s = held.enter_context(context.wrap_socket(held.enter_context(socket.create_connection((host, int(port)), timeout=10))))
            s.sendall(f"POST /report HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 1000000\r\n\r\n".encode() + b"-" * 1000)
            return s
        def said(s):
            s.settimeout(0.05)
            try:
                return s.recv(400)
            except TimeoutError:
                return b""

        three, refused_ones = [begin() for _ in range(3)], {}

        def one_is_refused():
            refused_ones.update({s: text for s in three if s not in refused_ones and (text := said(s))})
            return refused_ones

        wait_for(one_is_refused, 5)  # whichever came last
        assert [text.split(b"\r\n")[0].split()[1] for text in refused_ones.values()] == [b"503"]
        assert desk.well()
        assert not any(said(s) for s in three if s not in refused_ones)  # they go on
    data = os.urandom(100000)
    wait_for(lambda: upload(desk, "/report", {"description": "room again"}, [("a", "a/b", data)])[0].status == 200, 5)


def sqlite3_key(s):
    """The one sealed key that is stored, from a copy: the server holds the database alone."""
    copy = s.folder / "copy"
    copy.mkdir()
    for p in (s.dir / "app").glob("support.db*"):
        (copy / p.name).write_bytes(p.read_bytes())
    with contextlib.closing(sqlite3.connect(copy / "support.db")) as db:
        [(key,)] = db.execute("SELECT sealed FROM attachment_key").fetchall()
    assert len(key) == 60
    return key


def test_files_that_were_acknowledged_outlive_a_kill(desk):
    kept = []
    for n in range(3):
        data = os.urandom(300000)
        r, body = upload(desk, "/report", {"description": f"number {n}"}, [(f"{n}.bin", "a/b", data)])
        assert r.status == 200
        kept.append((receipt_of(body), hashlib.sha256(data).hexdigest()))
    desk.process.kill()
    desk.process.wait()
    desk.start()
    for receipt, digest in kept:
        assert digest in send(desk, "/report/status", {"receipt": receipt})[1]


def test_an_alarm_is_raised_by_itself_at_its_moment(desk):
    desk.stop()
    (desk.dir / "app/desk.json").write_text(json.dumps({"name": "Example", "site": "https://security.example.com", "expires": "2999-01-01T00:00:00Z",
                                                        "contacts": ["mailto:psirt@example.com"], "alarms": ["mailto:duty@example.com"]}))
    if os.geteuid() == 0:
        os.chown(desk.dir / "app/desk.json", 64501, 64501)
    desk.start()
    ask(desk, "case", "create", "t")
    ask(desk, "article14", "start", "c1", "severe-incident", "--aware", ago(hours=11, minutes=59, seconds=58.5))
    assert not raised(desk)
    wait_for(lambda: raised(desk), 6)  # nobody asks for anything meanwhile
    got, = ask(desk, "alarms", "list", "--state", "open")["alarms"]
    assert (got["case"], got["step"], got["point"], got["before_s"], got["missed"]) == ("c1", "early-warning", 1, 12 * 3600, False)
    ask(desk, "alarm", "acknowledge", str(got["alarm"]), "the draft is being written")
    refused(desk, "alarm.acknowledged", "alarm", "acknowledge", str(got["alarm"]))
    desk.stop()
    (to, subject, text), = desk.sql("SELECT recipient, subject, text FROM outbox")
    assert to == "duty@example.com" and subject.startswith("early-warning of case c1 is due at 2") and "alarm 1 of 4" in text
    desk.start()
    assert ask(desk, "alarms", "list", "--state", "open")["alarms"] == [] and raised(desk) == {got["alarm"]: 1}


def test_reports_cases_and_alarms_are_whole_after_any_kill(desk):
    """app is killed at any moment between report, case, clock and alarm; each is there once."""
    sent, opened, started, chance = 0, {}, set(), random.Random(3)
    while sent < 5:  # each start after a short life waits twice as long as the one before
        report(desk, f"number {sent}")
        sent += 1
    for i in range(1, sent + 1):
        app, case = desk.roles()["app"], None
        with subprocess.Popen(["sh", "-c", f"sleep {chance.uniform(0.0, 0.12)}; kill -9 {app}"]) as killer:
            for words in (["report", "case", f"r{i}"], ["article14", "start", "", "severe-incident", "--aware", ago(hours=25)]):
                p = run(desk, *[w or case for w in words])
                if p.returncode:
                    break
                case = json.loads(p.stdout)["id"]
                (opened.__setitem__(f"r{i}", case) if words[0] == "report" else started.add(case))
            killer.wait()
        wait_for(lambda: desk.roles().get("app", app) != app and run(desk, "health", "read").returncode == 0, 10)
    there = {r["id"]: r.get("case") for r in ask(desk, "reports", "list")["reports"]}
    cases = {c["id"] for c in ask(desk, "cases", "list", "--all")["cases"]}
    assert len(there) == sent and {r: c for r, c in there.items() if r in opened} == opened
    assert sorted(c for c in there.values() if c) == sorted(cases)  # none without its report, none twice
    running = {c for c in cases if clocks(desk, c)}
    assert started <= running and opened
    wait_for(lambda: len(raised(desk)) == 4 * len(running), 10)
    points = [(a["case"], a["step"], a["point"], a["missed"]) for a in ask(desk, "alarms", "list", "--all")["alarms"]]
    assert sorted(points) == sorted((c, "early-warning", n, True) for c in running for n in (1, 2, 3, 4))
    assert set(raised(desk).values()) <= {1}
    ask(desk, "journal", "verify")


def test_only_the_administrator_is_let_in(desk):
    assert (desk.dir / "desk.sock").is_socket()
    r, _ = desk.ask("/api/v1/cases")
    assert r.status in (401, 403)
    r, _ = desk.ask("/api/v1/case-journal-head")
    assert r.status in (401, 403)
