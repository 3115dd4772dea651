# SPDX-License-Identifier: Apache-2.0
"""No statement of the manufacturer's server goes through a table that grows, but along an index until it has what it shows. Asked of SQLite and of PostgreSQL
themselves, of every statement that there is in the sources."""
import json
import os
import re
import sqlite3
import subprocess
from pathlib import Path

import pytest

import pgserver
import test_support as support
import world as worlds

SOURCE = Path(__file__).resolve().parents[2] / "src"
# Those that hold few rows by what they are: of the staff and their sessions, of settings, of tasks (64), one. Every other table grows.
SMALL = {"account", "account_role", "credential", "session", "session_code", "login_client", "throttle", "setting", "setting_history", "task", "boot", "subscription_key", "advisory_number", "intake_box", "advisory_key"}
EXPLAINED = {
    "desk_alarms_by": "an order that somebody chose; an alarm is there once for each point of a clock",
    "case_columns_fill": "once, of a store that an older build made",
    "attachments_sum": "once for a file that is taken, before it is written: what all of them hold together",
    "intake_totals": "what came by mail, counted for whoever asks how the mailbox is",
    "advisory_bytes": "once, at the start, which looks whether each file is there; later one by its number",
}
# Those that SQLite goes through an index for that holds all they ask, from one end to the other; PostgreSQL has to look at the rows.
EXPLAINED_THERE = dict.fromkeys(("desk_reports_messages", "desk_reports_messages_down"), "an order that somebody chose, by what is counted for each report")


def statements():
    found, name = {}, None
    for file in [*SOURCE.glob("support/*/*.sql"), *SOURCE.glob("service/**/*.sql")]:
        for line in file.read_text().splitlines():
            if m := re.match(r"-- name: (\w+)", line):
                name = m[1]
                found[name] = []
            elif name and not line.startswith("--"):
                found[name].append(line)
        name = None
    return {name: "\n".join(lines) for name, lines in found.items()}


def scans(db, text):
    """The tables that are gone through without an end: no covering index, and no order by which the first rows would be enough."""
    count = max([int(n) for n in re.findall(r"\?(\d+)", text)] + [0])
    plan = [row[3] for row in db.execute("EXPLAIN QUERY PLAN " + text, [None] * count)]
    ends = "LIMIT" in text and not any("TEMP B-TREE FOR ORDER" in step for step in plan)
    named = dict((alias, table) for table, alias in re.findall(r"\b(?:FROM|JOIN) (\w+)(?: (?:AS )?(?!WHERE|LEFT|JOIN|ON|ORDER|SET|GROUP)(\w+))?", text) if alias)
    for step in plan:
        m = re.match(r"SCAN (\w+)(.*)", step)
        if m and "COVERING" not in m[2] and not ends and not re.search(r"USING INDEX (\w*(unlogged|unacknowledged|pending|untold|unsigned))", m[2]):  # of what waits alone
            yield named.get(m[1], m[1])


def test_no_statement_goes_through_a_table_that_grows():
    db = sqlite3.connect(":memory:")
    all_of_them = statements()
    for text in all_of_them.values():
        if "CREATE TABLE" in text:
            db.executescript(text)
    for name, text in all_of_them.items():  # of tables that are made at a start
        if name.endswith("_make") and text.startswith("CREATE INDEX"):
            db.executescript(text)
    tables = {name for name, in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert len(all_of_them) > 150 and {"desk_case", "report", "outbox", "journal_entry"} <= tables - SMALL
    found = {name: large for name, text in all_of_them.items() if not re.match("CREATE|DROP|ALTER", text) and (large := {t for t in scans(db, text) if t in tables} - SMALL)}
    assert set(found) == set(EXPLAINED), {n: t for n, t in found.items() if n not in EXPLAINED} or "explained, and not there"


# Tables without rows cost nothing to go through, so it is asked what other ways there are: one without that is enough, and is what costs least with rows.
WAYS = ("", "SET enable_bitmapscan = off;", "SET enable_bitmapscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;",
        "SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_sort = off;")
PARTIAL = re.compile(r"unlogged|unacknowledged|pending|untold|unsigned|subscription_ends")  # of what waits alone


def walks(node, ends=False):
    """As scans(), of a plan of PostgreSQL's: the tables that are gone through without an end."""
    kind = node["Node Type"]
    ends = (ends or kind == "Limit") and kind not in ("Sort", "Aggregate", "WindowAgg", "HashAggregate", "Hash")
    whole = kind == "Seq Scan" or (kind in ("Index Scan", "Bitmap Index Scan") and "Index Cond" not in node and not PARTIAL.search(node["Index Name"]))
    if whole and not ends:
        yield node.get("Relation Name", node.get("Index Name"))
    for below in node.get("Plans", []):
        yield from walks(below, ends)


def plans(server, schema, names, texts, way):
    """name -> plan, with no value known; a statement that PostgreSQL refuses fails the test."""
    script = [f'SET search_path = "{schema}_support"; SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan; {way}']
    for n, text in enumerate(texts):
        count = max([int(i) for i in re.findall(r"\$(\d+)", text)] + [0])
        values = f"({', '.join(['NULL'] * count)})" if count else ""
        script.append(f"\\echo @@{n}\nPREPARE p{n} AS {text.strip().rstrip(';')};\nEXPLAIN (FORMAT JSON) EXECUTE p{n}{values};")
    done = subprocess.run(["psql", "-h", server.socket, "-U", "desk", "-d", "postgres", "-Atq"], input="\n".join(script), capture_output=True, text=True, check=False)
    told = re.split(r"^@@(\d+)$", done.stdout, flags=re.M)[1:]
    found = {names[int(n)]: json.loads(plan)[0]["Plan"] for n, plan in zip(told[::2], told[1::2]) if plan.strip()}
    assert set(found) == set(names), (set(names) - set(found), done.stderr[:3000])
    return found


@pytest.mark.skipif(not os.environ.get("TW_STORE"), reason="deep only: the other store")
@pytest.mark.skipif(pgserver.missing() is not None, reason=pgserver.missing() or "")
def test_nor_does_one_in_postgresql(tmp_path, monkeypatch):
    # Of tables of this server's store: tasks are the device's.
    texts = {name: text for name, text in statements().items() if text.startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")) and not name.startswith("task_")}
    done = subprocess.run([worlds.BUILD / "src/service/test-pg-translate"], input="\0".join(texts.values()) + "\0", capture_output=True, text=True, check=True)
    translated = done.stdout.split("\0")[:-1]
    assert len(translated) == len(texts) > 150
    with pgserver.Server() as server:
        monkeypatch.setenv("TW_STORE_URL", server.url())
        service = support.Service(tmp_path)
        try:
            service.start()
            found = [plans(server, service.schema, list(texts), translated, way) for way in WAYS]
            tables = set(server.sql(f"SELECT tablename FROM pg_tables WHERE schemaname = '{service.schema}_support'").split())
        finally:
            service.stop()
    assert {"desk_case", "report", "outbox", "journal_entry"} <= tables
    large = {name: walked for name in texts if all(walked := [set(walks(plan[name])) - SMALL for plan in found])}
    assert set(EXPLAINED_THERE) <= set(large) <= {*EXPLAINED, *EXPLAINED_THERE}, {n: t for n, t in large.items() if n not in EXPLAINED}
    assert "desk_board_by" in large or "attachments_sum" in large  # what does go through one is seen
