# SPDX-License-Identifier: Apache-2.0
"""No statement of the manufacturer's server goes through a table that grows, but along an index until it has what it shows. Asked of SQLite itself, of every
statement that there is in the sources."""
import re
import sqlite3
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "src"
# Those that hold few rows by what they are: of the staff and their sessions, of settings, of tasks (64), one. Every other table grows.
SMALL = {"account", "account_role", "credential", "session", "session_code", "login_client", "throttle", "setting", "setting_history", "task", "boot", "subscription_key", "advisory_number", "intake_box", "advisory_key"}
EXPLAINED = {
    "desk_reports_product": "an order that somebody chose, of twenty thousand reports, which is the most there are",
    "desk_reports_product_down": "likewise",
    "desk_reports_messages": "likewise",
    "desk_reports_messages_down": "likewise",
    "desk_alarms_by": "an order that somebody chose; an alarm is there once for each point of a clock",
    "case_columns_fill": "once, of a store that an older build made",
    "attachments_sum": "once for a file that is taken, before it is written: what all of them hold together",
    "intake_totals": "what came by mail, counted for whoever asks how the mailbox is",
    "advisory_bytes": "once, at the start, which looks whether each file is there; later one by its number",
}


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
    tables = {name for name, in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert len(all_of_them) > 150 and {"desk_case", "report", "outbox", "journal_entry"} <= tables - SMALL
    found = {name: large for name, text in all_of_them.items() if not re.match("CREATE|DROP|ALTER", text) and (large := {t for t in scans(db, text) if t in tables} - SMALL)}
    assert set(found) == set(EXPLAINED), {n: t for n, t in found.items() if n not in EXPLAINED} or "explained, and not there"
