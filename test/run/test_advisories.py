# SPDX-License-Identifier: Apache-2.0
"""The advisory workbench: two persons publish, everybody reads, and no cut leaves the store and the tree apart."""
import contextlib
import hashlib
import html
import json
import os
import pathlib
import random
import re
import shutil
import sqlite3
import subprocess
import time
import xml.etree.ElementTree as ET

import pytest

import support_staff as staff
from harness import wait_for
from test_desk import TOOL, ask, refused, run
from test_support import DESK, Service
from test_support_pages import Browser

TREE = "/.well-known/csaf"
SCHEMAS = pathlib.Path(os.environ.get("TW_SCHEMAS", pathlib.Path(__file__).resolve().parents[3] / "shared" / "schemas"))
SUPPORT = {"start": "2020-01-01", "end": "2099-01-01", "security-updates-until": "2099-01-01"}
PRODUCTS = json.dumps({"format": 1, "products": [{"name": name, "title": title, "support": SUPPORT} for name, title in (("lamp", "The Lamp"), ("fridge", "The Fridge"))]})


@pytest.fixture
def desk(tmp_path):
    s = Service(tmp_path).start()
    s.stop()
    (s.dir / "app/desk.json").write_text(DESK.replace('"site"', '"prefix": "EW", "site"'))
    yield s.start()
    s.stop()


def document_of(said, **more):
    d = json.loads(said["document"])
    d["document"]["distribution"]["tlp"]["label"] = "WHITE"
    d["document"].update(more)
    return json.dumps(d).replace("To be written.", "It was written.")


def approved(s, ann, max_, **more):
    """By HTTPS: Ann writes it, Max approves it."""
    status, said = ann.ask("POST", "/api/v1/advisories", {"title": "Lamp opens", "product": "Lamp L3", "cve": "CVE-2026-0001", **more})
    assert status == 201, said
    name = said["id"]
    said = ann.ask("GET", f"/api/v1/advisories/{name}")[1]
    assert ann.ask("POST", f"/api/v1/advisory-reviews/{name}")[1]["rule"] == "advisory.findings"  # AMBER is for nobody else
    status, said = ann.ask("PUT", f"/api/v1/advisories/{name}", {"revision": said["revision"], "document": document_of(said)})
    assert status == 200, said
    assert ann.ask("POST", f"/api/v1/advisory-reviews/{name}")[0] == 200
    assert max_.ask("POST", f"/api/v1/advisory-approvals/{name}", {"hash": said["hash"]})[0] == 200
    return name


def check_tree(s):
    p = subprocess.run([TOOL, "csaf", "tree", "check", s.dir / "app/csaf"], capture_output=True, text=True, timeout=20)
    assert p.returncode == 0, p.stdout + p.stderr


def published(s, name):
    r, body = s.ask(f"{TREE}/white/{time.gmtime().tm_year}/{name.lower()}.json")
    return json.loads(body) if r.status == 200 else None


def test_two_persons_publish_and_everybody_reads(desk):
    admin = staff.administrator(desk)
    ann, max_, pia = (staff.colleague(admin, n, r) for n, r in (("Ann", "analyst"), ("Max", "manager"), ("Pia", "publisher")))
    assert desk.ask(f"{TREE}/provider-metadata.json")[0].status == 404 and "There is none" in desk.ask("/advisories")[1]
    name = approved(desk, ann, max_)
    year = time.gmtime().tm_year
    assert name == f"EW-{year}-0001"
    assert published(desk, name) is None
    assert ann.ask("POST", f"/api/v1/advisory-publications/{name}")[0] == 403  # her role does not
    status, said = pia.ask("POST", f"/api/v1/advisory-publications/{name}")
    assert status == 200 and said["state"] == "published", said
    check_tree(desk)
    out = published(desk, name)
    tracking = out["document"]["tracking"]
    assert (tracking["id"], tracking["version"], tracking["status"]) == (name, "1", "final")
    assert out["document"]["publisher"]["namespace"] == "https://security.example.com"

    # What stands around it, as aggregators ask for it.
    file = f"{TREE}/white/{year}/{name.lower()}"
    r, text = desk.ask(f"{file}.json")
    assert r.getheader("Content-Type") == "application/json"
    assert desk.ask(f"{file}.json.sha512")[1].split()[0] == hashlib.sha512(text.encode()).hexdigest()
    assert desk.ask(f"{file}.json", headers={"If-None-Match": r.getheader("ETag")})[0].status == 304
    provider = json.loads(desk.ask(f"{TREE}/provider-metadata.json")[1])
    assert provider["canonical_url"] == f"https://security.example.com{TREE}/provider-metadata.json" and provider["role"] == "csaf_provider"
    feed = json.loads(desk.ask(f"{TREE}/white/csaf-feed-tlp-white.json")[1])["feed"]
    assert [e["id"] for e in feed["entry"]] == [name]
    r, atom = desk.ask(f"{TREE}/white/atom.xml")
    assert r.getheader("Content-Type") == "application/atom+xml" and ET.fromstring(atom).tag.endswith("feed")
    assert desk.ask(f"{TREE}/white/")[1] == desk.ask(f"{TREE}/white/index.html")[1]
    assert f"CSAF: https://security.example.com{TREE}/provider-metadata.json" in desk.ask("/.well-known/security.txt")[1]
    for path in ("../support.db", "%2e%2e/support.db", "white/../../support.db", "white//index.txt", ".hidden.txt", "white", "support.db",
                 "white/index.txt%00.html", "/etc/passwd.txt", "desk.json", "a" * 250 + ".txt"):
        assert desk.ask(f"{TREE}/{path}")[0].status in (400, 404), path

    # For people.
    r, page = desk.ask("/advisories?lang=de")
    assert r.status == 200 and name in page and "Nicht bewertet" in page and "atom.xml" in page
    assert name in desk.ask("/advisories?product=lamp+l3")[1] and name not in desk.ask("/advisories?product=fridge")[1]
    assert name not in desk.ask("/advisories?severity=high")[1]
    r, _ = desk.ask(f"/advisories/{name}")
    assert r.status == 303
    r, page = desk.ask(r.getheader("Location"))
    assert r.status == 200 and "Lamp opens" in page and r.getheader("Content-Type").startswith("text/html")
    assert desk.ask("/advisories/EW-1999-0001")[0].status == 404

    # A second revision, and the end of it: each by two persons.
    said = ann.ask("GET", f"/api/v1/advisories/{name}")[1]
    change = {"revision": said["revision"], "document": document_of(said, title="Lamp opens wide"), "summary": "More is known."}
    said = ann.ask("PUT", f"/api/v1/advisories/{name}", change)[1]
    assert published(desk, name) == out  # what is being written is nobody's
    assert ann.ask("PUT", f"/api/v1/advisories/{name}", change)[1]["rule"] == "advisory.changed"
    for _ in range(2):
        ann.ask("POST", f"/api/v1/advisory-reviews/{name}")
        assert max_.ask("POST", f"/api/v1/advisory-approvals/{name}", {"hash": said["hash"]})[0] == 200
        assert pia.ask("POST", f"/api/v1/advisory-publications/{name}")[0] == 200
        check_tree(desk)
        said = ann.ask("POST", f"/api/v1/advisory-withdrawals/{name}", {"reason": "It was another lamp."})[1]
    out = published(desk, name)
    assert out["document"]["title"] == "Withdrawn: Lamp opens wide" and "vulnerabilities" not in out
    assert [h["summary"] for h in out["document"]["tracking"]["revision_history"]] == [
        "Initial version.", "More is known.", "Withdrawn: It was another lamp."]
    steps = [(s["who"], s["what"]) for s in ann.ask("GET", f"/api/v1/advisory-history/{name}?limit=200")[1]["steps"]]
    assert steps[:6] == [(ann.id, "create"), (ann.id, "change"), (ann.id, "review"), (max_.id, "approve"), (pia.id, "publish"),
                         (pia.id, "published")]

    # What it said before, to read and to go back to.
    said = ann.ask("GET", f"/api/v1/advisory-contents/{name}?revision=2")[1]
    assert json.loads(said["document"])["document"]["title"] == "Lamp opens" and said["summary"] == "Initial version." and "tracking" not in json.loads(said["document"])["document"]
    assert ann.ask("GET", f"/api/v1/advisory-contents/{name}?revision=99")[1]["rule"] == "advisory.revision"
    r, page = desk.ask(f"/desk/advisory-revision/{name}?revision=2", "GET", {"Authorization": f"Bearer {ann.token}"})
    assert r.status == 200 and "Lamp opens" in page and "wide" not in page
    assert f"/desk/advisory-revision/{name}?revision=2" in desk.ask(f"/desk/advisories/{name}", "GET", {"Authorization": f"Bearer {ann.token}"})[1]

    # A case under embargo hides its advisory, and keeps it from being published.
    case = ann.ask("POST", "/api/v1/cases", {"title": "Secret", "product": "Lamp", "description": "It opens by itself."})[1]["id"]
    hidden = approved(desk, ann, max_, case=case)
    assert ann.ask("POST", f"/api/v1/case-embargoes/{case}", {"until": "2999-01-01T00:00:00Z", "access": pia.id})[0] == 200
    assert max_.ask("GET", f"/api/v1/advisories/{hidden}")[0] == 404
    assert hidden not in [a["id"] for a in max_.ask("GET", "/api/v1/advisories")[1]["advisories"]]
    assert pia.ask("POST", f"/api/v1/advisory-publications/{hidden}")[1]["rule"] == "advisory.embargo"
    assert ann.ask("POST", f"/api/v1/case-embargoes/{case}", {"until": "now"})[0] == 200
    assert pia.ask("POST", f"/api/v1/advisory-publications/{hidden}")[0] == 200
    check_tree(desk)

    # What stands in the tree is made again from the store, where somebody took it away.
    desk.stop()
    shutil.rmtree(desk.dir / "app/csaf")
    desk.start()
    check_tree(desk)
    assert published(desk, name) == out

    # Who writes is not who approves, root either, and by the tool as by HTTPS.
    name = ask(desk, "advisory", "clone", hidden, "title=Another lamp")["id"]
    said = ask(desk, "advisory", "read", name)
    (desk.folder / "document.json").write_text(document_of(said))
    said = ask(desk, "advisory", "change", name, f"revision={said['revision']}", f"document=@{desk.folder / 'document.json'}")
    difference = ask(desk, "advisory", "diff", name, "--from", "1")["differences"]
    assert [(d["path"], d["after"]) for d in difference] == [("/document/document/distribution/tlp/label", '"WHITE"')]
    ask(desk, "advisory", "review", name)
    refused(desk, "advisory.two-persons", "advisory", "approve", name, said["hash"])


def test_advisories_are_found_by_what_they_say(desk):
    admin = staff.administrator(desk)
    ann, max_, pia = (staff.colleague(admin, n, r) for n, r in (("Ann", "analyst"), ("Max", "manager"), ("Pia", "publisher")))
    out = approved(desk, ann, max_, title="Lamp opens", cve="CVE-2026-0042")
    assert pia.ask("POST", f"/api/v1/advisory-publications/{out}")[0] == 200
    case = ann.ask("POST", "/api/v1/cases", {"title": "Secret door", "product": "Door D9", "description": "It opens by itself."})[1]["id"]
    hidden = ann.ask("POST", "/api/v1/advisories", {"case": case, "cve": "CVE-2026-0043"})[1]["id"]
    assert ann.ask("POST", f"/api/v1/case-embargoes/{case}", {"until": "2999-01-01T00:00:00Z"})[0] == 200

    def found(who, query):
        status, said = who.ask("GET", f"/api/v1/advisories?{query}")
        assert status == 200, said
        return [a["id"] for a in said["advisories"]]

    year = time.gmtime().tm_year
    for query in ("title=LAMP", f"id={out}", "category=csaf_security_advisory", "publisher=security.example.com", "status=final", "version=1", "summary=initial",
                  f"revised={year}-", f"initial_from={year}-01-01", f"current_to={year}-12-31", "cve=cve-2026-0042", "product=lamp%20l3", "product=lamp+l3",
                  "csaf_version=2.0&state=published", f"author={ann.id}", "severity=unrated", "text=opens"):
        assert found(max_, query) == [out], query
    for query in ("", "text=opens", "cve=CVE-2026-0043", "product=door", "state=draft", "title=secret", "status=draft"):
        assert hidden in found(ann, query) and hidden not in found(max_, query), query
    assert ann.ask("GET", "/api/v1/advisories?initial_from=soon-enough")[1]["rule"] == "advisory.date"
    assert [a["id"] for a in ask(desk, "advisories", "list", "--title", "lamp", "--status", "final")["advisories"]] == [out]

    # The page: found, sorted, counted; and what somebody typed comes back as text.
    def page(who, query=""):
        r, text = desk.ask(f"/desk/advisories{query}", "GET", {"Authorization": f"Bearer {who.token}"})
        assert r.status == 200, text
        return text

    assert "Draft: 1" in page(ann) and "Draft" not in page(max_).split("<form", 2)[1].split("</ul>")[0] and hidden not in page(max_)
    text = page(ann, "?sort=title")
    assert text.index(f">{out}<") < text.index(f">{hidden}<") and 'aria-sort="ascending"' in text
    text = page(ann, "?sort=-title&text=opens")
    assert text.index(f">{hidden}<") < text.index(f">{out}<")
    assert "sort=title&amp;text=opens" in text and 'name="sort" value="-title"' in text
    text = page(ann, "?title=%3Cscript%3Ealert(1)%3C%2Fscript%3E")
    assert "<strong>&lt;script&gt;alert(1)" in text
    assert "<script>alert" not in text and "No advisory is like this." in text and "title=%3Cscript%3E" in text
    assert desk.ask("/desk/advisories?current_to=never-ever", "GET", {"Authorization": f"Bearer {ann.token}"})[0].status == 422


ATOM = "{http://www.w3.org/2005/Atom}"


def test_each_product_has_a_feed(desk, tmp_path):
    """What its subscribers are told, the newest first, and no more than 50; valid by the schema of RFC 4287."""
    desk.stop()
    (desk.dir / "app/products.json").write_text(PRODUCTS)
    desk.start()
    admin = staff.administrator(desk)
    ann, max_, pia = (staff.colleague(admin, n, r) for n, r in (("Ann", "analyst"), ("Max", "manager"), ("Pia", "publisher")))

    def feed(product):
        r, text = desk.ask(f"/advisory-feeds/{product}")
        assert r.status == 200 and r.getheader("Content-Type") == "application/atom+xml", text
        (tmp_path / "feed.xml").write_text(text)
        if shutil.which("jing") and (SCHEMAS / "atom").is_dir():
            done = subprocess.run(["jing", SCHEMAS / "atom" / "atom.rng", tmp_path / "feed.xml"], capture_output=True, text=True, timeout=60, check=False)
            assert done.returncode == 0, done.stdout + done.stderr
        return ET.fromstring(text)

    def titles(product):
        return [e.find(f"{ATOM}title").text for e in feed(product).iter(f"{ATOM}entry")]

    assert titles("lamp") == titles("fridge") == []
    for title, product in (("Lamp opens", "The Lamp"), ("Door & <more>", "Door D9"), ("Fridge warms", "The Fridge")):
        name = approved(desk, ann, max_, title=title, product=product)
        assert title not in titles("lamp")
        assert pia.ask("POST", f"/api/v1/advisory-publications/{name}")[0] == 200
    assert titles("lamp") == ["Door & <more>", "Lamp opens"] and titles("fridge") == ["Fridge warms", "Door & <more>"]  # of a product that nobody knows: all
    root = feed("fridge")
    assert root.find(f"{ATOM}id").text == "https://security.example.com/advisory-feeds/fridge"
    entry = root.find(f"{ATOM}entry")
    whole = ET.fromstring(desk.ask(f"{TREE}/white/atom.xml")[1])
    same = next(e for e in whole.iter(f"{ATOM}entry") if e.find(f"{ATOM}id").text == entry.find(f"{ATOM}id").text)
    for tag in ("title", "published", "updated"):
        assert entry.find(f"{ATOM}{tag}").text == same.find(f"{ATOM}{tag}").text
    for path in ("nobody", "..", "%2e%2e", "lamp/x", "LAMP"):
        assert desk.ask(f"/advisory-feeds/{path}")[0].status in (400, 404), path
    for page in ("/advisories", "/subscriptions", "/products/fridge", "/products/fridge?lang=de"):
        assert 'href="/advisory-feeds/fridge"' in desk.ask(page)[1], page

    # Fifty at most, of all that there may be.
    if desk.schema:
        return  # where nobody puts in rows of advisories that are not there
    desk.stop()
    with contextlib.closing(sqlite3.connect(desk.dir / "app/support.db")) as db, db:
        columns = "name, title, severity, products, version, updated, file, signed"
        for i in range(100, 170):
            db.execute("INSERT INTO advisory (id, name, case_id, state, revision, released, title, changed_ms, approved_by, approved_hash, comment, published, pending) "
                       "SELECT ?1, 'EW-0-' || ?1, 0, 'draft', 1, 0, 'x', 0, '', '', '', '', '' FROM advisory WHERE id = 1", (i,))
            db.execute(f"INSERT INTO advisory_public (advisory, place, {columns}) SELECT ?1, ?1, {columns} FROM advisory_public WHERE title = 'Lamp opens' AND advisory < 100", (i,))
    desk.start()
    assert titles("lamp") == ["Lamp opens"] * 50 and titles("fridge") == ["Fridge warms", "Door & <more>"]


def test_published_at_a_set_time(desk):
    """By the server itself, once, also when it was down or killed meanwhile; and an alarm where it could not."""
    admin = staff.administrator(desk)
    ann, max_, pia = (staff.colleague(admin, n, r) for n, r in (("Ann", "analyst"), ("Max", "manager"), ("Pia", "publisher")))
    one, two, three = (approved(desk, ann, max_) for _ in range(3))

    def at(seconds):
        return {"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))}

    def plan(name, seconds):
        return pia.ask("PUT", f"/api/v1/advisory-plans/{name}", at(seconds))

    assert ann.ask("PUT", f"/api/v1/advisory-plans/{one}", at(60))[0] == 403
    assert plan(one, -5)[1]["rule"] == "advisory.time"
    assert plan(one, 2)[0] == 200 and plan(two, 600)[0] == 200 and plan(three, 3)[0] == 200
    assert pia.ask("GET", f"/api/v1/advisories/{two}")[1]["planned_by"] == pia.id
    assert max_.ask("POST", f"/api/v1/advisory-returns/{three}", {"comment": "Not yet."})[0] == 200
    assert published(desk, one) is None
    wait_for(lambda: published(desk, one), 10)
    wait_for(lambda: pia.ask("GET", f"/api/v1/advisories/{three}")[1].get("late", "").startswith("advisory.state"), 10)
    assert published(desk, three) is None
    steps = [(s["who"], s["what"]) for s in pia.ask("GET", f"/api/v1/advisory-history/{one}?limit=200")[1]["steps"]]
    assert steps[4:] == [(pia.id, "plan"), ("service", "publish"), ("service", "published")]
    text = [s["text"] for s in pia.ask("GET", f"/api/v1/advisory-history/{one}?limit=200")[1]["steps"]][5]
    assert text.startswith(f"planned by {pia.id} for ")
    page = desk.ask("/desk/alarms", "GET", {"Authorization": f"Bearer {max_.token}"})[1]
    assert three in page and "Advisories that were not published at their time" in page and two not in page
    page = desk.ask("/desk/advisories?lang=de", "GET", {"Authorization": f"Bearer {pia.token}"})[1]
    assert two in page and "Zu einer bestimmten Zeit zu ver" in page

    # Its time comes while nothing runs; and app is killed beside it.
    assert plan(two, 2)[0] == 200
    desk.stop()
    time.sleep(1.5)
    desk.start()
    wait_for(lambda: published(desk, two), 10)
    for who in (ann, max_, pia):
        assert who.ask("GET", "/api/v1/advisories")[0] == 200 or who.login()[0] == 201
    four = approved(desk, ann, max_)
    assert plan(four, 1)[0] == 200
    app = desk.roles()["app"]
    with subprocess.Popen(["sh", "-c", f"sleep 0.95; kill -9 {app}"]) as killer:
        killer.wait()
    wait_for(lambda: desk.roles().get("app", app) != app and desk.well(), 10)
    wait_for(lambda: published(desk, four), 10)
    assert pia.ask("GET", "/api/v1/advisories")[0] == 200 or pia.login()[0] == 201
    steps = [s["what"] for s in pia.ask("GET", f"/api/v1/advisory-history/{four}?limit=200")[1]["steps"]]
    assert steps.count("published") == 1
    assert pia.ask("DELETE", f"/api/v1/advisory-plans/{three}")[0] == 200
    assert pia.ask("DELETE", f"/api/v1/advisory-plans/{three}")[1]["rule"] == "advisory.unplanned"
    check_tree(desk)


def test_whoever_approves_is_shown_all_that_he_approves(desk):
    """Also what customers' page has no place for: what was smuggled in stands there."""
    admin = staff.administrator(desk)
    ann, max_ = (staff.colleague(admin, n, r) for n, r in (("Ann", "analyst"), ("Max", "manager")))
    name = ann.ask("POST", "/api/v1/advisories", {"title": "Lamp opens", "product": "Lamp L3", "cve": "CVE-2026-0001"})[1]["id"]
    said = ann.ask("GET", f"/api/v1/advisories/{name}")[1]
    d = json.loads(document_of(said))
    d["document"]["publisher"]["contact_details"] = "send it to <eve@evil.example>"
    d["document"]["aggregate_severity"] = {"text": "grave indeed"}
    d["document"]["distribution"]["text"] = "for friends alone"
    d["product_tree"]["branches"][0]["branches"][0]["product"]["product_identification_helper"] = {"purl": "pkg:generic/other-lamp@9.9"}
    change = {"revision": said["revision"], "document": json.dumps(d), "status": "interim", "summary": "What is said of lamps."}
    status, said = ann.ask("PUT", f"/api/v1/advisories/{name}", change)
    assert status == 200, said
    assert ann.ask("POST", f"/api/v1/advisory-reviews/{name}")[0] == 200
    r, page = desk.ask(f"/desk/advisory-approve/{name}", "GET", {"Authorization": f"Bearer {max_.token}"})
    assert r.status == 200 and f'value="{said["hash"]}"' in page, page
    for term, text in (("Publisher", d["document"]["publisher"]["name"]), ("Contact", "send it to &lt;eve@evil.example&gt;"), ("Severity", "grave indeed"),
                       ("Distribution", "for friends alone"), ("Label (TLP)", "WHITE"), ("Kind", "Security advisory")):
        assert f"<dt>{term}</dt><dd>{text}</dd>" in page, (term, page)
    assert "Interim: it will change soon" in page and "What is said of lamps." in page
    shown = html.unescape(re.search(r"<details open[^>]*>.*<pre>(.*)</pre>", page, re.S)[1])
    shown = json.loads(shown)
    del shown["document"]["tracking"]  # is written anew when it goes out
    del d["document"]["tracking"]
    assert shown == d
    assert shown["product_tree"]["branches"][0]["branches"][0]["product"]["product_identification_helper"]["purl"] == "pkg:generic/other-lamp@9.9"


def test_no_label_is_chosen_for_anybody(desk):
    """A document without a label has none in the form either, and does not become one for everybody by being sent as it is shown."""
    admin = staff.administrator(desk)
    ann = staff.colleague(admin, "Ann", "analyst")
    name = ann.ask("POST", "/api/v1/advisories", {"title": "Lamp opens", "product": "Lamp L3"})[1]["id"]
    said = ann.ask("GET", f"/api/v1/advisories/{name}")[1]
    d = json.loads(said["document"])
    del d["document"]["distribution"]
    status, said = ann.ask("PUT", f"/api/v1/advisories/{name}", {"revision": said["revision"], "document": json.dumps(d)})
    assert status == 200, said
    one = Browser(desk, ann)
    one.cookies["__Host-session"] = ann.token
    form = f"/desk/advisory-describe/{name}"
    page = one.ask(form)[1]
    select = re.search(r'<select[^>]*name="label".*?</select>', page, re.S)[0]
    assert re.findall(r"<option[^>]*>", select)[0] == '<option value="" selected="">' and select.count("selected") == 1 and " required" in select, select
    sent = {"lang": "", "revision": str(said["revision"]), "title": "Lamp opens", "about": "It opens.", "product": "Lamp L3", "status": "final", "label": ""}
    r, page = one.ask(form, sent)
    assert r.status == 422 and "label" in page, page
    assert "distribution" not in json.loads(ann.ask("GET", f"/api/v1/advisories/{name}")[1]["document"])["document"]
    assert one.ask(form, sent | {"label": "GREEN"})[0].status == 303
    d = json.loads(ann.ask("GET", f"/api/v1/advisories/{name}")[1]["document"])
    assert d["document"]["distribution"] == {"tlp": {"label": "GREEN"}}


def test_nothing_is_half_published_by_a_kill(desk):
    """app is killed at any moment while a publisher publishes; after each kill the tree is whole, and has what the store says is out."""
    admin = staff.administrator(desk)
    ann, max_, pia = (staff.colleague(admin, n, r) for n, r in (("Ann", "analyst"), ("Max", "manager"), ("Pia", "publisher")))
    chance, names, out = random.Random(9), [], set()
    until = time.monotonic() + 4
    while time.monotonic() < until:
        name = approved(desk, ann, max_)
        assert name not in names  # an id is given once
        names.append(name)
        app = desk.roles()["app"]
        with subprocess.Popen(["sh", "-c", f"sleep {chance.uniform(0, 0.2 if desk.schema else 0.03):.3f}; kill -9 {app}"]) as killer:
            try:
                if pia.ask("POST", f"/api/v1/advisory-publications/{name}")[0] == 200:
                    out.add(name)
            except OSError:
                pass
            killer.wait()
        wait_for(lambda: desk.roles().get("app", app) != app and desk.well(), 10)
        wait_for(lambda: ann.ask("GET", "/api/v1/advisories")[0] == 200 or ann.login()[0] == 201, 10)
        for one in (max_, pia):
            assert one.ask("GET", "/api/v1/advisories")[0] == 200 or one.login()[0] == 201
        said = {a["id"]: a["state"] for a in ann.ask("GET", "/api/v1/advisories?limit=200")[1]["advisories"]}
        assert set(names) <= set(said) and "publishing" not in said.values(), said
        assert {n for n in names if published(desk, n)} == {n for n, state in said.items() if state == "published"} >= out
    check_tree(desk)
    assert len(names) > 1
