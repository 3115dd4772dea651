# SPDX-License-Identifier: Apache-2.0
"""The manufacturer's server with something hostile in every field that anybody can fill, and a way through all that shows it. What there is to fill and to show
the catalog of operations says that the server was built from; here stands only what makes a thing exist, and which fields hold no free text."""
import http.client
import itertools
import json
import os
import re
import ssl
import secrets
import sys
import time
from html import unescape
from pathlib import Path
from urllib.parse import quote, urlencode

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "run")]
import corpus  # noqa: E402
import judge  # noqa: E402
import support_staff as staff  # noqa: E402
import world as worlds  # noqa: E402
from support_staff import PASSWORD  # noqa: E402
from test_support import IDS, Service  # noqa: E402
from test_support_pages import fields  # noqa: E402

MAIL = worlds.BUILD / "src/support/thingward-mail"
ROLES = ("manager", "analyst", "publisher", "administrator")
TREE = "/.well-known/csaf/"
DESCRIBED = {"title": "plain", "about": "plain", "product": "Lamp", "affected": "1.0", "fixed": "1.1", "cve": "CVE-2026-0001", "description": "plain", "action": "plain", "summary": "plain"}
# What an operation is given in each of its fields that is no free text, so that it takes the rest.
BASE = {
    "report.erase": {"part": "all"}, "desk.erase": {"part": "all"}, "case.move": {"to": "acknowledged"}, "article14.start": {"kind": "exploited-vulnerability", "zone": "Europe/Vienna"}, "article14.submit": {"step": "early-warning"},
    "article14.delay": {"ground": "imminent-risk"}, **dict.fromkeys(("notice.draft", "notice.draft-change", "desk.notice-new", "desk.notice-change"), {"kind": "update", "product": "lamp", "severity": "high", "install_by": "2099-01-01"}), "notice.create": {"kind": "update", "product": "lamp", "severity": "high", "install_by": "2099-01-01"}, "question.note": {"via": "call", "kind": "other"}, "question.identify": {"result": "passed"}, "desk.question-note": {"via": "call", "kind": "other"}, "desk.question-identify": {"result": "passed"}, "desk.answer-keep": {"kind": "other"}, "desk.answer-change": {"kind": "other"},
    "staff.make": {"role": "analyst"}, "desk.invite": {"role": "analyst"}, "desk.advisory-new": {"title": "plain", "product": "plain", "cve": "CVE-2026-0001"}, "advisory.describe": DESCRIBED, "desk.advisory-describe": DESCRIBED, "staff.mail": {"assigned": True, "alarms": True, "language": "en"}, "desk.mail": {"assigned": "yes", "alarms": "yes", "language": "en"}, "question.send": {"kind": "rules", "description": "plain", "receipt": ""}, "subscription.ask": {"channel": "mail", "product": "lamp", "update": "on"}, "report.send": {"kind": "flaw", "flaw": ""}, "desk.move": {"to": "acknowledged"},
    "finding.decide": {"status": "not_affected"}, "desk.decide": {"status": "not_affected"}, "release.begin": {"product": "lamp", "kind": "components", "source": "0" * 64, "count": 0},
    "account.send": {"kind": "other", "description": "plain"}, "account.reply": {"text": "plain"}, "customer-device.judge": {"state": "confirmed", "how": "plain"}, "desk.device-judge": {"state": "confirmed", "how": "plain"}, "desk.incident-tell": {"product": "lamp", **dict.fromkeys(("title", "happened", "concerned", "done", "todo"), "plain")},
    "incident.tell": {"product": "lamp", **dict.fromkeys(("title", "happened", "concerned", "done", "todo"), "plain")}, "answer.keep": {"kind": "other"}, "answer.change": {"kind": "other"}, "desk.submitted": {"step": "early-warning"}, "advisory.create": {"cve": "CVE-2026-0001"}, "report.answer": {}, "staff.change": {"role": "analyst"},
}
# Free text that has a form: it is hostile within it.
FORMED = {
    ("notice.create", "link"): "https://evil.example/{tag}?twx='+(;)", **{(one, "link"): "https://evil.example/{tag}?twx='+(;)" for one in ("notice.draft", "notice.draft-change", "desk.notice-new", "desk.notice-change")}, ("notice.create", "id"): "{tag}", ("advisory.describe", "link"): "https://evil.example/{tag}?twx=(;)", ("desk.advisory-describe", "link"): "https://evil.example/{tag}?twx=(;)",
    # A version with one of < > is a range or nothing (CSAF 2.0, 6.1.31): the rest of what is hostile can stand in it. Commas are between two.
    **{(one, key): f"{{tag}}{end} \" onfocus=twxran() autofocus class='twx' &lt;b class=twx&gt; =1+1 {{{{7*7}}}} ${{{{twx}}}} ../%3Cb%3E \u202etwx" for one in ("advisory.describe", "desk.advisory-describe") for key, end in (("affected", ".0"), ("fixed", ".1"))}, ("staff.mail", "address"): "{tag}+twx='`{{|}}~@mail.example", ("desk.mail", "address"): "{tag}+twx='`{{|}}~@mail.example", ("account.mail", "address"): "{tag}+twx='`{{|}}~@mail.example", ("subscription.ask", "recipient"): "{tag}+twx='`{{|}}~@mail.example",
}
TREATED = {"article14.measure", "article14.submit", "article14.not-reportable", "article14.asked", "article14.delay", "article14.users", "desk.measure", "desk.submitted", "desk.not-reportable", "desk.asked", "desk.delay",
           "desk.users"}  # of a case with a clock
# Fields of words from a list, moments, ids and secrets, of every operation and of some: nothing hostile is ever kept of them. Each other one is free text, and has to be seen somewhere.
CLOSED_KEYS = {"lang", "once", "seen", "receipt", "kind", "at", "aware", "zone", "who", "step", "profile", "case", "cvss", "cwe", "status", "hash", "until", "access", "end", "thanks", "due", "from", "based_on", "via", "result", "role", "channel",
               "install_by", "revision", "remedy", "label", "challenge", "credential", "client_data", "authenticator_data", "signature", "second", "lowest", "code", "client", "token", "password", "again", "account", "to", "duplicate_of", "ground", "member", "flaw", "document", "newest", "justification", "facts", "source", "language", "alarms", "assigned", "key", "device"}
CLOSED = {("report.erase", "part"), ("desk.erase", "part"), ("advisory.create", "cve"), ("advisory.describe", "cve"), ("desk.advisory-describe", "cve"), ("desk.advisory-new", "cve"), ("release.begin", "product"), ("notice.create", "product"), ("notice.create", "versions"), ("notice.create", "severity"), *((one, key) for one in ("notice.draft", "notice.draft-change", "desk.notice-new", "desk.notice-change") for key in ("product", "versions", "severity")), ("subscription.ask", "product"), ("subscription.ask", "versions"),
          ("question.send", "breadth"), ("question.send", "depth"), ("account.device", "model"), ("account.device", "serial"), ("customer-device.judge", "state"), ("desk.device-judge", "state"), *((one, key) for one in ("incident.tell", "desk.incident-tell") for key in ("product", "devices")), ("advisory.sign", "signature")}  # which is kept when it verifies, and stands in the tree alone
KEPT_BACK = {("question.note", "customer"), ("question.customer", "customer"), ("desk.question-note", "customer"), ("desk.question-customer", "customer"), ("notice.create", "id")}  # told by question.disclose alone; compared and never shown
HEADERS = ("Accept", "Accept-Language", "Accept-Encoding", "Authorization", "Content-Type", "Cookie", "Origin", "Host", "If-None-Match", "If-Modified-Since", "Range", "Referer", "User-Agent", "X-Forwarded-For", "X-Forwarded-Host", "Forwarded",
           "Sec-Fetch-Site", "X-HTTP-Method-Override", "Transfer-Encoding", "Expect", "Upgrade")
NOT_YET = set()  # (operation, field) that the story has no way to keep yet. Each is tried with everything as a parameter; whoever makes the way takes its row away.
OF_A_FILE = {("report.destroy-files", "reason"), ("desk.destroy", "reason")}  # refused where the store is in PostgreSQL, which keeps what is deleted for a while
ROOM = {("desk.invite", "name"): 48, ("account.send", "product"): 100, ("account.send", "version"): 60}  # a form's field takes more than the operation behind it, to say what is too long
DRILLS, DESTROYED = {"article14.drill-end", "desk.drill-end"}, {"desk.destroy", "report.destroy-files"}
ERASED = {"report.erase", "desk.erase"}  # of a report that nobody needs any more; its receipt shows nothing and takes nothing
ONCE = {"staff.make", "desk.invite", "passkey.send"}  # a name has a form, which most of what is hostile has not: one that has
NOBODYS = {"login.open", "staff.join", "login.send", "join.send", "login.passkey", "prove.passkey"}  # text for secrets and for coming in is not kept


def operations():
    rows = json.loads((worlds.BUILD / "src/support/support.json").read_text())
    return {o["name"]: o for c in rows["capabilities"] for o in c["operations"]}


def who_may():
    lines = [line.split("\t") for line in (HERE.parent / "matrix/support.tsv").read_text().splitlines() if line and not line.startswith("#")]
    return {name: set(who.split()) for name, who in lines}


class Line:
    """One connection that is kept. It sends bytes as they are: http.client would refuse what is hostile before the server can."""

    def __init__(self, service, source="127.0.0.1"):
        self.service, self.source, self.tls = service, source, None
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.context.check_hostname, self.context.verify_mode = False, ssl.CERT_NONE

    def open(self):
        import socket
        host, port = (self.service.dir / "listening").read_text().strip().rsplit(":", 1)
        raw = socket.create_connection((host, int(port)), 10, (self.source, 0))
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.tls = self.context.wrap_socket(raw)

    def close(self):
        if self.tls:
            self.tls.close()
        self.tls = None

    def ask(self, method, path, headers, body=b""):
        """(answer, its body). None: the connection was ended without one."""
        head = [f"{method} ".encode() + path + b" HTTP/1.1"] + [n.encode() + b": " + v for n, v in headers.items()]
        if body or method in ("POST", "PUT"):
            head.append(b"Content-Length: %d" % len(body))
        for fresh in (self.tls is None, True):
            try:
                if fresh:
                    self.close()
                    self.open()
                self.tls.sendall(b"\r\n".join(head) + b"\r\n\r\n" + body)
                r = http.client.HTTPResponse(self.tls, method=method)
                r.begin()
                text = r.read()
                if r.will_close:
                    self.close()
                return r, text
            except (OSError, http.client.HTTPException):
                self.close()
                if fresh:
                    return None, b""
        return None, b""


class World:
    def __init__(self, folder):
        self.service = Service(folder)
        self.ops, self.may = operations(), who_may()
        assert set(self.ops) == set(self.may)
        self.tags = {}
        for name, o in self.ops.items():
            for field in o["input"]:
                if field["kind"] == "text":
                    self.tags[name, field["key"]] = f"q{len(self.tags):03}z"
        self.refused, self.taken, self.wrong, self.seen = {}, {}, [], set()
        self.numbers, self.strangers = itertools.count(), itertools.count(1)
        self.known = {"case": [], "report": [], "advisory": [], "question": [], "answer": [], "alarm": [], "notice": [], "draft": [], "number": [], "account": [], "product": ["lamp", "kettle"], "token": ["0000-0000"], "file*": [], "file": ["f1"], "import": ["i1"], "release": ["v1"], "finding": [], "session": ["s9999"], "credential": ["c9999"], "customer": ["k1"], "incident": ["1"], "device": []}
        self.receipts, self.reports, self.asked, self.sent = [], 0, 0, 0
        self.customer, self.serial, self.items = "", "", []  # the key of an account at the portal, the last of its devices, what it sent
        self.answers = None  # answers.Answers: who keeps the pages that came

    # --- Its beginning ---

    def configure(self, smtp_port):
        s, app = self.service, self.service.dir / "app"
        app.mkdir(mode=0o700)
        text = " ".join(corpus.LINES[:12])
        day = "2099-01-01"
        (app / "desk.json").write_text(json.dumps({"name": "<b class=twx>Works\"'", "site": "https://security.example.com", "contacts": ["mailto:psirt@example.com", "https://example.com/twx?a='%3Cb%3E"],
                                                   "expires": f"{day}T00:00:00Z", "alarms": ["mailto:alarm@mail.example"], "prefix": "EW", "hours": "=1+1<b class=twx>"}))
        (app / "products.json").write_text(json.dumps({"format": 1, "products": [
            {"name": "lamp", "title": corpus.LINES[1], "summary": text, "contacts": {"security-email": "psirt@example.com", "support-url": "https://example.com/'%22twx"},
             "support": {"start": "2020-01-01", "end": day, "security-updates-until": day, "terms": text[:200]}, "versions": [{"version": "1.0.0", "released": "2020-01-01"}]},
            {"name": "kettle", "title": corpus.LINES[4], "support": {"start": "2010-01-01", "end": "2020-01-01", "security-updates-until": "2019-01-01"}}]}))
        (s.dir / "mail.json").write_text(json.dumps({"server": "localhost", "port": smtp_port, "tls": "none", "from": "psirt@lamps.example", "name": "Lamps"}))
        (s.programs / MAIL.name).symlink_to(MAIL)
        if os.geteuid() == 0:
            os.chown(app, IDS["app"], IDS["app"])
            with open(s.dir / "roles.tab", "a") as f:
                f.write("mail 64505 64505\n")
        s.start()
        self.origin = ("https://" + (s.dir / "listening").read_text().strip()).encode()
        admin = staff.administrator(s)
        self.people = {"administrator": admin, **{role: staff.colleague(admin, role, role) for role in ROLES[:3]}}
        self.lines = {role: Line(s) for role in (*ROLES, "anyone")}
        self.proved = dict.fromkeys(ROLES, time.monotonic())
        self.known["account"] = [p.id for p in self.people.values()]
        return self

    # --- Asking ---

    def role_of(self, name):
        return next((role for role in ("anyone", *ROLES) if role in self.may[name]), "manager")

    def send(self, name, path, body=None, role=None, headers=None):
        """One request as that operation's, by whoever may, judged. body: fields, or bytes."""
        o, role = self.ops[name], role or self.role_of(name)
        form = o.get("form") == "yes"
        page = o.get("media") == "text/html"
        h = {"Host": self.origin[8:]}
        if page and self.answers:
            h |= {"Accept": b"text/html", "Accept-Language": self.answers.language(name).encode()}
        if role != "anyone":
            token = self.people[role].token.encode()
            h |= {"Cookie": b"__Host-session=" + token} if page else {"Authorization": b"Bearer " + token}
        if body is not None:
            h |= {"Content-Type": b"application/x-www-form-urlencoded" if form else b"application/json", "Origin": self.origin}
            if not isinstance(body, bytes):
                body = urlencode(body, errors="surrogateescape").encode() if form else json.dumps(body).encode()
        line = self.lines[role]
        if role == "anyone" and o["method"] != "GET":  # each network has an allowance of its own
            n = next(self.strangers)
            self.sent += 1
            line = Line(self.service, f"127.{1 + n // 62500 % 200}.{n // 250 % 250}.{n % 250 + 1}")
        r, text = line.ask(o["method"], path if isinstance(path, bytes) else path.encode(), h | (headers or {}), body or b"")
        if line not in self.lines.values():
            line.close()
        self.asked += 1
        if r is None:
            return None, "", []
        wrong, said, tags = judge.judge(r, text)
        if wrong:
            self.wrong.append((name, path, body, r.status, wrong[:4]))
        r.text, r.said, r.tags = text.decode(errors="replace"), said, tags
        if self.answers:
            self.answers.keep(name, role, r)
        return r, said, tags

    def api(self, name, target=None, role=None, **body):
        """For what the story needs: it has to be done."""
        r, _, _ = self.send(name, self.path(name, target), body or None if self.ops[name]["input"] else None, role)
        assert r is not None and r.status < 300, (name, body, r and (r.status, r.text))
        return json.loads(r.text) if r.text else {}

    def path(self, name, target=None):
        text = self.ops[name]["path"]
        for param in re.findall(r"\{([a-z_*]+)\}", text):
            assert param in self.known, f"{name}: what is a {param}? Say in test/hostile/story.py (known, fresh) how one comes to be"
            text = text.replace("{" + param + "}", target or str((self.known[param] or ["none"])[-1]))
        return text

    def param_of(self, name):
        found = re.search(r"\{([a-z_*]+)\}", self.ops[name]["path"])
        return found[1] if found else None

    # --- What there is to do something to ---

    def fresh(self, name):
        """One of what the operation is about, in the state in which it can be done."""
        param = self.param_of(name)
        maker = {"case": self.a_case, "report": self.a_report, "advisory": self.an_advisory, "question": self.a_question, "answer": self.an_answer, "alarm": self.an_alarm, "draft": self.a_draft, "notice": self.a_notice, "finding": self.a_finding, "import": self.an_import, "device": self.a_device}.get(param)
        return maker(name) if maker else None

    def a_passkey(self):
        """What the page's script would put into its form; an account has eight at most."""
        import test_support_passkeys as passkeys
        owner = self.role_of("passkey.send")
        there = self.api("staff.passkeys", role=owner)["passkeys"]
        if len(there) >= 7:
            self.api("staff.passkey-remove", there[0]["credential"], role=owner)
        form = self.form_of("passkey.send", self.path("passkey.send"))
        return form | {"client_data": passkeys.b64(passkeys.client_data(form["challenge"], "webauthn.create")), "authenticator_data": passkeys.b64(passkeys.Key().made())}

    def a_case(self, name):
        if name in DRILLS:
            self.known["case"].append(self.api("article14.drill", zone="Europe/Vienna")["id"])
            return self.known["case"][-1]
        one = self.api("case.create", title="plain", product="Lamp")["id"]
        self.known["case"].append(one)
        if name in TREATED:
            self.api("article14.start", one, role="manager", kind="exploited-vulnerability")
        return one

    def again(self):
        """A start forgets what strangers have used up of their allowance."""
        self.service.stop()
        self.service.start()
        self.origin = ("https://" + (self.service.dir / "listening").read_text().strip()).encode()
        self.sent, self.proved = 0, {}
        for line in self.lines.values():
            line.close()
        for person in self.people.values():
            if person.ask("GET", "/api/v1/staff-self")[0] != 200:
                assert person.login()[0] == 201
        self.roles = self.service.roles()

    def prove(self, role):
        """That it is still the same person: for so many minutes, and not over a start."""
        person = self.people.get(role)
        if person and time.monotonic() - self.proved.get(role, -9999) > 500:
            status, said = person.ask("POST", "/api/v1/staff-proofs", {"password": PASSWORD, "code": person.code()})
            assert status == 204, said
            self.proved[role] = time.monotonic()

    def a_report(self, name="report.send"):
        typed = {"description": f"plain {next(self.numbers)}", "credit": "=1+1<b class=twx>"}
        body, kind = multipart(typed, [("plain.txt", "text/plain", b"plain")]) if name in DESTROYED else (typed, None)
        r, _, _ = self.send("report.send", "/report", body, headers=kind and {"Content-Type": kind})
        assert r.status == 200, r.text
        self.receipts.append(re.search(r"<code>([0-9A-Z-]{34})</code>", r.text)[1])
        self.one_more_report()
        if name in ("report.publish", "desk.publish"):
            self.api("report.case", self.known["report"][-1], title="taken")
        if name in ERASED:
            self.receipts.insert(0, self.receipts.pop())
            self.api("report.reject", self.known["report"][-1], reason="plain")
        return self.known["report"][-1]

    def one_more_report(self):
        """Questions are reports too."""
        self.reports += 1
        self.known["report"].append(f"r{self.reports}")

    def an_account(self):
        if not self.customer:
            r, _, _ = self.send("account.make", "/account/new", {})
            assert r.status == 200, r.text
            self.customer = re.search(r"<code>([0-9A-Z-]{34})</code>", r.text)[1]
        return self.customer

    def an_item(self):
        """Something that the account sent."""
        r, _, _ = self.send("account.send", "/account/send", BASE["account.send"] | {"key": self.an_account()})
        assert self.done(r, "account.send"), r.text
        return self.items[-1]

    def a_device(self, name):
        """Of the account, as he says; told of, confirmed by somebody."""
        self.serial = f"L-{next(self.numbers)}"
        r, _, _ = self.send("account.device", "/account/device", {"key": self.an_account(), "model": "lamp", "serial": self.serial})
        assert r.status == 200, r.text
        one = str(self.api("customer-devices.list")["devices"][0]["device"])
        self.known["device"].append(one)
        if name in ("incident.tell", "desk.incident-tell"):
            self.api("customer-device.judge", one, state="confirmed", how="plain")
        return one

    def an_advisory(self, name):
        name = name.replace("desk.advisory-", "advisory.")
        one = self.api("advisory.create", title="plain", product="Lamp", cve="CVE-2026-0001")["id"]
        self.known["advisory"].append(one)
        if name in ("advisory.return", "advisory.withdraw", "advisory.approve", "advisory.publish"):
            self.publish(one, "plain", back=name == "advisory.return")
        return one

    def publish(self, one, title, back=False):
        said = self.api("advisory.read", one, role="analyst")
        doc = json.loads(said["document"])
        hostile(doc, title)
        said = self.api("advisory.change", one, role="analyst", revision=said["revision"], document=json.dumps(doc), summary="<b class=twx>=1+1")
        findings = self.api("advisory.findings", one, role="analyst")
        r, _, _ = self.send("advisory.review", self.path("advisory.review", one), role="analyst")
        assert r.status == 200, (r.text, findings)
        if not back:
            self.api("advisory.approve", one, role="manager", hash=said["hash"])
            self.api("advisory.publish", one)

    def a_question(self, name):
        one = self.api("question.note", via="call", kind="other", caller="plain", product="lamp", version="1", text="plain", customer="plain")["id"]
        self.known["question"].append(one)
        if name == "question.close":
            self.api("question.answer", one, text="plain")
        if name.replace("desk.question-", "question.") in ("question.disclose", "question.customer"):
            self.api("question.identify", one, how="plain", result="passed")
        return one

    def a_draft(self, name):
        one = self.api("notice.draft", kind="update", severity="high", install_by="2099-01-01", **dict.fromkeys(("title", "text", "data", "needs", "review"), "plain"))["id"]
        self.known["draft"].append(one)
        return one

    def a_notice(self, name):
        one = str(self.api("notice.create", id=str(next(self.numbers)), kind="change", title="plain", text="plain")["number"])
        self.known["notice"].append(one)
        return one

    def an_answer(self, name):
        one = self.api("answer.keep", title="plain", text="plain", kind="other")["id"]
        self.known["answer"].append(one)
        return one

    def an_import(self, name="", kind="components", entries=({"name": "plain"},)):
        """One that comes, and is whole where it is to be ended."""
        one = self.api("release.begin", product="lamp", version=f"1.{next(self.numbers)}", kind=kind, source="0" * 64, count=len(entries))["id"]
        self.known["import"].append(one)
        if name not in ("release.add", "release.begin"):
            self.api("release.add", one, **{"from": 0, "entries": list(entries)})
        return one

    def a_finding(self, name):
        """With hostile text in all that a feed says, and nothing decided of it."""
        n, line = next(self.numbers), "<b class=twx>=1+1'\""
        entry = {"vulnerability": f"CVE-2026-{n:05}", "component": f"pkg:generic/{line}", "version": line, "name": line, "purl": line, "cpe": line, "summary": line, "state": "open", "facts": f"{n:032x}",
                 "records": [{"id": line, "file": line, "by": "purl", "verdict": "affected", "place": line, "reason": line}], "statements": [{"status": "affected", "file": line, "place": line}],
                 "evidence": [line], "kev": {"added": line, "due": line, "ransomware": True}}
        parts = self.an_import(kind="components", entries=[{key: line for key in ("name", "version", "purl", "cpe", "supplier")}])
        self.api("release.end", parts)
        self.api("release.end", self.an_import(kind="findings", entries=[entry]))
        self.known["finding"].append(f"t{len(self.known['finding']) + 1}")
        return self.known["finding"][-1]

    def an_alarm(self, name):
        one = self.a_case("article14.start")
        self.api("article14.start", one, role="manager", kind="severe-incident", aware=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 200 * 3600)))
        for _ in range(100):
            ids = [str(a["alarm"]) for a in self.api("alarms.list", target=None)["alarms"] if a["case"] == one]
            if ids:
                self.known["alarm"] += ids
                return ids[-1]
            time.sleep(0.02)
        raise AssertionError("no alarm was raised")

    # --- Filling ---

    def values(self, name, turn):
        """What goes into each free field this time."""
        for i, field in enumerate(self.ops[name]["input"]):
            key = field["key"]
            if field["kind"] == "text" and key not in CLOSED_KEYS and (name, key) not in CLOSED:
                room = ROOM.get((name, key)) or min(int(field.get("max") or 500), 4000)
                formed = FORMED.get((name, key))
                tag = self.tags[name, key]
                yield key, formed.format(tag=tag) if formed else corpus.tagged(corpus.LINES[(turn * 11 + i * 5 + len(name)) % len(corpus.LINES)], tag, room)

    def form_of(self, name, path, more=b""):
        """What a page's own form sends, as it stands."""
        asks = next((o for o in self.ops.values() if o["method"] == "GET" and o["path"] == self.ops[name]["path"]), None)
        if not asks:
            return {}
        r, _, _ = self.send(asks["name"], path.encode() + more, role=self.role_of(name))
        return fields(r.text)[1] if r.status == 200 and re.search("<main.*?<form method=\"post\" action=\"[^\"]+\">", r.text, re.S) else {}

    def attempt(self, name, typed):
        if self.sent > 100:
            self.again()
        if self.ops[name].get("step_up") == "yes":
            self.prove(self.role_of(name))
        target = self.fresh(name)
        path = self.path(name, target)
        body = dict(BASE.get(name, {}))
        if name.startswith("desk."):
            body = self.form_of(name, path) | body
        if name == "passkey.send":
            body |= self.a_passkey()
        if name == "report.send":
            body |= {"description": "plain", "receipt": ""}
        if name == "report.answer":
            body |= {"receipt": self.receipts[-1] if self.receipts else (self.a_report(), self.receipts[-1])[1]}
        if name in ("advisory.describe", "desk.advisory-document"):
            said = self.api("advisory.read", target, role="analyst")
            body |= {"revision": said["revision"]} if name == "advisory.describe" else {"revision": str(said["revision"]), "document": said["document"]}
        if name in ("advisory.change", "advisory.clone", "advisory.return"):
            said = self.api("advisory.read", target, role="analyst") if name == "advisory.change" else None
            body |= {"revision": said["revision"], "document": json.dumps(json.loads(said["document"]))} if said else {}
        if name == "notice.create":
            body |= {"id": str(next(self.numbers)), "data": "plain", "needs": "plain", "review": "plain"}
        if name == "question.answer":
            body |= {"text": "plain"}
        if name == "report.duplicate":
            body["case"] = self.a_case("")
        if name == "desk.same":
            body["case"] = self.a_case("")
        if name.startswith("account."):
            body["key"] = self.an_account()
        if name == "account.reply":
            body["case"] = self.an_item()
        if name in ("incident.tell", "desk.incident-tell"):
            self.a_device(name)
            body["devices"] = self.serial
        for field in self.ops[name]["input"]:
            if field.get("required") == "yes" and field["key"] not in body:
                body[field["key"]] = self.people["manager"].id if field["key"] == "who" else "2099-01-01T00:00:00Z" if field["key"] == "until" else True if field["kind"] == "bool" else "plain"
        r, _, _ = self.send(name, path, body | typed)
        return r, target

    def done(self, r, name):
        if r is None or r.status >= 400:
            return False
        if name == "report.send":
            self.receipts.append(re.search(r"<code>([0-9A-Z-]{34})</code>", r.text)[1])
        if name in ("report.send", "question.send", "account.send"):
            self.one_more_report()
        if name == "account.send":
            self.items.append(self.known["report"][-1])
        if name == "desk.change":
            return True
        said = json.loads(r.text) if r.text[:1] == "{" else {}
        param = {"case.create": "case", "question.note": "question", "answer.keep": "answer", "notice.draft": "draft", "advisory.create": "advisory", "article14.drill": "case", "advisory.clone": "advisory", "report.case": "case", "finding.case": "case"}.get(name)
        if param and said.get("case" if name == "report.case" else "id"):
            self.known[param].append(said.get("case" if name == "report.case" else "id"))
        where = re.match(r"/desk/cases/(c\d+)", r.getheader("Location") or "")
        if where and where[1] not in self.known["case"]:
            self.known["case"].append(where[1])
        draft = re.match(r"/desk/advisories/([\w-]+)", r.getheader("Location") or "")
        if draft and draft[1] not in self.known["advisory"]:
            self.known["advisory"].append(draft[1])
        told = re.match(r"/desk/incidents/(\d+)", r.getheader("Location") or "")
        if told or name == "incident.tell":
            self.known["incident"].append(told[1] if told else str(said["incident"]))
        kept = re.match(r"/desk/(question|answer|draft)s/([qln]\d+)", (r.getheader("Location") or "").replace("notices/n", "drafts/n"))
        if kept and kept[2] not in self.known[kept[1]]:
            self.known[kept[1]].append(kept[2])
        if name == "notice.create":
            self.known["notice"].append(str(said["number"]))
        if name == "release.begin":  # what counts is shown
            self.api("release.end", said["id"])
        return True

    def fill(self, name, turn):
        """All free fields at once; when that is refused, each by itself."""
        typed = dict(self.values(name, turn))
        if not typed:
            return
        r, _ = self.attempt(name, typed)
        if self.done(r, name):
            for key in typed:
                self.taken.setdefault((name, key), []).append(typed[key])
            return
        for key, value in typed.items():
            r, target = self.attempt(name, {key: value})
            if self.done(r, name):
                self.taken.setdefault((name, key), []).append(value)
            else:
                self.refused.setdefault((name, key), []).append((value, r and r.status))

    def fill_members(self, turn):
        """The page that changes a case has one field for each of its members."""
        members = [f["key"] for f in self.ops["case.change"]["input"]]
        one = self.a_case("")
        for i, member in enumerate(members):
            path = self.path("desk.change", one)
            body = self.form_of("desk.change", path, f"?member={member}".encode())
            self.send("desk.change", path, body | {"text": corpus.tagged(corpus.LINES[(turn + i) % len(corpus.LINES)], self.tags["desk.change", "text"], 150)})

    def fill_all(self, turns):
        for name, o in self.ops.items():
            if o["method"] != "GET" and name not in NOBODYS and o["input"] and name not in ("logout.send", "subscription.confirm", "report.status", "case.embargo", "desk.embargo", "desk.change") and name not in ONCE:
                for turn in turns:
                    self.fill(name, turn)
        for turn in turns:
            self.fill_members(turn)
        for name in sorted(ONCE):
            self.fill(name, 0)
        for turn in turns:
            one = self.api("advisory.create", title=corpus.LINES[turn % len(corpus.LINES)], product="Lamp", cve="CVE-2026-0001")["id"]
            self.known["advisory"].append(one)
            self.publish(one, corpus.LINES[turn * 7 % len(corpus.LINES)])
        self.api("report.case", self.a_report(), title="thanked")
        self.api("report.publish", self.known["report"][-1], thanks=True)
        for _ in range(2):
            self.files()

    def files(self):
        """The published tree, as somebody finds it who follows its lists."""
        found = ["provider-metadata.json"]
        r, _, _ = self.send("published.file", TREE + "provider-metadata.json")
        if r.status == 200:
            for folder in re.findall(rf"{re.escape(TREE)}([a-z]+)/", r.text):
                found += [f"{folder}/{name}" for name in ("index.txt", "changes.csv", "atom.xml", "index.html", "")]
                r, _, _ = self.send("published.file", f"{TREE}{folder}/index.txt")
                found += [f"{folder}/{line}{end}" for line in r.text.split() for end in ("", ".sha256", ".sha512")] if r.status == 200 else []
                found += [f"{folder}/{line.removesuffix('.json')}.html" for line in r.text.split()] if r.status == 200 else []
        self.known["file*"] = sorted(set(found))

    # --- Looking ---

    def looks(self):
        """(operation, path) of everything that can be read, with everything that is there."""
        self.known["number"] = [str(m["number"]) for m in self.api("outbox.list").get("messages", [])] or ["1"]
        for name, o in self.ops.items():
            if o["method"] != "GET":
                continue
            param = self.param_of(name)
            paths = [self.path(name, one) for one in dict.fromkeys(self.known[param])] if param else [self.path(name)]
            keys = {q["key"] for q in o.get("query", [])}
            if "member" in keys:
                paths += [f"{p}?member={f['key']}" for p in paths[:1] for f in self.ops["case.change"]["input"]]
            if "limit" in keys:
                paths = [p + "?limit=200" for p in paths]
            if "step" in keys:
                paths = [f"{p}?step={s}&kind={k}" for p in paths for s in ("early-warning", "final-report") for k in ("exploited-vulnerability", "severe-incident")]
            if "from" in keys:
                paths = [p + "?from=1" for p in paths]
            if "revision" in keys:
                paths = [f"{p}?revision={n}" for p in paths for n in (1, 2)]
            if "page" in keys:
                paths += [f"{p}?page={n}" for p in paths for n in range(2, 9)]
            for p in paths:
                yield name, p

    def look(self):
        """Everything there is to see, judged; which fields were seen."""
        by_tag = {tag: field for field, tag in self.tags.items()}
        for name, path in self.looks():
            r, said, _ = self.send(name, path)
            if r is not None:
                self.seen |= {by_tag[tag] for tag in re.findall(r"q\d{3}z", said) if tag in by_tag}
                if r.getheader("Content-Type", "").startswith("application/json") and r.status == 200 and '"next"' in r.text:
                    after = json.loads(r.text).get("next")
                    if after:
                        r, said, _ = self.send(name, f"{path}&cursor={quote(str(after))}")
                        self.seen |= {by_tag[tag] for tag in re.findall(r"q\d{3}z", said) if tag in by_tag}
        for receipt in self.receipts[-6:]:
            _, said, _ = self.send("report.status", "/report/status", {"receipt": receipt})
            self.seen |= {by_tag[tag] for tag in re.findall(r"q\d{3}z", said) if tag in by_tag}

        for path, more in (("/account", {}), *(("/account/case", {"case": one}) for one in self.items)):
            r, said, _ = self.send("account.open" if path == "/account" else "account.case", path, {"key": self.an_account()} | more)
            assert r is not None and r.status == 200, (path, more, r and r.text)
            self.seen |= {by_tag[tag] for tag in re.findall(r"q\d{3}z", said) if tag in by_tag}

    # --- Every parameter ---

    def parameters(self):
        """(operation, where it is, its name) of all that a client can set."""
        for name, o in self.ops.items():
            yield from ((name, "path", param) for param in re.findall(r"\{([a-z_*]+)\}", o["path"]))
            yield from ((name, "query", q["key"]) for q in o.get("query", []))
            yield from ((name, "input", f["key"]) for f in o["input"])
        for name in ("portal.home", "cases.list", "published.file", "report.send", "desk.board"):
            yield from ((name, "header", header) for header in HEADERS)

    def try_one(self, name, where, key, payload):
        """One parameter is the payload, all else is as it should be. payload: bytes."""
        o, headers, body = self.ops[name], {}, None
        path = self.path(name, quote(payload, safe="") if where == "path" else None)
        if where == "query":
            path += f"?{key}={quote(payload, safe='')}"
        if where == "header":
            headers[key] = payload
        if o["input"]:
            text = payload.decode(errors="surrogateescape")
            body = {f["key"]: "plain" for f in o["input"] if f.get("required") == "yes"} | {k: v for k, v in BASE.get(name, {}).items()}
            if where == "input":
                body[key] = text
            if o.get("form") != "yes":  # with what is no UTF-8, as it is
                body = json.dumps(body, ensure_ascii=False).encode(errors="surrogateescape")
        return self.send(name, path, body, "anyone" if name == "logout.send" else None, headers)

    def replies_alike(self, name, key):
        """What SQL would say to a filter is what nonsense says."""
        def shape(payload):
            r, _, tags = self.try_one(name, "query", key, payload.encode())
            said = json.loads(r.text) if r is not None and r.text[:1] == "{" else {}
            return r and r.status, tags, {k: len(v) for k, v in said.items() if isinstance(v, list)}
        short = self.ops[name]["query"][[q["key"] for q in self.ops[name]["query"]].index(key)].get("max")
        for payload in corpus.SQL:
            if len(payload) + 2 > int(short or 9999):
                continue
            said, nonsense = shape("zz" + payload), shape("zz" + "n" * len(payload))  # zz: what is stored has the payloads too
            if said != nonsense:
                self.wrong.append((name, key, payload, said, nonsense))


def multipart(typed, files, boundary="----twBoundary7MA4YWxk"):
    """(body, its type), as a browser sends a form with files: [(name, type, bytes)]; names and types as they are."""
    def raw(text):
        return text if isinstance(text, bytes) else text.encode(errors="surrogateescape")
    parts = [b'Content-Disposition: form-data; name="' + raw(key) + b'"\r\n\r\n' + raw(value) for key, value in typed.items()]
    parts += [b'Content-Disposition: form-data; name="files"; filename="' + raw(name) + b'"\r\nContent-Type: ' + raw(kind) + b"\r\n\r\n" + data for name, kind, data in files]
    body = b"".join(b"--" + boundary.encode() + b"\r\n" + part + b"\r\n" for part in parts) + b"--" + boundary.encode() + b"--\r\n"
    return body, b"multipart/form-data; boundary=" + boundary.encode()


def hostile(doc, text):
    """A CSAF document that is valid and hostile wherever it has words or an address."""
    d = doc["document"]
    d["title"] = text
    d["distribution"]["tlp"]["label"] = "WHITE"
    d["acknowledgments"] = [{"names": ["<b class=twx>", "=1+1"], "organization": "\"><b class=twx>", "summary": text, "urls": ["javascript:twxran()", "https://evil.example/twx?'=1"]}]
    d["references"] = [{"category": "external", "summary": text, "url": url} for url in ("javascript:twxran()//", "data:text/html,twx", "https://evil.example/twx?%22'", "vbscript:twx", "https://evil.example/\u2028twx")[:3]]
    d["notes"] = [{"category": "summary", "title": "<b class=twx>", "text": text}, {"category": "legal_disclaimer", "text": corpus.BOXES[0].replace("\r", "")}]
    for v in doc.get("vulnerabilities", []):
        v["title"] = text
        v["notes"] = [{"category": "description", "text": text, "title": "</title><b class=twx>"}]
        for one in v.get("remediations", []):
            one["details"], one["url"] = text, "javascript:twxran()"
    for branch in doc.get("product_tree", {}).get("branches", []):
        branch["name"] = "<b class=twx>" + text[:40]
