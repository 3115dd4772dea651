# SPDX-License-Identifier: Apache-2.0
"""The staff's pages, as a browser without JavaScript uses them: in and out by a cookie, and nothing by it but pages."""
import base64
import html
import http.cookies
import json
import re
from urllib.parse import parse_qs, urlencode, urlsplit

import support_staff as staff
from test_support import service  # noqa: F401


class Browser:
    """What a browser keeps and sends by itself."""

    def __init__(self, service, person=None):
        self.service, self.cookies, self.person = service, {}, person or staff.Person(service)

    def origin(self):
        return "https://" + (self.service.dir / "listening").read_text().strip()

    def ask(self, path, form=None, origin=None, **more):
        headers = {"Cookie": "; ".join(f"{n}={v}" for n, v in self.cookies.items())} if self.cookies else {}
        if form is not None:
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": origin or self.origin()}
        r, text = self.service.ask(path, "GET" if form is None else "POST", headers | more, None if form is None else urlencode(form))
        for line in r.headers.get_all("Set-Cookie") or []:
            for name, morsel in http.cookies.SimpleCookie(line).items():
                self.cookies[name] = morsel.value
                if morsel["max-age"] == "0":
                    del self.cookies[name]
        return r, text

    def join(self, code):
        form = {"lang": "", "code": code, "password": staff.PASSWORD, "again": staff.PASSWORD}
        r, text = self.ask("/join", form)
        assert r.status == 200, text
        uri = html.unescape(re.search(r"otpauth://[^<]+", text)[0])
        assert "".join(re.search(r"<p class=\"receipt\"><code>([A-Z2-7 ]+)</code>", text)[1].split()) == parse_qs(urlsplit(uri).query)["secret"][0]
        self.person.secret = base64.b32decode(parse_qs(urlsplit(uri).query)["secret"][0])
        self.person.name = re.search(r"<p class=\"receipt\"><code>([^<]+)</code>", text)[1]

    def login(self, to="", code=None, password=staff.PASSWORD, lang=""):
        return self.ask("/login", {"lang": lang, "to": to, "account": self.person.name, "password": password, "code": code or self.person.code()})


def come_in(service):
    one = Browser(service.start())
    one.join((service.dir / "app/setup-code").read_text())
    return one


def test_in_and_out_by_forms(service):
    one = come_in(service)
    r, text = one.ask("/login")
    assert r.status == 200 and 'action="/login"' in text
    assert one.login(code="000000", password="")[0].status == 403
    r, text = one.login(code="000000")
    assert r.status == 403 and 'role="alert"' in text and f'value="{one.person.name}"' in text and staff.PASSWORD not in text
    assert r.getheader("Content-Type").startswith("text/html") and "Set-Cookie" not in r.headers
    r, text = one.login()
    assert (r.status, text, r.getheader("Location")) == (303, "", "/desk")
    lines = r.headers.get_all("Set-Cookie")
    assert [re.fullmatch(r"__Host-session=[\w-]{43}; Path=/; Secure; HttpOnly; SameSite=Strict", lines[0]) is not None,
            re.fullmatch(r"__Host-client=[\w-]{43}; Max-Age=31536000; Path=/; Secure; HttpOnly; SameSite=Strict", lines[1]) is not None] == [True, True], lines
    token = one.cookies["__Host-session"]
    assert token not in service.log() and token.encode() not in b"".join(f.read_bytes() for f in (service.dir / "app").iterdir())
    r, text = one.ask("/login")
    assert r.status == 200 and "You are logged in" in text and "<strong>administrator</strong>" in text
    # The same token is a bearer's; as a cookie it opens no operation of the interface for programs.
    r, text = one.ask("/api/v1/staff-self")
    assert r.status == 401
    assert one.ask("/api/v1/staff-self", Authorization=f"Bearer {token}")[0].status == 200
    # Only our own pages send forms.
    for other in ("https://evil.example", "null", one.origin().replace("https", "http")):
        r, text = one.ask("/logout", {"lang": ""}, origin=other)
        assert r.status == 403 and "RFC 6454" in text
    assert one.ask("/api/v1/staff-self", Authorization=f"Bearer {token}")[0].status == 200
    r, text = one.ask("/logout", {"lang": "de"})
    assert r.status == 303 and r.getheader("Location") == "/login?out=1&lang=de"
    assert r.getheader("Set-Cookie") == "__Host-session=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Strict"
    assert "__Host-session" not in one.cookies and "__Host-client" in one.cookies
    assert one.ask("/api/v1/staff-self", Authorization=f"Bearer {token}")[0].status == 401
    one.cookies["__Host-session"] = token  # of a session that has ended: nobody's
    assert one.ask("/report")[0].status == 200
    assert one.ask("/logout", {"lang": ""})[0].status == 401


def people(service):
    admin = staff.administrator(service.start())
    made = {}
    for role in ("manager", "analyst", "publisher"):
        made[role] = Browser(service, staff.colleague(admin, role, role))
        made[role].cookies["__Host-session"] = made[role].person.token
    return admin, made


def fields(text):
    """What the form in the page's middle would send by itself."""
    form = re.search(r'<main.*?<form method="post" action="([^"]+)">(.*?)</form>', text, re.S)
    sent = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form[2]))
    for name, options in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', form[2], re.S):
        chosen = re.search(r'<option value="([^"]*)" selected', options) or re.search(r'<option value="([^"]*)"', options)
        sent[name] = chosen[1] if chosen else ""
    for name in re.findall(r'<(?:input type="(?:text|datetime-local)"|textarea)[^>]* name="([^"]+)"', form[2]):
        sent.setdefault(name, "")
    return html.unescape(form[1]), sent


def do(browser, path, expect=303, **typed):
    r, text = browser.ask(path)
    assert r.status == 200, text
    action, sent = fields(text)
    assert set(typed) <= set(sent), (typed, sent)
    r, text = browser.ask(action, sent | typed)
    assert r.status == expect, (r.status, text)
    return r.getheader("Location"), text


def test_a_case_from_its_beginning_by_forms(service):
    _, made = people(service)
    manager, analyst, publisher = made["manager"], made["analyst"], made["publisher"]
    assert manager.ask("/desk")[0].getheader("Location") == "/desk/cases"
    assert "There is no case yet." in manager.ask("/desk/cases")[1]
    to, _ = do(analyst, "/desk/new", title="<script>alert(1)</script> & \"more\"", product="Lamp")
    assert to == "/desk/cases/c1?done=1"
    text = analyst.ask(to)[1]
    assert "<script" not in text and "&lt;script&gt;" in text and 'role="status"' in text
    assert "/desk/aware/c1" not in text and "/desk/move/c1" in text  # a manager's, and anybody's who works on cases
    assert analyst.ask("/desk/aware/c1")[0].status == 403 and publisher.ask("/desk/move/c1")[0].status == 403
    do(manager, "/desk/aware/c1", kind="exploited-vulnerability", aware="2026-01-01T10:00", zone="Europe/Vienna")
    text = manager.ask("/desk/cases")[1]
    assert "Cases with a deadline that is over: 1" in text and "<meter" in text and re.search(r"\d+ d \d+ h late", text)
    do(manager, "/desk/submitted/c1", step="early-warning", reference="SRP-1", who=publisher.person.id)
    assert "publisher (a4), noted by manager (a2)" in manager.ask("/desk/cases/c1")[1]
    do(manager, "/desk/told/c1", party="The maker of the library", what="all of it")
    do(manager, "/desk/measure/c1", what="Version 1.1 is out")
    do(analyst, "/desk/assign/c1", who=analyst.person.id)
    do(analyst, "/desk/move/c1", to="acknowledged")
    do(analyst, "/desk/change/c1?member=cvss", text="CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N")
    text = publisher.ask("/desk/cases/c1")[1]
    for part in ("SRP-1", "The maker of the library", "Version 1.1 is out", "analyst (a3)", "acknowledged", "9.3 (4.0)", "submitted late", "article14.start"):
        assert part in text, part
    # What is refused comes back with what was typed, and by which rule.
    for path, rule, typed in (("/desk/change/c1?member=cwe", "case.cwe", {"text": "<b>79"}), ("/desk/aware/c1", "article14.started", {}),
                              ("/desk/told/c1", "case.time", {"party": "x", "what": "<y>", "at": "2099-01-01T00:00"}),
                              ("/desk/delay/c1", "path.input", {"why": "short"})):
        _, text = do(manager, path, expect=409 if rule.endswith("started") else 422, **typed)
        assert rule in text and 'role="alert"' in text and "<b>79" not in text and "<y>" not in text
        assert all(html.escape(v) in text for v in typed.values())
    # What somebody else said meanwhile is shown, not overwritten; sent once more it takes its place.
    action, sent = fields(manager.ask("/desk/change/c1?member=title")[1])
    do(analyst, "/desk/change/c1?member=title", text="Said <meanwhile>")
    r, text = manager.ask(action, sent | {"text": "Mine"})
    assert r.status == 409 and "desk.changed" in text and "Said &lt;meanwhile&gt;</dd>" in text and ">Mine</textarea>" in text
    assert manager.ask(action, fields(text)[1] | {"text": "Mine"})[0].status == 303
    assert len(re.findall("<th scope=\"row\">", publisher.ask("/desk/cases?state=acknowledged")[1])) == 1
    for query in ("state=closed", "whose=me", "whose=nobody"):
        assert "No case is like this." in publisher.ask(f"/desk/cases?{query}")[1]
    # A program sees the same, and the journal says the same of both.
    entries = analyst.person.ask("GET", "/api/v1/case-journal")[1]["entries"]
    assert [json.loads(e["text"])["what"] for e in entries] == ["case.create", "article14.start", "article14.submit", "case.tell", "article14.measure", "case.assign", "case.move",
                                            "case.change", "case.change", "case.change"]


def test_an_embargo_holds_on_pages(service):
    _, made = people(service)
    manager, analyst = made["manager"], made["analyst"]
    do(manager, "/desk/drill")
    do(manager, "/desk/embargo/c1", until="2099-01-01T00:00")
    assert manager.ask("/desk/cases/c1")[0].status == 200
    for path in ("/desk/cases/c1", "/desk/move/c1", "/desk/change/c1"):
        (r, text), (other, none) = analyst.ask(path), analyst.ask(path.replace("c1", "c7"))
        assert (r.status, other.status) == (404, 404) and text == none
    r, text = analyst.ask("/desk/move/c1", {"lang": "", "to": "closed", "reason": "because", "duplicate_of": ""})
    assert r.status == 404 and "DRILL" not in text
    assert "There is no case yet." in analyst.ask("/desk/cases")[1] and "c1" not in analyst.ask("/desk/cases?sort=state")[1]
    do(manager, "/desk/embargo/c1", access=analyst.person.id, until="2099-01-01T00:00")
    assert analyst.ask("/desk/cases/c1")[0].status == 200
    # Sent as it stands it goes on, and whoever changes it does not shut out who set it; whoever stands for it is named.
    do(analyst, "/desk/embargo/c1", until="2098-01-01T00:00")
    do(analyst, "/desk/embargo/c1")
    do(analyst, "/desk/assign/c1", who=made["publisher"].person.id)
    text = manager.ask("/desk/cases/c1")[1]
    assert "2098-01-01" in text and "manager (a2), analyst (a3), publisher (a4)" in text
    do(manager, "/desk/embargo/c1", end="yes")
    assert "2098-01-01" not in manager.ask("/desk/cases/c1")[1]


def test_a_weak_password_is_said_to_be_one(service):
    one = Browser(service.start())
    form = {"lang": "de", "code": (service.dir / "app/setup-code").read_text(), "password": "short", "again": "short"}
    r, text = one.ask("/join", form)
    assert r.status == 400 and "Dieses Kennwort geht nicht" in text and "short" not in text


def test_who_has_no_session_comes_back_to_where_he_wanted(service):
    one = come_in(service)
    for path, to in (("/desk/people?lang=de", "/desk/people?lang=de"), ("/desk/cases?sort=-title&page=2", "/desk/cases?sort=-title&amp;page=2")):
        r, text = one.ask(path)
        assert r.status == 401 and f'name="to" value="{to}"' in text, text
    assert one.login("//evil.example/desk")[0].getheader("Location") == "/desk"  # more of them: test-staff.c
    del one.cookies["__Host-session"]
    assert one.login("/desk/people", lang="de")[0].getheader("Location") == "/desk/people?lang=de"
    r, text = one.ask("/desk/people?lang=de")
    assert r.status == 200 and "Verwaltung" in text and one.ask("/desk")[0].getheader("Location") == "/desk/people"


def test_reports_are_listed_and_shown(service):
    _, made = people(service)
    one = Browser(service)
    for n, product in enumerate(("Lamp", "Pump & more", "<i>Valve</i>")):
        assert one.ask("/report", {"description": f"It fails {n}", "product": product, "kind": "bug" if n else "flaw", "contact": "me@example.org"})[0].status == 200
    text = made["publisher"].ask("/desk/reports")[1]
    assert re.findall(r'/desk/reports/(r\d)"', text) == ["r3", "r2", "r1"] and "<i>" not in text
    assert re.findall(r'/desk/reports/(r\d)"', made["publisher"].ask("/desk/reports?sort=product&kind=bug")[1]) == ["r3", "r2"]
    text = made["analyst"].ask("/desk/reports/r1")[1]
    assert "It fails 0" in text and "me@example.org" in text and "A security flaw" in text
    for path, form in (("/desk/reply/r2", {"text": "<i>Thank you</i>"}), ("/desk/reject/r2", {"reason": "It is meant so"})):
        assert do(made["analyst"], path, **form)[0] == "/desk/reports/r2?done=1"
    text = made["publisher"].ask("/desk/reports/r2?done=1")[1]
    assert "&lt;i&gt;Thank you" in text and "no vulnerability" in text and "It is meant so" in text and 'role="status"' in text
    assert do(made["manager"], "/desk/take/r1", title="The lamp")[0] == "/desk/cases/c1?done=1"
    assert 'href="/desk/cases/c1"' in made["publisher"].ask("/desk/reports/r1")[1]
    assert "report.consent" in do(made["publisher"], "/desk/publish/r1", expect=409, thanks="yes")[1]
    assert do(made["publisher"], "/desk/publish/r1", thanks="no")[0] == "/desk/reports/r1?done=1"
    do(made["manager"], "/desk/embargo/c1", until="2099-01-01T00:00")
    assert made["analyst"].ask("/desk/reports/r1")[0].status == 404 and made["manager"].ask("/desk/reports/r1")[0].status == 200
    assert re.findall(r'/desk/reports/(r\d)"', made["analyst"].ask("/desk/reports")[1]) == ["r3", "r2"]
    for path in ("/desk/reports/r9", "/desk/reports/1", "/desk/reports/r", "/desk/reports/r1x"):
        assert made["analyst"].ask(path)[0].status == 404
    assert one.ask("/desk/reports/r2")[0].status == 401
