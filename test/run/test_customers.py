# SPDX-License-Identifier: Apache-2.0
"""Accounts of customers at the portal: without a name, by a key; what is sent and answered, and notices of what happened to one's own devices."""
import json
import os
import re

import pytest

import support_staff as people
from harness import wait_for
from test_support import IDS, Service, receipt_of, report, send

PRODUCTS = {"format": 1, "products": [{"name": n, "title": n.title(), "support": {"start": "2020-01-01", "end": "2099-01-01", "security-updates-until": "2099-01-01"}}
                                      for n in ("lamp", "fan")]}
FACTS = {"title": "Keys were read", "happened": "On Monday somebody read keys.", "concerned": "The radio's keys.", "done": "New keys are sent.", "todo": "Restart it."}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("customers")
    folder.chmod(0o755)
    service = Service(folder).start()
    service.stop()
    (service.dir / "app/products.json").write_text(json.dumps(PRODUCTS))
    if os.geteuid() == 0:
        os.chown(service.dir / "app/products.json", IDS["app"], IDS["app"])
    service.start()
    admin = people.administrator(service)
    yield service, people.colleague(admin, "Ann", "analyst"), people.colleague(admin, "Max", "manager")
    service.stop()


class Customer:
    def __init__(self, service):
        self.service = service
        self.key = receipt_of(self.post("/account/new")[1])

    def post(self, path, **fields):
        fields |= {"key": self.key} if hasattr(self, "key") and "key" not in fields else {}
        r, body = send(self.service, path, fields)
        if r.status == 429:  # the allowance is forgotten by a start
            self.service.stop()
            self.service.start()
            r, body = send(self.service, path, fields)
        return r.status, body

    def page(self):
        status, body = self.post("/account")
        assert status == 200
        return body


def test_a_question_and_its_answer_stand_in_the_account(place):
    service, ann, _ = place
    one = Customer(service)
    assert "Nothing yet." in one.page() and one.key not in service.log()
    status, body = one.post("/account/send", kind="other", description="Does it need a <b>fuse</b>?", product="Lamp")
    assert status == 200 and "&lt;b&gt;fuse" in body and "Answers: 0" in body
    question = next(q for q in ann.ask("GET", "/api/v1/questions")[1]["questions"] if "fuse" in q["text"])
    assert ann.ask("POST", f"/api/v1/question-answers/{question['id']}", {"text": "No fuse."})[0] in (200, 201)
    case = re.search(r'name="case" value="(r\d+)"', one.page())[1]
    status, body = one.post("/account/case", case=case)
    assert status == 200 and "No fuse." in body and "<b>fuse" not in body
    assert "Thanks." in one.post("/account/reply", case=case, text="Thanks.")[1] and "Answers: 1" in one.page()
    assert one.post("/account/reply", case=case, text="")[0] == 422
    other = Customer(service)  # another one sees nothing of it, and cannot reach it
    assert "fuse" not in other.page() and other.post("/account/case", case=case)[0] == 404 and other.post("/account/reply", case=case, text="x")[0] == 404
    assert one.post("/account/send", kind="other", description="")[0] == 422
    assert one.post("/account/send", kind="gossip", description="x")[0] == 422


def test_what_was_sent_without_an_account_is_added_by_its_receipt(place):
    service, _, _ = place
    one = Customer(service)
    receipt = report(service, "It burned before")
    assert "It burned before" in one.post("/account/add", receipt=receipt)[1] and "It burned before" in one.page()
    assert one.post("/account/add", receipt="0000")[0] == 422
    other = Customer(service)
    other.post("/account/add", receipt=receipt)
    assert "It burned before" in one.page() and "It burned before" not in other.page()  # it is in one account


def test_no_account_opens_by_another_key(place):
    service, _, _ = place
    one = Customer(service)
    for wrong in ("", "x", one.key[:-1] + ("0" if one.key[-1] != "0" else "1"), "0" * 28):
        assert one.post("/account", key=wrong)[0] == 422
    assert one.post("/account", key=one.key.lower().replace("-", " "))[0] == 200
    assert service.sql(f"SELECT count(*) FROM customer WHERE CAST(key AS TEXT) LIKE '%{one.key[:4]}%'") == [("0",)]


# @nist QR.2.a.4.4 IN.2.b.1.2
def test_each_is_told_what_happened_to_his_own_device(place):
    service, ann, max_ = place
    one, other = Customer(service), Customer(service)
    for serial in ("L-100", "L-101", "L-102"):
        assert one.post("/account/device", model="lamp", serial=serial)[0] == 200
    assert other.post("/account/device", model="lamp", serial="L-100")[0] == 200  # so he says
    assert one.post("/account/device", model="lamp", serial="<b>")[0] == 422 and one.post("/account/device", model="car", serial="L-1")[0] == 422
    listed = ann.ask("GET", "/api/v1/customer-devices?state=said&limit=200")[1]["devices"]
    mine = {d["serial"]: d["device"] for d in listed if d["customer"] == next(d["customer"] for d in listed if d["serial"] == "L-101")}
    for serial in ("L-100", "L-101"):
        assert ann.ask("PUT", f"/api/v1/customer-devices/{mine[serial]}", {"state": "confirmed", "how": "invoice"})[0] == 204
    theirs = next(d["device"] for d in listed if d["serial"] == "L-100" and d["device"] != mine["L-100"])
    assert ann.ask("PUT", f"/api/v1/customer-devices/{theirs}", {"state": "confirmed", "how": "he says"})[1]["rule"] == "customer.device-of-another"
    assert ann.ask("PUT", f"/api/v1/customer-devices/{theirs}", {"state": "perhaps", "how": "x"})[1]["rule"] == "customer.state"
    assert ann.ask("PUT", "/api/v1/customer-devices/99999", {"state": "confirmed", "how": "x"})[1]["rule"] == "customer.device"
    tell = {"product": "lamp", "devices": "L-100, L-102 L-999", **FACTS}
    assert ann.ask("POST", "/api/v1/incidents", tell)[0] == 403  # a manager says it
    for key in FACTS:
        assert max_.ask("POST", "/api/v1/incidents", {k: v for k, v in tell.items() if k != key})[1]["rule"] == "IN.2.b.1.2"
    assert max_.ask("POST", "/api/v1/incidents", {**tell, "devices": "L-1 <b>"})[1]["rule"] == "incident.devices"
    assert max_.ask("POST", "/api/v1/incidents", {**tell, "product": "car"})[1]["rule"] == "incident.product"
    status, said = max_.ask("POST", "/api/v1/incidents", tell)
    assert status == 201 and {k: said[k] for k in ("customers", "devices", "waiting", "unknown")} == {"customers": 1, "devices": 1, "waiting": 2, "unknown": 1}
    page = one.page()
    assert all(text in page.replace("&#39;", "'") for text in FACTS.values()) and re.search(r'id="incident-devices">L-100<', page)
    assert "Keys were read" not in other.page()
    assert ann.ask("PUT", f"/api/v1/customer-devices/{mine['L-102']}", {"state": "confirmed", "how": "invoice"})[0] == 204  # and is told then
    assert re.search(r'id="incident-devices">L-100, L-102<', one.page())
    device = re.search(r'name="device" value="(\d+)"', one.page())[1]
    assert other.post("/account/device-removal", device=device)[0] == 200 and "L-100</code>" in one.page()  # nobody takes another's away
    assert "L-100</code>" not in one.post("/account/device-removal", device=device)[1] and "Keys were read" in one.page()
    assert [i["title"] for i in ann.ask("GET", "/api/v1/incidents")[1]["incidents"]][0] == "Keys were read"
    service.stop()
    service.start()
    assert "Keys were read" in one.page()
    ids = re.findall(r' id="([^"]+)"', one.page())
    assert len(ids) == len(set(ids)), ids


def stopped(service, sql):
    """The store is one process's: it is read between two starts."""
    assert service.stop() == 0
    found = service.sql(sql)
    service.start()
    return found


def mailed(service, sql, count):
    """So many at least: they are written in a turn of their own behind the answer, which a stop may forestall and the next start makes up for."""
    return wait_for(lambda: len(found := stopped(service, sql)) >= count and found, 20)


# @nist IN.2.b.1.2
def test_mail_says_that_something_waits_and_where(place):
    service, ann, max_ = place
    desk = service.dir / "app/desk.json"
    service.stop()
    desk.write_text(json.dumps({"name": "Example", "site": "https://security.example.com", "contacts": ["mailto:psirt@example.com"], "expires": "2099-01-01T00:00:00Z"}))
    service.start()
    one = Customer(service)
    for wrong in ("", "ann", "ann@example.com\nBcc: x@example.com", "<b>@example.com"):
        status, body = one.post("/account/mail", address=wrong)
        assert status == 422 and 'href="#field-address"' in body, wrong
    assert one.post("/account/mail", address="ann@example.com", key="0" * 28)[0] == 422
    status, body = one.post("/account/mail", address="ann@example.com", lang="de")
    assert status == 200 and "ann@example.com: wartet dort auf Bestätigung" in body
    (text,), = stopped(service, "SELECT text FROM outbox WHERE recipient = 'ann@example.com'")
    assert "Mail, dass im Konto etwas wartet" in text and one.key not in text
    token = re.search(r"/subscriptions/confirm/([0-9A-Z-]+)", text)[1]
    assert send(service, "/subscriptions/confirm", {"token": token})[0].status == 200 and "ann@example.com: confirmed" in one.page()
    assert one.post("/account/device", model="fan", serial="F-1")[0] == 200
    device = next(d["device"] for d in ann.ask("GET", "/api/v1/customer-devices?state=said&limit=200")[1]["devices"] if d["serial"] == "F-1")
    assert ann.ask("PUT", f"/api/v1/customer-devices/{device}", {"state": "confirmed", "how": "invoice"})[0] == 204
    tell = {"product": "fan", "devices": "F-1", **FACTS}
    sent = "SELECT subject, text, unsubscribe FROM outbox WHERE key LIKE 'account-%' ORDER BY number"
    for title in ("Keys were read", "Keys were read again"):  # once until he has looked
        assert max_.ask("POST", "/api/v1/incidents", tell | {"title": title})[0] == 201
    mails = mailed(service, sent, 1)
    assert len(mails) == 1 and mails[0][0] == "In Ihrem Konto wartet etwas"
    assert "\nhttps://security.example.com/account?lang=de\n" in mails[0][1] and not any(word in mails[0][1] for word in (*FACTS.values(), "F-1", "fan", one.key))
    assert "Keys were read" in one.page()
    first = max_.ask("POST", "/api/v1/incidents", tell)[1]["incident"]  # in the same words it is that one, and nobody is told again
    assert max_.ask("POST", "/api/v1/incidents", tell)[1]["incident"] == first
    assert max_.ask("POST", "/api/v1/incidents", tell | {"title": "Keys were read a third time"})[1]["incident"] > first
    mails = mailed(service, sent, 2)
    assert len(mails) == 2
    way = mails[1][2].removeprefix("https://security.example.com")
    page = service.ask(way)[1].partition("<main")[2].partition("</main")[0]
    assert "Mail that something waits in the account" in page and "ann@" not in page
    assert send(service, way, {"List-Unsubscribe": "One-Click"})[0].status == 200 and "ann@example.com" not in one.page()
    assert one.post("/account/mail", address="bob@example.com")[0] == 200 and "bob@example.com: waits" in one.page()
    status, body = one.post("/account/mail", end="yes")
    assert status == 200 and "no address any more" in body and "bob@example.com" not in body
    assert stopped(service, "SELECT count(*) FROM outbox WHERE recipient = 'bob@example.com'") == [("0",)]
