# SPDX-License-Identifier: Apache-2.0
"""The service as a stranger to itself: a report by its own form at the site's public name, that it is no report, and what is told when it does not come."""
import email.parser
import email.policy
import http.server
import json
import os
import re
import socket
import ssl
import subprocess
import threading
import urllib.parse

import pytest

import test_support as support
from harness import wait_for
from test_mail import MAIL
from test_support_setup import Authority, init, local, operate

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
BOSS = "boss@lamps.example"
HOUR = 3600 * 1000


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def server_side(authority, name):
    chain, key = authority.make(name, "localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    return context


class Before:
    """What stands before the service at the site's public name, as a proxy does: its own certificate, and each byte handed on."""

    def __init__(self, service, authority):
        self.service, self.line = service, socket.create_server(("127.0.0.1", 0))
        self.port = self.line.getsockname()[1]
        self.context = server_side(authority, f"before{self.port}")
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                c, _ = self.line.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(c,), daemon=True).start()

    def serve(self, c):
        try:
            host, port = (self.service.dir / "listening").read_text().strip().rsplit(":", 1)
            with self.context.wrap_socket(c, server_side=True) as outside, socket.create_connection((host, int(port))) as plain, \
                    ssl._create_unverified_context().wrap_socket(plain) as inside:
                threading.Thread(target=pump, args=(inside, outside), daemon=True).start()
                pump(outside, inside)
        except OSError:
            pass


def pump(source, sink):
    try:
        while piece := source.recv(65536):
            sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class Desk(support.Service):
    """site: where the canary goes; that is its own public name unless a test says another."""

    def __init__(self, folder, authority):
        super().__init__(folder)
        (self.programs / MAIL.name).symlink_to(MAIL)
        with open(self.dir / "roles.tab", "a") as f:
            f.write("mail 64505 64505\n")
        (self.dir / "mail.json").write_text(json.dumps({"webhook_networks": ["127.0.0.0/8"]}))
        self.before = Before(self, authority)
        self.port = self.before.port
        self.trust(authority)
        self.site(self.port)

    def trust(self, authority):
        (self.dir / "mail-trust.pem").write_text(authority.certificate.read_text())

    def site(self, port, **more):
        (self.dir / "app/desk.json").unlink(missing_ok=True)
        done = init(self, {"site": f"https://localhost:{port}", "alarms": [f"mailto:{BOSS}"], "canary": 24, **more})
        assert done.returncode == 0, done.stderr

    def intake(self):
        return local(self, "/api/v1/intake")

    def reports(self):
        return local(self, "/api/v1/reports")["reports"]

    def send(self, text):
        return self.ask("/report", "POST", {"Content-Type": "application/x-www-form-urlencoded"}, urllib.parse.urlencode({"description": text}))[0].status

    def old(self):
        """As when the last one was sent over an hour ago; while it stands."""
        self.sql(f"UPDATE intake_canary SET sent_ms = sent_ms - {2 * HOUR}")


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def desk(tmp_path, authority):
    one = Desk(tmp_path, authority)
    yield one
    one.stop()
    one.before.line.close()


class Elsewhere(http.server.ThreadingHTTPServer):
    """Another server under the site's name, which takes what it is sent, says that it did, and keeps it."""

    def __init__(self, authority):
        server, self.taken = self, []

        class Answer(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.page(b'<form method="post" action="/report" enctype="multipart/form-data"><textarea name="description"></textarea>'
                          b'<input type="hidden" name="receipt" value="0000-AAAA"></form>')

            def do_POST(self):
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                form = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(
                    b"Content-Type: " + self.headers["Content-Type"].encode() + b"\r\n\r\n" + raw)
                server.taken.append({p.get_param("name", header="content-disposition"): p.get_content().rstrip("\r\n") for p in form.iter_parts()})
                server.origin = self.headers["Origin"]
                self.page(b"<code>0000-AAAA</code>")

            def page(self, body):
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Answer)
        self.socket = server_side(authority, f"elsewhere{self.server_port}").wrap_socket(self.socket, server_side=True)
        threading.Thread(target=self.serve_forever, daemon=True).start()


def test_it_comes_and_is_no_report(desk):
    desk.start()
    wait_for(lambda: desk.intake()["form"] == "arrived", 15)
    state = desk.intake()
    assert state["form_arrived"] >= state["form_sent"] and state["form_seen"] == "The form was taken, and its receipt shown." and state["alarms"] == []
    assert desk.reports() == [] and desk.sql("SELECT count(*) FROM report") == [("0",)]
    assert local(desk, "/api/v1/health")
    # of what strangers may send it took nothing: twenty at once from one network, and no more
    assert [desk.send(f"burning lamp {i}") for i in range(21)] == [200] * 20 + [429]
    assert len(desk.reports()) == 20


def test_nobody_has_a_report_taken_for_one(desk):
    desk.start()
    wait_for(lambda: desk.intake()["form"] == "arrived", 15)
    said = "Test of the way of reports: canary " + "0" * 32
    assert desk.send(said) == 200 and [local(desk, f"/api/v1/reports/{r['id']}")["description"] for r in desk.reports()] == [said]


def test_a_form_that_answers_and_a_report_that_is_not_there(desk, authority):
    other = Elsewhere(authority)
    try:
        desk.site(other.server_port)
        desk.start()
        wait_for(lambda: desk.intake()["form"] == "missing", 15)
        alarm = desk.intake()["alarms"][0]
        assert (alarm["channel"], alarm["what"]) == ("form", "canary") and "not in the store" in alarm["seen"] and "over" not in alarm
        assert other.origin == f"https://localhost:{other.server_port}" and other.taken[0]["receipt"] == "0000-AAAA"
        subject, text = desk.sql(f"SELECT subject, text FROM outbox WHERE recipient = '{BOSS}'")[0]
        assert subject == "Reports by the form do not arrive" and "not in the store" in text
        page = desk_page(desk)
        assert "by the form" in page and "something else answers" in page
        # it was only late: whoever held it hands it on
        desk.stop()
        desk.old()
        desk.start()
        wait_for(lambda: len(other.taken) > 1, 15)
        assert desk.send(other.taken[0]["description"] + "\nand this") == 200 and len(desk.reports()) == 1  # more than our own words: a report
        assert post_form(desk, other.taken[0]["description"]) == 200 and len(desk.reports()) == 1
        late = desk.intake()["alarms"][0]
        assert "came late" in late["late"] and "over" not in late
        assert "came late" in desk_page(desk)
        assert post_form(desk, other.taken[0]["description"]) == 200 and len(desk.reports()) == 2  # once, and no more
        assert post_form(desk, other.taken[-1]["description"]) == 200 and len(desk.reports()) == 2  # in time: all is well
        assert "over" in desk.intake()["alarms"][0]
    finally:
        other.shutdown()
        other.server_close()


def post_form(desk, text):
    """As the page has it: with its receipt, and every field."""
    page = desk.ask("/report")[1]
    fields = {"receipt": re.search(r'name="receipt" value="([^"]+)"', page)[1], "kind": "flaw", "description": text}
    return desk.ask("/report", "POST", {"Content-Type": "application/x-www-form-urlencoded"}, urllib.parse.urlencode(fields))[0].status


def desk_page(desk):
    return subprocess.run(["curl", "-s", "--unix-socket", desk.dir / "desk.sock", "http://localhost/desk/alarms"], capture_output=True, text=True, check=True).stdout


def test_a_site_that_does_not_answer_is_told_in_time(desk, authority):
    closed = free_port()
    desk.site(closed)
    desk.start()
    wait_for(lambda: "form_seen" in desk.intake(), 20)
    assert desk.intake()["form"] == "waiting" and desk.intake()["alarms"] == []  # one try says nothing yet
    desk.stop()
    desk.old()
    desk.start()
    wait_for(lambda: desk.intake()["form"] == "missing", 10)
    assert re.search("refused|connect", desk.intake()["alarms"][0]["seen"], re.I)
    # it answers again, behind a certificate that nobody vouches for: still nothing
    desk.stop()
    (desk.dir / "mail-trust.pem").write_text(Authority(desk.folder).certificate.read_text())
    desk.site(desk.port)
    desk.old()
    desk.start()
    wait_for(lambda: re.search("certificate", desk.intake()["alarms"][0]["seen"], re.I), 20)
    desk.stop()
    desk.trust(authority)
    desk.old()
    desk.start()
    wait_for(lambda: desk.intake()["form"] == "arrived", 20)
    assert "over" in desk.intake()["alarms"][0] and desk.reports() == []
    assert ("Reports by the form arrive again",) in desk.sql(f"SELECT subject FROM outbox WHERE recipient = '{BOSS}'")


def test_without_hours_or_a_user_none_is_sent(desk):
    answers = json.loads((desk.dir / "app/desk.json").read_text())
    del answers["canary"]
    (desk.dir / "app/desk.json").write_text(json.dumps(answers))
    desk.start()
    assert (desk.intake()["form"], "canary" in desk.intake()["form_why"]) == ("off", True)
    desk.stop()
    (desk.dir / "app/desk.json").write_text(json.dumps({**answers, "canary": 1}))
    (desk.dir / "roles.tab").write_text("".join(f"{n} {i} {i}\n" for n, i in support.IDS.items()))
    desk.start()
    assert (desk.intake()["form"], "roles.tab" in desk.intake()["form_why"]) == ("off", True)
    desk.stop()
    (desk.dir / "app/desk.json").write_text(json.dumps({**answers, "canary": 169}))
    checked = operate(desk, "check")
    assert checked.returncode == 1 and "canary" in checked.stdout
