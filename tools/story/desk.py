# SPDX-License-Identifier: Apache-2.0
"""The manufacturer's side of the demo: its server, a stranger's report, the case, the clocks of Article 14, an advisory. Whoever tells the story gives the tool, a
way to say what was found, and the exception that stops it."""
import datetime
import html
import http.client
import json
import re
import ssl
import time
import urllib.parse

from story import processes

ROLES = {"app": 58621, "front": 58622, "keys": 58623, "hash": 58624, "mail": 58625, "sign": 58626}
CVE = "CVE-2026-0001"


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class Desk:
    def __init__(self, story, port, failure, as_root):
        self.story, self.port, self.failure, self.as_root = story, port, failure, as_root
        self.dir, self.log = story.demo / "desk", story.demo / "log/desk.log"
        self.tree = story.demo / "csaf"
        self.site = f"https://127.0.0.1:{port}"

    def ask(self, method, path, fields=None):
        """What a browser does; the certificate is the server's own, so it is not checked here."""
        c = http.client.HTTPSConnection("127.0.0.1", self.port, context=ssl._create_unverified_context(), timeout=5)
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if fields else {}
        c.request(method, path, urllib.parse.urlencode(fields) if fields else None, headers)
        answer = c.getresponse()
        text = answer.read().decode("utf-8", "replace")
        c.close()
        if answer.status != 200:
            raise self.failure(f"{path} answers {answer.status}", f"read {self.log}")
        return text

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
        self.ask("POST", "/report", {"receipt": receipt, "product": "Example Smart Thermostat TH-100", "version": "1.0.0",
                                     "description": "A crafted packet from the local network makes it heat without end."})
        self.story.say(f"a stranger reported a flaw at {self.site}/report and keeps its receipt {receipt[:9]}...")

    def case(self):
        made = self.desk("case", "create", "Heats without end", "Example Smart Thermostat TH-100", "1.0.0")
        self.desk("article14", "start", made["id"], "exploited-vulnerability")
        for clock in self.desk("article14", "read", made["id"])["clocks"]:
            self.story.say(f"{clock['rule']}, {clock['step']}: {clock['words']}")

    def serve(self):
        self.start()
        self.report()
        self.case()

    def advise(self):
        """A draft with what the registry knows; what a person decides is written into it, as an editor would."""
        drafts = self.story.demo / "drafts"
        self.story.tool("csaf", "new", drafts, "--product", self.story.demo / "product", "--profile", "csaf_security_advisory", "--title", "Heats without end", "--cve", CVE)
        draft = next(drafts.glob("*.json"))
        advisory, date = json.loads(draft.read_text()), now()
        document, flaw = advisory["document"], advisory["vulnerabilities"][0]
        document["distribution"]["tlp"]["label"] = "WHITE"
        document["tracking"].update(status="final", version="1", current_release_date=date, initial_release_date=date,
                                    revision_history=[{"date": date, "number": "1", "summary": "First published."}])
        document["notes"][0]["text"] = flaw["notes"][0]["text"] = "A crafted packet from the local network makes the thermostat heat without end."
        affected = flaw["product_status"].pop("under_investigation")
        flaw["product_status"]["known_affected"] = affected
        flaw["remediations"] = [{"category": "vendor_fix", "details": "Update to 1.0.1.", "product_ids": affected}]
        draft.write_text(json.dumps(advisory, indent=2))
        self.story.tool("csaf", "validate", draft)
        self.story.tool("csaf", "publish", self.tree, draft, "--url", "https://example.com/.well-known/csaf", "--contact", "mailto:psirt@example.com")
        self.story.tool("csaf", "tree", "check", self.tree)
        self.story.say(f"{draft.name}: valid CSAF 2.0, published without a signature, the whole tree checked")
        contact = re.search(r"^Contact: .*", self.ask("GET", "/.well-known/security.txt"), re.M)[0]
        self.story.say(f"{self.site}/.well-known/security.txt: {contact.strip()}")
