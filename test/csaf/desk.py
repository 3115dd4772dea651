#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the manufacturer's desk emits, into a folder: of each profile an advisory from its template, one described by its texts and one that was copied, a withdrawal, one
of a case whose product the registry knows in its first and second revision, the VEX of a release with a decision of each kind; and, as somebody fetches it, every file of the tree that they are published in (tree/), what else it gives as a file (files/),
and the evidence of `thingward assess support` over all of it in each form (support/). With `device`, the evidence of a device too (device/). Usage: desk.py FOLDER [device]"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "run")]
import support_staff as staff  # noqa: E402
import test_signing as signing  # noqa: E402
import world  # noqa: E402
from between_support import spoiled  # noqa: E402
from harness import wait_for  # noqa: E402
from test_support import Service  # noqa: E402
from test_support_assess import DESK, PRODUCTS  # noqa: E402

TOOL = world.BUILD / "src/tool/thingward"
PROFILES = ("csaf_security_advisory", "csaf_vex", "csaf_informational_advisory", "csaf_security_incident_response", "csaf_base")
TEXTS = {"label": "WHITE", "about": "Who is near may open it.", "affected": "1.0, vers:semver/>=1.1|<1.3", "fixed": "1.3", "cwe": "CWE-79", "cvss": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
         "description": "It opens by itself.", "remedy": "vendor_fix", "action": "Update to 1.3.", "link": "https://security.example.com/lamp", "summary": "More is known."}
# All that a product_identification_helper may hold.
SHA256, SHA512 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce" * 2
PRODUCT = {
    "name": "lamp", "title": "Lamp", "support": {"start": "2020-01-01", "end": "2099-01-01", "security-updates-until": "2098-01-01"},
    "identifiers": {"cpe": "cpe:2.3:o:example:lamp:*:*:*:*:*:*:*:*", "purl": "pkg:generic/example/lamp?vcs_url=git%2Bhttps:%2F%2Fexample.com%2Flamp", "x_generic_uris": [{"namespace": "https://example.com/ns", "uri": "urn:example:lamp"}]},
    "models": [{"model": "L3", "skus": ["4711", "47/12 +a"], "serial-numbers": ["L3-0000"]}, {"model": "L4"}],
    "versions": [{"version": "1.0-rc1+b~2", "released": "2020-01-01", "supported-until": "2021-01-01"},
                 {"version": "1.1", "released": "2021-01-01", "identifiers": {"sbom_urls": ["https://example.com/lamp/1.1.json"], "hashes": [
                     {"filename": "lamp-1.1.img", "file_hashes": [{"algorithm": "sha256", "value": SHA256}, {"algorithm": "sha512", "value": SHA512}]}]}}]}
STEPS = ("early-warning", "notification", "final-report", "intermediate-report")
DECISIONS = {"affected": ("--action", "Update."), "not_affected": ("--justification", "component_not_present"), "fixed": (), "under_investigation": ()}


class Workbench:
    def __init__(self, service, out):
        self.service, self.out = service, out
        admin = staff.administrator(service)
        self.ann, self.max, self.pia = (staff.colleague(admin, n, r) for n, r in (("Ann", "analyst"), ("Max", "manager"), ("Pia", "publisher")))

    def ask(self, who, method, path, body=None):
        status, said = who.ask(method, "/api/v1/" + path, body)
        if status not in (200, 201):
            raise SystemExit(f"{path}: {status} {said}")
        return said

    def write(self, name):
        """What the template leaves to its writer."""
        said = self.ask(self.ann, "GET", f"advisories/{name}")
        document = json.loads(said["document"])
        document["document"]["distribution"]["tlp"]["label"] = "WHITE"
        self.ask(self.ann, "PUT", f"advisories/{name}", {"revision": said["revision"], "document": json.dumps(document).replace("To be written.", "It was written.")})

    def publish(self, name, title):
        for finding in self.ask(self.ann, "GET", f"advisory-findings/{name}")["findings"]:
            raise SystemExit(f"{title}: {finding}")
        self.ask(self.ann, "POST", f"advisory-reviews/{name}")
        self.ask(self.max, "POST", f"advisory-approvals/{name}", {"hash": self.ask(self.max, "GET", f"advisories/{name}")["hash"]})
        self.ask(self.pia, "POST", f"advisory-publications/{name}")
        wait_for(lambda: self.ask(self.ann, "GET", f"advisories/{name}")["state"] != "publishing", 20)  # until the role has signed it
        r, text = self.service.ask(f"/.well-known/csaf/white/{time.gmtime().tm_year}/{name.lower()}.json")
        assert r.status == 200, (name, r.status)
        (self.out / f"{title}.csaf.json").write_text(text)

    def begin(self, profile):
        return self.ask(self.ann, "POST", "advisories", {"title": "Lamp opens", "product": "Lamp L3", "cve": "CVE-2026-0001", "profile": profile})["id"]

    def advisories(self):
        for profile in PROFILES:
            name = self.begin(profile)
            self.write(name)
            self.publish(name, profile)
        name = self.begin(PROFILES[0])
        said = self.ask(self.ann, "GET", f"advisories/{name}")
        self.ask(self.ann, "POST", f"advisory-descriptions/{name}", {"revision": said["revision"], **TEXTS})
        self.publish(name, "described")
        copy = self.ask(self.ann, "POST", f"advisory-clones/{name}", {"title": "Another lamp opens"})["id"]
        self.write(copy)
        self.publish(copy, "copied")
        self.ask(self.ann, "POST", f"advisory-withdrawals/{name}", {"reason": "It was another lamp."})
        self.publish(name, "withdrawn")

    def registered(self):
        """From a case, with the versions that it names; then again, with one more."""
        case = self.ask(self.ann, "POST", "cases", {"title": "Lamp opens", "product": "lamp", "description": "It opens.", "versions": "1.0-rc1+b~2, 1.1, <= 0.9"})["id"]
        name = self.ask(self.ann, "POST", "advisories", {"case": case})["id"]
        for title, texts in (("registered", {"action": "Update to 1.2."}), ("registered2", {"fixed": "1.2", "summary": "It is corrected."})):
            said = self.ask(self.ann, "GET", f"advisories/{name}")
            self.ask(self.ann, "POST", f"advisory-descriptions/{name}", {"revision": said["revision"], "label": "WHITE", "description": "It opens by itself.", **texts})
            draft = self.service.ask(f"/desk/advisories/{name}", "GET", {"Authorization": f"Bearer {self.ann.token}"})[1]
            self.publish(name, title)
            page = self.service.ask(f"/advisories/{name}")
            page = page if page[0].status == 200 else self.service.ask(page[0].headers["Location"])
            for shown in ("pkg:generic/example/lamp@1.1?vcs_url=", "lamp-1.1.img sha256", "47/12 +a", "Lamp is supported from 2020-01-01 until 2099-01-01"):
                assert shown in page[1] and shown in draft, (shown, page, draft)

    def vex(self, folder):
        (folder / "feeds").mkdir(parents=True)
        names = [f"part{n}" for n in range(len(DECISIONS))]
        (folder / "sbom.json").write_text(json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [
            {"type": "library", "name": name, "version": "1.0-1", "purl": f"pkg:deb/debian/{name}@1.0-1?distro=debian-12"} for name in names]}))
        for n, name in enumerate(names):
            (folder / f"feeds/{name}.json").write_text(json.dumps({"id": f"DEBIAN-CVE-2026-000{n}", "upstream": [f"CVE-2026-000{n}"], "modified": "2026-01-02T03:04:05Z", "affected": [
                {"package": {"ecosystem": "Debian:12", "name": name}, "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.0-2"}]}]}]}))
        run("triage", "import", folder, "--release", folder / "sbom.json", "--feeds", folder / "feeds", "--version", "1.0")
        local = ("--local", self.service.dir / "desk.sock", "--json")
        run("desk", "findings", "import", folder, "--product", "lamp", *local)
        for n, (status, more) in enumerate(DECISIONS.items(), 1):
            run("desk", "finding", "decide", f"t{n}", status, "--reason", "Because.", *more, *local)
        for form in ("csaf", "openvex"):
            document = json.loads(run("desk", "release", "vex", "v1", "--format", form, *local))["document"]
            (self.out / f"vex.{form}.json").write_text(json.dumps(document))

    def fetch(self, path, to, who=None):
        r, text = self.service.ask(path, headers={"Authorization": f"Bearer {who.token}"} if who else None)
        if r.status != 200:
            raise SystemExit(f"{path}: {r.status} {text}")
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text(text)

    def tree(self):
        root = self.service.dir / "app/csaf"
        for file in sorted(root.rglob("*")):
            if file.is_file():
                self.fetch(f"/.well-known/csaf/{file.relative_to(root)}", self.out / "tree" / file.relative_to(root))

    def files(self):
        self.fetch("/.well-known/security.txt", self.out / "files/security.txt")
        if any(o["name"] == "published.feed" for c in json.loads((world.BUILD / "src/support/support.json").read_text())["capabilities"] for o in c["operations"]):
            self.fetch("/advisory-feeds/lamp", self.out / "files/feed.xml")
        for form in ("csaf", "openvex"):
            self.fetch(f"/desk/vex/v1?format={form}", self.out / f"files/vex.{form}.json", self.ann)
        case = self.ask(self.ann, "POST", "cases", {"title": "Lamp opens by itself"})["id"]
        self.ask(self.max, "POST", f"article14/{case}", {"kind": "severe-incident", "aware": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "zone": "Europe/Vienna"})
        for step in STEPS:
            self.fetch(f"/desk/draft-file/{case}?kind=severe-incident&step={step}", self.out / f"files/article14.{step}.json", self.max)

    def support(self, folder):
        words = []
        for one, role in ((self.ann, "analyst"), (self.max, "manager"), (self.pia, "publisher")):
            (folder / f"{role}.json").write_text(json.dumps({"token": one.token}))
            words += ["--staff", folder / f"{role}.json"]
        with spoiled(self.service, folder) as (address, pin):
            run("assess", "support", f"https://{address}", "--listener", pin, "--owner", folder / "owner", "--out", folder / "e.json", *words, ok=(0, 1))
        forms(folder / "e.json", folder / "owner", self.out / "support")


def forms(evidence, owner, out):
    out.mkdir()
    run("report", evidence, "--owner", owner, "--html", out / "report.html", "--oscal", out / "oscal.json", "--cyclonedx", out / "cyclonedx.json")


def device(folder, out):
    """Of a whole run: every check of every element that the product claims."""
    with world.World() as one:
        unit = one.device("emitted").start()
        unit.take_over()
        run("assess", "--device", "unit", "--owner", unit.owner, "--product", one.product, "--out", folder / "d.json", ok=(0, 1))
        forms(folder / "d.json", unit.owner, out / "device")


def run(*words, ok=(0,)):
    done = subprocess.run([TOOL, *map(str, words)], capture_output=True, text=True, timeout=60, check=False)
    if done.returncode not in ok:
        raise SystemExit(f"{words} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def begun(folder):
    """A server whose role signs what is published, or, without root or gpg, one that publishes without signatures."""
    signs = os.geteuid() == 0 and shutil.which("gpg-agent")
    said = dict(DESK)
    if signs:
        fingerprint = signing.new_key(folder / "h")
        service = signing.Desk(folder / "server", (folder / "h", fingerprint, signing.gpg(folder / "h", "--armor", "--export")))
        said["signing"] = {"key": fingerprint, "by": "role"}
    else:
        service = Service(folder / "server")
    service.start().stop()
    for name, what in (("desk.json", json.dumps(said)), ("products.json", json.dumps({**PRODUCTS, "products": [PRODUCTS["products"][0] | PRODUCT, *PRODUCTS["products"][1:]]})), ("signing-key.asc", service.key[2].decode() if signs else "")):
        (service.dir / "app" / name).write_text(what)
        (service.dir / "app" / name).chmod(0o644)
    service.start()
    if signs:
        service.give_secret()
    return service


def main():
    out = pathlib.Path(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="desk-") as tmp:
        folder = pathlib.Path(tmp)
        folder.chmod(0o755)
        (folder / "server").mkdir()
        service = begun(folder)
        try:
            bench = Workbench(service, out)
            bench.advisories()
            bench.registered()
            bench.vex(folder / "lamp")
            bench.tree()
            bench.files()
            bench.support(folder)
        finally:
            service.stop()
        if sys.argv[2:] == ["device"]:
            device(folder, out)


if __name__ == "__main__":
    main()
