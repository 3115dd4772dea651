# SPDX-License-Identifier: Apache-2.0
"""Releases, components and findings at the manufacturer's server: sent by the tool, seen and decided on pages, and back into git."""
import json
import os
import re
import signal
import subprocess
import urllib.parse

import pytest

import support_staff as staff
import triage_set
import world as worlds
from test_support import IDS, Service
from test_triage import inputs, small
from test_triage_inventories import yocto

TOOL = worlds.BUILD / "src/tool/thingward"
PRODUCTS = {"format": 1, "products": [{"name": name, "title": name.title(), "support": {"start": "2020-01-01", "end": "2099-01-01", "security-updates-until": "2099-01-01"}}
                                      for name in ("lamp", "pump")]}


def run(s, *words):
    return subprocess.run([TOOL, "--json", "desk", *map(str, words), "--local", s.dir / "desk.sock"], capture_output=True, text=True, timeout=60, check=False)


def ask(s, *words):
    p = run(s, *words)
    assert p.returncode == 0, (words, p.stdout, p.stderr)
    return json.loads(p.stdout)


def triage(*words):
    return subprocess.run([TOOL, "triage", *map(str, words)], capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def desk(tmp_path):
    (tmp_path / "server").mkdir()
    s = Service(tmp_path / "server")
    app = s.dir / "app"
    app.mkdir(mode=0o700, exist_ok=True)
    if os.geteuid() == 0:
        os.chown(app, IDS["app"], IDS["app"])
    (app / "products.json").write_text(json.dumps(PRODUCTS))
    (app / "desk.json").write_text(json.dumps({"name": "Lamps & Co", "site": "https://security.example.com", "contacts": ["mailto:psirt@example.com"], "expires": "2099-01-01T00:00:00Z"}))
    yield s.start()
    s.stop()


def page(s, person, path, **form):
    headers = {"Cookie": f"__Host-session={person.token}", "Accept": "text/html", "Accept-Language": "en", "Sec-Fetch-Site": "same-origin",
               "Origin": "https://" + (s.dir / "listening").read_text().strip()}
    if form:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    r, text = s.ask(path, "POST" if form else "GET", headers, urllib.parse.urlencode(form) if form else None)
    return r, text if isinstance(text, str) else text.decode()


def imported(folder, s, version="1.0", **how):
    words = small(folder, **how)
    assert triage("import", *words, "--version", version).returncode == 0
    return words, ask(s, "findings", "import", folder, "--product", "lamp")


def test_an_inventory_is_found_across_releases(desk, tmp_path):
    made = triage_set.make(tmp_path / "set")
    for product, version in (("lamp", "1.0"), ("lamp", "1.1"), ("pump", "7")):
        said = ask(desk, "release", "import", product, version, "--sbom", made / "sbom.json")
        assert said["components"]["count"] == 301
    first = json.loads((made / "sbom.json").read_text())["components"][5]
    found = ask(desk, "components", "list", "--text", first["name"], "--version", first["version"])["components"]
    assert sorted((c["product"], c["release"]) for c in found) == [("lamp", "1.0"), ("lamp", "1.1"), ("pump", "7")]
    assert len(ask(desk, "components", "list", "--release", "v3", "--limit", "200")["components"]) == 200
    assert "release.product" in run(desk, "release", "import", "tap", "1", "--sbom", made / "sbom.json").stderr
    (tmp_path / "odd.json").write_text('{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"type":"library","name":"a"},{"type":"library","name":"' + "b" * 301 + '"}]}')
    p = run(desk, "release", "import", "lamp", "1.0", "--sbom", tmp_path / "odd.json")
    assert p.returncode == 2 and "/components/1" in p.stderr and "300" in p.stderr
    assert len(ask(desk, "components", "list", "--release", "v1", "--limit", "200")["components"]) == 200  # what was there still counts


def listed(s, *words):
    """A whole list, page after page."""
    found, cursor = [], []
    while True:
        answer = ask(s, "findings", "list", "--limit", "200", *words, *cursor)
        found += answer["findings"]
        if "next" not in answer:
            return found
        cursor = ["--cursor", answer["next"]]


def look_at_pages(s, person, ruled, parts):
    """Releases, every component by one form after another, each way to search, and what each rule says of a finding."""
    _, text = page(s, person, "/desk/components")
    assert "lamp 1.0" in text and '"/desk/components?release=v1">301</a>' in text and "/desk/vex/v1?format=openvex" in text
    names, after = [], ""
    while True:
        _, text = page(s, person, "/desk/components?release=v1" + after)
        names += re.findall(r'<th scope="row">([^<]+)</th>', text)
        more = re.search(r'name="after" value="(\d+)"', text)
        if not more:
            break
        after = "&after=" + more.group(1)
    assert sorted(names) == sorted(part["name"] for part in parts) and len(names) == 301
    named = next(part for part in parts if part.get("cpe") and part.get("purl"))
    for by, begin in (("name", named["name"]), ("purl", named["purl"].split("@")[0]), ("cpe", named["cpe"])):
        _, text = page(s, person, "/desk/components?" + urllib.parse.urlencode({"by": by, "text": begin}))
        assert f'<th scope="row">{named["name"]}</th>' in text and f'value="{by}" selected' in text, by
    assert "Keine Ausgabe enthält einen." in page(s, person, "/desk/components?text=nothing-is-called-so&lang=de")[1]
    assert page(s, person, "/desk/components?by=colour&text=a")[0].status == 400
    for rule, finding in ruled.items():
        _, text = page(s, person, "/desk/triage/" + finding["id"])
        assert finding["vulnerability"] in text and rule in text and "Evidence" in text, rule


def test_the_first_import_of_a_product(desk, tmp_path):
    """300 packages and a kernel with 3,000 matches: at the desk too, at most 50 wait, they are those that the tool names, and each of all others is there with its rule."""
    made = triage_set.make(tmp_path / "set")
    tool = json.loads(triage("check", tmp_path, *inputs(made), "--json", "--settled").stdout)["items"]
    assert triage("import", tmp_path, *inputs(made), "--version", "1.0").returncode == 0
    assert ask(desk, "release", "import", "lamp", "1.0", "--sbom", made / "sbom.json")["components"]["count"] == 301
    said = ask(desk, "findings", "import", tmp_path, "--product", "lamp")
    assert said["findings"]["count"] == len(tool) > 5000
    assert [(one["id"], one["findings"], one["components"]) for one in ask(desk, "releases", "list")["releases"]] == [("v1", len(tool), 301)]
    waiting = listed(desk)
    assert 0 < len(waiting) <= 50 and listed(desk, "--view", "waiting") == waiting
    settled = [f for rule in sorted({item["rule"] for item in tool if "rule" in item}) for f in listed(desk, "--release", "v1", "--view", "ruled", "--rule", rule)]
    assert {(f["vulnerability"], f["component"]): f.get("rule", f["state"]) for f in waiting + settled} == {(i["vulnerability"], i["component"]): i.get("rule", i["state"]) for i in tool}
    assert len(waiting + settled) == len(tool) and sum(f["component"] == "linux" for f in waiting + settled) == 3000
    ann = staff.colleague(staff.administrator(desk), "Ann", "analyst")
    assert f"New since you looked: {len(waiting)}" in page(desk, ann, "/desk/triage")[1]
    ruled = ask(desk, "findings", "list", "--release", "v1", "--rule", "not-compiled", "--limit", "5")["findings"]
    assert ruled and {f["rule"] for f in ruled} == {"not-compiled"}
    assert ask(desk, "finding", "read", ruled[0]["id"])["evidence"]
    look_at_pages(desk, ann, {f["rule"]: f for f in settled}, json.loads((made / "sbom.json").read_text())["components"])
    # A kill in the middle of the next one leaves this one.
    before = ask(desk, "releases", "list")["releases"]
    ask(desk, "release", "begin", "lamp", "1.0", "findings", "0" * 64, "9")
    desk.process.send_signal(signal.SIGKILL)
    desk.process.wait(10)
    desk.start()
    assert ask(desk, "releases", "list")["releases"] == before


def test_a_decision_goes_to_git_and_back(desk, tmp_path):
    words, _ = imported(tmp_path, desk)
    admin = staff.administrator(desk)
    ann = staff.colleague(admin, "Ann", "analyst")
    pub = staff.colleague(admin, "Pat", "publisher")
    _, text = page(desk, ann, "/desk/triage")
    assert "New since you looked: 1" in text and "CVE-2026-0001" in text and "curl" in text
    r, text = page(desk, ann, "/desk/triage/t1")
    assert r.status == 200 and 'href="/desk/decide/t1' in text and "DEBIAN-CVE-2026-0001" in text
    assert 'href="/desk/decide/t1' not in page(desk, pub, "/desk/triage/t1")[1]
    _, text = page(desk, ann, "/desk/decide/t1")
    facts = re.search(r'name="facts" value="([0-9a-f]{32})"', text).group(1)
    r, text = page(desk, ann, "/desk/decide/t1", status="not_affected", facts=facts, reason="The <b>command</b> is not there", impact="", action="", justification="")
    assert r.status == 422 and "finding.decision" in text and "The &lt;b&gt;command" in text
    r, _ = page(desk, ann, "/desk/decide/t1", status="not_affected", justification="component_not_present", facts=facts, reason="The <b>command</b> is not there", impact="", action="")
    assert r.status == 303 and r.getheader("Location").startswith("/desk/triage/t1")
    _, text = page(desk, ann, "/desk/triage/t1")
    journal = text.split("<table")[-1]
    assert "The &lt;b&gt;command" in text and "Decide" in journal and "Ann" in journal, journal
    newest = re.search(r'name="newest" value="(i\d+)"', page(desk, pub, "/desk/triage")[1])
    assert newest is None or newest.group(1) == "i1"
    # Git agrees: what was decided here is what the tool takes as decided.
    out = tmp_path / "decisions.yaml"
    ask(desk, "decisions", "export", "lamp", "--out", out)
    done = triage("check", *words, "--all")
    assert done.returncode == 0 and "1  decided" in done.stdout, done.stdout
    # And back: the next release has the decision from either side.
    again = tmp_path / "again"
    again.mkdir()
    imported(again, desk, version="1.1")
    assert ask(desk, "findings", "list", "--view", "decided")["findings"][1]["release"] == "1.1"
    changed = tmp_path / "changed"
    changed.mkdir()
    imported(changed, desk, version="1.2", fixed="8.0-3")
    _, text = page(desk, ann, "/desk/triage")
    assert "decided before on other facts" in text
    r, _ = page(desk, ann, "/desk/finding-case/t3", title="")
    assert r.status == 303 and r.getheader("Location").startswith("/desk/cases/c1")
    assert ask(desk, "case", "read", "c1")["cve"] == "CVE-2026-0001"
    assert ask(desk, "journal", "verify")["entries"] >= 5


def test_git_changes_its_mind(desk, tmp_path):
    words, _ = imported(tmp_path, desk)
    decide = ("decide", tmp_path, "CVE-2026-0001", "curl", "--by", "J", "--reason", "r")
    assert triage(*decide, "--status", "not_affected", "--justification", "component_not_present").returncode == 0

    def again():
        assert triage("import", *words, "--version", "1.0").returncode == 0
        ask(desk, "findings", "import", tmp_path, "--product", "lamp")
        statuses = ask(desk, "release", "vex", "v1")["document"]["vulnerabilities"][0]["product_status"]
        ask(desk, "decisions", "export", "lamp", "--out", tmp_path / "exported.yaml")
        return list(statuses), re.findall(r'status: "(\w+)"', (tmp_path / "exported.yaml").read_text())
    assert again() == (["known_not_affected"], ["not_affected"])
    assert triage(*decide, "--status", "affected", "--action", "Update.").returncode == 0  # appended, on the same facts
    assert again() == (["known_affected"], ["affected"])
    (tmp_path / "decisions.yaml").unlink()
    assert again() == (["under_investigation"], [])
    # The desk's own stays, whatever git says.
    ask(desk, "finding", "decide", "t1", "affected", "--reason", "r", "--action", "Update.")
    assert triage(*decide, "--status", "not_affected", "--justification", "component_not_present").returncode == 0
    assert again() == (["known_affected"], ["affected"])


def test_yocto_s_folder_is_one_inventory(desk, tmp_path):
    yocto(tmp_path / "spdx")
    said = ask(desk, "release", "import", "lamp", "1.0", "--sbom", tmp_path / "spdx")
    names = sorted(c["name"] for c in ask(desk, "components", "list", "--release", "v1")["components"])
    assert {"curl", "busybox"} <= set(names) and said["components"]["count"] == len(names)
    again = ask(desk, "release", "import", "lamp", "1.0", "--sbom", tmp_path / "spdx/acme-image.spdx.json")
    assert again["components"]["count"] == len(names) and again["components"]["sbom"] == said["components"]["sbom"]
    (tmp_path / "feeds").mkdir()
    assert triage("import", tmp_path, "--release", tmp_path / "spdx", "--feeds", tmp_path / "feeds").returncode == 0
    assert said["components"]["sbom"] in (tmp_path / "triage.yaml").read_text()  # the same inventory by either way
    (tmp_path / "spdx/recipe-curl.spdx.json").unlink()
    p = run(desk, "release", "import", "lamp", "1.1", "--sbom", tmp_path / "spdx")
    assert p.returncode == 1 and "recipe-curl.spdx.json is not there" in p.stderr


def test_what_one_has_seen_is_not_new(desk, tmp_path):
    imported(tmp_path, desk)
    ann = staff.colleague(staff.administrator(desk), "Ann", "analyst")
    _, text = page(desk, ann, "/desk/triage")
    newest = re.search(r'name="newest" value="(i\d+)"', text).group(1)
    assert page(desk, ann, "/desk/triage-seen", newest=newest)[0].status == 303
    _, text = page(desk, ann, "/desk/triage")
    assert "Nothing new waits" in text and "CVE-2026-0001" not in text
    assert "CVE-2026-0001" in page(desk, ann, "/desk/triage?view=waiting&lang=de")[1]


def test_vex_is_what_the_store_says(desk, tmp_path):
    refused = run(desk, "release", "vex", "v1")
    assert refused.returncode == 3 and "release.unknown" in refused.stderr
    imported(tmp_path, desk)
    first = ask(desk, "release", "vex", "v1")["document"]
    assert first == ask(desk, "release", "vex", "v1")["document"]  # made twice, it is the same
    assert first["document"]["tracking"]["version"] == "1" and first["vulnerabilities"][0]["product_status"] == {"under_investigation": ["P:C1"]}
    ask(desk, "finding", "decide", "t1", "affected", "--reason", "r", "--action", "Update.")
    second = ask(desk, "release", "vex", "v1")["document"]
    assert second["document"]["tracking"]["version"] == "2" and second["vulnerabilities"][0]["remediations"][0]["details"] == "Update."
    assert second["document"]["tracking"]["revision_history"][0] == first["document"]["tracking"]["revision_history"][0]
    assert second["document"]["publisher"]["name"] == "Lamps & Co"
    out = tmp_path / "vex.json"
    out.write_text(json.dumps(second))
    assert subprocess.run([TOOL, "csaf", "validate", "--strict", out], capture_output=True, check=False).returncode == 0
    vex = ask(desk, "release", "vex", "v1", "--format", "openvex")["document"]
    assert vex["version"] == 2 and vex["statements"][0]["status"] == "affected" and vex["statements"][0]["action_statement"] == "Update."
    imported(tmp_path, desk, fixed="8.0-3")  # the facts are others: it is looked into again
    third = ask(desk, "release", "vex", "v1")["document"]
    assert third["document"]["tracking"]["version"] == "3" and third["vulnerabilities"][0]["product_status"] == {"under_investigation": ["P:C1"]}
    pat = staff.colleague(staff.administrator(desk), "Pat", "publisher")
    _, text = page(desk, pat, "/desk/components")
    assert 'href="/desk/vex/v1?format=csaf"' in text
    r, text = page(desk, pat, "/desk/vex/v1?format=openvex")
    assert r.status == 200 and json.loads(text)["version"] == 3
    assert run(desk, "release", "vex", "v1", "--format", "html").returncode == 3


def test_how_severe_it_is_comes_of_the_vectors(desk, tmp_path):
    words = small(tmp_path)
    record = json.loads((tmp_path / "feeds/a.json").read_text())
    record["severity"] = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:L/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N"}, {"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}, {"type": "CVSS_V3", "score": "10.0"}]
    (tmp_path / "feeds/a.json").write_text(json.dumps(record))
    assert triage("import", *words, "--version", "1.0").returncode == 0
    ask(desk, "findings", "import", tmp_path, "--product", "lamp")
    assert ask(desk, "findings", "list", "--severity", "critical")["findings"][0]["score"] == 98
    assert not ask(desk, "findings", "list", "--severity", "unrated")["findings"]
