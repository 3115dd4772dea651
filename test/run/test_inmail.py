# SPDX-License-Identifier: Apache-2.0
"""Reports by mail: a real IMAP server (Dovecot), the role that takes mail, what becomes of each message, and that whatever is killed each is taken once."""
import base64
import email.message
import email.policy
import imaplib
import json
import os
import pwd
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import pytest

import world as worlds
from harness import wait_for
from peers import Authority
from test_mail import MAIL, Box, Server, server_context
from test_support import IDS, Service

DOVECOT = shutil.which("dovecot", path="/usr/sbin:/usr/bin")
PASSWORD = "owls, 7 quiet ones"
TOOL = worlds.BUILD / "src/tool/thingward"
ADDRESS = "reports@lamps.example"
pytestmark = [pytest.mark.skipif(not DOVECOT, reason="needs dovecot-imapd"), pytest.mark.skipif(os.geteuid() != 0, reason="needs root")]

CONFIG = """
protocols = imap
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
ssl = required
ssl_cert = <{pem}
ssl_key = <{pem}
disable_plaintext_auth = yes
default_login_user = nobody
default_internal_user = nobody
default_internal_group = nogroup
first_valid_uid = 1
auth_mechanisms = plain login
auth_failure_delay = 0
mail_location = maildir:{folder}/mail
passdb {{
  driver = passwd-file
  args = {folder}/users
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={folder}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    address = 127.0.0.1
    port = 0
  }}
  inet_listener imaps {{
    address = 127.0.0.1
    port = {port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


class Dovecot:
    def __init__(self, folder, pem):
        self.folder, self.port = folder, free_port()
        self.process = None
        nobody = pwd.getpwnam("nobody")
        (folder / "mail").mkdir(parents=True)
        os.chown(folder / "mail", nobody.pw_uid, nobody.pw_gid)
        (folder / "conf").write_text(CONFIG.format(folder=folder, pem=pem, port=self.port))
        (folder / "users").write_text(f"desk:{{PLAIN}}{PASSWORD}::::::\n")
        (folder / "users").chmod(0o644)

    def start(self):
        self.process = subprocess.Popen([DOVECOT, "-F", "-c", self.folder / "conf"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self.answers, 10)
        return self

    def answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(10)

    def box(self):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        line = imaplib.IMAP4_SSL("127.0.0.1", self.port, ssl_context=context)
        line.login("desk", PASSWORD)
        line.select("INBOX")
        return line

    def put(self, *mails):
        with self.box() as line:
            for m in mails:
                raw = m if isinstance(m, bytes) else m.as_bytes(policy=email.policy.SMTP)
                assert line.append("INBOX", "", None, raw)[0] == "OK"

    def unseen(self):
        with self.box() as line:
            return len(line.search(None, "UNSEEN")[1][0].split())

    def again(self):
        """As when a mailbox is restored: every message has another number, and the mailbox another UIDVALIDITY."""
        for f in (self.folder / "mail").glob("dovecot*"):
            f.unlink()


def letter(subject, text, sender="Ann <ann@lamps.example>", **headers):
    m = email.message.EmailMessage()
    m["From"], m["To"], m["Subject"] = sender, ADDRESS, subject
    m["Message-ID"] = f"<{abs(hash((subject, text)))}@lamps.example>"
    for key, value in headers.items():
        m[key.replace("_", "-")] = value
    m.set_content(text)
    return m


class Desk(Service):
    def __init__(self, folder):
        super().__init__(folder)
        (self.programs / MAIL.name).symlink_to(MAIL)
        with open(self.dir / "roles.tab", "a") as f:
            f.write("mail 64505 64505\n")
        self.authority = Authority()
        (folder / "d").symlink_to(self.dir / "desk.sock")
        (self.dir / "mail-trust.pem").write_text(self.authority.pem())
        (self.dir / "inmail-password").write_text(PASSWORD + "\n")
        (self.dir / "inmail-password").chmod(0o600)

    def configure(self, port, **more):
        (self.dir / "inmail.json").write_text(json.dumps(
            {"server": "localhost", "port": port, "tls": "implicit", "user": "desk", "address": ADDRESS, "every": 5, **more}))

    def local(self, path):
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(10)
            line.connect(str(self.folder / "d"))
            line.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            raw = b""
            while piece := line.recv(65536):
                raw += piece
        if raw[9:12] != b"200":
            raise ConnectionError(raw[:300])
        return json.loads(raw.partition(b"\r\n\r\n")[2])

    def intake(self):
        return self.local("/api/v1/intake")

    def reports(self):
        return [self.local(f"/api/v1/reports/{r['id']}") for r in reversed(self.local("/api/v1/reports")["reports"])]

    def hurry(self):
        """It looks again when the role begins anew; nobody waits for the five seconds here."""
        self.stop()
        self.start()

    def rows(self, sql):
        return [tuple(map(str, row)) for row in self.look(sql)[0]]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inmail")
    for f in (folder, *folder.parents):
        if f.owner() == "root" and f != f.parent and str(f).startswith(str(tmp_path_factory.getbasetemp().parent)):
            f.chmod(0o755)
    desk = Desk(folder)
    server_context(desk.authority, folder, "localhost")
    server_context(desk.authority, folder, "other.example")
    dovecot = Dovecot(folder / "dovecot", folder / "localhost.pem").start()
    yield desk, dovecot
    desk.stop()
    dovecot.stop()


SEALED = b"-----BEGIN PGP MESSAGE-----\r\n\r\nhQEMA" + b"qL7x" * 300 + b"\r\n-----END PGP MESSAGE-----\r\n"


def sealed():
    m = MIMEMultipart("encrypted", boundary="sealed", protocol="application/pgp-encrypted")
    m["From"], m["To"], m["Subject"], m["Message-ID"] = "Eve <eve@lamps.example>", ADDRESS, "...", "<sealed@lamps.example>"
    m.attach(MIMEApplication(b"Version: 1\r\n", "pgp-encrypted"))
    m.attach(MIMEApplication(SEALED, "octet-stream"))
    return m


def bounce():
    m = MIMEMultipart("report", report_type="delivery-status")
    m["From"], m["To"], m["Subject"] = "MAILER-DAEMON@lamps.example", ADDRESS, "Undelivered"
    m.attach(MIMEText("sorry"))
    return m


def test_mail_becomes_reports_and_is_marked_behind_them(place):
    desk, dovecot = place
    html = letter("Grüße", "Über <b>")
    html.add_alternative("<p>no</p>", subtype="html")
    html.add_attachment(b"\x00" * 3000, maintype="image", subtype="png", filename="shot.png")
    mails = [html, sealed(), bounce(), letter("Away", "I am away", Auto_Submitted="auto-replied"), letter("Li\u202est", "said", Precedence="list"),
             letter("Own", "loop", sender=ADDRESS), letter("From nobody", "x", sender="noreply@lamps.example"), letter("Long", " ".join(f"word{i:06}" for i in range(1300)))]
    dovecot.put(*mails)
    desk.configure(dovecot.port)
    desk.start()
    wait_for(lambda: desk.intake()["reports"] == 5 and dovecot.unseen() == 0, 10)
    state = desk.intake()
    assert (state["mail"], state["address"], state["dropped"], state["messages"], state["canary"]) == ("provided", ADDRESS, 3, 0, "off")
    reports = desk.reports()
    assert [r["description"].partition("\n")[0] for r in reports] == ["Grüße", "...", "Li\ufffdst", "From nobody", "Long"]
    assert "Über <b>" in reports[0]["description"] and "1 file was sent along" in reports[0]["description"] and reports[0]["contact"] == "ann@lamps.example"
    assert "encrypted" in reports[1]["description"] and "BEGIN PGP" not in json.dumps(reports[1])
    assert len(desk.local(f"/api/v1/report-messages/{reports[4]['id']}")["messages"]) == 3
    # a person gets a receipt; a list, a program and nobody do not
    assert sorted(r[0] for r in desk.rows("SELECT recipient FROM outbox")) == ["ann@lamps.example"] * 2 + ["eve@lamps.example"]
    assert PASSWORD not in desk.log()
    assert desk.rows("SELECT count(*) FROM attachment") == [("5",)]


def kept_bytes(desk):
    """All that the store has on the disk: the database and what is beside it, or what PostgreSQL has of files."""
    if desk.schema:
        return b"".join(bytes.fromhex(row[0]) for row in desk.sql("SELECT encode(bytes, 'hex') FROM attachment_part"))
    files = sorted((desk.dir / "app").glob("support.db*"))
    assert any(f.name.endswith("-wal") and f.stat().st_size for f in files)  # the newest is there, and not in the database
    return b"".join(f.read_bytes() for f in files)


def test_mail_that_was_encrypted_is_kept_sealed_for_the_analyst(place):
    """As it came, byte for byte; on the disk it stands encrypted once more."""
    desk, _ = place
    [report] = [r["id"] for r in desk.reports() if r["contact"] == "eve@lamps.example"]
    [kept] = desk.local(f"/api/v1/report-files/{report}")["files"]
    came = sealed().as_bytes(policy=email.policy.SMTP)
    done = subprocess.run([TOOL, "desk", "file", "save", kept["id"], "--out", "saved.eml", "--local", "d"], cwd=desk.folder, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0, done.stderr
    assert (kept["type"], kept["size"]) == ("message/rfc822", len(came)) and (desk.folder / "saved.eml").read_bytes() == came
    written = base64.b64encode(SEALED[:48])  # as mail carries it
    assert written in came
    disk = kept_bytes(desk)
    for plain in (written, SEALED[:48], b"hQEMA", b"BEGIN PGP"):
        assert plain not in disk, plain


def test_an_answer_belongs_to_its_report_by_the_code_alone(place):
    desk, dovecot = place
    subject, text = desk.rows("SELECT subject, text FROM outbox WHERE key = 'intake-r1'")[0]
    tag = re.search(r"\[r1 [0-9A-Z-]{19}\]", subject).group()
    assert text.count(tag) == 2 and len(set(re.findall(r"\n    ((?:[0-9A-Z]{4}-){6}[0-9A-Z]{4})\n", text))) == 1
    wrong = tag.replace("[r1 ", "[r2 ")
    before = desk.intake()["reports"]
    dovecot.put(letter(f"Re: {subject}", "more on it", sender="somebody@else.example"), letter(f"Re: {wrong}", "not yours"))
    desk.hurry()
    wait_for(lambda: desk.intake()["messages"] == 1 and desk.intake()["reports"] == before + 1, 10)
    said = desk.local("/api/v1/report-messages/r1")["messages"]
    assert [(m["from"], "more on it" in m["text"]) for m in said] == [("reporter", True)]
    assert desk.local("/api/v1/report-messages/r2")["messages"] == []


def test_another_numbering_takes_nothing_twice(place):
    desk, dovecot = place
    before = desk.intake()
    dovecot.again()
    dovecot.put(letter("After that", "new"))
    desk.hurry()
    wait_for(lambda: desk.intake()["reports"] == before["reports"] + 1, 10)
    assert desk.intake()["messages"] == before["messages"]


def test_each_is_taken_once_whatever_is_killed(place):
    desk, dovecot = place
    before = desk.intake()["reports"]
    dovecot.put(*[letter(f"Killed {i}", f"text {i}") for i in range(12)])
    desk.stop()
    for i in range(5):
        desk.start()
        time.sleep(0.05 + 0.04 * i)  # anywhere in the work: that is what is tried
        roles = desk.roles()
        os.kill(roles["mail-in"] if i % 2 and "mail-in" in roles else roles["app"], signal.SIGKILL)
        desk.stop()
    desk.start()
    wait_for(lambda: desk.intake()["reports"] >= before + 12 and dovecot.unseen() == 0, 20)
    names = [r["description"].partition("\n")[0] for r in desk.reports()]
    assert sorted(n for n in names if n.startswith("Killed")) == sorted(f"Killed {i}" for i in range(12))
    assert desk.intake()["reports"] == before + 12
    keys = [r[0] for r in desk.rows("SELECT key FROM outbox")]
    assert len(keys) == len(set(keys))


def test_the_canary_comes_back_or_is_an_alarm(place, tmp_path):
    desk, dovecot = place
    box = Box()
    smtp = Server(box)
    smtp.start()
    try:
        (desk.dir / "app/desk.json").write_text(json.dumps(
            {"name": "Lamps", "site": "https://desk.lamps.example", "contacts": ["mailto:a@lamps.example"], "expires": "2099-01-01T00:00:00Z",
             "alarms": ["mailto:boss@lamps.example"]}))
        os.chown(desk.dir / "app/desk.json", IDS["app"], IDS["app"])
        (desk.dir / "mail.json").write_text(json.dumps({"server": "localhost", "port": smtp.port, "tls": "none", "from": "psirt@lamps.example"}))
        desk.configure(dovecot.port, canary=24)
        desk.hurry()
        before = desk.intake()
        wait_for(lambda: any(b"Test of the way" in m[2] for m in box.mails), 10)
        mail = next(m for m in box.mails if b"Test of the way" in m[2])
        assert mail[1] == [ADDRESS] and desk.intake()["canary"] == "waiting"
        dovecot.put(mail[2])
        desk.hurry()
        wait_for(lambda: desk.intake()["canary"] == "arrived", 10)
        assert desk.intake()["reports"] == before["reports"]
        # a day later, as its row says, the next one goes out; that one is an hour over
        desk.stop()
        desk.sql("UPDATE intake_canary SET sent_ms = sent_ms - 7200000, arrived_ms = 0")
        desk.start()
        wait_for(lambda: desk.intake()["canary"] == "missing", 10)
        wait_for(lambda: any(m[1] == ["boss@lamps.example"] for m in box.mails), 10)
        wait_for(lambda: any(b"intake.missing" in f.read_bytes() for f in (desk.dir / "log").glob("*.twlog")), 5)
    finally:
        smtp.stop()


def test_a_wrong_certificate_or_password_gets_nothing(place):
    desk, dovecot = place
    before = desk.intake()["reports"]
    dovecot.put(letter("Behind a wrong certificate", "not now"))
    (desk.dir / "inmail-password").write_text("wrong\n")
    desk.hurry()
    wait_for(lambda: "neither user nor password" in desk.intake()["mail"], 15)
    (desk.dir / "inmail-password").write_text(PASSWORD + "\n")
    trusted = (desk.dir / "mail-trust.pem").read_text()
    (desk.dir / "mail-trust.pem").write_text(Authority().pem())
    desk.hurry()
    wait_for(lambda: re.search("SSL|certificate", desk.intake()["mail"]), 10)
    (desk.dir / "mail-trust.pem").write_text(trusted)
    desk.configure(dovecot.port, tls="none", server="lamps.example")
    desk.hurry()
    wait_for(lambda: "tls may be none only" in desk.intake()["mail"], 10)
    assert desk.intake()["reports"] == before and dovecot.unseen() == 1
    desk.configure(dovecot.port)
    desk.hurry()
    wait_for(lambda: desk.intake()["reports"] == before + 1 and desk.intake()["mail"] == "provided", 10)
