# SPDX-License-Identifier: Apache-2.0
"""The manufacturer's server under `thingward assess support`: what it claims holds, and with one thing wrong the probe of the element that this breaks
fails and says why. One server serves all."""
import json
import re
from datetime import date, timedelta

import pytest

import support_staff as people
import world as worlds
from between_support import spoiled
from harness import unb64, wait_for
from test_support import Service

DESK = {"name": "Lamps & Co", "site": "https://security.example.com", "contacts": ["mailto:security@example.com", "tel:+49-30-1234567"], "expires": "2036-01-01T00:00:00Z",
        "news": {"when": "Advisories within a day of their fix.", "from": "From security@example.com, signed by nobody else."},
        "updates": {"fix-tests": "On one lamp: does it still dim, and switch?", "security-tests": "On one lamp: is it still closed to strangers?"}, "hours": "Monday to Friday, 9 to 17 h CET", "terms": {"answer_days": 3, "decide_days": 14, "fix_days": 90, "status_days": 30}}
SETTINGS = "https://lamps.example/l3/settings"
PRODUCTS = {"format": 1, "products": [
    {"name": "lamp", "title": "Lamp L3", "support": {"start": "2020-01-01", "end": "2099-01-01", "security-updates-until": "2099-01-01"},
     "documents": [{"kind": "settings", "title": "Settings", "url": SETTINGS}, {"kind": "manual", "title": "Manual", "url": "https://lamps.example/l3/manual"}]},
    {"name": "fan", "title": "Fan", "support": {"start": "2020-01-01", "end": (date.today() + timedelta(days=30)).isoformat(), "security-updates-until": "2026-01-01"}}]}
TREE = {"branches": [{"category": "vendor", "name": "Lamps & Co", "branches": [{"category": "product_name", "name": "Lamp L3", "branches": [
    {"category": "product_version_range", "name": "vers:semver/<1.3.0", "product": {"name": "Lamp L3 before 1.3.0", "product_id": "L3-OLD"}}]}]}]}
WEAKNESS = [{"cve": "CVE-2026-0001", "notes": [{"category": "description", "text": "It opens."}], "product_status": {"known_affected": ["L3-OLD"]},
             "remediations": [{"category": "vendor_fix", "details": "Install 1.3.0.", "product_ids": ["L3-OLD"]}]}]
CLAIMED = {"IN.1.a.1.3", "IN.1.a.2.1", "IN.1.a.2.2", "IN.1.a.2.3", "IN.1.c.1.1", "IN.1.c.1.2", "IN.1.d.1.1", "IN.1.d.1.2", "IN.1.d.1.3", "IN.2.a.1.1", "IN.2.b.1.1", "IN.2.b.1.2",
           "QR.1.a.1.1", "QR.1.a.1.2", "QR.1.a.1.3", "QR.1.a.1.4", "QR.1.a.1.5", "QR.2.a.1.1", "QR.2.a.1.2", "QR.2.a.2.1", "QR.2.a.2.2", "QR.2.a.3.1", "QR.2.a.4.1", "QR.2.a.4.2", "QR.2.a.4.3", "QR.2.a.4.4"}
INSIDE = ("IN.1.a.1.3", "IN.1.a.2.1", "IN.1.a.2.2", "IN.1.a.2.3", "IN.1.c.1.1", "IN.1.c.1.2", "IN.1.d.1.1", "IN.1.d.1.2", "IN.1.d.1.3", "IN.2.a.1.1", "IN.2.b.1.1", "IN.2.b.1.2",
          "QR.1.a.1.4", "QR.2.a.1.1", "QR.2.a.2.1", "QR.2.a.3.1", "QR.2.a.4.2", "QR.2.a.4.3")


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    folder = tmp_path_factory.mktemp("assessed")
    folder.chmod(0o755)
    one = Service(folder)
    one.start()
    yield one
    one.stop()


@pytest.fixture(scope="module")
def told(service):
    """The same with a desk that is somebody's."""
    service.stop()
    for name, what in (("desk.json", DESK), ("products.json", PRODUCTS)):
        (service.dir / "app" / name).write_text(json.dumps(what))
        (service.dir / "app" / name).chmod(0o644)
    return service.start()


@pytest.fixture(scope="module")
def staff(told, tmp_path_factory):
    """--staff, with a session of each role; they have published an advisory."""
    folder, admin, all_, words = tmp_path_factory.mktemp("staff"), people.administrator(told), {}, []
    for name, role in (("Ann", "analyst"), ("Max", "manager"), ("Pia", "publisher")):
        all_[role], one = people.colleague(admin, name, role), folder / f"{role}.json"
        one.write_text(json.dumps({"token": all_[role].token}))
        words += ["--staff", one]
    publish(*all_.values())
    return words


def publish(ann, max_, pia):
    name = ann.ask("POST", "/api/v1/advisories", {"title": "Lamp opens", "product": "Lamp L3", "cve": "CVE-2026-0001"})[1]["id"]
    said = ann.ask("GET", f"/api/v1/advisories/{name}")[1]
    document = {**json.loads(said["document"]), "product_tree": TREE, "vulnerabilities": [{**WEAKNESS[0], "remediations": []}]}
    document["document"]["distribution"]["tlp"]["label"] = "WHITE"
    document["document"]["notes"][0]["text"] = "It opens for anybody."
    del document["vulnerabilities"][0]["remediations"]
    said = ann.ask("PUT", f"/api/v1/advisories/{name}", {"revision": said["revision"], "document": json.dumps(document)})[1]
    assert ann.ask("POST", f"/api/v1/advisory-reviews/{name}")[1]["rule"] == "advisory.findings"
    assert [f["test"] for f in ann.ask("GET", f"/api/v1/advisory-findings/{name}")[1]["findings"]] == ["IN.1.c.1.1"]  # nobody says what is to be done
    said = ann.ask("PUT", f"/api/v1/advisories/{name}", {"revision": said["revision"], "document": json.dumps({**document, "vulnerabilities": WEAKNESS})})[1]
    assert ann.ask("POST", f"/api/v1/advisory-reviews/{name}")[0] == 200
    assert max_.ask("POST", f"/api/v1/advisory-approvals/{name}", {"hash": said["hash"]})[0] == 200
    assert pia.ask("POST", f"/api/v1/advisory-publications/{name}")[0] == 200
    wait_for(lambda: all(n["told"] for n in ann.ask("GET", "/api/v1/notices")[1]["notices"]))


def assess(place, folder, *more, ok=(0, 1)):
    """{(element, check): (verdict, reason)}, and the run's own words."""
    (address, pin), out = place, folder / "e.json"
    done = worlds.run(worlds.program("thingward"), "assess", "support", f"https://{address}", "--listener", pin, "--owner", folder / "owner", "--out", out, *more, ok=ok)
    payload = json.loads(unb64(json.loads(out.read_text())["payload"]))
    return {(row["element"], row["probe"]): (row["verdict"], row["reason"]) for row in payload["results"]}, done.stdout, payload


def only(check):
    return ["--element", check]


def test_what_is_not_there_is_neither_claimed_as_provided_nor_seen(service, tmp_path):
    """Nobody has said yet whose desk it is: a server with its contact switched off."""
    with spoiled(service, tmp_path) as place:
        verdicts, _, _ = assess(place, tmp_path, "--not-intrusive")
    assert verdicts["QR.1.a.1.2", "security-txt"][0] == verdicts["QR.1.a.1.2", "live-status"][0] == "fail"
    for one in ("QR.1.a.1.3", "QR.2.a.1.2", "QR.2.a.4.1", *INSIDE):
        assert {v[0] for k, v in verdicts.items() if k[0] == one} <= {"fail", "inconclusive"} and verdicts[one, "live-status"][0] == "fail", one
    assert verdicts["QR.2.a.4.4", "live-status"][0] == "fail" and verdicts["QR.2.a.4.4", "account-keeps"][0] == "inconclusive"
    assert "no desk.json" in verdicts["QR.1.a.1.2", "live-status"][1]
    assert verdicts["QR.1.a.1.1", "form-asks"][0] == "pass" and verdicts["QR.1.a.1.1", "report-arrives"][0] == "inconclusive"


# @nist IN.1.a.1.3 IN.1.a.2.1 IN.1.a.2.2 IN.1.a.2.3 IN.1.c.1.1 IN.1.c.1.2 IN.1.d.1.1 IN.1.d.1.2 IN.1.d.1.3 IN.2.a.1.1 IN.2.b.1.1 IN.2.b.1.2 QR.2.a.4.4
# @nist QR.1.a.1.1 QR.1.a.1.2 QR.1.a.1.3 QR.1.a.1.4 QR.1.a.1.5 QR.2.a.1.2 QR.2.a.4.1
def test_what_it_claims_holds_and_the_evidence_goes_through_every_form(told, staff, tmp_path):
    with spoiled(told, tmp_path) as place:
        verdicts, said, payload = assess(place, tmp_path, *staff, ok=(0,))
        assert {one: v for one, v in verdicts.items() if v[0] != "pass"} == {}
        assert {element for element, _ in verdicts} == CLAIMED == {row["element"] for row in payload["results"] if row["claimed"]}
        assert len(re.findall(r"^(?:QR|IN)\S+ +holds", said, re.M)) == len(CLAIMED) and payload["device"]["kind"] == "service" and payload["device"]["identifier"] == f"https://{place[0]}"
        again, _, after = assess(place, tmp_path, "--element", "QR.1.a.1.2", "--into", tmp_path / "e.json", ok=(0,))
        assert set(again) == set(verdicts) and len(after["earlier"]) == 1
    tool, e = worlds.program("thingward"), tmp_path / "e.json"
    transcript = (tmp_path / "e.json.transcript").read_text()
    assert "TEST%20REPORT" in transcript and not re.search(r"([0-9A-Z]{4}-){6}", transcript)  # its receipts are left out
    worlds.run(tool, "evidence", "verify", e, "--signer", tmp_path / "owner/owner.crt", "--transcript", f"{e}.transcript")
    worlds.run(tool, "report", e, "--html", tmp_path / "r.html", "--transcript", f"{e}.transcript", "--oscal", tmp_path / "o.json", "--cyclonedx", tmp_path / "c.json")
    page = (tmp_path / "r.html").read_text()
    assert "Questions and reports" in page and "Service at" in page and "a report was sent, marked as a test" in page and "asked the running service" in page and "to the device" not in page
    assert json.loads((tmp_path / "c.json").read_text())["declarations"]["targets"]["components"][0]["type"] == "application"
    assert "manufacturer&#39;s server" in page or "manufacturer's server" in page
    (tmp_path / "policy.yaml").write_text("format: 1\nrules:\n  - {name: reports, elements: [QR.1.*], verdicts: [pass], may-be-missing: yes}\n")
    assert "Every rule" in worlds.run(tool, "assess", "gate", e, "--policy", tmp_path / "policy.yaml", "--signer", tmp_path / "owner/owner.crt").stdout
    assert "as they were" in worlds.run(tool, "assess", "compare", e, e).stdout


def test_a_product_says_what_is_claimed_of_its_server(told, tmp_path):
    product = tmp_path / "product"
    worlds.run(worlds.program("thingward"), "product", "init", "--example", product)
    with open(product / "product.yaml", "a") as f:
        f.write("\nsupport-claims: [QR.1.a.1.2, IN.1.a.1.1]\n")
    with spoiled(told, tmp_path) as place:
        verdicts, said, payload = assess(place, tmp_path, "--product", product, "--not-intrusive", ok=(0,))
    assert verdicts["IN.1.a.1.1", "none"][0] == "inconclusive" and re.search(r"^QR.1.a.1.2 +holds", said, re.M) and re.search(r"^QR.1.a.1.5 +not claimed", said, re.M)
    assert payload["product"]["claims"] == ["QR.1.a.1.2", "IN.1.a.1.1"]


def instead(status, kind="text/html", body=b""):
    return lambda asked: (status, kind, body)


def without(pattern, by=b""):
    """Says it, but for this."""
    def spoil(asked):
        status, kind, body = asked.answer()
        assert re.search(pattern, body, re.S), body
        return status, kind, re.sub(pattern, by, body, flags=re.S)
    return spoil


def forgotten(asked):
    """Answers as if a report had been taken, and takes another one."""
    return asked.answer(body=re.sub(rb"&(product|version|traits|fix)=[^&]*", b"", asked.body))


def kept_as(kind):
    return lambda asked: asked.answer(body=re.sub(rb"kind=[a-z]+", b"kind=" + kind, asked.body))


def member(name, by=None):
    """The answer without that member, or with another text in it."""
    def spoil(asked):
        status, kind, body = asked.answer()
        said = json.loads(body)
        at = said
        *way, last = name.split(".")
        for key in way:
            at = at[int(key)] if isinstance(at, list) else at.get(key, {})
        if by is not None:
            at[last] = by
        elif last in at:
            del at[last]
        return status, kind, json.dumps(said).encode()
    return spoil


def lenient(asked):
    """Tells whatever is asked, as if nobody had to be checked."""
    status, kind, body = asked.answer()
    return (status, kind, body) if status < 400 else (200, kind, b'{"customer":"TEST 1"}')


def without_asking(key):
    """Takes an update without that, and wants everything else."""
    def spoil(asked):
        body = json.loads(asked.body)
        return asked.answer(body=json.dumps({key: {"severity": "low", "install_by": "2099-12-31"}.get(key, "x"), **body}).encode())
    return spoil


def kept_notices(asked, begin):
    status, kind, body = asked.answer()
    said = json.loads(body)
    return status, kind, json.dumps({**said, "notices": [n for n in said["notices"] if n["id"].startswith(begin)]}).encode()


def in_two_pages(kept=lambda notice: True):
    """The list of notices with all but the first behind a cursor, and of those behind it what is kept."""
    def spoil(asked):
        status, kind, body = asked.answer(path="/api/v1/notices?limit=100")
        said = json.loads(body)
        if "cursor=" in asked.path:
            said = {**said, "notices": [n for n in said["notices"] if kept(n)]}
        else:
            said = {**said, "notices": [], "next": "more"}
        return status, kind, json.dumps(said).encode()
    return spoil


def many(name, count):
    """The list there, with its first one so many times."""
    def spoil(asked):
        status, kind, body = asked.answer()
        said = json.loads(body)
        *way, last = name.split(".")
        at = said
        for key in way:
            at = at[key]
        at[last] = at[last][:1] * count
        return status, kind, json.dumps(said).encode()
    return spoil


def without_if(pattern, by=b""):
    """The same, where it stands."""
    def spoil(asked):
        status, kind, body = asked.answer()
        return status, kind, re.sub(pattern, by, body)
    return spoil


def told_without(key):
    """Takes an incident without that."""
    def spoil(asked):
        return asked.answer(body=json.dumps({key: "x", **json.loads(asked.body)}).encode())
    return spoil


def told_to_all(asked):
    """Shows whoever opens an account what was told to somebody."""
    status, kind, body = asked.answer()
    return status, kind, body.replace(b"</main>", b"<p>TEST, nothing happened</p></main>")


INCIDENTS = "/api/v1/incidents"
FORM, TXT, POLICY = "/report?*", "/.well-known/security.txt", "/policy?*"
NEWS, NOTICES, LIST, DOCUMENT, FEED = "/news?*", "/api/v1/notices", "/api/v1/notices?*", "/.well-known/csaf/white/2*.json", "/.well-known/csaf/white/csaf-feed*"
META, ARTICLE = "/.well-known/csaf/provider-metadata.json", "/api/v1/article14/*"
QUESTION, TELL, CUSTOMER = "/api/v1/questions/q*", "/api/v1/question-disclosures/*", "/api/v1/question-customers/*"
ROWS = [
    # @turns QR.1.a.1.1: the type of the flaw is not asked for
    ("QR.1.a.1.1/form-asks", "GET", FORM, without(rb'name="flaw"', b'name="other"'), "does not ask for one of what is wanted: flaw"),
    ("QR.1.a.1.1/form-asks", "GET", FORM, without(rb'name="fix"', b'name="fix" required=""'), "takes no report without one of what may be left out: fix"),
    ("QR.1.a.1.1/form-asks", "GET", FORM, without(rb' required=""'), "has no field that asks for a description"),
    ("QR.1.a.1.1/form-asks", "GET", FORM, instead(404), "was answered with 404"),
    ("QR.1.a.1.1/report-arrives", "POST", "/report", instead(503), "A report was answered with 503"),
    ("QR.1.a.1.1/report-arrives", "POST", "/report", forgotten, "its product is missing"),
    ("QR.1.a.1.1/report-arrives", "POST", "/report/status", instead(422), "with the receipt was answered with 422"),
    ("QR.1.a.1.1/description-alone", "POST", "/report", lambda asked: (422, "text/html", b"") if b"fix=" not in asked.body else asked.answer(), "A report was answered with 422"),
    ("QR.1.a.1.1/description-alone", "POST", "/report", lambda asked: asked.answer() if b"TEST" in asked.body else (200, "text/html", b""), "without a description was answered with 200"),
    # @turns QR.1.a.1.2: security.txt names nobody
    ("QR.1.a.1.2/security-txt", "GET", TXT, without(rb"Contact: [^\n]*\n"), "names no contact"),
    ("QR.1.a.1.2/security-txt", "GET", TXT, without(rb"Contact: mailto:[^\n]*", b"Contact: ring twice"), "that is no https, mailto or tel address"),
    ("QR.1.a.1.2/security-txt", "GET", TXT, without(rb"Expires: \d+", b"Expires: 2020"), "out of date"),
    ("QR.1.a.1.2/security-txt", "GET", TXT, without(rb"Expires", b"Expired"), "does not say once until when"),
    ("QR.1.a.1.2/security-txt", "GET", TXT, without(rb"Policy", b"Police"), "where the policy stands"),
    ("QR.1.a.1.2/policy-page", "GET", POLICY, without(rb"/report\?kind=flaw", b"/"), "has no link to where this is reported"),
    ("QR.1.a.1.2/policy-page", "GET", POLICY, without(rb"/report\?kind=flaw", b"/report?kind=flawless"), "has no link to where this is reported"),
    # @turns QR.1.a.1.3: it is not said when a fix is there
    ("QR.1.a.1.3/terms-named", "GET", POLICY, without(rb'<dd id="term-fix">90', b'<dd id="term-fix">some'), "within how many days there is a fix"),
    ("QR.1.a.1.3/terms-named", "GET", POLICY, without(rb'id="term-[a-z]+"'), "within how many days there is an answer"),
    ("QR.1.a.1.3/terms-named", "GET", POLICY, without(rb">30 days", b">3000 days"), "news of its state"),
    # @turns QR.1.a.1.4: the state of a report never changes
    ("QR.1.a.1.4/state-follows", "POST", "/report/status", without(rb'(id="report-state">)[^<]*', rb"\1Received"), "says the same as before: Received"),
    ("QR.1.a.1.4/state-follows", "POST", "/report/status", without(rb'id="report-state"'), "does not say what the state"),
    ("QR.1.a.1.4/state-follows", "GET", "/api/v1/reports", member("reports", []), "does not have it among the newest"),
    ("QR.1.a.1.4/feed-follows", "GET", FEED, member("feed.entry.0.updated", "2020-01-01T00:00:00Z"), "when it was changed last"),
    # @turns QR.1.a.1.5: nobody is told where other faults are reported
    ("QR.1.a.1.5/bugs-published", "GET", POLICY, without(rb"/report\?kind=bug", b"/"), "has no link to where this is reported"),
    ("QR.1.a.1.5/bugs-published", "GET", "/report?kind=bug*", without(rb' selected=""'), "a form on which 'bug' is not chosen"),
    # @turns QR.2.a.1.2: nobody is told where to ask about requirements
    ("QR.2.a.1.2/questions-published", "GET", POLICY, without(rb"/report\?kind=rules", b"/"), "has no link to where this is reported"),
    ("QR.2.a.1.2/questions-published", "GET", POLICY, without(rb"mailto:", b"https://"), "no address for mail"),
    ("QR.2.a.1.2/event-question", "POST", "/report", kept_as(b"bug"), "is not kept as one"),
    ("QR.2.a.1.2/rules-question", "POST", "/report", kept_as(b"event"), "is not kept as one"),
    # @turns QR.2.a.4.1: nobody is told when somebody is at the phone
    ("QR.2.a.4.1/phone-published", "GET", POLICY, without(rb'id="contact-hours"'), "when somebody is at the phone"),
    ("QR.2.a.4.1/phone-published", "GET", POLICY, without(rb"tel:", b"https://"), "names no phone number"),
    ("QR.1.a.1.5/bug-arrives", "POST", "/report", kept_as(b"flaw"), "is not kept as one"),
    # @turns IN.1.a.1.3: an update is announced without what it does to data
    ("IN.1.a.1.3/data-demanded", "POST", NOTICES, without_asking("data"), "announced without data"),
    # @turns IN.1.a.2.1: it is not said how a fix is tried
    ("IN.1.a.2.1/fix-tests-named", "GET", NEWS, without(rb'id="update-fix-tests"'), "which tests of a fix"),
    # @turns IN.1.a.2.2: it is not said how security is tried
    ("IN.1.a.2.2/security-tests-named", "GET", NEWS, without(rb'(id="update-security-tests">)[^<]*', rb"\1none"), "which tests of security and privacy"),
    # @turns IN.1.a.2.3: an update is announced without the day until which it should be installed
    ("IN.1.a.2.3/deadline-demanded", "POST", NOTICES, without_asking("install_by"), "announced without install_by"),
    ("IN.1.a.2.3/deadline-demanded", "POST", NOTICES, without_asking("severity"), "announced without severity"),
    ("IN.1.a.2.3/deadline-demanded", "POST", NOTICES, without_asking("needs"), "announced without needs"),
    # @turns IN.1.c.1.1: an advisory does not say what is to be done
    ("IN.1.c.1.1/actions-listed", "GET", DOCUMENT, member("vulnerabilities.0.remediations"), "nothing that is to be done"),
    ("IN.1.c.1.1/actions-listed", "GET", DOCUMENT, member("vulnerabilities.0.remediations.0.product_ids", ["OTHER"]), "nothing that is to be done"),
    ("IN.1.c.1.1/actions-listed", "GET", DOCUMENT, instead(404), "was answered with 404"),
    # @turns IN.1.c.1.2: a notice of an advisory does not say what to review
    ("IN.1.c.1.2/advisories-make-reviews", "GET", "/notices/*", without(rb"To be reviewed: "), "does not say what customers should review"),
    ("IN.1.c.1.2/advisories-make-reviews", "GET", LIST, member("notices", []), "there is no notice of it"),
    ("IN.1.c.1.2/review-demanded", "POST", NOTICES, without_asking("review"), "announced without review"),
    # @turns IN.1.d.1.1: it is not said from whom news come
    ("IN.1.d.1.1/news-explained", "GET", NEWS, without(rb'id="news-from"'), "from whom customers hear"),
    ("IN.1.d.1.1/news-explained", "GET", NEWS, without(rb'id="news-when"'), "when customers hear"),
    # @turns IN.1.d.1.2: the feed is empty
    ("IN.1.d.1.2/feed-reached", "GET", FEED, member("feed.entry", []), "has no entry"),
    ("IN.1.d.1.2/feed-reached", "GET", META, member("distributions"), "names no feed"),
    ("IN.1.d.1.2/feed-reached", "GET", META, member("canonical_url", "https://other.example/x.json"), "gives another address"),
    ("IN.1.d.1.2/feed-reached", "GET", NEWS, without(META.encode(), b"/"), "does not lead to the provider's metadata"),
    ("IN.1.d.1.2/subscription-offered", "GET", "/subscriptions?*", without(rb'value="webhook"', b'value="pigeon"'), "does not offer both"),
    ("IN.1.d.1.2/subscription-offered", "GET", NEWS, without(rb"/subscriptions", b"/"), "does not lead to the subscription"),
    ("IN.1.d.1.2/subscription-offered", "GET", NEWS, without(rb"/subscriptions", b"/subscriptions-of-old"), "does not lead to the subscription"),
    # @turns IN.1.d.1.3: nobody is told that support ends
    ("IN.1.d.1.3/rules-make-notices", "GET", LIST, lambda asked: kept_notices(asked, "advisory-"), "Support of fan ends soon, and nobody was told"),
    ("IN.1.d.1.3/rules-make-notices", "GET", LIST, lambda asked: kept_notices(asked, "support-end"), "there is no notice of it"),
    ("IN.1.d.1.3/rules-make-notices", "GET", LIST, in_two_pages(lambda n: not n["id"].startswith("advisory-")), "there is no notice of it"),
    ("IN.1.d.1.3/rules-make-notices", "GET", LIST, lambda asked: (200, "application/json", b'{"notices":[],"next":"again"}'), "no list that goes on"),
    # @turns IN.2.a.1.1: an advisory does not say which versions are affected
    ("IN.2.a.1.1/advisories-complete", "GET", DOCUMENT, without(rb'"product_version_range"', b'"product_family"'), "without its versions"),
    ("IN.2.a.1.1/advisories-complete", "GET", DOCUMENT, member("vulnerabilities"), "names no vulnerability"),
    ("IN.2.a.1.1/advisories-complete", "GET", DOCUMENT, member("vulnerabilities.0.product_status", {}), "says of no product what it is to it"),
    ("IN.2.a.1.1/changes-announced", "POST", NOTICES, lambda asked: asked.answer(body=asked.body.replace(b'"change"', b'"gossip"')), "not refused for its product alone"),
    # @turns IN.2.b.1.1: it is not kept when an incident was told
    ("IN.2.b.1.1/deadlines-run", "POST", "/api/v1/article14-submissions/*", member("article14.severe-incident.submitted"), "submitted.early-warning.at is not there"),
    ("IN.2.b.1.1/deadlines-run", "GET", ARTICLE, member("clocks", []), "not due 24 hours after"),
    ("IN.2.b.1.1/deadlines-run", "POST", "/api/v1/article14-submissions/*", lambda asked: asked.answer(body=asked.body.replace(b"severe-incident", b"exploited-vulnerability")), "is not there as it was noted"),
    ("IN.2.b.1.1/deadlines-run", "POST", "/api/v1/article14-drills", member("created", "soon"), "does not say when it was opened"),
    # @turns IN.2.b.1.2: a notice does not say which of the customer's devices is concerned
    ("IN.2.b.1.2/incident-told", "POST", "/account", without_if(rb'id="incident-devices"'), "does not say which of the customer's devices"),
    ("IN.2.b.1.2/incident-told", "POST", "/account", without_if(rb"TEST, nothing was done", b"-"), "does not hold all of its facts"),
    ("IN.2.b.1.2/incident-told", "POST", INCIDENTS, told_without("concerned"), "may be told without concerned"),
    ("IN.2.b.1.2/incident-told", "GET", "/api/v1/customer-devices?*", member("devices", []), "not in the list of those to be confirmed"),
    ("IN.2.b.1.2/incident-told", "POST", "/account", told_to_all, "whose device nobody has confirmed to be his"),
    # @turns QR.2.a.4.4: an account forgets what was answered
    ("QR.2.a.4.4/account-keeps", "POST", "/account/case", without(rb"TEST, the answer to", b"-"), "does not stand in the account of whoever asked"),
    ("QR.2.a.4.4/account-keeps", "POST", "/account/send", without(rb"Mark: [0-9a-f]+"), "What was sent into an account does not stand in it"),
    ("QR.2.a.4.4/account-keeps", "POST", "/account/reply", without(rb"TEST, and thanks"), "What the customer replied"),
    ("QR.2.a.4.4/account-keeps", "POST", "/account", instead(200), "opened by a key that is not its own"),
    ("QR.2.a.4.4/account-keeps", "POST", "/account/new", without(rb'name="key"', b'name="no"'), "no key for it was shown"),
    ("QR.2.a.4.4/account-offered", "GET", "/[?]*", without(rb"/account", b"/"), "does not lead to the accounts"),
    ("QR.2.a.4.4/account-offered", "GET", "/account?*", without(rb'name="key"', b'name="no"'), "does not ask for a key"),
    # @turns QR.2.a.1.1: the directive is forgotten
    ("QR.2.a.1.1/directive-tracked", "GET", QUESTION, member("directive"), "directive is not there"),
    ("QR.2.a.1.1/directive-tracked", "GET", QUESTION, member("due", "2099-12-30T00:00:00.000Z"), "due is not there"),
    ("QR.2.a.1.1/directive-tracked", "GET", QUESTION, member("answers"), "answers.0.text is not there"),
    ("QR.2.a.1.1/directive-tracked", "POST", "/api/v1/questions", instead(404), "It was refused"),
    # @turns QR.2.a.2.1: nobody says what came of a request
    ("QR.2.a.2.1/request-logged", "GET", QUESTION, member("outcome"), "outcome is not there"),
    ("QR.2.a.2.1/request-logged", "GET", QUESTION, member("kind", "other"), "kind is not there"),
    ("QR.2.a.2.1/request-logged", "GET", QUESTION, member("answers.0.kept_text", "another"), "answers.0.kept_text is not there"),
    ("QR.2.a.2.1/request-logged", "POST", "/api/v1/answers", instead(404), "It was refused"),
    # @turns QR.2.a.2.2: the documents of a product do not ask for it
    ("QR.2.a.2.2/documents-ask", "GET", "/products/lamp?*", without(rb"document=https://lamps.example/l3/manual", b""), "has no link to the form", ),
    ("QR.2.a.2.2/documents-ask", "GET", POLICY, without(rb"/question\?kind=documentation"), "/policy?lang=en has no link to the form"),
    ("QR.2.a.2.2/documents-ask", "GET", "/question?*", without(rb'name="depth"', b'name="other"'), "does not ask for its depth"),
    ("QR.2.a.2.2/view-arrives", "POST", "/question", lambda asked: asked.answer(body=asked.body.replace(b"&breadth=missing", b"")), "questions.0.breadth is not there"),
    ("QR.2.a.2.2/view-arrives", "GET", "/api/v1/questions?*", member("questions", []), "questions.0.id is not there"),
    # @turns QR.2.a.3.1: nobody is led to where settings are explained
    ("QR.2.a.3.1/settings-linked", "GET", "/question?*", without(SETTINGS.encode(), b"/"), "does not lead to where those of lamp"),
    ("QR.2.a.3.1/settings-linked", "GET", "/question?*", without(SETTINGS.encode(), SETTINGS.encode() + b"-of-another"), "does not lead to where those of lamp"),
    ("QR.2.a.3.1/settings-linked", "GET", "/api/v1/products", member("products.0.documents"), "No product names"),
    ("QR.2.a.3.1/settings-linked", "GET", "/question?*", without(rb'name="product"', b'name="other"'), "does not ask for the question and the product"),
    ("QR.2.a.3.1/settings-queued", "GET", "/api/v1/questions?*", member("questions.0.settings"), "questions.0.settings is not there"),
    ("QR.2.a.3.1/settings-queued", "POST", "/report/status", without(rb"TEST, the answer"), "does not stand behind the receipt"),
    # @turns QR.2.a.4.2: anybody is told what is kept of a customer
    ("QR.2.a.4.2/identity-first", "POST", TELL, lenient, "though nobody has checked"),
    ("QR.2.a.4.2/identity-first", "PUT", CUSTOMER, lenient, "though nobody has checked"),
    ("QR.2.a.4.2/identity-first", "POST", "/api/v1/question-identity-checks/*", lambda asked: asked.answer(body=asked.body.replace(b"failed", b"passed")), "though the check was not passed"),
    ("QR.2.a.4.2/identity-first", "POST", TELL, member("disclosures"), "disclosures.0.by is not there"),
    # @turns QR.2.a.4.3: what is still to be done after a call is forgotten
    ("QR.2.a.4.3/call-documented", "GET", QUESTION, member("follow_up"), "follow_up is not there"),
    ("QR.2.a.4.3/call-documented", "GET", QUESTION, member("caller"), "caller is not there"),
    ("QR.2.a.4.3/call-documented", "GET", QUESTION, member("answers.0.at"), "answers.0.at is not there"),
]


@pytest.mark.parametrize("check, method, path, spoil, why", ROWS, ids=[f"{row[0]}-{n}" for n, row in enumerate(ROWS)])
def test_what_is_wrong_is_found_out(told, staff, tmp_path, check, method, path, spoil, why):
    with spoiled(told, tmp_path, method, path, spoil) as place:
        verdicts, _, _ = assess(place, tmp_path, *staff, *only(check), ok=(1,))
    (verdict, reason) = verdicts[tuple(check.split("/"))]
    assert verdict == "fail" and why in reason, reason


ELSEWHERE = "https://other.example/.well-known/csaf/white/x.json"
SEEN = [
    # what was asked, of whom, and what has to stand in a verdict that does not say more than was seen
    ("IN.1.c.1.1/actions-listed", FEED, many("feed.entry", 25), "pass", "Each of the first 20 advisories in the feed, of 25,"),
    ("QR.1.a.1.4/feed-follows", FEED, many("feed.entry", 21), "pass", "The others were not looked at."),
    ("IN.1.c.1.1/actions-listed", FEED, many("feed.entry", 20), "pass", "Each advisory in the feed (20)"),
    ("IN.2.a.1.1/advisories-complete", FEED, member("feed.entry.0.content.src", ELSEWHERE), "inconclusive", "lies at https://other.example/"),
    ("IN.1.c.1.1/actions-listed", META, without(rb'"https://[^/"]*(/[^"]*csaf-feed)', rb'"https://other.example\1'), "inconclusive", "another server than that of the metadata, which was not asked"),
    ("IN.1.d.1.2/feed-reached", META, without(rb'"https://[^/"]*(/[^"]*csaf-feed)', rb'"https://other.example\1'), "inconclusive", "which was not asked"),
    ("IN.1.c.1.2/advisories-make-reviews", LIST, in_two_pages(), "pass", "made a notice"),
    ("IN.1.d.1.3/rules-make-notices", LIST, in_two_pages(), "pass", "made a notice"),
    ("QR.2.a.2.2/documents-ask", "/api/v1/products", many("products", 66), "pass", "64 of 66 products"),
]


@pytest.mark.parametrize("check, path, spoil, verdict, why", SEEN, ids=[f"{row[0]}-{n}" for n, row in enumerate(SEEN)])
def test_a_verdict_is_what_was_seen(told, staff, tmp_path, check, path, spoil, verdict, why):
    with spoiled(told, tmp_path, "GET", path, spoil) as place:
        verdicts, _, payload = assess(place, tmp_path, *staff, *only(check))
    (said, reason) = verdicts[tuple(check.split("/"))]
    assert said == verdict and why in reason, reason
    if "of the first" in why:
        (row,) = [r for r in payload["results"] if r["probe"] == check.partition("/")[2]]
        assert "20 of 25" in json.dumps(row)


def test_too_much_is_no_failing(told, tmp_path):
    with spoiled(told, tmp_path, "POST", "/report", instead(429)) as place:
        verdicts, _, _ = assess(place, tmp_path, *only("QR.1.a.1.5/bug-arrives"))
    assert verdicts["QR.1.a.1.5", "bug-arrives"][0] == "inconclusive"


def test_advisories_about_nothing_show_nothing(told, tmp_path):
    with spoiled(told, tmp_path, "GET", DOCUMENT, member("vulnerabilities", [])) as place:
        verdicts, _, _ = assess(place, tmp_path, *only("IN.1.c.1.1/actions-listed"))
    assert verdicts["IN.1.c.1.1", "actions-listed"][0] == "inconclusive"


def test_what_is_inside_alone_is_left_open_without_somebody_inside(told, staff, tmp_path):
    stale = tmp_path / "stale.json"
    stale.write_text('{"token": "nobody"}')
    with spoiled(told, tmp_path) as place:
        verdicts, _, _ = assess(place, tmp_path, "--element", "QR.2.a.4.2", *staff[2:4])
        assert verdicts["QR.2.a.4.2", "identity-first"] == ("inconclusive", "Not tried: this is seen from inside alone. With --staff FILE, a session of somebody who is analyst there, it is.")
        (address, pin) = place
        done = worlds.run(worlds.program("thingward"), "assess", "support", address, "--listener", pin, "--owner", tmp_path / "owner", "--out", tmp_path / "e.json", "--staff", stale, ok=(3,))
        assert "none of this server's" in done.stderr


def test_every_check_has_something_that_it_finds_wrong():
    text = "".join((worlds.ROOT / "src/tool/probes" / f"{name}.c").read_text() for name in ("reception", "questions", "customers", "news", "bulletins", "remedies"))
    checks = {f"{element}/{name}" for element, name in re.findall(r'^\t\{ "([A-Z0-9a-z.]+)", "([a-z-]+)",', text, re.M)}
    assert checks and {row[0] for row in ROWS} == checks


def test_who_answers_there_is_made_sure_of(told, tmp_path):
    tool, out = worlds.program("thingward"), ["--owner", tmp_path / "owner", "--out", tmp_path / "e.json"]
    with spoiled(told, tmp_path) as (address, pin):
        done = worlds.run(tool, "assess", "support", address, "--listener", "0" * 64, *out, ok=(4,))
        assert "does not hold the key" in done.stderr
        done = worlds.run(tool, "assess", "support", address, *out, ok=(4,))  # nobody vouches for it
        assert "the certificate of" in done.stderr and "--listener" in done.stderr
        done = worlds.run(tool, "assess", "support", address, "--listener", pin, *out, "--element", "DI.IMS.1", ok=(2,))
        assert "no check is DI.IMS.1" in done.stderr
    with spoiled(told, tmp_path, "GET", "/api/v1/elements*", instead(404)) as (address, pin):
        assert "assess --device" in worlds.run(tool, "assess", "support", address, "--listener", pin, *out, ok=(1,)).stderr
    assert not (tmp_path / "e.json").exists()
    assert "no https://HOST" in worlds.run(tool, "assess", "support", "http://x", *out, ok=(2,)).stderr


def test_a_run_that_was_cut_goes_on_at_the_same_address_alone(told, staff, tmp_path):
    """What it has so far stands in the part, and is not tried again."""
    def cut(place):
        assess(place, tmp_path, *only("QR.1.a.1.2"), ok=(0,))
        for suffix in ("", ".transcript"):
            (tmp_path / f"e.json{suffix}").rename(tmp_path / f"e.json.part{suffix}")

    with spoiled(told, tmp_path) as place:
        cut(place)
        verdicts, _, payload = assess(place, tmp_path, "--resume", *staff, ok=(0,))
        kept = {(row["element"], row["probe"]) for row in payload["results"] if "run" in row}
        assert len(kept) == 3 and {element for element, _ in kept} == {"QR.1.a.1.2"} and {element for element, _ in verdicts} == CLAIMED
        cut(place)
    with spoiled(told, tmp_path) as (address, pin):
        done = worlds.run(worlds.program("thingward"), "assess", "support", address, "--listener", pin, "--owner", tmp_path / "owner", "--out", tmp_path / "e.json", "--resume", ok=(1,))
        assert "of another" in done.stderr
