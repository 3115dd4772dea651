# SPDX-License-Identifier: Apache-2.0
"""Passkeys of the staff at the real server, whose role judges them by libfido2: the token is played, and whatever it says that is not so opens nothing."""
import json
import os
import re

import pytest
import support_staff as staff
from harness import b64
from test_passkeys import Token
from test_support import IDS, service  # noqa: F401
from test_support_pages import Browser, fields

SITE, ORIGIN = "security.example.com", "https://security.example.com"
DESK = {"name": "Works", "site": ORIGIN, "contacts": ["mailto:psirt@example.com"], "expires": "2099-01-01T00:00:00Z"}
PRESENT, VERIFIED = 1, 4
LOGIN, PROVE, NEW = "/login/passkey", "/desk/prove/passkey", "/desk/passkeys"


class Key(Token):
    """A passkey of this site, whose authenticator has seen who holds it."""

    def __init__(self, ed=False, site=SITE):
        super().__init__(ed)
        self.site = site

    def data(self, flags=PRESENT | VERIFIED, site=None):
        return super().data(flags, site or self.site)


def named(service, **more):
    app = service.dir / "app"
    app.mkdir(mode=0o700, exist_ok=True)
    (app / "desk.json").write_text(json.dumps(DESK | more))
    if os.geteuid() == 0:
        for f in (app, app / "desk.json"):
            os.chown(f, IDS["app"], IDS["app"])
    return service


@pytest.fixture
def desk(service):  # noqa: F811
    return named(service)


def client_data(challenge, kind="webauthn.get", origin=ORIGIN, **more):
    return json.dumps({"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": False} | more).encode()


def offered(one, path, **query):
    """What the page would have its script ask, and its form send."""
    r, text = one.ask(path + ("?to=" + query["to"] if query else ""))
    assert r.status == 200, text
    policy = r.getheader("Content-Security-Policy")
    assert "script-src 'self'; require-trusted-types-for 'script'" in policy and "unsafe" not in policy
    assert re.findall(r"<script[^>]*>[^<]*", text) == ['<script src="/passkey.js" defer="">'] and " on" not in re.sub(r">[^<]*<", "><", text).replace(" one", "")
    return fields(text)[1]


def register(one, key, label="a key", expect=303, **bent):
    sent = offered(one, NEW)
    client = client_data(sent["challenge"], "webauthn.create", **bent)
    r, text = one.ask(NEW, sent | {"label": label, "client_data": b64(client), "authenticator_data": b64(key.made())})
    assert r.status == expect, (r.status, text)
    return text


def shown(key, challenge, flags=PRESENT | VERIFIED, site=SITE, by=None, signed=None, **bent):
    client, data = client_data(challenge, **bent), key.data(flags, site)
    return {"credential": b64(key.id), "client_data": b64(client), "authenticator_data": b64(data), "signature": b64((by or key).signs(data, signed or client))}


def come(service, key, sent=None, cookies=None, **more):  # noqa: F811
    """From a browser of its own."""
    one = Browser(service)
    one.cookies |= cookies or {}
    form = offered(one, LOGIN) if sent is None else sent
    r, text = one.ask(LOGIN, form | (shown(key, form["challenge"]) if key else {}) | more)
    return one, r, text


def person(service, name="ann", role="analyst"):  # noqa: F811
    admin = staff.administrator(service)
    one = Browser(service, staff.colleague(admin, name, role))
    one.cookies["__Host-session"] = one.person.token
    return admin, one


@pytest.mark.parametrize("ed", [False, True])
def test_registered_it_opens_alone(desk, ed):
    admin, ann = person(desk.start())
    key = Key(ed)
    register(ann, key, "on <b>my</b> ring")
    text = ann.ask("/desk/me?done=2")[1]
    assert "on &lt;b&gt;my&lt;/b&gt; ring" in text and "never" in text
    new, r, text = come(desk, key)
    assert (r.status, r.getheader("Location")) == (303, "/desk"), text
    assert new.ask("/desk/cases")[0].status == 200
    mine = new.ask("/api/v1/staff-self", Authorization=f"Bearer {new.cookies['__Host-session']}")[1]
    assert json.loads(mine)["login_how"] == "passkey"
    new.person.token = new.cookies["__Host-session"]
    status, listed = new.person.ask("GET", "/api/v1/staff-passkeys")
    assert status == 200 and [(p["label"], "used" in p) for p in listed["passkeys"]] == [("on <b>my</b> ring", True)]
    assert [(a["name"], a["codes"], a["passkeys"]) for a in admin.ask("GET", "/api/v1/staff")[1]["accounts"]] == [("administrator", True, 0), ("ann", True, 1)]
    boss = Browser(desk, admin)
    boss.cookies["__Host-session"] = admin.token
    assert "code, passkeys: 1" in boss.ask("/desk/people")[1] and "code, passkeys: 1" in boss.ask("/desk/people/a2")[1]
    assert "Code, Passkeys: 1" in boss.ask("/desk/people?lang=de")[1]
    # It is the proof that is asked for before an account is changed, also.
    form = offered(new, PROVE, to="/desk/password")
    r, text = new.ask(PROVE, form | shown(key, form["challenge"]))
    assert (r.status, r.getheader("Location")) == (303, "/desk/password"), text
    # Removed, it opens nothing.
    gone = f"/desk/passkey-remove/{listed['passkeys'][0]['credential']}"
    assert new.ask(gone)[0].status == 200 and new.ask(gone, {"lang": ""})[0].status == 303
    assert new.ask(gone)[0].status == 404
    assert come(desk, key)[1].status == 403


REFUSED = {
    "another origin": {"origin": "https://security.example.com.evil.example"},
    "another port": {"origin": "https://security.example.com:8443"},
    "not https": {"origin": "http://security.example.com"},
    "another site's hash": {"site": "evil.example"},
    "made, not shown": {"kind": "webauthn.create"},
    "inside another page": {"crossOrigin": True},
    "below another page": {"topOrigin": ORIGIN},
    "nobody touched it": {"flags": VERIFIED},
    "nobody was seen": {"flags": PRESENT},
    "signed something else": {"signed": b"{}"},
    "signed by another key": {"by": Key()},
    "challenge of nobody": {"challenge": "A" * 54},
    "no challenge": {"challenge": ""},
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_not_so_opens_nothing(desk, what):
    """And behind it the same passkey, sound, opens."""
    _, ann = person(desk.start())
    key, bent = Key(), dict(REFUSED[what])
    register(ann, key)
    one = Browser(desk)
    form = offered(one, LOGIN)
    challenge = bent.pop("challenge", form["challenge"])
    r, text = one.ask(LOGIN, form | {"challenge": challenge} | shown(key, challenge, **bent))
    assert r.status == 403 and "Set-Cookie" not in r.headers and "This passkey opens nothing here" in text, (r.status, text)
    assert come(desk, key)[1].status == 303


@pytest.mark.parametrize("field", ["credential", "client_data", "authenticator_data", "signature"])
def test_what_has_no_form_opens_nothing(desk, field):
    _, ann = person(desk.start())
    key = Key()
    register(ann, key)
    for value in ("", "A", "*", "AAAA"):
        form = offered(one := Browser(desk), LOGIN)
        r, text = one.ask(LOGIN, form | shown(key, form["challenge"]) | {field: value})
        assert r.status == 403, (value, text)
    assert come(desk, key)[1].status == 303


def test_a_challenge_opens_once_and_for_what_it_was_made(desk):
    _, ann = person(desk.start())
    key, other = Key(), Key()
    register(ann, key)
    one = Browser(desk)
    form = offered(one, LOGIN)
    right = form | shown(key, form["challenge"])
    assert one.ask(LOGIN, right)[0].status == 303
    assert Browser(desk).ask(LOGIN, right)[0].status == 403  # the same once more
    assert Browser(desk).ask(LOGIN, form | shown(key, form["challenge"]))[0].status == 403  # signed anew
    # That of a proof is no login's, nor of another session, nor of a new passkey.
    proof = offered(ann, PROVE)["challenge"]
    assert Browser(desk).ask(LOGIN, form | {"challenge": proof} | shown(key, proof))[0].status == 403
    new, _, _ = come(desk, key)
    assert new.ask(PROVE, {"lang": "", "to": "", "challenge": proof, "password": ""} | shown(key, proof))[0].status == 403
    r, text = ann.ask(NEW, {"lang": "", "label": "x", "challenge": proof, "client_data": b64(client_data(proof, "webauthn.create")),
                            "authenticator_data": b64(other.made())})
    assert r.status == 422, text
    desk.stop()
    desk.start()  # those before a restart are over
    assert Browser(desk).ask(LOGIN, form | shown(key, form["challenge"]))[0].status == 403
    assert come(desk, key)[1].status == 303


def test_a_counter_that_goes_back_is_a_copy(desk):
    _, ann = person(desk.start())
    key, still = Key(), Key()
    register(ann, key)
    assert come(desk, key)[1].status == 303
    for count in (key.count - 1, 0, -1):  # the same, an older one, none at all
        key.count = count
        if count >= 0:
            assert come(desk, key)[1].status == 403, count
    key.count = 50
    assert come(desk, key)[1].status == 303
    admin_log = desk.sql("SELECT count(*) FROM staff_passkey") if desk.stop() == 0 else None
    assert admin_log == [("1",)]
    desk.start()
    # One that does not count at all always has zero.
    ann.person.login()
    ann.cookies["__Host-session"] = ann.person.token
    still.count = -1
    register(ann, still)
    for _ in range(2):
        still.count = -1
        assert come(desk, still)[1].status == 303


def test_another_accounts_passkey_is_nobodys(desk):
    admin, ann = person(desk.start())
    bob = Browser(desk, staff.colleague(admin, "bob", "manager"))
    bob.cookies["__Host-session"] = bob.person.token
    mine, his = Key(), Key()
    register(ann, mine)
    register(bob, his)
    assert "has a passkey of this page already" in register(bob, mine, expect=409)
    # Neither as a proof, nor removed.
    form = offered(ann, PROVE)
    assert ann.ask(PROVE, form | shown(his, form["challenge"]))[0].status == 403
    _, said = bob.person.ask("GET", "/api/v1/staff-passkeys")
    other = said["passkeys"][0]["credential"]
    assert ann.ask(f"/desk/passkey-remove/{other}")[0].status == 404 and ann.ask(f"/desk/passkey-remove/{other}", {"lang": ""})[0].status == 404
    assert ann.person.ask("DELETE", f"/api/v1/staff-passkeys/{other}")[0] == 404
    # A key of mine under his id is none.
    form = offered(one := Browser(desk), LOGIN)
    assert one.ask(LOGIN, form | shown(mine, form["challenge"]) | {"credential": b64(his.id)})[0].status == 403
    # Locked, the account is not come into by it.
    assert admin.ask("POST", f"/api/v1/staff-locks/{ann.person.id}")[0] == 204
    assert come(desk, mine)[1].status == 403 and come(desk, his)[1].status == 303
    assert admin.ask("DELETE", f"/api/v1/staff-locks/{ann.person.id}")[0] == 204
    # And a new invitation takes it away.
    assert come(desk, mine)[1].status == 303
    status, said = admin.ask("POST", f"/api/v1/staff-invitations/{ann.person.id}")
    assert status == 201 and come(desk, mine)[1].status == 403
    ann.person.token = None
    assert ann.person.join(said["code"])[0] == 201 and ann.person.login()[0] == 201
    assert ann.person.ask("GET", "/api/v1/staff-passkeys")[1]["passkeys"] == []


def test_one_that_sees_nobody_opens_beside_the_password(desk):
    _, ann = person(desk.start())
    key = Key()
    register(ann, key)

    r, text = Browser(desk).ask("/login", {"lang": "", "account": "ann", "password": "not " + staff.PASSWORD, "code": ""})
    assert r.status == 403 and "passkey-known" not in text

    def second(name, signer=key, flags=PRESENT, **bent):
        one = Browser(desk)
        r, text = one.ask("/login", {"lang": "", "to": "", "account": name, "password": staff.PASSWORD, "code": ""})
        if r.status != 200:
            return one, r, text
        assert "script-src 'self'" in r.getheader("Content-Security-Policy") and f'id="passkey-known" value="{b64(key.id)}"' in text
        form = fields(text)[1]
        return one, *one.ask(LOGIN, form | shown(signer, form["challenge"], flags=flags) | bent)
    assert second("administrator")[1].status == 403  # who has none is asked for none
    assert second("ann")[1].status == 303
    assert second("ann", second="a1")[1].status == 403 and second("ann", second="")[1].status == 403
    assert second("ann", signer=Key())[1].status == 403
    one, r, text = second("Ann")
    assert r.status == 303, text
    said = json.loads(one.ask("/api/v1/staff-self", Authorization=f"Bearer {one.cookies['__Host-session']}")[1])
    assert said["login_how"] == "password+passkey"
    # As a proof it goes beside the password, in one form.
    for password, status in (("", 403), ("not " + staff.PASSWORD, 403), (staff.PASSWORD, 303)):
        form = offered(one, PROVE)
        assert one.ask(PROVE, form | shown(key, form["challenge"], flags=PRESENT) | {"password": password})[0].status == status, password


def test_new_ones_are_of_this_page_and_named_and_eight(desk):
    _, ann = person(desk.start())
    for bent in ({"origin": "https://evil.example"}, {"crossOrigin": True}, {"type": "webauthn.get"}):
        register(ann, Key(), expect=422, **bent)
    foreign = Key()
    foreign.data = lambda flags=0x41, site=SITE: Token.data(foreign, flags, "evil.example")
    register(ann, foreign, expect=422)
    untouched = Key()
    untouched.data = lambda flags=0x41, site=SITE: Token.data(untouched, 0x40, SITE)
    register(ann, untouched, expect=422)
    for label in ("", " a", "a\u202eb"):
        assert "no name" in register(ann, Key(), label, expect=422), label
    keys = [Key(i % 2 == 1) for i in range(8)]
    for i, key in enumerate(keys):
        register(ann, key, f"key {i}")
    assert "as many passkeys as" in register(ann, Key(), expect=409)
    assert come(desk, keys[7])[1].status == 303


def test_whose_role_wants_one_is_nobody_without(service):  # noqa: F811
    named(service, passkeys=["publisher", "administrator"])
    admin = staff.administrator(service.start())
    # He came in, and is nobody but himself: nothing of the desk and no account is his.
    assert admin.ask("GET", "/api/v1/staff")[0] == 403 and admin.ask("POST", "/api/v1/staff", {"name": "eve", "role": "administrator"})[0] == 403
    boss, key = Browser(service, admin), Key()
    r, text = boss.login()
    assert (r.status, r.getheader("Location")) == (303, NEW), text
    assert "Your role comes in by a passkey" in boss.ask(NEW)[1] and boss.ask("/desk/people")[0].status == 403
    register(boss, key)
    assert boss.ask("/desk/people")[0].status == 403  # this session is still one by less
    r, text = Browser(service, admin).login()
    assert r.status == 403 and "Your role comes in by its passkey" in text and "Set-Cookie" not in r.headers
    assert admin.login()[0] == 403
    new, r, text = come(service, key)
    assert r.status == 303 and new.ask("/desk/people")[0].status == 200, text
    # Nor is a password and a code a proof any more, and the last passkey stays.
    r, text = new.ask("/desk/prove", {"lang": "", "to": "", "password": staff.PASSWORD, "code": admin.code()})
    assert r.status == 403 and "comes in by its passkey" in text, text
    new.person.token = new.cookies["__Host-session"]
    only = new.person.ask("GET", "/api/v1/staff-passkeys")[1]["passkeys"][0]["credential"]
    r, text = new.ask(f"/desk/passkey-remove/{only}", {"lang": "de"})
    assert r.status == 409 and "einziger" in text, text
    register(new, Key(), "another")
    assert new.ask(f"/desk/passkey-remove/{only}", {"lang": ""})[0].status == 303
    # Of other roles nothing more is asked.
    admin.token = new.person.token
    ann = staff.colleague(admin, "ann", "analyst")
    assert ann.ask("GET", "/api/v1/cases")[0] == 200


def test_passkeys_of_a_former_site_count_for_nothing(service):  # noqa: F811
    """desk.json names another site: nobody is locked out by passkeys that no browser shows there, and only a usable one is somebody's last."""
    named(service, passkeys=["administrator"])
    boss, key = Browser(service, staff.administrator(service.start())), Key()
    boss.cookies["__Host-session"] = boss.person.token
    register(boss, key, "of before")
    service.stop()
    moved = "https://moved.example.com"
    named(service, passkeys=["administrator"], site=moved)
    service.start()
    # It opens nothing, and password and code do again, to register another; nothing else is his.
    one = Browser(service)
    form = offered(one, LOGIN)
    assert one.ask(LOGIN, form | shown(key, form["challenge"], site="moved.example.com", origin=moved))[0].status == 403
    boss = Browser(service, boss.person)
    r, text = boss.login()
    assert (r.status, r.getheader("Location")) == (303, NEW), text
    assert boss.ask("/desk/people")[0].status == 403
    new = Key(site="moved.example.com")
    register(boss, new, "of now", origin=moved)
    assert Browser(service, boss.person).login()[0].status == 403
    one = Browser(service)
    form = offered(one, LOGIN)
    r, text = one.ask(LOGIN, form | shown(new, form["challenge"], site=new.site, origin=moved))
    assert r.status == 303 and one.ask("/desk/people")[0].status == 200, text
    # With the one of before beside it, it is the last nevertheless; and that of before may go.
    one.person.token = one.cookies["__Host-session"]
    old, last = (p["credential"] for p in one.person.ask("GET", "/api/v1/staff-passkeys")[1]["passkeys"])
    assert one.ask(f"/desk/passkey-remove/{last}", {"lang": ""})[0].status == 409
    assert one.ask(f"/desk/passkey-remove/{old}", {"lang": ""})[0].status == 303
    assert one.ask(f"/desk/passkey-remove/{last}", {"lang": ""})[0].status == 409


def test_without_a_name_there_are_none(service):  # noqa: F811
    """Where the service does not know its name, and under an address."""
    for more in (None, {"site": "https://192.0.2.7"}, {"site": "https://[2001:db8::1]"}, {"site": "https://Security.example.com"}):
        if more:
            named(service, **more)
        service.start()
        r, text = Browser(service).ask(LOGIN)
        assert r.status == 200 and "There are no passkeys here" in text and "<script" not in text
        assert "script-src" not in r.getheader("Content-Security-Policy") and "/login/passkey" not in Browser(service).ask("/login")[1]
        r, text = Browser(service).ask(LOGIN, {"lang": "", "to": "", "challenge": ""})
        assert r.status == 403
        service.stop()


def test_pages_without_one_still_permit_no_script(desk):
    for path in ("/", "/login", "/join", "/report"):
        r, text = Browser(desk.start() if path == "/" else desk).ask(path)
        assert r.status == 200 and "<script" not in text and "script-src" not in r.getheader("Content-Security-Policy")
    r, text = Browser(desk).ask("/login?lang=de")
    assert 'href="/login/passkey?lang=de"' in text and "Mit einem Passkey anmelden" in text
    r, _ = desk.ask("/passkey.js", headers={"Accept-Encoding": "gzip"})
    assert (r.status, r.getheader("Content-Type"), r.getheader("X-Content-Type-Options")) == (200, "text/javascript; charset=utf-8", "nosniff")


def test_who_fails_has_to_wait(desk):
    _, ann = person(desk.start())
    key = Key()
    register(ann, key)
    codes = []
    for _ in range(8):
        one = Browser(desk)
        r, _ = one.ask(LOGIN, {"lang": "", "to": "", "challenge": ""} | shown(key, "x"))
        codes.append(r.status)
    assert codes[0] == 403 and codes[-1] == 429
