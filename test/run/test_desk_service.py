# SPDX-License-Identifier: Apache-2.0
"""The staff's pages of questions, customers and notices, as a browser without JavaScript uses them."""
import html
import json
import os
import re

from test_support import IDS, service  # noqa: F401
from test_support_pages import Browser, do, fields, people

PRODUCTS = {"format": 1, "products": [{"name": n, "title": n.title(), "support": {"start": "2020-01-01", "end": "2099-01-01", "security-updates-until": "2099-01-01"}} for n in ("lamp", "fan")]}


def at_the_desk(service):  # noqa: F811
    service.start()
    service.stop()
    (service.dir / "app/products.json").write_text(json.dumps(PRODUCTS))
    if os.geteuid() == 0:
        os.chown(service.dir / "app/products.json", IDS["app"], IDS["app"])
    return people(service)


def test_a_question_from_a_call_to_its_outcome(service):  # noqa: F811
    _, made = at_the_desk(service)
    manager, analyst, publisher = made["manager"], made["analyst"], made["publisher"]
    assert publisher.ask("/desk/questions")[0].status == 403 and "/desk/questions" not in publisher.ask("/desk/cases")[1]
    assert "No question waits" in analyst.ask("/desk/questions")[1] and "wait for an answer" not in analyst.ask("/desk/cases")[1]
    to, _ = do(analyst, "/desk/question-note", via="call", kind="component", caller="Mrs <Ng>", product="Lamp", version="1.5", text="A <fan>?", due="2020-01-01T10:00", customer="account 4711")
    assert to == "/desk/questions/q1?done=1"
    # A customer asks by the form; both wait on the first page of whoever works on them.
    one = Browser(service)
    r, text = one.ask("/question", {"kind": "other", "description": "Why?", "product": "fan", "version": "2", "contact": "me@example.org"})
    assert r.status == 200, text
    receipt = re.search(r"<code>([0-9A-Z-]{34})</code>", text)[1]
    assert "wait for an answer: 2" in manager.ask("/desk/cases")[1] and "wait for an answer" not in publisher.ask("/desk/cases")[1]
    listed = lambda query="": re.findall(r'/desk/questions/(q\d)"', analyst.ask("/desk/questions" + query)[1])  # noqa: E731
    assert (listed(), listed("?sort=-due"), listed("?product=lamp"), listed("?product=fan&kind=other"), listed("?kind=event"), listed("?whose=me")) == (["q1", "q2"], ["q2", "q1"], ["q1"], ["q2"], [], [])
    assert "a time that is over: 1" in analyst.ask("/desk/questions")[1]
    # What is kept of the customer: not without a check that was passed, and not by whoever says nothing.
    assert "/desk/question-disclose" not in (text := analyst.ask("/desk/questions/q1")[1]) and "4711" not in text and "Mrs &lt;Ng&gt;" in text
    assert "question.identity" in do(analyst, "/desk/question-disclose/q1", expect=403, why="she asks")[1]
    do(analyst, "/desk/question-identify/q1", how="no <answer>", result="failed")
    assert "question.identity" in do(analyst, "/desk/question-disclose/q1", expect=403, why="she asks")[1]
    do(analyst, "/desk/question-identify/q1", how="called back", result="passed")
    assert "/desk/question-disclose/q1" in analyst.ask("/desk/questions/q1")[1]
    to, text = do(analyst, "/desk/question-disclose/q1", expect=200, why="to send it")
    assert to is None and "account 4711" in text
    do(manager, "/desk/question-customer/q1", customer="account 4712", why="it was wrong")
    text = manager.ask("/desk/questions/q1")[1]
    assert "to send it" in text and "it was wrong" in text and "471" not in text and "Show what is kept of the customer" in text.split("<table")[-1]
    assert "4711" not in service.log()
    # Handed over, answered with what the library says, closed.
    do(analyst, "/desk/question-assign/q1", who=manager.person.id)
    assert listed("?whose=nobody") == ["q2"] and re.findall(r'/desk/questions/(q\d)"', manager.ask("/desk/questions?whose=me")[1]) == ["q1"]
    assert do(analyst, "/desk/answer-keep", title="Fans <b>", text="Order part 7.", kind="component")[0] == "/desk/answers/l1?done=1"
    text = manager.ask("/desk/question-answer/q1")[1]
    assert 'href="/desk/question-answer/q1?based_on=l1">Fans &lt;b&gt;</a>' in text
    action, sent = fields(manager.ask("/desk/question-answer/q1?based_on=l1")[1])
    assert ">Order part 7.</textarea>" in manager.ask("/desk/question-answer/q1?based_on=l1")[1]
    do(analyst, "/desk/question-answer/q1", text="I look.")
    r, text = manager.ask(action, sent | {"text": "Order part 7, not 8."})
    assert r.status == 409 and "desk.changed" in text and "I look." in text and "Order part 7, not 8.</textarea>" in text
    assert manager.ask(action, fields(text)[1] | {"text": "Order part 7, not 8."})[0].status == 303
    do(manager, "/desk/question-answer/q2", text="Because <so>.")
    assert "Because &lt;so&gt;." in one.ask("/report/status", {"receipt": receipt})[1]  # at once
    do(manager, "/desk/question-close/q1", outcome="sent")
    assert "question.closed" in do(manager, "/desk/question-answer/q1", expect=409, text="more")[1]
    assert (listed(), listed("?state=answered"), listed("?state=closed")) == ([], ["q2"], ["q1"])
    do(analyst, "/desk/answer-change/l1", title="Fans", text="Order part 8.")
    do(analyst, "/desk/answer-retire/l1", reason="no fans any more")
    assert "No answer is like this" in analyst.ask("/desk/answers")[1] and "no fans any more" in analyst.ask("/desk/answers/l1")[1]
    assert "based_on" not in html.unescape(manager.ask("/desk/question-answer/q2")[1]).split("<form")[0]
    entries = analyst.person.ask("GET", "/api/v1/case-journal")[1]["entries"]
    assert [json.loads(e["text"])["what"] for e in entries if json.loads(e["text"])["case"] == "q1"] == [
        "question.note", "question.identify", "question.identify", "question.disclose", "question.customer", "question.assign", "question.answer", "question.answer", "question.close"]


UPDATE = {"kind": "update", "product": "lamp", "severity": "high", "title": "Version 2 <b>", "text": "Install it.", "data": "It keeps them.", "install_by": "2099-01-01", "needs": "Nothing.", "review": "Nothing."}


def test_a_notice_is_drafted_told_and_withdrawn(service):  # noqa: F811
    _, made = at_the_desk(service)
    analyst, publisher, stranger = made["analyst"], made["publisher"], Browser(service)
    assert "There is no draft" in analyst.ask("/desk/notices")[1] and "/desk/notice-new" in analyst.ask("/desk/notices")[1]
    to, _ = do(analyst, "/desk/notice-new", **{**UPDATE, "data": "", "link": "ftp://x"})
    assert to == "/desk/notices/n1?done=1"
    text = analyst.ask(to)[1]
    assert "IN.1.a.1.3" in text and "Version 2 &lt;b&gt;" in text and "/desk/notice-publish" not in text and analyst.ask("/desk/notice-publish/n1")[0].status == 403
    assert "/desk/notice-publish/n1" in publisher.ask("/desk/notices/n1")[1]
    assert "IN.1.a.1.3" in do(publisher, "/desk/notice-publish/n1", expect=422)[1]
    do(analyst, "/desk/notice-change/n1", **UPDATE, link="ftp://x")
    assert "It says all" in analyst.ask("/desk/notices/n1")[1]
    assert "notices.form" in do(publisher, "/desk/notice-publish/n1", expect=422)[1]  # a link that is none
    action, sent = fields(publisher.ask("/desk/notice-publish/n1")[1])
    do(analyst, "/desk/notice-change/n1", **UPDATE)
    assert publisher.ask(action, sent)[0].status == 409  # what was looked at is not what it says
    assert "notices.kind" in do(analyst, "/desk/notice-change/n1", expect=422, **{**UPDATE, "kind": "advisory"})[1]
    assert "Version 2" not in stranger.ask("/products/lamp")[1] and "Version 2" not in stranger.ask("/news")[1]
    text = publisher.ask("/desk/notice-publish/n1")[1]
    assert "Data on the device: It keeps them." in text and "<b>" not in text
    assert do(publisher, "/desk/notice-publish/n1")[0] == "/desk/notices/n1?done=1"
    assert "notices.draft-over" in do(publisher, "/desk/notice-publish/n1", expect=409)[1]
    assert "notices.draft-over" in do(analyst, "/desk/notice-change/n1", expect=409, **UPDATE)[1]
    assert 'href="/notices/1"' in publisher.ask("/desk/notices/n1")[1]
    for path in ("/notices/1", "/products/lamp", "/news"):
        text = stranger.ask(path)[1]
        assert "Version 2 &lt;b&gt;" in text and "withdrawn" not in text
    assert "Version 2" not in stranger.ask("/products/fan")[1]
    # Taken back, it stays where it is and says so; once, and by a publisher alone.
    assert "/desk/notice-withdraw/1" in publisher.ask("/desk/notices")[1] and "/desk/notice-withdraw" not in analyst.ask("/desk/notices")[1]
    assert "path.input" in do(publisher, "/desk/notice-withdraw/1", expect=422, reason="")[1]
    assert do(publisher, "/desk/notice-withdraw/1", reason="It <breaks> lamps.")[0] == "/desk/notices?done=2"
    assert "no longer holds" in (text := stranger.ask("/notices/1")[1]) and "It &lt;breaks&gt; lamps." in text and "Install it." in text
    assert "withdrawn" in stranger.ask("/products/lamp")[1] and "withdrawn" in stranger.ask("/news")[1] and "withdrawn" in publisher.ask("/desk/notices/n1")[1]
    assert publisher.person.ask("POST", "/api/v1/notice-withdrawals/1", {"reason": "again"})[1]["rule"] == "notices.withdraw"
    assert publisher.person.ask("GET", "/api/v1/notices")[1]["notices"][0]["withdrawn"]
    # One that nobody is to be told.
    do(publisher, "/desk/notice-new", kind="maintenance", title="Night", text="We are away.")
    assert [d["id"] for d in publisher.person.ask("GET", "/api/v1/notice-drafts")[1]["drafts"]] == ["n2"]
    do(analyst, "/desk/notice-drop/n2")
    assert "There is no draft" in analyst.ask("/desk/notices")[1] and "dropped" in analyst.ask("/desk/notices/n2")[1]
    assert analyst.ask("/desk/notices/n9")[0].status == 404 and publisher.ask("/desk/notice-withdraw/9")[0].status == 404


FACTS = {"title": "Keys <were> read", "happened": "On Monday somebody read keys.", "concerned": "The radio's keys.", "done": "New keys are sent.", "todo": "Restart it."}


def test_a_device_is_checked_and_an_incident_told(service):  # noqa: F811
    _, made = at_the_desk(service)
    manager, analyst, publisher, customer = made["manager"], made["analyst"], made["publisher"], Browser(service)
    assert "No device is like this" in analyst.ask("/desk/customers")[1] and "No incident" in analyst.ask("/desk/incidents")[1]
    assert publisher.ask("/desk/customers")[0].status == 403 and "/desk/customers" not in publisher.ask("/desk/cases")[1]
    key = re.search(r"<code>([0-9A-Z-]{34})</code>", customer.ask("/account/new", {"lang": ""})[1])[1]
    for serial in ("L-1", "L-2"):
        assert customer.ask("/account/device", {"key": key, "model": "lamp", "serial": serial})[0].status == 200
    assert customer.ask("/account/send", {"key": key, "kind": "other", "description": "Why <so>?", "product": "lamp", "version": "1"})[0].status == 200
    text = analyst.ask("/desk/customers")[1]
    assert re.findall(r'/desk/device-judge/(\d)"', text) == ["2", "1"] and 'href="/desk/customers/k1"' in text
    assert re.findall(r'/desk/device-judge/(\d)"', analyst.ask("/desk/customers?serial=L-1&state=all")[1]) == ["1"]
    # The check's steps and its result are kept with the device; without steps it is none.
    assert "L-1" in analyst.ask("/desk/device-judge/1")[1]
    assert "path.input" in do(analyst, "/desk/device-judge/1", expect=422, state="confirmed")[1]
    assert do(analyst, "/desk/device-judge/1", how="invoice <seen>", state="confirmed")[0] == "/desk/customers?done=2"
    do(analyst, "/desk/device-judge/2", how="nothing was shown")  # what stands there first is no confirmation
    assert "invoice &lt;seen&gt;" in analyst.ask("/desk/customers?state=confirmed")[1] and "nothing was shown" in analyst.ask("/desk/customers?state=refused")[1]
    # Told by a manager, with all of it; it says whom it reached.
    assert analyst.ask("/desk/incident-tell")[0].status == 403 and "/desk/incident-tell" not in analyst.ask("/desk/incidents")[1]
    assert "path.input" in do(manager, "/desk/incident-tell", expect=422, devices="L-1", **{**FACTS, "todo": ""})[1]
    to, _ = do(manager, "/desk/incident-tell", product="lamp", devices="L-1, L-2\nL-3", **FACTS)
    assert to == "/desk/incidents/1?done=2"
    text = re.sub("<[^>]+>", " ", analyst.ask(to)[1])
    for part in ("Customers who were told 1", "Devices of theirs 1", "check: told when it is theirs 0", "no customer has named 1", "Keys &lt;were&gt; read", "manager (a2)"):
        assert part in " ".join(text.split()), part
    assert 'href="/desk/incidents/1"' in analyst.ask("/desk/incidents")[1]
    text = analyst.ask("/desk/customers/k1")[1]
    assert "Why &lt;so&gt;?" in text and 'href="/desk/incidents/1"' in text and 'href="/desk/reports/r1"' in text and text.count("/desk/device-judge/") == 2
    assert "Keys &lt;were&gt; read" in customer.ask("/account", {"key": key})[1]
    for path in ("/desk/customers/k2", "/desk/customers/1", "/desk/incidents/2", "/desk/device-judge/9"):
        assert manager.ask(path)[0].status == 404, path
