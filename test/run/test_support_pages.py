# SPDX-License-Identifier: Apache-2.0
"""The staff's pages, as a browser without JavaScript uses them: in and out by a cookie, and nothing by it but pages."""
import base64
import html
import http.cookies
import json
import re
import time
from urllib.parse import parse_qs, urlencode, urlsplit

import support_staff as staff
from test_support import receipt_of, send, service, upload  # noqa: F401


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
    for part in ("SRP-1", "The maker of the library", "Version 1.1 is out", "analyst (a3)", "acknowledged", "9.3 (4.0)", "submitted late", "Start the clocks of Article 14"):
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
    # A file is had by whoever sees the report, to be kept: whatever it is, no browser shows it in our name.
    r, text = upload(service, "/report", {"description": "It fails 3"}, [("dir/\u00e4:x.html", "text/html", b"<script>alert(1)</script>")])
    assert r.status == 200
    text = made["analyst"].ask("/desk/reports/r4")[1]
    assert 'href="/desk/files/f1">\u00e4_x.html</a> 25 Byte, text/html' in text
    r, text = made["analyst"].ask("/desk/files/f1")
    assert (r.status, text, r.getheader("Content-Type"), r.getheader("X-Content-Type-Options")) == (200, "<script>alert(1)</script>", "application/octet-stream", "nosniff")
    assert r.getheader("Content-Disposition") == "attachment; filename=\"___x.html\"; filename*=UTF-8''%C3%A4_x.html"
    assert r.getheader("Content-Security-Policy").startswith("sandbox; default-src 'none'")
    assert one.ask("/desk/files/f1")[0].status == 401 and made["analyst"].ask("/desk/files/f2")[0].status == 404
    assert do(made["manager"], "/desk/take/r4", title="With a file")[0] == "/desk/cases/c1?done=1"
    assert 'href="/desk/files/f1"' in made["analyst"].ask("/desk/cases/c1")[1]
    do(made["manager"], "/desk/embargo/c1", until="2099-01-01T00:00")
    assert made["analyst"].ask("/desk/files/f1")[0].status == 404 and made["manager"].ask("/desk/files/f1")[0].status == 200
    assert made["analyst"].ask("/desk/destroy/r4")[0].status == 403
    if service.schema:  # PostgreSQL keeps what was deleted
        assert "report.files-stay" in do(made["manager"], "/desk/destroy/r4", expect=409, reason="asked for it")[1]
    else:
        assert do(made["manager"], "/desk/destroy/r4", reason="asked for it")[0] == "/desk/reports/r4?done=1"
        assert made["manager"].ask("/desk/files/f1")[0].status == 404
    text = made["publisher"].ask("/desk/reports")[1]
    assert re.findall(r'/desk/reports/(r\d)"', text) == ["r3", "r2", "r1"] and "<i>" not in text
    assert re.findall(r'/desk/reports/(r\d)"', made["publisher"].ask("/desk/reports?sort=product&kind=bug")[1]) == ["r3", "r2"]
    # What nobody needs any more is erased, by a manager, with a word of what goes.
    assert made["analyst"].ask("/desk/erase/r3")[0].status == 403 and "/desk/erase/r3" not in made["manager"].ask("/desk/reports/r3")[1]
    assert "report.needed" in do(made["manager"], "/desk/erase/r3", expect=409, part="all", reason="asked for it")[1]
    assert do(made["analyst"], "/desk/reject/r3", reason="It is a valve")[0] == "/desk/reports/r3?done=1"
    assert 'href="/desk/erase/r3"' in made["manager"].ask("/desk/reports/r3")[1] and "/desk/erase/r3" not in made["analyst"].ask("/desk/reports/r3")[1]
    assert "gone for ever" in made["manager"].ask("/desk/erase/r3?lang=en")[1]
    assert "path.input" in do(made["manager"], "/desk/erase/r3", expect=422, reason="nothing was chosen")[1]
    assert do(made["manager"], "/desk/erase/r3", part="contact", reason="<i>asked for it")[0] == "/desk/reports/r3?done=1"
    text = made["analyst"].ask("/desk/reports/r3?lang=en")[1]
    assert "Contact and name erased" in text and "&lt;i&gt;asked for it" in text and "It fails 2" in text and "me@example.org" not in text
    assert do(made["manager"], "/desk/erase/r3", part="all", reason="done with")[0] == "/desk/reports/r3?done=1"
    text = made["analyst"].ask("/desk/reports/r3?lang=en")[1]
    assert "done with" in text and "It fails 2" not in text and "Valve" not in text and 'href="/desk/reject/r3"' not in text
    assert ("PostgreSQL keeps" in text) == bool(service.schema)
    assert "report.erased" in do(made["manager"], "/desk/erase/r3", expect=409, part="all", reason="again")[1]
    text = made["analyst"].ask("/desk/reports/r1")[1]
    assert "It fails 0" in text and "me@example.org" in text and "A security flaw" in text
    for path, form in (("/desk/reply/r2", {"text": "<i>Thank you</i>"}), ("/desk/reject/r2", {"reason": "It is meant so"})):
        assert do(made["analyst"], path, **form)[0] == "/desk/reports/r2?done=1"
    text = made["publisher"].ask("/desk/reports/r2?done=1")[1]
    assert "&lt;i&gt;Thank you" in text and "no vulnerability" in text and "It is meant so" in text and 'role="status"' in text
    assert do(made["manager"], "/desk/take/r1", title="The lamp")[0] == "/desk/cases/c2?done=1"
    assert 'href="/desk/cases/c2"' in made["publisher"].ask("/desk/reports/r1")[1]
    assert "report.consent" in do(made["publisher"], "/desk/publish/r1", expect=409, thanks="yes")[1]
    assert do(made["publisher"], "/desk/publish/r1", thanks="no")[0] == "/desk/reports/r1?done=1"
    do(made["manager"], "/desk/embargo/c2", until="2099-01-01T00:00")
    assert made["analyst"].ask("/desk/reports/r1")[0].status == 404 and made["manager"].ask("/desk/reports/r1")[0].status == 200
    assert re.findall(r'/desk/reports/(r\d)"', made["analyst"].ask("/desk/reports")[1]) == ["r3", "r2"]
    for path in ("/desk/reports/r9", "/desk/reports/1", "/desk/reports/r", "/desk/reports/r1x"):
        assert made["analyst"].ask(path)[0].status == 404
    assert one.ask("/desk/reports/r2")[0].status == 401


def prove(one, text, code=None, password=staff.PASSWORD, expect=303):
    """The form that asks once more who somebody is."""
    assert 'action="/desk/prove"' in text and 'type="password"' in text, text
    to = html.unescape(re.search(r'name="to" value="([^"]*)"', text)[1])
    r, text = one.ask("/desk/prove", {"lang": "", "to": to, "password": password, "code": code or one.person.code()})
    assert r.status == expect, (r.status, text)
    return r.getheader("Location"), text


def test_accounts_by_forms(service):
    admin, made = people(service)
    boss, analyst = Browser(service, admin), made["analyst"]
    boss.cookies["__Host-session"] = admin.token
    assert "/desk/invite" in boss.ask("/desk/people")[1] and "/desk/invite" not in analyst.ask("/desk/people")[1]
    for path in ("/desk/invite", "/desk/lock/a3", "/desk/remove/a3", "/desk/role/a3", "/desk/invite-anew/a3"):
        assert analyst.ask(path)[0].status == 403
    assert re.findall(r'/desk/people/(a\d)"', boss.ask("/desk/people?sort=-name")[1]) == ["a4", "a2", "a3", "a1"]
    assert re.findall(r'/desk/people/(a\d)"', boss.ask("/desk/people?role=analyst&sort=login")[1]) == ["a3"]
    # The invitation is shown once, and used as any other.
    _, text = do(boss, "/desk/invite", expect=200, name="Eve <b>", role="analyst")
    code = re.search(r'class="receipt"><code>([\w-]{43})<', text)[1]
    assert code not in boss.ask("/desk/people")[1] and "account.exists" in do(boss, "/desk/invite", expect=409, name="eve <B>", role="analyst")[1]
    eve = Browser(service)
    assert eve.person.join(code)[0] == 201 and eve.person.login()[0] == 201
    eve.cookies["__Host-session"] = eve.person.token
    assert do(boss, "/desk/role/a5", role="manager")[0] == "/desk/people/a5?done=2"
    assert eve.ask("/desk/cases")[0].status == 401 and "manager" in boss.ask("/desk/people/a5?done=2")[1]
    # Who is locked is out at once, and comes in with what he had when he is unlocked.
    do(boss, "/desk/lock/a3")
    assert analyst.ask("/desk/cases")[0].status == 401 and analyst.person.login()[0] == 403
    assert "locked" in boss.ask("/desk/people/a3")[1] and "/desk/unlock/a3" in boss.ask("/desk/people/a3")[1]
    assert "/desk/invite-anew/a3" not in boss.ask("/desk/people/a3")[1]  # an invitation would let him in
    assert "staff.locked" in do(boss, "/desk/invite-anew/a3", expect=409)[1] and "locked" in boss.ask("/desk/people/a3")[1]
    do(boss, "/desk/unlock/a3")
    assert analyst.person.login()[0] == 201 and "staff.not-locked" in do(boss, "/desk/unlock/a3", expect=409)[1]
    do(boss, "/desk/remove/a5")
    assert boss.ask("/desk/people/a5")[0].status == 404
    # The last administrator who can come in locks out nobody but others.
    for path in ("/desk/lock/a1", "/desk/remove/a1", "/desk/invite-anew/a1"):
        assert "staff.last" in do(boss, path, expect=409)[1]
    assert "staff.last" in do(boss, "/desk/role/a1", expect=409, role="analyst")[1]
    # Each change is asked of somebody who has just proved who he is: a restart has forgotten that.
    service.stop()
    service.start()
    assert boss.ask("/desk/people")[0].status == 200
    assert admin.ask("POST", "/api/v1/staff-locks/a3", None)[1]["rule"] == "staff.fresh"
    assert boss.ask("/desk/mail")[0].status == 403 and admin.ask("PUT", "/api/v1/staff-mail", {"assigned": False, "alarms": False})[1]["rule"] == "staff.fresh"
    r, text = boss.ask("/desk/lock/a3", {"lang": ""})
    assert r.status == 403 and "staff.fresh" not in text
    assert 'role="alert"' in prove(boss, text, password="tall fences, quiet doves", code="000000", expect=403)[1]
    r, text = boss.ask("/desk/lock/a3")
    assert r.status == 403 and prove(boss, text)[0] == "/desk/lock/a3"
    do(boss, "/desk/lock/a3")
    assert admin.ask("DELETE", "/api/v1/staff-locks/a3")[0] == 204
    assert staff.PASSWORD not in service.log() and code not in service.log()


def test_ones_own_account(service):
    _, made = people(service)
    one = made["manager"]
    other = staff.Person(service)
    other.name, other.secret, other.step = one.person.name, one.person.secret, one.person.step
    assert other.login()[0] == 201
    text = one.ask("/desk/me")[1]
    assert text.count("/desk/session-end/") == 2 and "this one" in text
    assert one.ask("/desk/session-end/others", {"lang": ""})[0].getheader("Location") == "/desk/me?done=2"
    assert other.ask("GET", "/api/v1/staff-self")[0] == 401 and one.ask("/desk/me")[0].status == 200
    assert one.ask("/desk/session-end/0000000000000000", {"lang": ""})[0].status == 404
    # A new password takes the place of the old one.
    new = "wide rivers, slow barges"
    r, text = one.ask("/desk/password", {"lang": "", "password": new, "again": "another"})
    assert r.status == 422 and 'role="alert"' in text and new not in text
    r, text = one.ask("/desk/password", {"lang": "", "password": "short", "again": "short"})
    assert r.status == 400 and 'action="/desk/password"' in text
    r, text = one.ask("/desk/password", {"lang": "de", "password": new, "again": new})
    assert (r.status, r.getheader("Location")) == (303, "/desk/me?done=2&lang=de"), text
    other.step = one.person.step + 1
    assert other.login(code="000000")[0] == 403 and one.ask("/desk/me")[0].status == 200
    # A new authenticator counts from its first code on, and the one before until then.
    _, text = do(one, "/desk/authenticator", expect=200)
    secret = base64.b32decode(parse_qs(urlsplit(html.unescape(re.search(r"otpauth://[^<]+", text)[0])).query)["secret"][0])
    assert "staff.code" in do(one, "/desk/authenticator-code", expect=422, code="000000")[1]
    one.person.secret, one.person.step = secret, 0
    do(one, "/desk/authenticator-code", code=one.person.code())
    assert one.person.login(password=new)[0] == 201 and one.person.login(password=staff.PASSWORD, code="000000")[0] == 403


def mails(service):
    return service.look("SELECT recipient, subject, text FROM outbox ORDER BY number")[0]


def test_mail_says_whose_and_never_what(service):
    admin, made = people(service)
    manager, analyst = made["manager"], made["analyst"]
    assert "No mail tells anybody" in manager.ask("/desk/alarms")[1]
    assert "staff.mail" in do(analyst, "/desk/mail", expect=422, address="nobody at all", assigned="yes")[1]
    do(analyst, "/desk/mail", address="ann@example.com", language="de", assigned="yes", alarms="no")
    do(manager, "/desk/mail", address="bob@example.com", assigned="no", alarms="yes")
    do(analyst, "/desk/new", title="A secret title", description="A secret")
    do(manager, "/desk/embargo/c1", until="2099-01-01T00:00")
    do(manager, "/desk/assign/c1", who=analyst.person.id)
    do(manager, "/desk/assign/c1", who=manager.person.id)  # he wants none, and gives it to himself
    do(manager, "/desk/aware/c1", kind="severe-incident", aware="2026-01-01T10:00")
    deadline = time.monotonic() + 40
    while len(mails(service)) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    sent = mails(service)
    assert [(to, "c1" in subject) for to, subject, _ in sent[:2]] == [("ann@example.com", True), ("bob@example.com", True)], sent
    assert "zugewiesen" in sent[0][1] and all("secret" not in subject + text for _, subject, text in sent)
    # Nobody is the last that alarms reach and goes silently.
    assert "staff.on-call" in do(manager, "/desk/mail", expect=409, address="", alarms="no")[1]
    do(analyst, "/desk/mail", address="ann@example.com", alarms="yes")
    do(manager, "/desk/mail", address="", alarms="no")
    assert "on call: 1" in manager.ask("/desk/alarms")[1]
    # Neither does an administrator take the last away and not notice it; locked, he is out at once, and the desk says what that means.
    boss = Browser(service, admin)
    boss.cookies["__Host-session"] = admin.token
    assert "staff.on-call" in do(boss, "/desk/remove/a3", expect=409)[1]
    assert "staff.on-call" in do(boss, "/desk/role/a3", expect=409, role="administrator")[1]
    do(boss, "/desk/role/a3", role="manager")
    do(boss, "/desk/lock/a3")
    assert "No mail tells anybody" in manager.ask("/desk/alarms")[1]
    do(boss, "/desk/remove/a3")


def test_alarms_drafts_and_a_drill(service):
    _, made = people(service)
    manager, analyst, publisher = made["manager"], made["analyst"], made["publisher"]
    do(manager, "/desk/drill")
    do(analyst, "/desk/new", title="The pump", product="Pump")
    do(manager, "/desk/aware/c2", kind="severe-incident", aware="2026-01-01T10:00")
    deadline = time.monotonic() + 40
    while "/desk/acknowledge/1" not in (text := analyst.ask("/desk/alarms")[1]) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert "deadline itself is over" in text and "/desk/acknowledge/" not in publisher.ask("/desk/alarms")[1]
    do(analyst, "/desk/acknowledge/1", expect=422)
    assert do(analyst, "/desk/acknowledge/1", note="I look <b>")[0] == "/desk/alarms?done=2"
    assert "alarm.acknowledged" in do(analyst, "/desk/acknowledge/1", expect=409, note="again")[1]
    assert "I look &lt;b&gt;" in analyst.ask("/desk/alarms?state=acknowledged&sort=due")[1] and "analyst (a3)" in analyst.ask("/desk/alarms?state=all")[1]
    # What is missing leads to the form that says it; what is said stands in the text to paste, and in the file.
    text = analyst.ask("/desk/drafts/c2?step=notification")[1]
    assert "/desk/change/c2?member=nature" in text and "STILL MISSING" in text and "/desk/submitted/c2" not in text
    do(analyst, "/desk/change/c2?member=nature", text="It <i>leaks")
    text = manager.ask("/desk/drafts/c2?step=notification&lang=de")[1]
    assert "It &lt;i&gt;leaks" in text and "/desk/submitted/c2" in text and 'lang="de"' in text
    r, text = manager.ask("/desk/draft-file/c2?step=intermediate-report")
    assert r.getheader("Content-Type") == "application/json" and json.loads(text)["step"] == "intermediate-report" and "leaks" in text
    assert manager.ask("/desk/drafts/c9")[0].status == 404 and "early-warning" in manager.ask("/desk/drafts/c1")[1]
    # A drill is one wherever it is seen, and over when somebody ends it.
    for path in ("/desk/cases", "/desk/cases/c1", "/desk/move/c1", "/desk/drafts/c1", "/desk/cvss?case=c1"):
        assert re.search("[Dd]rill", manager.ask(path)[1]), path
    assert "/desk/drill-end/c1" in manager.ask("/desk/cases/c1")[1] and "/desk/drill-end/" not in manager.ask("/desk/cases/c2")[1]
    assert "article14.no-drill" in do(manager, "/desk/drill-end/c2", expect=409)[1]
    assert do(manager, "/desk/drill-end/c1", reason="We were slow")[0] == "/desk/cases/c1?done=1"
    text = manager.ask("/desk/cases/c1")[1]
    assert "not reportable" in text and "closed" in text and "We were slow" in text and "A drill" in text and "/desk/drill-end/" not in text


def test_scores_are_calculated_without_script(service):
    _, made = people(service)
    analyst = made["analyst"]
    do(analyst, "/desk/new", title="The pump")
    vector = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"
    chosen = {k.lower(): v for k, v in (pair.split(":") for pair in vector.split("/")[1:])}
    text = analyst.ask("/desk/cvss?" + urlencode({"version": "4.0", "case": "c1", **chosen, "e": "A"}))[1]
    assert "9.3, Critical" in text and "CVSS-BT" in text and vector + "/E:A" in text
    action, sent = fields(text)
    assert action == "/desk/change/c1" and sent["member"] == "cvss"
    assert analyst.ask(action, sent)[0].getheader("Location") == "/desk/cases/c1?done=1"
    assert vector + "/E:A" in analyst.ask("/desk/cvss?case=c1")[1]
    text = analyst.ask("/desk/cvss?vector=CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:P/MAV:L&lang=de")[1]
    assert all(part in text for part in ("9.8, Kritisch", "9.3, Kritisch", "7.9, Hoch")), re.findall(r"\d\.\d, \w+", text)
    for wrong in ("vector=CVSS:2.0", "vector=%3Cscript%3E", "version=4.0&av=%3Ci%3E", "version=3.1&av=N&e=A", "vector=" + "CVSS:4.0/" * 40):
        r, text = analyst.ask("/desk/cvss?" + wrong)
        assert r.status in (200, 400) and "<script" not in text and "<i>" not in text and (r.status == 400 or 'role="alert"' in text), wrong


def test_what_is_new_is_shown_first(service):
    _, made = people(service)
    one, analyst, manager = Browser(service), made["analyst"], made["manager"]
    listed = lambda who, query="": re.findall(r'/desk/reports/(r\d)"', who.ask("/desk/reports" + query)[1])  # noqa: E731
    for n in range(2):
        one.ask("/report", {"description": f"It fails {n}", "product": "Lamp"})
    assert listed(analyst) == ["r2", "r1"] and "New since you looked: 2" in analyst.ask("/desk/reports")[1]
    action, sent = fields(analyst.ask("/desk/reports")[1])
    assert (action, sent["newest"]) == ("/desk/seen", "r2") and analyst.ask(action, sent)[0].status == 303
    assert listed(analyst) == [] and listed(analyst, "?state=all") == ["r2", "r1"] and listed(manager) == ["r2", "r1"]
    one.ask("/report", {"description": "It fails again, and nobody knows for why", "product": "Lamp"})  # 40 bytes: what lies behind them in memory is none of it
    assert listed(analyst) == ["r3"] and "It fails again, and nobody knows for why</td>" in analyst.ask("/desk/reports")[1]
    # What the kind of a question does not ask for is judged all the same, and no more is kept of it than fits.
    assert one.ask("/question", {"kind": "other", "description": "Why?", "directive": "x" * 5000})[0].status == 422
    # What was decided stands there with who, when, why, by which rule and the journal's entry.
    do(analyst, "/desk/reject/r1", reason="It is meant so")
    assert "analyst (a3)" in (text := analyst.ask("/desk/reports?state=not-vulnerability")[1]) and "It is meant so" in text
    text = manager.ask("/desk/reports/r1")[1]
    assert "report.reason" in text and "<td><span class=\"label\">What: </span>Find it no vulnerability</td>" in text and "analyst (a3)" in text
