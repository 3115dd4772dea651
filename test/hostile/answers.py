# SPDX-License-Identifier: Apache-2.0
"""The pages that are answers, for a browser to look at: what each form says when it was done and when it was refused, and what is said of an address that is no
page, or nobody's to see. story.py fills what can be filled; here is what a person does who only presses, and one who does it wrong."""
import base64
import copy
import json
import re
import time

import story
import support_staff as staff

LANGUAGES = ("en", "de")
RULE = re.compile(r"<code>([a-z][a-z0-9-]*(?:\.[a-z0-9-]+)+)</code>")
OTHER = "other"  # an analyst who does to his own account what the others' would not outlive
OWN = {"login.send", "password.send", "desk.authenticator", "desk.authenticator-code", "desk.session-end", "prove.send"}
# Done where there is what it takes, an authenticator of passkeys (test/browser/support-passkeys.js) or a key to sign with (test/run/test_signing.py), and answered by leading on; refused here as all are.
ELSEWHERE = {"login.passkey", "prove.passkey", "desk.advisory-sign"}
# What anybody may at any time: nothing to type, or nothing to find out by.
NEVER_REFUSED = {"logout.send", "subscription.leave", "account.make", "desk.session-end"}


class Answers:
    """Of each operation, status, rule and language the page that came first, and each kind of place where one leads."""

    def __init__(self, w):
        self.pages, self.led, self.sent, self.done = {}, {}, {}, set()
        self.ops, w.answers = w.ops, self

    def language(self, name):
        """In turn, of what is sent."""
        if self.ops[name]["method"] != "GET":
            self.sent[name] = self.sent.get(name, -1) + 1
        return LANGUAGES[self.sent.get(name, 0) % 2]

    def keep(self, name, role, r):
        o = self.ops[name]
        if o.get("media") != "text/html":
            return
        if o["method"] != "GET" and r.status < 400:
            self.done.add(name)
        place = r.getheader("Location")
        if place and o["method"] != "GET":
            self.led.setdefault(re.sub(r"[0-9]+(?=[/?]|$)", "0", place.partition("?")[0]) + place.partition("?")[2], (role, place, name))
        if r.getheader("Content-Type", "").startswith("text/html") and (o["method"] != "GET" or r.status >= 400):
            rule, tag = RULE.search(r.text), re.search(r"<html lang=\"(..)\"", r.text)
            self.pages.setdefault((name, r.status, rule and rule[1], tag and tag[1]), {
                "operation": name, "status": r.status, "rule": rule and rule[1], "path": o["path"].split("{")[0], "language": tag and tag[1], "headers": {n.lower(): v for n, v in r.getheaders()}, "text": r.text})


def forms(w):
    """Those first that want it proven who sends them: a start forgets that, and strangers have an allowance that only a start renews."""
    rows = [(name, o) for name, o in w.ops.items() if o.get("media") == "text/html" and o["method"] != "GET" and name != "logout.send"]
    return [name for name, o in sorted(rows, key=lambda row: row[1].get("step_up") != "yes")]


def press_all(w):
    """Every form that story.py has nothing to type into, as its page has it."""
    w.prove("administrator")
    w.people[OTHER], w.lines[OTHER] = staff.colleague(w.people["administrator"], OTHER, "analyst"), story.Line(w.service)
    for name in forms(w):
        if name not in w.answers.done and name not in ELSEWHERE:
            press(w, name, OTHER if name in OWN else None)
    w.known["credential"].append(a_passkey(w, w.role_of("passkey.remove")))  # whose page is there


def press(w, name, role=None):
    if w.sent > 100:
        w.again()
    role = role or w.role_of(name)
    if w.ops[name].get("step_up") == "yes":
        w.prove(role)
    target = target_of(w, name, role)
    path = w.path(name, target)
    if name == "report.add-files":
        data, kind = story.multipart({"receipt": w.receipts[-1]}, [("plain.txt", "text/plain", b"plain")])
        w.send(name, path, data, role, {"Content-Type": kind})
        return
    body = w.form_of(name, path) | story.BASE.get(name, {}) | typed(w, name, role)
    r, _, _ = w.send(name, path, body, "anyone" if name == "login.send" else role)
    if name == "desk.authenticator":
        w.new_secret = base64.b32decode("".join(re.search(r"<code>([A-Z2-7 ]{32,})</code>", r.text)[1].split()))
    if name == "login.send" and r.status == 303:
        leave(w, re.search(r"__Host-session=([\w-]+)", str(r.headers))[1])


def leave(w, token):
    """The session that a form has just opened."""
    w.people["leaving"], w.lines["leaving"] = copy.copy(w.people[OTHER]), story.Line(w.service)
    w.people["leaving"].token = token
    w.send("logout.send", "/logout", {"lang": ""}, "leaving")
    del w.people["leaving"], w.lines["leaving"]


def invited(w):
    w.prove("administrator")
    return json.loads(w.send("staff.make", w.path("staff.make"), {"name": f"invited {next(w.numbers)}", "role": "analyst"})[0].text)


def target_of(w, name, role):
    param = w.param_of(name)
    if param == "account":
        one = invited(w)["account"]
        if name == "desk.unlock":
            w.send("desk.lock", w.path("desk.lock", one), {})
        return one
    if param == "session":
        return "others"
    if param == "credential":
        return a_passkey(w, role)
    if name in ("desk.advisory-review", "desk.advisory-approve", "desk.advisory-publish", "desk.advisory-plan", "desk.advisory-unplan"):
        return a_draft(w, name)
    if param == "token":
        if name == "subscription.leave":
            w.fill("notice.create", 1)  # each notice says how to leave
        return token_of(w, "leave" if name == "subscription.leave" else "confirm")
    return w.fresh(name)


def a_passkey(w, role):
    w.attempt("passkey.send", {"label": "plain"})
    return w.api("staff.passkeys", role=role)["passkeys"][-1]["credential"]


def next_month(seconds=""):
    return time.strftime("%Y-%m-%dT%H:%M" + seconds, time.gmtime(time.time() + 30 * 86400))


def a_draft(w, name):
    """Whole, and as far as the step before."""
    one = w.api("advisory.create", title="plain", product="Lamp", cve="CVE-2026-0001")["id"]
    said = w.api("advisory.read", one, role="analyst")
    doc = json.loads(said["document"])
    story.hostile(doc, "plain")
    said = w.api("advisory.change", one, role="analyst", revision=said["revision"], document=json.dumps(doc), summary="plain")
    if name != "desk.advisory-review":
        w.send("advisory.review", w.path("advisory.review", one), role="analyst")
    if name in ("desk.advisory-publish", "desk.advisory-plan", "desk.advisory-unplan"):
        w.api("advisory.approve", one, role="manager", hash=said["hash"])
    if name == "desk.advisory-unplan":
        w.api("advisory.plan", one, at=next_month(":%SZ"))
    return one


def typed(w, name, role):
    """What a form has no place for that could be pressed."""
    person = w.people.get(role)
    if name == "join.send":
        return {"code": invited(w)["code"], "password": story.PASSWORD, "again": story.PASSWORD}
    if name == "login.send":
        person = staff.Person(w.service)  # of whose codes none is used yet
        person.join(invited(w)["code"])
        return {"account": person.name, "password": story.PASSWORD, "code": person.code()}
    if name == "prove.send":
        return {"to": "/desk/password", "password": story.PASSWORD, "code": person.code()}
    if name == "desk.authenticator-code":
        person.secret, person.step = w.new_secret, int(time.time()) // 30
        return {"code": staff.totp(person.secret, person.step)}
    if name == "desk.advisory-plan":
        return {"at": next_month()}
    if name == "desk.embargo":
        return {"until": "2099-01-01T00:00"}
    if name in ("desk.seen", "desk.triage-seen"):
        page = "desk.reports" if name == "desk.seen" else "desk.triage"
        return {"newest": re.search(r"name=\"newest\" value=\"([^\"]+)\"", w.send(page, w.path(page), role=role)[0].text)[1]}
    if name == "password.send":
        return {"password": story.PASSWORD, "again": story.PASSWORD}
    if name == "report.status":
        return {"receipt": w.receipts[-1]}
    if name == "subscription.confirm":
        return {"token": token_of(w, "confirm")}
    if name.startswith("account.") and name not in ("account.make", "account.door"):
        more = {"account.case": {"case": w.items[-1] if w.items else ""}, "account.add": {"receipt": w.receipts[-1]}, "account.device-removal": {"device": w.known["device"][-1] if w.known["device"] else ""}}
        return {"key": w.an_account()} | more.get(name, {})
    return {}


def token_of(w, kind):
    """As it came by mail."""
    for _ in range(200):
        for at in reversed(range(len(w.box.mails))):
            found = re.search(rf"/subscriptions/{kind}/([0-9A-Za-z-]+)", w.box.read(at).get_content())
            if found:
                return found[1]
        time.sleep(0.05)
    raise AssertionError(f"no mail has a link to {kind}")


def refuse_all(w):
    """Every form with nothing in it, with what no field takes, and with more than any takes; every page of what is not there, asked for what it does not know, by
    somebody who may not; and each form that wants it proven who sends it, when that was not."""
    w.again()  # forgets who was proven
    for name in forms(w):
        if w.ops[name].get("step_up") == "yes":
            w.send(name, w.path(name), {})
    for name, o in w.ops.items():
        if o.get("media") == "text/html" and o["method"] == "GET":
            refuse_page(w, name)
    for name in forms(w):
        if w.sent > 100:
            w.again()
        refuse_form(w, name)
    w.send("report.send", "/report", {"description": "x" * 70000})  # which nobody reads


def refuse_page(w, name):
    path = w.path(name)
    if w.param_of(name):
        w.send(name, re.sub(r"\{[a-z_*]+\}", "none", w.ops[name]["path"]))
    w.send(name, path + "?nonsense=1")
    for role in (*story.ROLES, "anyone"):
        if role not in w.may[name]:
            w.send(name, path, role=role)
            return


def refuse_form(w, name):
    role = w.role_of(name) if name not in OWN or name == "login.send" else OTHER
    if w.ops[name].get("step_up") == "yes":
        w.prove(role)
    path = w.path(name, "0000-0000" if w.param_of(name) == "token" else target_of(w, name, role))
    form = w.form_of(name, path)
    texts = [f["key"] for f in w.ops[name]["input"] if f["kind"] == "text" and f["key"] not in ("lang", "once", "seen", "challenge")]
    for word in ("", "nonsense", "x" * 9000):  # in one language and the other
        w.send(name, path, form | dict.fromkeys(texts, word), role)
