# SPDX-License-Identifier: Apache-2.0
"""The manufacturer's side of the demo: its server, a stranger's report, the case, the clocks of Article 14, an advisory. Whoever tells the story gives the tool, a
way to say what was found, and the exception that stops it."""
import base64
import datetime
import hashlib
import hmac
import html
import http.client
import json
import re
import secrets
import ssl
import struct
import time
import urllib.parse

from story import processes

ROLES = {"app": 58621, "front": 58622, "keys": 58623, "hash": 58624, "mail": 58625, "sign": 58626}
CVE, PRODUCT, TITLE = "CVE-2026-0001", "Example Smart Thermostat TH-100", "Heats without end"
FLAW = "A crafted packet from the local network makes the thermostat heat without end."


def totp(secret):
    """The code that an authenticator shows now (RFC 6238)."""
    mac = hmac.new(base64.b32decode(secret), struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
    at = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[at:at + 4])[0] & 0x7FFFFFFF) % 1000000:06}"


class Desk:
    def __init__(self, story, port, failure, as_root):
        self.story, self.port, self.failure, self.as_root = story, port, failure, as_root
        self.dir, self.log = story.demo / "desk", story.demo / "log/desk.log"
        self.tree = self.dir / "app/csaf"
        self.about = None
        self.site = f"https://127.0.0.1:{port}"

    def http(self, method, path, body=None, kind="application/x-www-form-urlencoded", token=None):
        """(status, headers, text). The certificate is the server's own, so it is not checked here."""
        c = http.client.HTTPSConnection("127.0.0.1", self.port, context=ssl._create_unverified_context(), timeout=5)
        headers = {"Content-Type": kind} if body is not None else {}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        c.request(method, path, body, headers)
        answer = c.getresponse()
        text = answer.read().decode("utf-8", "replace")
        c.close()
        return answer.status, answer.headers, text

    def ask(self, method, path, fields=None):
        """What a browser does."""
        status, headers, text = self.http(method, path, urllib.parse.urlencode(fields) if fields else None)
        if status == 303:
            status, _, text = self.http("GET", urllib.parse.urljoin(path, headers["Location"]))
        if status != 200:
            raise self.failure(f"{path} answers {status}", f"read {self.log}")
        return text

    def api(self, path, body, token=None):
        """What a program of somebody of the staff does; JSON both ways."""
        status, _, text = self.http("POST", path, json.dumps(body), "application/json", token)
        if status not in (200, 201):
            raise self.failure(f"{path} answers {status}: {text}", f"read {self.log}")
        return json.loads(text)

    def desk(self, *words):
        return json.loads(self.story.tool("desk", *words, "--local", self.dir / "desk.sock", "--json"))

    def start(self):
        self.dir.mkdir(mode=0o700)
        if self.as_root:
            (self.dir / "roles.tab").write_text("".join(f"{name} {number} {number}\n" for name, number in ROLES.items()))
        answers = self.story.demo / "desk.json"
        year = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=365)
        answers.write_text(json.dumps({"name": "Example Home Controls", "site": self.site, "contacts": ["mailto:psirt@example.com"],
                                       "expires": year.strftime("%Y-%m-%dT00:00:00Z")}))
        program, roles = self.story.program("thingward-support"), self.story.program("thingward-support-role")
        self.story.run(program, "init", "--dir", self.dir, "--from", answers)
        self.story.tool("product", "export-support", self.story.demo / "product", "--out", self.dir / "app/products.json")
        self.story.run(program, "check", "--dir", self.dir, "--role-program", roles)
        process = processes.start(self.story.running, "desk", [program, "serve", "--dir", self.dir, "--listen", f"127.0.0.1:{self.port}", "--role-program", roles], self.log)
        until = time.monotonic() + 10
        while process.poll() is None and time.monotonic() < until:
            try:
                self.ask("GET", "/api/v1/health")
                return
            except OSError:
                time.sleep(0.02)
        raise self.failure(f"the server does not answer at {self.site}", f"read {self.log}")

    def report(self):
        """As a stranger, through the form."""
        form = self.ask("GET", "/report")
        receipt = html.unescape(re.search(r'name="receipt" value="([^"]*)"', form)[1])
        self.ask("POST", "/report", {"receipt": receipt, "product": PRODUCT, "version": "1.0.0",
                                     "description": FLAW})
        self.story.say(f"a stranger reported a flaw at {self.site}/report and keeps its receipt {receipt[:9]}...")

    def case(self):
        self.about = self.desk("case", "create", TITLE, PRODUCT, "1.0.0")["id"]
        self.desk("article14", "start", self.about, "exploited-vulnerability")
        for clock in self.desk("article14", "read", self.about)["clocks"]:
            self.story.say(f"{clock['rule']}, {clock['step']}: {clock['words']}")

    def serve(self):
        self.start()
        self.report()
        self.case()

    def joined(self, code):
        """Somebody who was invited: joins over HTTPS with a password and an authenticator, and logs in. Returns the session's token."""
        password = secrets.token_urlsafe(24)
        said = self.api("/api/v1/staff-joins", {"code": code, "password": password})
        secret = urllib.parse.parse_qs(urllib.parse.urlsplit(said["uri"]).query)["secret"][0]
        return self.api("/api/v1/logins", {"account": said["name"], "password": password, "code": totp(secret)})["token"]

    def manager(self):
        """The first administrator comes by the code that lies beside the server, and invites Maxine."""
        administrator = self.joined((self.dir / "app/setup-code").read_text().strip())
        return self.joined(self.api("/api/v1/staff", {"name": "Maxine", "role": "manager"}, administrator)["code"])

    def advise(self):
        """Written from the case at the socket; approved over HTTPS by somebody else, who has read it; published, and read as everybody reads it."""
        name = self.desk("advisory", "create", "--case", self.about, "--cve", CVE)["id"]
        said = self.desk("advisory", "read", name)
        texts = {"label": "WHITE", "about": FLAW, "description": FLAW, "affected": "1.0.0", "fixed": "1.0.1", "remedy": "vendor_fix", "action": "Update to 1.0.1.", "summary": "First published."}
        said = self.desk("advisory", "describe", name, str(said["revision"]), *(word for key, text in texts.items() for word in (f"--{key}", text)))
        self.desk("advisory", "review", name)
        self.api(f"/api/v1/advisory-approvals/{name}", {"hash": said["hash"]}, self.manager())
        self.story.say(f"{name}: written from the case, approved by Maxine, who did not write it")
        if self.desk("advisory", "publish", name)["state"] != "published":
            raise self.failure(f"{name} is not published", f"read {self.log}")
        [document] = self.tree.glob(f"white/*/{name.lower()}.json")
        self.story.tool("csaf", "validate", document)
        self.story.tool("csaf", "tree", "check", self.tree)
        self.story.say(f"{document.name}: valid CSAF 2.0, published without a signature, the whole tree checked")
        version = json.loads(document.read_text())["product_tree"]["branches"][0]["branches"][0]["branches"][0]["product"]
        self.story.say(f"{version['name']} is known by what product.yaml says: {version['product_identification_helper']['purl']}")
        for path in ("/advisories", f"/advisories/{name}"):
            page = self.ask("GET", path)
            if name not in page or TITLE not in page:
                raise self.failure(f"{path} does not show {name}, {TITLE}", f"read {self.log}")
        self.story.say(f"{self.site}/advisories/{name} shows it: {html.unescape(re.search('<h1[^>]*>(.*?)</h1>', page, re.S)[1]).strip()}")
        contact = re.search(r"^Contact: .*", self.ask("GET", "/.well-known/security.txt"), re.M)[0]
        self.story.say(f"{self.site}/.well-known/security.txt: {contact.strip()}")
