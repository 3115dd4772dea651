# SPDX-License-Identifier: Apache-2.0
"""The staff's pages, as a browser without JavaScript uses them: in and out by a cookie, and nothing by it but pages."""
import base64
import html
import http.cookies
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
