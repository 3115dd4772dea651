# SPDX-License-Identifier: Apache-2.0
"""A support service whose folders are copies of one prepared tree, run under `killer`, with strangers, a customer and four people of the staff who come back
after each interruption. What they were told is remembered, and held against the service: each thing is there, whole, and once."""
import contextlib
import copy as copies
import email
import email.policy
import hashlib
import json
import os
import re
import shutil
import socket
import sqlite3
import ssl
import subprocess
import time
import urllib.parse

from cryptography import x509

from lives import Bad, Interrupted, Life, Line, Recorder, copy, worlds  # first: it says where the rest is
import support_staff as staff
import test_signing as signing
from peers import Authority
from test_advisories import TREE, document_of
from test_inmail import ADDRESS, DOVECOT, PASSWORD as MAIL_PASSWORD, Dovecot, letter
from test_mail import MAIL, Box, Server, server_context
from test_support import PROGRAM, hidden, receipt_of

TOOL = worlds.BUILD / "src/tool/thingward"
OPENPGP = worlds.BUILD / "src/tool/thingward-openpgp"
ROLES = ("hands", "app", "front", "keys", "hash", "mail", "mail-in", "sign")  # hands: the parent, as the machinery calls it
SITE = "https://security.example.com"
PRODUCT = "Lamp L3"
FLAW, QUESTION, ANSWER, TITLE, REFERENCE = "It opens by itself.", "Which fuse does it need?", "The small one.", "Lamp opens", "ENISA-2026-4711"
PROOF = os.urandom(70_000)  # a file of a report: several of the pieces that files are kept in
WHO, SUBSCRIBER = "ann.other@lamps.example", "sub@lamps.example"
BACK_S = 15  # a service that was struck is there again after this at the latest, on a busy machine too
STATES = ("draft", "review", "approved", "publishing", "published")  # of an advisory, in their order
ALLOWED = re.compile(
    r"app/(support\.db(-wal|-shm|\.closed)?|desk\.json|signing-key\.asc|csaf/.*)|log/(\d{20}\.twlog|spare|closed)|keys/(identity\.(crt|key)|listener\.pem|log\.(epoch|master)|takeover\.secret)|"
    r"sign/(pubring\.kbx|private-keys-v1\.d/.*|registered\.gpg)|roles\.tab|(in)?mail\.json|(in)?mail-password|mail-trust\.pem|lock|listening")


def why_not():
    """What this lacks to run, or None."""
    if not DOVECOT:
        return "needs dovecot-imapd"
    if not shutil.which("gpg-agent"):
        return "needs gpg"
    for program in (PROGRAM, TOOL, OPENPGP, MAIL, signing.SIGN):
        if not program.exists():
            return f"{program.name} is not built"
    return None


class Template:
    """A service that was prepared and stopped: four people with open sessions, a key to sign with, and nothing else. Beside it the mailboxes of all copies."""

    def __init__(self, folder):
        folder.chmod(0o755)
        (folder / "made").mkdir()
        secret = folder / "h"
        service = signing.Desk(folder / "made", (secret, signing.new_key(secret), None))
        service.key = (*service.key[:2], signing.gpg(secret, "--armor", "--export"))
        (service.programs / MAIL.name).symlink_to(MAIL)
        with open(service.dir / "roles.tab", "a") as tab:
            tab.write("mail 64505 64505\n")
        service.start().stop()
        service.say("role")
        service.give_secret()
        service.start()
        service.people()
        service.stop()
        self.folder, self.dir, self.programs = folder, service.dir, service.programs
        self.people = {name: getattr(service, name) for name in ("admin", "ann", "max", "pia")}
        authority = Authority()
        server_context(authority, folder, "localhost")
        for name, text in (("mail-trust.pem", authority.pem()), ("inmail-password", MAIL_PASSWORD + "\n")):
            (self.dir / name).write_text(text)
            (self.dir / name).chmod(0o600)
        self.dovecot = Dovecot(folder / "dovecot", folder / "localhost.pem").start()

    def stop(self):
        self.dovecot.stop()


class Door:
    """What Line wants of whom it speaks to."""

    def __init__(self, port):
        self.unit, self.port, self.address = self, port, f"127.0.0.1:{port}"
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.context.check_hostname, self.context.verify_mode = False, ssl.CERT_NONE

    def connect(self):
        return self.context.wrap_socket(socket.create_connection(("127.0.0.1", self.port), timeout=10))


class Person(staff.Person):
    """One of the staff, who speaks over the connection that stays open."""

    def __init__(self, line, known=None):
        super().__init__(None)
        for name in ("token", "secret", "name", "id", "step", "client") if known else ():
            setattr(self, name, copies.copy(getattr(known, name)))
        self.line = line

    def ask(self, method, path, body=None):
        status, said, _ = self.line.ask(method, path, body, token=self.token)
        return status, said or {}

    def get(self, path):
        status, said = self.ask("GET", path)
        if status != 200:
            raise Bad(f"{self.name} asks for {path}: {status} {said}")
        return said

    def do(self, path, body=None, method="POST"):
        """What the service says yes to, or could not do because it was struck."""
        status, said = self.ask(method, path, body)
        if status not in (200, 201, 204):
            raise Bad(f"{self.name}: {method} {path}: {status} {said}")
        return said


class Stand:
    """Where one worker tries points: a folder of its own, a mail server and a mailbox of its own."""

    def __init__(self, template, folder):
        folder.mkdir()
        folder.chmod(0o755)
        self.template, self.folder, self.dir, self.file = template, folder, folder / "desk", folder / "said"
        self.port, self.box = worlds.free_port(), Box()
        self.server = Server(self.box)
        self.server.start()
        self.mailbox = template.dovecot.folder / "mail" / f".{folder.name}"

    def fresh(self):
        copy(self.template.dir, self.dir)
        self.file.write_bytes(b"")
        self.box.mails.clear()
        shutil.rmtree(self.mailbox, ignore_errors=True)
        owner = self.mailbox.parent.stat()
        for one in (self.mailbox, *(self.mailbox / name for name in ("cur", "new", "tmp"))):
            one.mkdir()
            os.chown(one, owner.st_uid, owner.st_gid)
        mail = self.mailbox / "new/1.M1P1.lamps"
        mail.write_bytes(letter("It hums", "All day.", sender=f"Ann <{WHO}>").as_bytes(policy=email.policy.SMTP))
        os.chown(mail, owner.st_uid, owner.st_gid)
        (self.dir / "mail.json").write_text(json.dumps({"server": "localhost", "port": self.server.port, "tls": "none", "from": "psirt@lamps.example"}))
        (self.dir / "inmail.json").write_text(json.dumps({"server": "localhost", "port": self.template.dovecot.port, "tls": "implicit", "user": "desk", "address": ADDRESS,
                                                          "every": 5, "mailbox": self.folder.name}))

    def taken(self):
        """Whether the mail is marked as seen."""
        return any("S" in f.name.partition(":2,")[2] for f in (self.mailbox / "cur").iterdir())

    def start(self, point=None):
        command = [PROGRAM, "serve", "--dir", self.dir, "--listen", f"127.0.0.1:{self.port}", "--role-program", self.template.programs / "thingward-support-role"]
        with open(self.file, "ab") as log:
            return Life([str(word) for word in command], log, point)

    def leftovers(self):
        names = [str(p.relative_to(self.dir)) for p in self.dir.rglob("*") if not p.is_dir() and not p.is_socket()]
        return sorted(n for n in names if not ALLOWED.fullmatch(n))

    # ---- what kill.py asks of it ----

    def try_point(self, point):
        """(what was struck or None, what went wrong or None) of one story."""
        self.fresh()
        witness = Witness(self)
        wrong = None
        role = point[0] if point[0] == "hands" else f"={point[0]}"
        try:
            witness.story([role, *map(str, point[1:])])
        except (Bad, Interrupted) as failure:
            wrong = str(failure)
        finally:
            if witness.life:
                witness.life.abandon()
        return witness.struck or (witness.life and witness.life.struck), wrong

    def list_calls(self, role):
        """The names of all calls of one role, in order, of a story that nothing ends."""
        self.fresh()
        witness = Witness(self)
        witness.story(["hands" if role == "hands" else f"={role}", "list", "0", "entry"])
        return witness.first.calls

    def lost(self, point):
        return False

    def said(self):
        return self.file.read_text(errors="replace")


class Witness:
    """Everybody in one. Each deed may be done again after an interruption: what is there already is looked at, and not done twice."""

    def __init__(self, stand):
        self.stand, self.door = stand, Door(stand.port)
        self.line = Line(self.door)
        self.admin, self.ann, self.max, self.pia = (Person(self.line, stand.template.people[name]) for name in ("admin", "ann", "max", "pia"))
        self.joe = Person(self.line)
        self.life = self.first = self.struck = None
        self.told, self.tried = {}, set()  # deed -> what was answered; deeds that were begun
        self.acknowledged = []  # operations, in order
        self.receipts = {}  # of forms
        self.rank = -1  # of the advisory, as it was told
        self.head = None  # of the journal
        self.asked = 0  # for a subscription: each time may make another mail, with another token

    # ---- being there ----

    def start(self, point=None):
        self.life = self.stand.start(point)
        self.come_back()

    def was_struck(self):
        self.life.hear()
        return self.struck or self.life.struck

    def note_end(self):
        """The parent has ended: only because it was struck. Nobody writes now, so that the tree can be looked at; then the service manager starts it again."""
        life = self.life
        self.struck = self.struck or life.struck
        if not life.struck:
            raise Bad(f"the service ended by itself with {life.status}")
        life.finish()
        self.check_tree()
        self.life = self.stand.start()

    def come_back(self):
        until = time.monotonic() + BACK_S
        self.line.close()
        while time.monotonic() < until:
            if self.life.ended():
                self.note_end()
            try:
                if self.line.ask("GET", "/api/v1/health")[0] == 200:
                    return
            except Interrupted:
                time.sleep(0.02)
        raise Bad("it does not come back by itself")

    def step(self, what):
        last, until = None, time.monotonic() + 2 * BACK_S
        while time.monotonic() < until:
            try:
                return what()
            except Interrupted as failure:
                last = failure
                if not self.was_struck():
                    raise Bad(f"interrupted though nothing was struck: {failure}") from failure
                time.sleep(0.05)
                self.come_back()
        raise Bad(f"it never gets through: {last}\n{self.stand.said()[-1500:]}")

    def wait(self, what, why, seconds=BACK_S):
        until = time.monotonic() + seconds
        while not (found := what()):
            if time.monotonic() > until:
                raise Bad(f"{why}\n{self.stand.said()[-1500:]}")
            time.sleep(0.02)
        return found

    # ---- asking ----

    def page(self, path):
        status, _, text = self.line.exchange([f"GET {path} HTTP/1.1", f"Host: {self.door.address}"])
        if status >= 500:
            raise Interrupted(f"GET {path}: {status}")
        return status, text.decode(errors="replace")

    def send(self, path, fields, files=()):
        """A form, as a browser sends it. What it answers with is a page."""
        kind, body = "application/x-www-form-urlencoded", urllib.parse.urlencode(fields).encode()
        if files:
            kind = "multipart/form-data; boundary=x7MA4YWxk"
            parts = [(f'name="{name}"', text.encode()) for name, text in fields.items()]
            parts += [(f'name="files"; filename="{name}"\r\nContent-Type: {of}', data) for name, of, data in files]
            body = b"".join(b"--x7MA4YWxk\r\nContent-Disposition: form-data; " + head.encode() + b"\r\n\r\n" + data + b"\r\n" for head, data in parts) + b"--x7MA4YWxk--\r\n"
        head = [f"POST {path} HTTP/1.1", f"Host: {self.door.address}", f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
        status, _, text = self.line.exchange(head, body)
        if status >= 500 or (status == 429 and self.was_struck()):  # whoever comes again too often while a disk takes nothing; a start forgets it
            raise Interrupted(f"POST {path}: {status}")
        return status, text.decode(errors="replace")

    def local(self, method, path):
        """As the administrator at the socket in the service's folder."""
        try:
            with socket.socket(socket.AF_UNIX) as line:
                line.settimeout(10)
                line.connect(str(self.stand.dir / "desk.sock"))
                line.sendall(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
                raw = b""
                while piece := line.recv(65536):
                    raw += piece
        except OSError as failure:
            raise Interrupted(str(failure)) from failure
        if not raw or raw[9:10] == b"5":
            raise Interrupted(f"{method} {path}: {raw[:200]}")
        return int(raw[9:12]), raw.partition(b"\r\n\r\n")[2].decode()

    # ---- a thing that is there once ----

    def once(self, name, find, make, operation=None):
        """find: all that are there of it, whole. make: does it and answers with what was told."""
        there = find()
        if len(there) > 1:
            raise Bad(f"{name}: it is there {len(there)} times")
        if name in self.told and not there:
            raise Bad(f"{name} was acknowledged and is not there")
        if there and name not in self.tried:
            raise Bad(f"{name} is there, and nobody did it")
        if not there:
            self.tried.add(name)
            self.told[name] = make()
            self.acknowledged += [operation] if operation else []
            if len(there := find()) != 1:
                raise Bad(f"{name} was acknowledged and is there {len(there)} times")
        return there[0]

    def reports(self, beginning):
        return [one for one in self.ann.get("/api/v1/reports?limit=200")["reports"] if one.get("summary", "").startswith(beginning)]

    def form(self, name, address):
        """The receipt that its page gives: sent twice, what it is for is kept once."""
        if name not in self.receipts:
            status, text = self.page(address)
            if status != 200:
                raise Bad(f"{address}: {status}")
            self.receipts[name] = hidden(text)
        return self.receipts[name]

    def follow(self, name, text):
        status, body = self.send("/report/status", {"receipt": self.receipts[name]})
        if status != 200 or text not in body:
            raise Bad(f"whoever has the receipt of the {name} does not find it: {status}")

    # ---- the story ----

    def report(self):
        """By the form, with a file."""
        receipt = self.form("report", "/report")

        def find():
            found = self.reports(FLAW)
            for one in found:
                files = self.ann.get(f"/api/v1/report-files/{one['id']}")["files"]
                if [(f["name"], f["size"], f["sha256"]) for f in files] != [("proof.bin", len(PROOF), hashlib.sha256(PROOF).hexdigest())]:
                    raise Bad(f"a report is there without its file: {files}")
            return found

        def make():
            status, body = self.send("/report", {"receipt": receipt, "description": FLAW, "product": PRODUCT, "contact": WHO}, [("proof.bin", "application/octet-stream", PROOF)])
            if status != 200 or receipt_of(body) != receipt:
                raise Bad(f"a report: {status} {body[:2000]}")
            return receipt

        self.reported = self.once("report", find, make)["id"]
        self.follow("report", FLAW)

    def mail_report(self):
        """By mail, which lay there before the service began. Marked as seen is acknowledged. A role that was struck, or came too late up on a busy machine, comes for it
        half a minute later, or after the next start."""
        until = time.monotonic() + (45 if self.told.get("last") else 2)
        while not (found := self.reports("It hums")):
            if self.stand.taken():
                raise Bad("a mail is marked as taken, and there is no report")
            if time.monotonic() > until:
                if not self.told.get("last"):
                    return
                raise Bad(f"a mail becomes no report: {self.local('GET', '/api/v1/intake')[1]}")
            time.sleep(0.02)
        if len(found) > 1:
            raise Bad("a mail has become two reports")
        if self.told.get("mail") not in (None, found[0]["id"]):
            raise Bad("the report of a mail is another one now")
        self.told["mail"] = found[0]["id"]
        if self.told.get("last"):
            self.wait(self.stand.taken, "a mail that is a report is not marked as taken")

    def case(self):
        """From the report; moved; under an embargo with one who may see it; and the clocks of Article 14, with a draft that was sent."""
        find = lambda: [one["id"] for one in self.ann.get("/api/v1/cases?limit=200")["cases"] if self.ann.get(f"/api/v1/cases/{one['id']}").get("report") == self.reported]
        case = self.once("case", find, lambda: self.ann.do(f"/api/v1/report-cases/{self.reported}", {}), "report.case")
        read = lambda: self.ann.get(f"/api/v1/cases/{case}")
        self.once("move", lambda: [c for c in [read()] if c["state"] == "acknowledged"], lambda: self.ann.do(f"/api/v1/case-moves/{case}", {"to": "acknowledged"}), "case.move")
        self.once("embargo", lambda: [c for c in [read()] if self.pia.id in json.dumps(c.get("embargo", ""))],
                  lambda: self.ann.do(f"/api/v1/case-embargoes/{case}", {"until": "2999-01-01T00:00:00Z", "access": self.pia.id}), "case.embargo")
        self.once("access", lambda: [c for c in [read()] if self.max.id in json.dumps(c.get("embargo", ""))],
                  lambda: self.ann.do(f"/api/v1/case-embargoes/{case}", {"until": "2999-01-01T00:00:00Z", "access": f"{self.pia.id} {self.max.id}"}), "case.embargo")
        if self.pia.ask("GET", f"/api/v1/cases/{case}")[0] != 200 or self.joe.line.ask("GET", f"/api/v1/cases/{case}")[0] not in (401, 403, 404):
            raise Bad("the embargo lets in whom it should not, or not whom it should")
        clocks = lambda: json.dumps(read().get("article14", {}))
        self.once("clocks", lambda: ["it"] * clocks().count('"exploited-vulnerability"'), lambda: self.max.do(f"/api/v1/article14/{case}", {"kind": "exploited-vulnerability"}), "article14.start")
        self.draft = self.max.get(f"/api/v1/article14-drafts/{case}?step=early-warning&kind=exploited-vulnerability")["text"]
        self.once("submission", lambda: ["it"] * clocks().count(REFERENCE),
                  lambda: self.max.do(f"/api/v1/article14-submissions/{case}", {"step": "early-warning", "reference": REFERENCE}), "article14.submit")
        said = self.ann.get("/api/v1/case-journal-head")
        if self.head and said["head"]["size"] < self.head["size"]:
            raise Bad(f"the journal has become shorter: {self.head} {said['head']}")
        self.head = said["head"]

    def subscribe(self):
        """Asked for by a form, confirmed by what stands in the mail."""
        fields = {"channel": "mail", "recipient": SUBSCRIBER, "product": "", "versions": "", "lowest": "", "advisory": "on"}
        if "subscription" not in self.told:
            self.asked += 1
            status, body = self.send("/subscriptions", fields)
            if status != 200:
                raise Bad(f"a subscription: {status} {body[:2000]}")
            self.told["subscription"] = True
        token = self.wait(lambda: self.tokens(), "who subscribes gets no mail", 2 * BACK_S)[0]
        if "confirmed" in self.told:
            return
        again = "confirmed" in self.tried
        self.tried.add("confirmed")
        status, body = self.send("/subscriptions/confirm", {"token": token})
        if status != 200 and not (again and status == 422):  # the answer was lost: whether it was done, the store says at the end
            raise Bad(f"a confirmation: {status} {body[:2000]}")
        self.told["confirmed"] = True

    def tokens(self):
        self.hurry()
        texts = [email.message_from_bytes(raw, policy=email.policy.default).get_content() for _, to, raw in list(self.stand.box.mails) if to == [SUBSCRIBER]]
        return [m[1] for text in texts if (m := re.search(SITE + r"/subscriptions/confirm/([0-9A-Z-]+)", text))]

    def question(self):
        receipt = self.form("question", "/question?kind=documentation")

        def make():
            typed = {"receipt": receipt, "kind": "documentation", "description": QUESTION, "product": PRODUCT, "document": "/policy", "breadth": "missing", "depth": ""}
            status, body = self.send("/question", typed)
            if status != 200 or receipt_of(body) != receipt:
                raise Bad(f"a question: {status} {body[:2000]}")
            return receipt

        asked = self.once("question", lambda: [q["id"] for q in self.ann.get("/api/v1/questions?limit=200")["questions"] if QUESTION in q["text"]], make)
        self.once("answer", lambda: [a for a in self.ann.get(f"/api/v1/questions/{asked}").get("answers", []) if a.get("text") == ANSWER],
                  lambda: self.ann.do(f"/api/v1/question-answers/{asked}", {"text": ANSWER}), "question.answer")
        self.follow("question", ANSWER)

    def advisory(self):
        """Written, reviewed, approved by another, signed by the role, and published by a third."""
        name = self.once("advisory", lambda: [a["id"] for a in self.ann.get("/api/v1/advisories?limit=200")["advisories"]],
                         lambda: self.ann.do("/api/v1/advisories", {"title": TITLE, "product": PRODUCT, "cve": "CVE-2026-0001"}), "advisory.create")
        path = f"/api/v1/advisories/{name}"
        until = time.monotonic() + 2 * BACK_S
        while (said := self.stands(path))["state"] != "published":
            if time.monotonic() > until:
                raise Bad(f"the advisory stays {said['state']}: {said.get('signing')}")
            self.go_on(name, path, said)
        self.rank = STATES.index("published")
        for file in ("json", "json.sha512", "json.sha256", "json.asc"):
            status, _ = self.page(f"{TREE}/white/{time.gmtime().tm_year}/{name.lower()}.{file}")
            if status != 200:
                raise Bad(f"{name}.{file} of a published advisory: {status}")

    def stands(self, path):
        """Where it is; never before where it was said to be."""
        said = self.ann.get(path)
        if STATES.index(said["state"]) < self.rank:
            raise Bad(f"the advisory was {STATES[self.rank]} and is {said['state']}")
        if "written" in self.told and "To be written." in said["document"]:
            raise Bad("what was written into the advisory is not there")
        return said

    def go_on(self, name, path, said):
        if said["state"] == "draft" and "To be written." in said["document"]:
            self.ann.do(path, {"revision": said["revision"], "document": document_of(said)}, "PUT")
            self.told["written"] = True
            self.acknowledged.append("advisory.change")
            return
        who, way, body, operation = {
            "draft": (self.ann, "reviews", None, "review"), "review": (self.max, "approvals", {"hash": said["hash"]}, "approve"),
            "approved": (self.pia, "publications", None, "publish"), "publishing": (self.pia, "publications", None, "publish")}[said["state"]]
        status, answer = who.ask("POST", f"/api/v1/advisory-{way}/{name}", body)
        if status == 409 and said["state"] == "publishing":  # it has come out meanwhile
            return
        if status != 200:
            raise Bad(f"{who.name}: advisory-{way}: {status} {answer}")
        self.acknowledged.append(f"advisory.{operation}")
        self.rank = max(self.rank, STATES.index(answer["state"]))
        if answer["state"] == "publishing":
            time.sleep(0.1)

    def invite(self):
        """An account of the staff: made by an administrator who proves who he is, joined by its person, who then logs in."""
        account = self.once("account", lambda: [a["account"] for a in self.admin.get("/api/v1/staff?limit=200")["accounts"] if a["name"] == "Joe"],
                            lambda: self.fresh_do("/api/v1/staff", {"name": "Joe", "role": "analyst"})["code"], "staff.make")
        if "joined" not in self.told:
            self.join(account)
        if self.joe.token is None:
            self.log_in(self.joe)
        if self.joe.get("/api/v1/staff-self")["name"] != "Joe":
            raise Bad("a session is another's")

    def log_in(self, who):
        """With the same code again when there was no answer: an authenticator has three that are good at a time."""
        before, name = (who.token, who.step), f"login of {who.name}"
        try:
            status, said = who.login()
            if status != 201 and name in self.tried:  # that code was taken, and the answer was lost
                status, said = who.login()
        except Interrupted:
            who.token, who.step = before
            self.tried.add(name)
            raise
        if status != 201:
            raise Bad(f"{who.name} does not log in: {status} {said}")
        self.acknowledged.append("login.open")

    def fresh_do(self, path, body=None):
        """A proof is remembered by the process alone: whoever was interrupted shows it again."""
        status, said = self.admin.ask("POST", path, body)
        if status == 403 and said.get("rule") == "staff.fresh":
            self.log_in(self.admin)
            status, said = self.admin.ask("POST", path, body)
            if status == 403 and said.get("rule") == "staff.fresh":  # all began anew behind the login
                raise Interrupted(f"POST {path}: the proof is forgotten")
        if status not in (200, 201):
            raise Bad(f"the administrator: POST {path}: {status} {said}")
        return said

    def join(self, account):
        code = self.told.get("account")
        if not code:  # it was made, and the answer was lost: he is invited anew
            code = self.fresh_do(f"/api/v1/staff-invitations/{account}")["code"]
            self.told["account"] = code
            self.acknowledged.append("staff.invite")
        again = "joined" in self.tried
        self.tried.add("joined")
        status, said = self.joe.join(code)
        if status != 201 and again:  # he has joined, and the answer with his authenticator's secret was lost
            self.told["account"] = None
            return self.join(account)
        if status != 201:
            raise Bad(f"an invitation that was told is worth nothing: {status} {said}")
        self.told["joined"] = True
        self.acknowledged.append("staff.join")
        return None

    def deeds(self):
        return (self.report, self.mail_report, self.case, self.subscribe, self.question, self.advisory, self.invite)

    def story(self, point):
        """All of it; then once more from another start, in which each deed finds what it has left; then what lies on the disk."""
        self.start(point)
        self.first = self.life
        for deed in self.deeds():
            self.step(deed)
        self.step(self.end_of_mail)
        self.end()
        self.check_tree()
        self.told["last"] = True
        self.start()
        for deed in self.deeds():
            self.step(deed)
        self.step(self.end_of_mail)
        self.step(self.check_journal)
        self.end()
        self.judge_remains()

    def end(self):
        """SIGTERM. An unharmed service ends with 0."""
        self.line.close()
        if self.life.ended():
            self.note_end()
            self.come_back()
        os.kill(self.life.pid, 15)
        self.life.finish()
        late = self.life.struck and not self.struck
        self.struck = self.struck or self.life.struck
        if self.life.status != 0 and not late:
            raise Bad(f"it ends with {self.life.status}")

    # ---- what must be so ----

    def hurry(self):
        """What was being sent when something was struck waits a minute, and so does all mail when the role was struck as it began; an administrator does not."""
        said = json.loads(self.local("GET", "/api/v1/outbox")[1])
        for one in said["messages"]:
            if one["state"] == "failed":
                raise Bad(f"a mail was given up: {one}")
            if one["state"] == "waiting" and (one.get("reason") or said["mail"] != "provided"):
                self.local("POST", f"/api/v1/outbox-tries/{one['number']}")
        return said["waiting"] + said["sending"] == 0

    def end_of_mail(self):
        """Each went out at least once, whatever was struck; sent twice it is the same message. The notice of the advisory is among them."""
        self.wait(self.hurry, "mail waits", 2 * BACK_S)
        if self.told.get("last"):
            self.wait(lambda: self.hurry() and any(to == [SUBSCRIBER] and b"List-Unsubscribe" in raw for _, to, raw in list(self.stand.box.mails)), "nobody is told of an advisory")
        mails = [(to[0], email.message_from_bytes(raw, policy=email.policy.default)) for _, to, raw in list(self.stand.box.mails)]
        ids, texts = {}, {}
        for to, mail in mails:
            ids.setdefault((to, mail["Subject"], mail.get_content()), set()).add(mail["Message-ID"])
            texts.setdefault((to, mail["Subject"]), set()).add(mail.get_content())
        if several := [key[:2] for key, of in ids.items() if len(of) > 1]:
            raise Bad(f"the same mail with another Message-ID: {several}")
        if several := [key for key, of in texts.items() if len(of) > (self.asked if "confirm" in key[1] else 1)]:
            raise Bad(f"several mails where one was to go out: {several}")
        wanted = {"the notice of an advisory": any(to == SUBSCRIBER and TITLE in subject for to, subject in texts),
                  "the receipt of a mail": "mail" not in self.told or any(to == WHO for to, _ in texts)}
        missing = [what for what, there in wanted.items() if not there]
        if missing and not (self.was_struck() and not self.told.get("last")):  # what was struck in telling goes on by itself, at the next start at the latest
            raise Bad(f"never sent: {missing}, of {sorted(texts)}")

    def check_tree(self):
        """Each document with its hashes, its signature and its place in the feeds."""
        tree = self.stand.dir / "app/csaf"
        if not tree.exists():
            if self.rank == STATES.index("published"):
                raise Bad("the tree of what is published is gone")
            return
        said = subprocess.run([TOOL, "csaf", "tree", "check", tree, "--openpgp-program", OPENPGP], capture_output=True, text=True, timeout=60, check=False)
        if said.returncode != 0:
            raise Bad(f"the published tree: {said.stdout}{said.stderr}")

    def check_journal(self):
        kept = self.stand.folder / "head.json"
        kept.write_text(json.dumps(self.head))
        said = subprocess.run([TOOL, "desk", "journal", "verify", "--identity", self.stand.dir / "keys/identity.crt", "--since", kept, "--local", "desk.sock"],
                              cwd=self.stand.dir, capture_output=True, text=True, timeout=60, check=False)
        if said.returncode != 0:
            raise Bad(f"thingward desk journal verify: {said.stdout}{said.stderr}")

    def judge_remains(self):
        self.check_tree()
        if left := self.stand.leftovers():
            raise Bad(f"left behind: {' '.join(left)}")
        with contextlib.closing(sqlite3.connect(self.stand.dir / "app/support.db")) as db:
            if (said := db.execute("PRAGMA integrity_check").fetchall()) != [("ok",)]:
                raise Bad(f"the database: {said}")
            said = db.execute("SELECT state, recipient FROM subscription").fetchall()
            if said.count(("active", SUBSCRIBER)) != 1 or len(said) > self.asked:
                raise Bad(f"a confirmed subscription is {said}")
        identity = x509.load_pem_x509_certificate((self.stand.dir / "keys/identity.crt").read_bytes())
        recorder = Recorder(device_key=identity.public_key())
        recorder.read_all(self.stand.dir / "log")
        recorder.hold_against(self.acknowledged)
        said = worlds.run(TOOL, "log", "verify", self.stand.dir / "log", "--device-cert", self.stand.dir / "keys/identity.crt", "--json", ok=None)
        if said.returncode != 0:
            raise Bad(f"thingward log verify: {said.stdout}{said.stderr}")
