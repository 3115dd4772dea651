# SPDX-License-Identifier: Apache-2.0
"""The desk of the manufacturer's server: cases, the clocks of Article 14 and their journal, by the tool and over its socket."""
import datetime
import hashlib
import json
import os
import random
import signal
import subprocess
import time
import zoneinfo

import pytest

import world as worlds
from harness import wait_for
from test_support import Service

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
    # Somebody with the disk in hand rewrites what was done, in the table of entries alone.
    import sqlite3
    with sqlite3.connect(desk.dir / "app/support.db") as db:
        db.execute("UPDATE journal_entry SET text = replace(text, 'CERT', 'NOBODY'), number = number WHERE number = 5")
        db.execute("UPDATE journal_entry SET text = replace(text, 'case.tell', 'case.move') WHERE number = 5")
    if os.geteuid() == 0:
        for f in (desk.dir / "app").iterdir():
            os.chown(f, 64501, 64501)
    desk.start()
    p = run(desk, "journal", "verify")
    assert p.returncode == 1 and "not those whose head is signed" in p.stderr, p.stderr


def test_nothing_acknowledged_is_lost_by_a_kill(desk):
    """app is killed at any moment while cases are opened; whatever was answered is there, in the cases and in the journal."""
    acknowledged, chance, until = [], random.Random(14), time.monotonic() + 5
    while time.monotonic() < until:
        roles = desk.roles()
        with subprocess.Popen(["sleep", str(chance.uniform(0.0, 0.25))]) as pause:
            while pause.poll() is None:
                p = run(desk, "case", "create", f"number {len(acknowledged)}")
                if p.returncode == 0:
                    acknowledged.append(json.loads(p.stdout)["id"])
        os.kill(roles["app"], signal.SIGKILL)
        wait_for(lambda: "app" in desk.roles() and desk.roles()["app"] != roles["app"] and run(desk, "health", "read").returncode == 0, 10)
    assert len(acknowledged) > 10 and len(set(acknowledged)) == len(acknowledged)
    there = {c["id"] for c in ask(desk, "cases", "list", "--all")["cases"]}
    assert set(acknowledged) <= there
    assert ask(desk, "journal", "verify")["entries"] == len(there)


def test_only_the_administrator_is_let_in(desk):
    assert (desk.dir / "desk.sock").is_socket()
    r, _ = desk.ask("/api/v1/cases")
    assert r.status in (401, 403)
    r, _ = desk.ask("/api/v1/case-journal-head")
    assert r.status in (401, 403)
