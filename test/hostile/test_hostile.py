# SPDX-License-Identifier: Apache-2.0
"""Whatever anybody writes into whatever the manufacturer's server takes stays text: on every page, in every machine form, in mail; and asks for nothing of the
machine's. The fields and parameters are those of the catalog of operations that the server was built from. TW_HOSTILE=all tries each parameter with everything."""
import hashlib
import json
import os
import random
import re
import sys
import time

import pytest

sys.path.insert(0, os.path.dirname(__file__))
import corpus  # noqa: E402
import story  # noqa: E402
from harness import wait_for  # noqa: E402
from test_mail import Box, Ear, Server  # noqa: E402

EVERYTHING = os.environ.get("TW_HOSTILE") == "all"
TURNS = range(12) if EVERYTHING else [int(os.environ.get("TW_SEED", time.strftime("%j")))]
MAIL_HEADERS = {"Date", "From", "To", "Subject", "Message-ID", "Auto-Submitted", "List-Unsubscribe", "List-Unsubscribe-Post", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    box = Box()
    server = Server(box)
    server.start()
    w = story.World(tmp_path_factory.mktemp("hostile"))
    w.box, w.ear = box, Ear(0)
    try:
        w.configure(server.port)
        w.roles = w.service.roles()
        yield w
    finally:
        w.service.stop()
        server.stop()
        w.ear.stop()


def right(w):
    assert not w.wrong, "\n".join(str(one)[:600] for one in w.wrong[:10])
    assert {n: p for n, p in w.service.roles().items() if n in ("app", "front", "keys")} == {n: p for n, p in w.roles.items() if n in ("app", "front", "keys")}  # none has died


def test_what_is_stored_stays_text_wherever_it_is_shown(world):
    w = world
    w.fill_all(TURNS)
    w.look()
    right(w)
    if EVERYTHING:
        w.again()
    wait_for(lambda: len(w.box.mails) >= 8, 20)
    by_tag = {tag: field for field, tag in w.tags.items()}
    for index, (sender, recipients, raw) in enumerate(w.box.mails):
        mail = w.box.read(index)
        assert sender == "psirt@lamps.example" and len(recipients) == 1 and not mail.defects
        assert set(mail.keys()) <= MAIL_HEADERS and len(set(mail.keys())) == len(mail.keys()), mail.keys()
        assert mail.get_content_type() == "text/plain" and not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", mail["Subject"])
        w.seen |= {by_tag[tag] for tag in re.findall(r"q\d{3}z", f"{mail['Subject']} {mail['To']} {mail.get_content()}") if tag in by_tag}
    closed = {f for f in w.tags if f[1] in story.CLOSED_KEYS or f in story.CLOSED}
    not_yet = story.NOT_YET | (story.OF_A_FILE if w.service.schema else set())
    unknown = set(w.tags) - closed - story.KEPT_BACK - not_yet - w.seen
    assert not unknown, f"what was sent in these was seen nowhere; say in test/hostile/story.py (BASE, CLOSED) what they are: {sorted(unknown)}"
    assert not w.seen & closed, sorted(w.seen & closed)
    assert not {f for f in w.refused if f not in not_yet} or EVERYTHING, w.refused
    assert not not_yet & w.seen, not_yet & w.seen  # it has a way now


def files_of(w, receipt, name, kind, data):
    """Sent with a report, or to one that is there."""
    fields = {"receipt": receipt} if receipt else {"kind": "flaw", "flaw": "", "description": "plain", "receipt": ""}
    body, content_type = story.multipart(fields, [(name, kind, data)])
    return w.send("report.add-files" if receipt else "report.send", "/report/files" if receipt else "/report", body, headers={"Content-Type": content_type})[0]


def the_file(w, f):
    """As somebody of the staff gets it: its digest."""
    r, data = w.lines["analyst"].ask("GET", f"/desk/files/{f['id']}".encode(), {"Host": w.origin[8:], "Cookie": b"__Host-session=" + w.people["analyst"].token.encode()})
    assert r is not None and r.status == 200 and hashlib.sha256(data).hexdigest() == f["sha256"], (f, r and r.status)
    head = {n.lower(): v for n, v in r.getheaders()}
    assert head["x-content-type-options"] == "nosniff" and head["cache-control"] == "no-store" and head["cross-origin-resource-policy"] == "same-origin"
    if not data:  # nothing, of no type: there is nothing to keep or to show
        assert f["size"] == 0 and "content-type" not in head
        return f["sha256"]
    name = re.fullmatch(r"attachment; filename=\"[\w.~-]+\"; filename\*=UTF-8''([\w.~%-]+)", head["content-disposition"])
    assert name and not re.search(r"%2F|%5C|%00|%0[AD]|%22|%3[CE]|%E2%80%(AE|A8)", name[1], re.I), (f, head["content-disposition"])
    assert head["content-type"] == "application/octet-stream" and head["content-security-policy"].startswith("sandbox; default-src 'none'")
    return f["sha256"]


def test_a_file_comes_back_as_it_was_to_be_kept_and_never_shown(world):
    """Whatever it is called, said to be, and looks like to a browser that judges for itself."""
    w, kept, refused = world, [], []
    w.again()
    rows = [(n, "text/html", corpus.FILE_BYTES[0] + str(i).encode()) for i, n in enumerate(corpus.FILE_NAMES)]
    rows += [(f"type{i}.html", t, corpus.FILE_BYTES[1] + str(i).encode()) for i, t in enumerate(corpus.FILE_TYPES)]
    rows += [(f"bytes{i}.html", "text/html", data) for i, data in enumerate(corpus.FILE_BYTES)]
    for name, kind, data in rows:
        r = files_of(w, None, name, kind, data)
        assert r is not None and r.status in (200, 400, 413, 422), (name, kind, r and r.status)
        found = re.search(r"<code>([0-9A-Z-]{34})</code>", r.text)
        if r.status != 200 or not found:
            refused.append((name, kind, r.status))
            continue
        w.receipts.append(found[1])
        kept.append(hashlib.sha256(data).hexdigest())
        r = files_of(w, found[1], name, kind, data + b"more")
        if r.status == 200:
            kept.append(hashlib.sha256(data + b"more").hexdigest())
        w.send("report.status", "/report/status", {"receipt": found[1]})
        if w.sent > 100:
            w.again()
    assert len(kept) > len(rows) and len(refused) < len(rows) / 2, refused
    read = set()
    for number in range(1, len(w.receipts) + 100):
        r, _, _ = w.send("report.files", f"/api/v1/report-files/r{number}", role="analyst")
        if r.status == 404:
            break
        w.send("desk.report", f"/desk/reports/r{number}", role="analyst")
        for f in json.loads(r.text)["files"]:
            read.add(the_file(w, f))
    assert set(kept) <= read
    right(w)


def payloads(chance):
    everything = [*(p.encode() for p in corpus.ALL), *corpus.BYTES]
    return everything if EVERYTHING else chance.sample(everything, 2)


def test_every_parameter_takes_everything(world):
    """One at a time: refused, or taken as text."""
    w, chance = world, random.Random(TURNS[0])
    before = w.asked
    parameters = list(w.parameters())
    for name, where, key in parameters:
        for payload in payloads(chance):
            if where == "header":
                payload = re.sub(rb"[\r\n\x00]", b" ", payload)[:3000]  # a line's end in a header is test/http's
            w.try_one(name, where, key, payload)
    for name, o in w.ops.items():
        for q in o.get("query", []):
            if q["kind"] == "text" and q["key"] not in ("lang", "cursor") and (EVERYTHING or chance.random() < 0.3):
                w.replies_alike(name, q["key"])
    assert len(parameters) > 500 and w.asked - before > len(parameters)
    right(w)


def test_a_version_is_a_name_or_a_range(world):
    """With < or > in it it is a range (CSAF 2.0, 6.1.31), or is refused by the name of its field; anything else is kept as it was typed, and shown as text."""
    w = world
    one = w.api("advisory.create", title="plain", product="Lamp", cve="CVE-2026-0001")["id"]
    w.known["advisory"].append(one)
    revision, refused = w.api("advisory.read", one, role="analyst")["revision"], 0
    for n, line in enumerate(corpus.LINES if EVERYTHING else random.Random(TURNS[0]).sample(corpus.LINES, 30)):
        for key in ("affected", "fixed"):
            typed = f"{n} {line}".replace(",", "")
            r, _, _ = w.send("advisory.describe", w.path("advisory.describe", one), {"revision": revision, "action": "plain", "affected": "1.0", "fixed": "1.1", key: typed})
            if "<" in typed or ">" in typed:
                assert r.status == 422 and json.loads(r.text)["detail"].startswith(f"{key}: "), (typed, r.status, r.text)
                refused += 1
                continue
            assert r.status == 200, (typed, r.text)
            revision = json.loads(r.text)["revision"]
            kept = json.loads(w.api("advisory.read", one, role="analyst")["document"])
            assert typed.strip(" \t\r\n") in [branch["name"] for branch in kept["product_tree"]["branches"][0]["branches"][0]["branches"]], typed
    assert refused > 4
    w.send("desk.advisory", w.path("desk.advisory", one), role="analyst")
    right(w)


def test_no_address_leads_to_this_machine_or_its_neighbours(world):
    """As a stranger gives it for a webhook: refused at once, or by the role that sends, which connects to nothing of the kind."""
    w, waits = world, 0
    for address in corpus.ADDRESSES:
        r, _, _ = w.send("subscription.ask", "/subscriptions", {"channel": "webhook", "product": "lamp", "update": "on", "recipient": address.replace("PORT", str(w.ear.port))})
        assert r is not None and r.status in (200, 422, 429, 503), (address, r.status)
        waits += r.status == 200
    wait_for(lambda: all(m["tries"] or m["state"] == "failed" for m in w.api("outbox.list")["messages"] if m["kind"] == "webhook"), 20)
    for m in w.api("outbox.list")["messages"]:
        if m["kind"] == "webhook":
            assert m["state"] in ("waiting", "failed") and m["reason"], m
    assert w.ear.heard == [] and waits < len(corpus.ADDRESSES) / 4
    right(w)


def test_the_store_is_as_it_should_be(world):
    """The last: its tables are those of an untouched one, and it is whole."""
    w = world
    assert w.service.stop() == 0
    assert "ended with" not in w.service.log() and "again" not in w.service.log().replace("next start makes another", "")
    if not w.service.schema:  # PostgreSQL looks after its files itself
        assert w.service.look("PRAGMA integrity_check") == [[("ok",)]]
    rows = w.service.rows()  # each can be read
    tables = {name for name in rows if not name.startswith("sqlite_")}
    made = set(re.findall(r"^CREATE TABLE (\w+)", "\n".join(p.read_text() for p in [*(story.worlds.BUILD.parent / "src").rglob("*.sql")]), re.M))
    assert tables - {"store_format"} <= made and {"report", "desk_case", "account", "subscription_key"} <= tables
    assert rows["report"] and rows["desk_case"] and len(rows["account"]) >= 4
    names = {p.name for p in w.service.dir.rglob("*")}
    assert not [n for n in names if corpus.MARK in n] and not [n for n in os.listdir(w.service.folder) if corpus.MARK in n]
