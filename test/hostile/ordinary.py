#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The manufacturer's server with what an ordinary week leaves in it, for people who look at its pages (test/browser/support-shots.js): products, reports, cases with
their clocks, advisories, questions, findings, customers. As serve.py, one line of JSON says where it is, and it ends when its input does."""
import json
import os
import pathlib
import re
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import serve  # noqa: E402
import story  # noqa: E402
import support_staff as staff  # noqa: E402
from test_mail import Box, Server  # noqa: E402

DAY = 86400
PRODUCTS = [
    {"name": "wohnklima", "title": "Wohnklima WK-200", "summary": "Room thermostat with a heating schedule, for the living room and the holiday flat.",
     "contacts": {"security-email": "psirt@meridian.example", "support-email": "help@meridian.example", "support-url": "https://meridian.example/help"},
     "support": {"start": "2024-03-01", "end": "2032-03-01", "security-updates-until": "2032-03-01", "terms": "Free of charge, for whoever owns the device.", "tell-before-days": 180},
     "identifiers": {"cpe": "cpe:2.3:o:meridian:wohnklima_firmware:*:*:*:*:*:*:*:*", "purl": "pkg:generic/meridian/wohnklima"},
     "models": [{"model": "WK-200", "skus": ["4711-200"]}, {"model": "WK-210", "skus": ["4711-210", "4711-211"]}],
     "documents": [{"kind": "settings", "title": "All settings, explained", "url": "https://meridian.example/wk/settings"}, {"kind": "manual", "title": "Installer's manual", "url": "https://meridian.example/wk/manual.pdf"}],
     "versions": [{"version": "3.2.1", "released": "2026-10-12", "identifiers": {"hashes": [{"filename": "wohnklima-3.2.1.img", "file_hashes": [{"algorithm": "sha512", "value": "0123456789abcdef" * 8}]}]}},
                  {"version": "3.2.0", "released": "2026-06-02"}, {"version": "2.9.4", "released": "2025-01-20", "supported-until": "2026-12-31"}, {"version": "1.4.0", "released": "2024-03-01", "supported-until": "2025-12-31"}]},
    {"name": "heizungsregler", "title": "Heizungsregelungssteuergerät HR-900", "summary": "Controller for heat pumps and district heating in houses with up to forty flats.",
     "contacts": {"security-email": "psirt@meridian.example", "security-url": "https://security.meridian.example"},
     "support": {"start": "2025-01-01", "end": "2035-12-31", "security-updates-until": "2035-12-31", "terms": "Free of charge with every maintenance contract; otherwise for ten years from the date of sale."},
     "identifiers": {"purl": "pkg:generic/meridian/heizungsregler"}, "models": [{"model": "HR-900"}], "versions": [{"version": "1.1.0", "released": "2026-09-01"}, {"version": "1.0.2", "released": "2025-11-11"}]},
    {"name": "gateway", "title": "Meridian Gateway G4", "summary": "Connects Meridian devices to the building's network.", "contacts": {"security-email": "psirt@meridian.example"},
     "support": {"start": "2022-05-01", "end": "2027-01-31", "security-updates-until": "2027-01-31"}, "versions": [{"version": "4.8", "released": "2026-02-03"}]},
    {"name": "raumfuehler", "title": "Raumfühler RF-10", "support": {"start": "2012-01-01", "end": "2022-12-31", "security-updates-until": "2022-12-31"}, "contacts": {"security-email": "psirt@meridian.example"}},
]
DESK = {"name": "Meridian Klimatechnik GmbH", "site": "https://security.meridian.example", "contacts": ["mailto:psirt@meridian.example", "tel:+49-30-5550100", "https://meridian.example/contact"], "expires": "2027-11-01T00:00:00Z", "alarms": ["mailto:oncall@meridian.example"],
        "prefix": "MKT", "hours": "Monday to Friday, 8:00 to 17:00, Berlin time", "terms": {"answer_days": 3, "decide_days": 14, "fix_days": 90, "status_days": 14}, "news": {"when": "On the second Tuesday of each month, and at once when something is exploited", "from": "psirt@meridian.example"},
        "updates": {"fix-tests": "Install the update on one device, and let it run through one day's heating schedule.", "security-tests": "Check that the installer's access asks for the code from the label."}}
CVSS4 = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"
CVSS3 = "CVSS:3.1/AV:A/AC:L/PR:L/UI:N/S:U/C:L/I:H/A:N"


def ago(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - seconds))


class Week(story.World):
    def configure(self, smtp_port):
        app = self.service.dir / "app"
        start, self.service.start = self.service.start, lambda: None
        colleague, administrator = staff.colleague, staff.administrator

        def started():
            (app / "desk.json").write_text(json.dumps(DESK))
            (app / "products.json").write_text(json.dumps({"format": 1, "products": PRODUCTS}))
            return start()
        self.service.start = started
        named = {"manager": "Katharina Brandstetter", "analyst": "Jonas Weber", "publisher": "Elif Yildiz"}
        staff.colleague = lambda admin, name, role: colleague(admin, named.get(name, name), role)
        try:
            super().configure(smtp_port)
        finally:
            staff.colleague, staff.administrator, self.service.start = colleague, administrator, start
        return self

    def do(self, name, target=None, role=None, **body):
        """By whoever may, and what it says when it is not done."""
        if self.ops[name].get("step_up") == "yes":
            self.prove(role or self.role_of(name))
        try:
            return self.api(name, target, role, **body)
        except AssertionError as e:
            print("not done:", str(e)[:600], file=sys.stderr)
            return {}

    def form(self, path, name, **typed):
        r, text, _ = self.send(name, path, typed)
        if r.status >= 400:
            print("not done:", name, r.status, re.findall(r'role="alert".*?</', r.text, re.S)[:2], file=sys.stderr)
        return r.text

    # --- What there is ---

    def received(self):
        said = [
            {"kind": "flaw", "description": "The local web page of the WK-200 answers /api/schedule without asking for the installer's code when the request has an empty Authorization header.\n\nSteps:\n1. curl -H 'Authorization:' http://192.0.2.17/api/schedule\n2. The whole heating schedule comes back, and PUT changes it.\n\nSeen on 3.2.0 and 3.2.1.",
             "product": "Wohnklima WK-200", "version": "3.2.1", "contact": "mara.lindqvist@university.example", "credit": "Mara Lindqvist, Northern University", "fix": "Refuse an empty header as a missing one."},
            {"kind": "flaw", "description": "Someone changed the flow temperature of our heat pumps over the internet last night, in three houses at once. The log of the controller shows logins from an address we do not know.", "product": "Heizungsregelungssteuergerät HR-900", "version": "1.0.2", "contact": "+49 30 5550199, Hausverwaltung Schönhauser Straße"},
            {"kind": "bug", "description": "Seit dem letzten Update zeigt die Wochenübersicht die Sommerzeit falsch an; die Heizung schaltet eine Stunde zu früh ein.", "product": "Wohnklima WK-200", "version": "3.2.1"},
            {"kind": "flaw", "description": "The gateway's update server offers TLS 1.0.", "product": "Meridian Gateway G4"},
            {"kind": "flaw", "description": "Buy our penetration test today and get a 20 % discount.", "contact": "sales@example.net"},
            {"kind": "flaw", "description": "Same as others have surely said: empty Authorization header opens the schedule.", "product": "WK-200", "version": "3.2.0"},
        ]
        for one in said:
            r, _, _ = self.send("report.send", "/report", {"receipt": "", "flaw": "", **one})
            self.receipts.append(re.search(r"<code>([0-9A-Z-]{34})</code>", r.text)[1])
            self.one_more_report()
        body, kind = story.multipart({"description": "The thermostat restarts when a name with more than 64 characters is given to a room (Schlafzimmer-Dachgeschoss-Südseite-mit-Fußbodenheizung-und-Handtuchheizkörper). A capture of the traffic is attached.", "product": "Wohnklima WK-200", "version": "3.2.0", "contact": "tom@research.example", "kind": "flaw"},
                                     [("neustart-mitschnitt.pcapng", "application/octet-stream", b"capture" * 900), ("photo of the display.jpg", "image/jpeg", b"image" * 40000)])
        r, _, _ = self.send("report.send", "/report", body, headers=kind and {"Content-Type": kind})
        self.receipts.append(re.search(r"<code>([0-9A-Z-]{34})</code>", r.text)[1])
        self.one_more_report()
        self.do("report.case", "r1", title="Schedule of the WK-200 can be read and changed without the installer's code")
        self.do("report.reply", "r1", text="Thank you. We could repeat it and work on a remedy; you will hear from us by the end of next week.")
        self.form("/report/status", "report.status", receipt=self.receipts[0])
        self.send("report.answer", "/report/answer", {"receipt": self.receipts[0], "text": "Thanks! Please credit me with my university's name."})
        self.do("report.case", "r2", title="Flow temperature of heat pumps changed over the internet in three houses")
        self.do("report.duplicate", "r6", case="c1", reason="It is the empty header again, in other words.")
        self.do("report.reject", "r5", reason="Advertising.")
        self.do("report.publish", "r1", thanks=True)

    def cases(self):
        self.do("case.change", "c1", product="Wohnklima WK-200", versions="3.2.0, 3.2.1", cvss=CVSS4, cwe="CWE-306", cve="CVE-2026-31415", manufacturer="Meridian Klimatechnik GmbH, Berlin", contact="psirt@meridian.example, +49 30 5550100",
                description="The local interface takes an empty Authorization header for a correct one. Whoever is in the same network reads and changes the heating schedule.", impact="Rooms become cold or too hot; nothing beyond the schedule can be changed.", remedy="3.2.2 refuses an empty header.")
        manager, analyst = self.people["manager"].id, self.people["analyst"].id
        self.do("case.assign", "c1", who=analyst)
        for state in ("acknowledged", "triage", "verified", "remediation"):
            self.do("case.move", "c1", role="analyst", to=state)
        self.do("case.embargo", "c1", until="2027-01-15T09:00:00Z", access=f"{manager}, {analyst}")
        self.do("case.tell", "c1", party="CERT-Bund", what="Number of the case, affected versions, planned date of the remedy", at=ago(2 * DAY))
        self.do("case.assign", "c2", who=manager)
        self.do("case.change", "c2", product="Heizungsregelungssteuergerät HR-900", versions="<1.1.0", member_states="DE, AT, NL", malicious="yes, logins from a hosting provider's network at night", nature="Remote access with the default installer code", exploit="Guessing of the four-digit installer code",
                assessment="Three houses are known; up to 900 controllers can be reached from the internet.", measures_taken="The code is no longer accepted over the internet from 1.1.0 on.", measures_users="Install 1.1.0, or disconnect the controller from the internet.", sensitivity="Not to be passed on before the update is installed widely.",
                impact="Heating fails or is too hot; in winter water pipes may freeze.", description="The installer's code has four digits and may be tried without limit over the internet.", severity="High", cvss=CVSS3, cwe="CWE-307")
        self.do("case.move", "c2", role="manager", to="acknowledged")
        self.do("article14.start", "c2", role="manager", kind="exploited-vulnerability", aware=ago(20 * 3600), zone="Europe/Berlin")
        self.do("article14.start", "c2", role="manager", kind="severe-incident", aware=ago(80 * 3600), zone="Europe/Berlin")
        self.do("article14.submit", "c2", role="manager", step="early-warning", kind="severe-incident", reference="ENISA-SRP-2026-004711", who=manager, at=ago(70 * 3600))
        self.do("article14.asked", "c2", role="manager", kind="severe-incident", by="CERT-Bund", what="How many controllers are reachable in Germany?", at=ago(40 * 3600))
        self.do("article14.users", "c2", role="manager", kind="severe-incident", how="Mail to 312 subscribers and a notice at the portal", at=ago(30 * 3600))
        for title, product, states in (("Update server of the gateway offers TLS 1.0", "Meridian Gateway G4", ()), ("Restart after a room's name of more than 64 characters", "Wohnklima WK-200", ("acknowledged", "triage")),
                                       ("Hard-coded key in the Raumfühler's service mode (Wartungsmodusschlüssel im Auslieferungszustand)", "Raumfühler RF-10", ("acknowledged",))):
            one = self.do("case.create", title=title, product=product, versions="all").get("id")
            for state in states:
                self.do("case.move", one, role="manager", to=state)
        self.do("article14.start", "c3", role="manager", kind="exploited-vulnerability", aware=ago(10 * DAY))
        self.do("article14.not-reportable", "c3", role="manager", reason="Nobody has exploited it: the log of the update server shows our own scanner alone.")
        self.do("case.assign", "c4", who=manager)
        self.do("case.move", "c4", role="manager", to="not-reproducible", reason="It runs through with 3.2.1; the length is cut there.")
        self.do("article14.drill", zone="Europe/Berlin")
        for _ in range(50):
            alarms = self.api("alarms.list").get("alarms", [])
            if len(alarms) >= 3:
                break
            time.sleep(0.1)
        if alarms:
            self.do("alarm.acknowledge", str(alarms[-1]["alarm"]), note="On my desk since this morning.")

    def draft(self, **said):
        name = self.do("advisory.create", role="analyst", **{key: said.pop(key) for key in ("title", "case", "product", "cve", "profile") if key in said})["id"]
        self.known["advisory"].append(name)
        for _ in range(1 if said else 0):
            revision = self.api("advisory.read", name, role="analyst")["revision"]
            self.do("advisory.describe", name, role="analyst", revision=revision, **said)
        return name

    def ready(self, name):
        self.do("advisory.review", name, role="analyst")
        said = self.api("advisory.read", name, role="manager")
        self.do("advisory.approve", name, role="manager", hash=said["hash"])

    def advisories(self):
        default = {"title": "Installer's code of the HR-900 can be guessed", "about": "Whoever reaches the controller over the internet can try all installer's codes.", "affected": "<1.1.0", "fixed": "1.1.0", "cwe": "CWE-307", "cvss": CVSS3,
                   "description": "The installer's code has four digits and may be tried without limit over the internet. With it, flow temperature and schedule can be changed.", "action": "Install version 1.1.0. Until then, disconnect the controller from the internet.",
                   "link": "https://meridian.example/hr-900/1.1.0", "label": "WHITE", "summary": "First publication."}
        one = self.draft(title=default["title"], product="heizungsregler", cve="CVE-2026-27182")
        for more in ({}, {"about": "Whoever reaches the controller over the internet can try all installer's codes, as has happened in November 2026."}):
            self.do("advisory.describe", one, role="analyst", revision=self.api("advisory.read", one, role="analyst")["revision"], **default | more)
            self.ready(one)
            self.do("advisory.publish", one)
        old = self.draft(title="Update of the Gateway G4 may be rolled back", product="gateway", cve="CVE-2025-11111")
        self.do("advisory.describe", old, role="analyst", revision=self.api("advisory.read", old, role="analyst")["revision"], **default | {"title": "Update of the Gateway G4 may be rolled back", "about": "An older, signed version is accepted.", "affected": "<=4.7", "fixed": "4.8", "cwe": "CWE-1328", "cvss": "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:H", "link": "https://meridian.example/g4/4.8", "description": "The gateway takes every signed version, and older ones too.", "action": "Install version 4.8."})
        self.ready(old)
        self.do("advisory.publish", old)
        planned = self.draft(title="Wochenübersicht des Wohnklima WK-200 zeigt Räume anderer Wohnungen", product="wohnklima", cve="CVE-2026-30001")
        self.do("advisory.describe", planned, role="analyst", revision=self.api("advisory.read", planned, role="analyst")["revision"], **default | {"title": "Wochenübersicht des Wohnklima WK-200 zeigt Räume anderer Wohnungen", "affected": "3.2.0", "fixed": "3.2.1", "cwe": "CWE-863"})
        self.ready(planned)
        self.do("advisory.plan", planned, at="2026-12-08T09:00:00Z")
        review = self.draft(title="Restart of the WK-200 by a long name of a room", product="wohnklima", cve="CVE-2026-30002")
        self.do("advisory.describe", review, role="analyst", revision=self.api("advisory.read", review, role="analyst")["revision"], **default | {"title": "Restart of the WK-200 by a long name of a room", "affected": "<3.2.1", "fixed": "3.2.1"})
        self.do("advisory.review", review, role="analyst")
        self.draft(case="c1")
        gone = self.draft(title="Clear text password in the backup file", product="wohnklima", cve="CVE-2026-30003")
        self.do("advisory.describe", gone, role="analyst", revision=self.api("advisory.read", gone, role="analyst")["revision"], **default | {"title": "Clear text password in the backup file", "affected": "3.1", "fixed": "3.2.0"})
        self.ready(gone)
        self.do("advisory.publish", gone)
        self.do("advisory.withdraw", gone, role="analyst", reason="The file of another product was looked at.")

    def questions(self):
        self.do("answer.keep", title="How long are there security updates?", text="Until the date that stands on the product's page. We tell subscribers 180 days before.", kind="other", product="wohnklima")
        self.do("answer.keep", title="Welche Ports öffnet das Gerät?", text="443/tcp im lokalen Netz und 5353/udp; ausgehend 443/tcp zu updates.meridian.example.", kind="configuration", product="gateway")
        self.do("answer.keep", title="Where is the software bill of materials?", text="Beside each version of the product's page.", kind="component", product="wohnklima")
        self.do("answer.retire", "l3", reason="The address has changed.")
        self.do("question.note", via="call", kind="noncompliance", caller="Frau Oberhauser, Stadtwerke Süd", product="gateway", version="4.8", directive="BSI-Warnung 2026-0815", text="Is the gateway affected by the BSI's warning, and by when do we have to switch off remote access?", follow_up="Ask development about the VPN's version", due="2026-11-27T16:00:00Z", customer="Customer number 20331, contract of 2024, deputy Herr Lechner")
        self.do("question.note", via="mail", kind="configuration", caller="hausmeister@wohnbau.example", product="wohnklima", version="3.2.1", text="How do I switch off the web page in all forty flats at once?")
        self.do("question.note", via="call", kind="event", caller="Herr Nowak", product="heizungsregler", version="1.0.2", text="The display says 'access from outside refused' since yesterday.")
        r, _, _ = self.send("question.send", "/question", {"receipt": "", "kind": "documentation", "product": "Wohnklima WK-200", "version": "3.2.1", "description": "The chapter about certificates says nothing about renewing them.", "document": "/policy", "breadth": "missing", "depth": "too-little", "contact": "anna@wohnbau.example"})
        self.one_more_report()
        self.do("question.assign", "q1", who=self.people["manager"].id)
        self.do("question.identify", "q1", how="Called back at the number of the contract; named customer number and last invoice.", result="passed")
        self.do("question.disclose", "q1", why="She needs the deputy's name for her ticket.")
        self.do("question.answer", "q2", **{"from": "l2"})
        self.do("question.answer", "q3", text="Your controller refused a login from outside; that is what the update of November does.")
        self.do("question.close", "q3", outcome="The customer is content; version 1.1.0 is installed.")

    def notices(self):
        self.do("notice.create", id="hr-110", kind="update", product="heizungsregler", versions="<1.1.0", severity="high", title="Version 1.1.0 for the HR-900", text="It refuses the installer's code over the internet.", link="https://meridian.example/hr-900/1.1.0", data="The schedule is kept.", install_by="2026-12-15", needs="20 minutes; the heat pump stands still for five of them.", review="2027-01-10")
        self.do("notice.create", id="g4-m", kind="maintenance", product="gateway", title="The update server rests on 6 December", text="From 22:00 to 23:30 no updates can be fetched.")
        self.do("notice.draft", kind="update", product="wohnklima", versions="3.2.0, 3.2.1", severity="high", title="Version 3.2.2 for the Wohnklima WK-200", text="It asks for the installer's code in every case.", link="https://meridian.example/wk/3.2.2", data="The schedule and the names of the rooms are kept.", install_by="2027-01-31", needs="Three minutes, and the installer's code from the label.", review="Check after two days that the schedule runs.")
        self.do("notice.draft", kind="end-of-support", product="gateway", title="Support of the Gateway G4 ends on 31 January 2027", text="After that day there are no updates any more.")
        self.do("notice.create", id="wk-old", kind="change", title="New telephone number of product security", text="+49 30 5550100 from now on.")
        self.do("notice.withdraw", str(max(n["number"] for n in self.api("notices.list")["notices"])), reason="The number was that of the sales department.")

    def findings(self):
        def entry(n, name, version, text, **more):
            return {"vulnerability": f"CVE-2026-{n}", "component": f"pkg:generic/{name}", "version": version, "name": name, "purl": f"pkg:generic/{name}@{version}", "summary": text, "state": "open", "facts": f"{n:032x}",
                    "records": [{"id": f"GHSA-{n}", "file": f"osv/GHSA-{n}.json", "by": "purl", "verdict": "affected", "place": "/affected/0/ranges/0", "reason": f"{version} is in the range from 0 to {version}1"}], "evidence": [f"CONFIG_{name.upper()}=y is set in .config"], **more}
        parts = [{"name": n, "version": v, "purl": f"pkg:generic/{n}@{v}", "supplier": s} for n, v, s in (("busybox", "1.36.1", "BusyBox project"), ("curl", "8.5.0", "curl project"), ("linux", "6.1.55", "kernel.org"), ("mbedtls", "3.4.0", "Trusted Firmware"), ("musl", "1.2.4", "musl libc"), ("zlib", "1.3", "zlib"), ("libnfc-tagverarbeitung-mit-langem-namen", "0.9.3-meridian4", "Meridian Klimatechnik GmbH"))]
        found = [entry(1201, "curl", "8.5.0", "A crafted server answer makes curl read beyond a buffer while it follows a redirect.", epss=912000, kev={"added": "2026-11-18", "due": "2026-12-09", "ransomware": False}),
                 entry(1202, "mbedtls", "3.4.0", "The check of a certificate's key usage is skipped for certificates of the first level."), entry(1203, "linux", "6.1.55", "Use after free in the traffic control subsystem when a filter is replaced.", epss=13000),
                 entry(1204, "busybox", "1.36.1", "awk crashes on a crafted program.")]
        for kind, entries in (("components", parts), ("findings", found)):
            said = self.do("release.begin", product="wohnklima", version="3.2.1", kind=kind, source="0123456789abcdef" * 4, count=len(entries))
            self.known["import"].append(said["id"])
            self.do("release.add", said["id"], **{"from": 0, "entries": entries})
            self.do("release.end", said["id"])
        for release in self.api("releases.list").get("releases", [])[:1]:
            self.known["release"].append(str(release.get("id") or release.get("release")))
        for one in self.api("findings.list")["findings"]:
            self.known["finding"].append(one["finding"] if "finding" in one else one["id"])
        if len(self.known["finding"]) > 3:
            self.do("finding.decide", self.known["finding"][3], status="not_affected", justification="vulnerable_code_not_in_execute_path", reason="awk is not built into our busybox.")
            self.do("finding.case", self.known["finding"][0], title="curl reads beyond a buffer in the update client")

    def customers(self):
        key = self.an_account()
        self.send("account.device", "/account/device", {"key": key, "model": "wohnklima", "serial": "WK200-0481-2291"})
        self.send("account.device", "/account/device", {"key": key, "model": "heizungsregler", "serial": "HR900-17"})
        self.send("account.device", "/account/device", {"key": key, "model": "gateway", "serial": "G4-00023"})
        for one in self.api("customer-devices.list").get("devices", []):
            self.known["device"].append(str(one["device"]))
        self.do("customer-device.judge", self.known["device"][0], state="confirmed", how="The number stands on the invoice of March 2025.")
        self.do("customer-device.judge", self.known["device"][1], state="confirmed", how="He read out the code on the controller's label.")
        self.send("account.mail", "/account/mail", {"key": key, "address": "anna.oberhauser@stadtwerke.example"})
        for text in ("When is the next update for the gateway?", "The display of flat 12 stays dark."):
            r, _, _ = self.send("account.send", "/account/send", {"key": key, "kind": "other", "description": text, "product": "Meridian Gateway G4", "version": "4.8"})
            self.one_more_report()
            self.items.append(self.known["report"][-1])
        said = self.do("incident.tell", product="heizungsregler", devices="HR900-17", title="Settings of your controller were changed by strangers", happened="In the night of 21 November somebody logged in with the installer's code and changed the flow temperature.",
                       concerned="Flow temperature and schedule; no names, no addresses.", done="We have closed the access over the internet.", todo="Install version 1.1.0 and change the installer's code.")
        if said:
            self.known["incident"].append(str(said["incident"]))

    def subscriptions(self):
        self.send("subscription.ask", "/subscriptions", {"channel": "mail", "recipient": "ann@stadtwerke.example", "product": "wohnklima", "versions": "", "lowest": "", "advisory": "on", "update": "on", "maintenance": "on", "end": "on"})
        return self

    def all(self):
        for part in (self.received, self.cases, self.advisories, self.questions, self.notices, self.findings, self.customers, self.subscriptions):
            part()
        self.known["notice"] = ["1", "2"]
        self.known["draft"] = ["n1", "n2"]
        self.known["question"], self.known["answer"] = [f"q{n}" for n in (1, 2, 3, 4)], ["l1", "l2", "l3"]
        self.known["case"] = [f"c{n}" for n in range(1, 8)]
        self.known["alarm"] = [str(a["alarm"]) for a in self.api("alarms.list").get("alarms", [])]
        for role in story.ROLES:
            self.prove(role)


MORE = ["/login?out=1", "/no-such-page", "/subscriptions?product=wohnklima", "/question?kind=documentation&document=/policy", "/advisories?product=heizungsregler", "/advisories?product=raumfuehler", "/report?kind=bug"]
DESK_MORE = [("manager", "/desk/cases?state=closed"), ("manager", "/desk/cases?sort=-title&whose=me"), ("manager", "/desk/advisories?text=installer&sort=-title"), ("manager", "/desk/advisories?text=nothing+like+this"), ("manager", "/desk/advisories?initial_from=2026-11-01&severity=high&state=published"),
             ("manager", "/desk/components?text=curl&by=name"), ("manager", "/desk/triage?view=all"), ("manager", "/desk/cvss?version=3.1&av=N"), ("manager", f"/desk/cvss?case=c1&vector={CVSS4}"), ("manager", "/desk/advisory-new?case=c1"), ("manager", "/desk/no-such"), ("administrator", "/desk/cases"),
             ("analyst", "/desk/people"), ("administrator", "/desk/people"), ("publisher", "/desk/cases"), ("manager", "/desk/question-answer/q1?based_on=l1"), ("manager", "/desk/advisory-differences/MKT-2026-0001?from=1&to=2"), ("manager", "/desk/answers?search=nothing"), ("manager", "/desk/questions?state=closed"),
             ("manager", "/desk/drafts/c2?step=notification&kind=exploited-vulnerability"), ("manager", "/desk/reports?state=rejected")]
CHANGED = {"title", "cvss", "description", "malicious"}  # of the many members of a case


def pages(w):
    """(role, path, operation): of what is read every page, of each form the first that can be sent."""
    asked = set()
    for name, path in w.looks():
        if w.ops[name].get("media") != "text/html" or "page=" in path or "&step" in path or ("member=" in path and path.split("=")[-1] not in CHANGED):
            continue
        if name.endswith("-form") and "member=" not in path:
            if name in asked or w.send(name, path)[0].status >= 400:
                continue
            asked.add(name)
        yield w.role_of(name), path, name
    yield from (("anyone", path, "") for path in MORE)
    yield from ((role, path, "") for role, path in DESK_MORE)


def main():
    with tempfile.TemporaryDirectory(prefix="tw-ordinary-") as folder:
        w = Week(pathlib.Path(folder))
        mail = Server(Box())
        mail.start()
        try:
            w.known["product"] = [one["name"] for one in PRODUCTS]
            w.configure(mail.port)
            w.all()
            print(json.dumps({"url": w.origin.decode(), "sessions": {role: p.token for role, p in w.people.items()}, "pages": sorted(set(pages(w)), key=lambda one: one[1]), "receipts": w.receipts, "customer": w.customer}), flush=True)
            sys.stdin.read()
        finally:
            w.service.stop()
            mail.stop()


if __name__ == "__main__":
    main()
