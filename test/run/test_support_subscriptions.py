# SPDX-License-Identifier: Apache-2.0
"""Subscribers of the manufacturer's server: in, told, out; and the pages of products. The real program, one start for each story."""
import json
import os
import re
import subprocess
import urllib.parse
from datetime import datetime, timedelta, timezone

import support_staff as staff
from harness import wait_for
from test_support import service  # noqa: F401
from world import program

SITE = "https://security.example.com"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def day(days):
    return (datetime.now(timezone.utc) + timedelta(days=days)).strftime("%Y-%m-%d")


PRODUCTS = {"format": 1, "products": [
    {"name": "thermostat", "title": "Example Smart Thermostat", "summary": "Measures.\nSwitches.", "contacts": {"security-email": "psirt@example.com", "support-url": "https://example.com/help"},
     "support": {"start": "2020-01-01", "end": day(2000), "security-updates-until": day(1900), "terms": "Free for all."},
     "versions": [{"version": "1.2.0", "released": "2026-01-01"}, {"version": "1.0.0", "released": "2020-01-01", "supported-until": "2022-01-01"}]},
    {"name": "lamp", "title": "Lamp <b>", "support": {"start": "2020-01-01", "end": day(30), "security-updates-until": day(30)}},
    {"name": "kettle", "title": "Kettle", "support": {"start": "2010-01-01", "end": "2020-01-01", "security-updates-until": "2019-01-01"}}]}


def run(*words):
    return subprocess.run([program("thingward"), *map(str, words)], capture_output=True, text=True, timeout=20, check=False)


def prepared(service):
    (service.dir / "app").mkdir(mode=0o700, exist_ok=True)
    if (service.dir / "roles.tab").exists():
        os.chown(service.dir / "app", 64501, 64501)
    for name, what in (("desk.json", {"name": "Example", "site": SITE, "contacts": ["mailto:psirt@example.com"], "expires": "2099-01-01T00:00:00Z"}), ("products.json", PRODUCTS)):
        (service.dir / "app" / name).write_text(json.dumps(what))
    return service


def rows(service, sql):
    return service.sql(sql)


def stopped(service, sql):
    """The store is one process's: it is read between two starts."""
    assert service.stop() == 0
    found = rows(service, sql)
    service.start()
    return found


def post(service, path, headers=FORM, **fields):
    r, body = service.ask(path, "POST", dict(headers), urllib.parse.urlencode(fields))
    return r.status, body


def test_in_told_and_out(service):
    prepared(service).start()
    wanted = {"channel": "mail", "recipient": "ann@example.com", "product": "thermostat", "versions": "1.0.0, 1.2.0", "lowest": "", "update": "on", "end": "on"}
    assert 'value="thermostat" selected' in service.ask("/subscriptions?product=thermostat")[1]
    for wrong, what in (({"recipient": "ann"}, "field-recipient"), ({"product": "none"}, "field-product"), ({"product": ""}, "field-versions"),
                        ({"versions": "1.0 you-won https://evil.example/1"}, "field-versions"), ({"channel": "webhook", "recipient": "https://127.0.0.1/"}, "field-recipient"),
                        ({"update": "", "end": ""}, "field-advisory")):
        status, body = post(service, "/subscriptions", **{**wanted, **wrong})
        assert status == 422 and f'href="#{what}"' in body and 'role="alert"' in body
    status, first = post(service, "/subscriptions", **wanted)
    assert status == 200
    (text,), = stopped(service, "SELECT text FROM outbox")
    token = re.search(SITE + r"/subscriptions/confirm/([0-9A-Z-]+)\?lang=en", text)[1]
    assert service.ask(f"/subscriptions/confirm/{token}")[0].status == 200  # what follows links changes nothing
    assert post(service, "/subscriptions/confirm", token="0000")[0] == 422
    status, _ = post(service, "/subscriptions/confirm", token=token)
    assert status == 200
    assert post(service, "/subscriptions", **wanted) == (200, first)  # whoever is there already: the same answer
    people = staff.administrator(service)
    publisher = staff.colleague(people, "Pat", "publisher")
    notice = {"id": "1", "kind": "update", "product": "thermostat", "versions": "vers:semver/<1.1.0", "title": "1.3.0 is there", "text": "Install it."}
    assert publisher.ask("POST", "/api/v1/notices", notice)[1]["rule"] == "IN.1.a.1.3"
    notice["data"] = "Settings stay."
    for key, value, rule in (("severity", "low", "IN.1.a.2.3"), ("install_by", "2033-11-01", "IN.1.a.2.3"), ("needs", "Nothing.", "IN.1.a.2.3"), ("review", "Your list of versions.", "IN.1.c.1.2")):
        assert publisher.ask("POST", "/api/v1/notices", notice)[1]["rule"] == rule
        notice[key] = value
    assert publisher.ask("POST", "/api/v1/notices", {**notice, "kind": "change"})[1]["rule"] == "notices.kind"
    status, said = publisher.ask("POST", "/api/v1/notices", notice)
    assert status == 201
    assert publisher.ask("POST", "/api/v1/notices", notice)[1] == said  # once
    assert publisher.ask("POST", "/api/v1/notices", {**notice, "id": "2", "versions": "vers:semver/>=2.0.0"})[0] == 201
    assert publisher.ask("POST", "/api/v1/notices", {**notice, "id": "3", "product": "none"})[1]["rule"] == "notices.product"
    wait_for(lambda: all(n["told"] for n in publisher.ask("GET", "/api/v1/notices")[1]["notices"]))
    page = service.ask(f"/notices/{said['number']}")[1]
    assert "Settings stay." in page and "1.3.0 is there" in service.ask("/products/thermostat")[1]
    sent = stopped(service, "SELECT text, unsubscribe FROM outbox WHERE key LIKE 'notice-%'")
    assert len(sent) == 1 and "Install it." in sent[0][0]
    way = sent[0][1].removeprefix(SITE)
    r, body = service.ask(way)
    assert r.status == 200 and f'action="{way}?lang=en"' in body
    one_click = {"Content-Type": "multipart/form-data; boundary=x"}  # RFC 8058 3.1: either kind of form
    body = '--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n'
    assert service.ask(way[:-1] + ("0" if way[-1] != "0" else "1"), "POST", one_click, body)[0].status == 200
    assert stopped(service, "SELECT count(*) FROM subscription WHERE state = 'active'") == [("1",)]
    wait_for(lambda: post(service, "/subscriptions", **{**wanted, "recipient": "x"})[0] == 429)  # the network's allowance is used up
    assert 'value="ann@example.com"' in post(service, "/subscriptions", **wanted)[1]
    assert service.ask("/subscriptions/leave/1-00", "POST", one_click, body)[0].status == 429
    assert service.ask(way, "POST", one_click, body)[0].status == 200  # whoever may leave needs none of it
    assert service.stop() == 0 and rows(service, "SELECT count(*) FROM subscription WHERE state = 'active'") == [("0",)]
    assert rows(service, "SELECT text FROM outbox WHERE key = 'subscription-1'") == []  # it held an address and a token
    raw = b"".join(f.read_bytes() for f in (service.dir / "log").rglob("*") if f.is_file())
    assert token in text and token.encode() not in raw and token not in service.log()


def advisory(statuses):
    """Of versions 1.0.0, 1.1.0 and so on of the thermostat: each with its status."""
    versions = [{"category": "product_version", "name": v, "product": {"name": f"Thermostat {v}", "product_id": f"T-{v}"}} for v in statuses]
    by_status = {}
    for version, status in statuses.items():
        by_status.setdefault(status, []).append(f"T-{version}")
    return {"product_tree": {"branches": [{"category": "vendor", "name": "Example", "branches": [{"category": "product_name", "name": "Example Smart Thermostat", "branches": versions}]}]},
            "vulnerabilities": [{"cve": "CVE-2026-0001", "notes": [{"category": "description", "text": "It opens."}], "product_status": by_status,
                                 "remediations": [{"category": "vendor_fix", "details": "Install 1.2.0.", "product_ids": by_status["known_affected"]}]}]}


def publish(people, what):
    ann, max_, pia = (staff.colleague(people, n, r) for n, r in (("Ann", "analyst"), ("Max", "manager"), ("Pia", "publisher")))
    name = ann.ask("POST", "/api/v1/advisories", {"title": "It opens", "product": "Example Smart Thermostat", "cve": "CVE-2026-0001"})[1]["id"]
    said = ann.ask("GET", f"/api/v1/advisories/{name}")[1]
    document = {**json.loads(said["document"]), **what}
    document["document"]["distribution"]["tlp"]["label"] = "WHITE"
    document["document"]["notes"][0]["text"] = "It opens for anybody."
    said = ann.ask("PUT", f"/api/v1/advisories/{name}", {"revision": said["revision"], "document": json.dumps(document)})[1]
    status, why = ann.ask("POST", f"/api/v1/advisory-reviews/{name}")
    assert status == 200, why
    assert max_.ask("POST", f"/api/v1/advisory-approvals/{name}", {"hash": said["hash"]})[0] == 200
    assert pia.ask("POST", f"/api/v1/advisory-publications/{name}")[0] == 200
    wait_for(lambda: all(n["told"] for n in ann.ask("GET", "/api/v1/notices")[1]["notices"]))


def test_an_advisory_goes_to_whoever_has_its_versions(service):
    """@nist IN.1.c.1.2 IN.1.d.1.3: whoever has a version that is affected, fixed or looked into, or one that nobody can decide."""
    prepared(service).start()
    wanted = {"channel": "mail", "product": "thermostat", "advisory": "on", "lang": "de"}
    who = {"affected": "1.0.0", "asked": "1.1.0", "fixed": "1.2.0", "well": "0.9.0", "elsewhere": "3.0.0", "nobody": "1.2.p3", "all": ""}
    for link in ("evil2.com", "192.0.2.1", "800-555-0199"):
        status, body = post(service, "/subscriptions", **wanted, recipient="x@example.com", versions=link)
        assert status == 422 and "Telefonnummer aussieht" in body
    for name, version in who.items():
        assert post(service, "/subscriptions", **wanted, recipient=f"{name}@example.com", versions=version)[0] == 200
    asked = stopped(service, "SELECT recipient, text FROM outbox")
    assert len(asked) == len(who)
    for recipient, text in asked:
        version = who[recipient.partition("@")[0]]
        assert (f"Version der Software: {version}\n" in text) == bool(version)
        assert post(service, "/subscriptions/confirm", token=re.search(r"/subscriptions/confirm/([0-9A-Z-]+)", text)[1])[0] == 200
    publish(staff.administrator(service), advisory({"1.0.0": "known_affected", "1.1.0": "under_investigation", "1.2.0": "fixed", "0.9.0": "known_not_affected"}))
    sent = {r.partition("@")[0]: (text, way) for r, text, way in stopped(service, "SELECT recipient, text, unsubscribe FROM outbox WHERE key LIKE 'notice-%'")}
    assert set(sent) == {"affected", "asked", "fixed", "nobody", "all"}
    assert [n for n in sent if "nicht entscheiden" in sent[n][0]] == ["nobody"] and " haben: 1.2.p3" in sent["nobody"][0]
    assert "thermostat (1.0.0)" in sent["affected"][0]
    page = service.ask(sent["fixed"][1].removeprefix(SITE) + "?lang=de")[1]
    assert "<dd>1.2.0</dd>" in page and "<dd>Example Smart Thermostat</dd>" in page and "example.com" not in page.partition("<main")[2].partition("</main")[0]
    assert "<dd>" not in service.ask("/subscriptions/leave/1-00")[1].partition("<main")[2]


def test_the_server_takes_what_the_tool_writes(service, tmp_path):
    """products.json out of two product.yaml; what does not fit is named with its place, and then nothing is written."""
    assert run("product", "init", tmp_path / "thermostat", "--example").returncode == 0
    (tmp_path / "lamp").mkdir()
    text = (tmp_path / "thermostat/product.yaml").read_text()
    lamp = (text.replace("  name: Example Smart Thermostat\n", "  name: Garden Lamp <b>\n").replace("  code: thermostat\n", "  code: Lamp.2\n")
            .replace("    notes: First version for customers.\n", "    notes: First.\n    supported-until: 2027-01-01\n")
            .replace("  terms: |\n    Security updates without charge. Questions are answered within two working days.\n", "  tell-before-days: 30\n")
            + "\ndocuments:\n  - {kind: settings, title: All settings, url: 'https://example.com/lamp/settings'}\n")
    (tmp_path / "lamp/product.yaml").write_text(lamp)
    prepared(service)
    out = service.dir / "app/products.json"
    out.unlink()
    words = ("product", "export-support", tmp_path / "thermostat", tmp_path / "lamp", "--out", out)
    refused = run(*words)
    assert refused.returncode == 1 and "lamp/product.yaml:" in refused.stdout and "'code' cannot be part of the address of the product's page; name the page yourself" in refused.stdout
    assert not out.exists()
    (tmp_path / "lamp/product.yaml").write_text(lamp.replace("  code: Lamp.2\n", "  code: Lamp.2\n  page: thermostat\n"))
    refused = run(*words)
    assert refused.returncode == 1 and "are both the page 'thermostat'" in refused.stderr and not out.exists()
    (tmp_path / "lamp/product.yaml").write_text(lamp.replace("  code: Lamp.2\n", "  code: Lamp.2\n  page: lamp\n"))
    written = run(*words)
    assert written.returncode == 0, written.stderr
    assert "thermostat/product.yaml does not say documents: the page will not either." in written.stdout and "lamp/product.yaml does not say support.terms:" in written.stdout
    service.start()
    products = {p["name"]: p for p in json.loads(service.ask("/api/v1/products")[1])["products"]}
    assert set(products) == {"thermostat", "lamp"} and products["lamp"]["title"] == "Garden Lamp <b>" and "summary" in products["lamp"]
    assert products["lamp"]["versions"] == [{"version": "1.0.0", "released": "2026-11-02", "supported-until": "2027-01-01"}]
    assert products["lamp"]["support"] == {"start": "2026-11-02", "end": "2033-11-02", "security-updates-until": "2033-11-02", "tell-before-days": 30}
    assert products["lamp"]["documents"][0]["kind"] == "settings" and products["thermostat"]["contacts"]["support-url"] == "https://example.com/thermostat"
    assert "Questions are answered" in service.ask("/products/thermostat")[1]


def test_products_are_shown_to_people_and_programs(service):
    desk = prepared(service).dir / "app/desk.json"
    desk.rename(service.folder / "desk.json")
    service.start()
    wait_for(lambda: "subscribers are not told now: no app/desk.json says" in service.log())
    assert service.stop() == 0 and service.log().count("subscribers are not told now") == 1
    (service.folder / "desk.json").rename(desk)
    service.start()
    page = service.ask("/products")[1]
    assert page.count("<dt>") == 3 and "Lamp &lt;b&gt;" in page and "No longer supported" in page and len(page) < 50_000
    page = service.ask("/products/thermostat?lang=de")[1]
    assert "Unterstützt" in page and "psirt@example.com" in page and "Unterstützt so lange" in page and len(page) < 50_000
    assert service.ask("/products/none")[0].status == 404 and service.ask("/notices/99")[0].status == 404
    products = {p["name"]: p for p in json.loads(service.ask("/api/v1/products")[1])["products"]}
    assert {n: p["state"] for n, p in products.items()} == {"thermostat": "supported", "lamp": "supported", "kettle": "ended"}
    assert products["thermostat"]["support"] == PRODUCTS["products"][0]["support"]
    wait_for(lambda: "End of support" in service.ask("/products/lamp")[1])
    assert stopped(service, "SELECT id FROM notice") == [(f"support-end:lamp:{day(30)}",)]
    assert stopped(service, "SELECT count(*) FROM notice") == [("1",)]  # once, through restarts
    service.stop()
    (service.dir / "app/products.json").write_text('{"format":1,"products":[{"name":"A"}]}')
    with open(service.folder / "log", "ab") as log:
        service.process = subprocess.Popen(service.command(), stderr=log)
    wait_for(lambda: "products.json: product 1: 'title' is missing" in service.log())
