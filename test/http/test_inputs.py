# SPDX-License-Identifier: Apache-2.0
"""What an owner sends wrongly: each operation that takes a body or a query, each member of it, is refused by the named rule, and nothing is
changed. What forms there are the rows say that the device was built from; what is wrong within them stands in inputs.tsv."""
import http.client
import json
import re
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "run")]
import world as worlds  # noqa: E402
from front import context  # noqa: E402
from test_tasks import confirm  # noqa: E402

pytestmark = pytest.mark.skipif(worlds.missing() is not None, reason=str(worlds.missing()))
FORM, NO_CONTENT = (400, "path.input"), (400, "RFC 9110 9.3.1")
WRONG_KIND = {"text": "7", "bool": '"true"', "int": '"1"', "object": '"x"'}
# Before there is an owner, or for nobody who is anybody already: test/run/test_takeover.py, test_session.py and test_presence.py have these.
NOT_THE_OWNERS = {"commissioning.take", "commissioning.browser", "commissioning.claim", "session.open", "login.open", "recovery.ask", "recovery.state"}
STREAMS = {"log.stream"}  # an answer that does not end: test/run/test_stream.py
KEPT = ("/api/v1/peers", "/api/v1/policies", "/api/v1/keys", "/api/v1/certificates/crls", "/api/v1/local-identity", "/api/v1/identity/assignment",
        "/api/v1/settings", "/api/v1/tasks", "/api/v1/accounts", "/api/v1/credentials", "/api/v1/session-caps", "/api/v1/roles", "/api/v1/rules",
        "/api/v1/wifi", "/api/v1/bluetooth", "/api/v1/outside-systems", "/api/v1/approved-shares")
JSON = {"Content-Type": "application/json"}


def operations():
    rows = json.loads((worlds.BUILD / "src/formats/device.json").read_text())
    return {o["name"]: o for c in rows["capabilities"] for o in c["operations"] if o["path"] and o["name"] not in NOT_THE_OWNERS}


def vectors():
    """operation -> [(status, rule, body)]"""
    found = {}
    for number, line in enumerate((HERE / "inputs.tsv").read_text(encoding="ascii").splitlines(), 1):
        if line and not line.startswith("#"):
            columns = line.split("\t")
            assert len(columns) == 4, f"inputs.tsv:{number}: want operation, status, rule, body"
            body = re.sub(r"\{(\d+)\}", lambda m: int(m[1]) * "A", columns[3])
            found.setdefault(columns[0], []).append(((int(columns[1]), columns[2]), body))
    return found


def object_of(members):
    return "{" + ",".join(f"{json.dumps(key)}:{value}" for key, value in members) + "}"


def sized(field, n):
    return str(n) if field["kind"] == "int" else json.dumps("A" * n)


def edits(fields, body):
    """What is done to a body of the right form, by a name, and the member that has to be named in the refusal."""
    members = [(key, json.dumps(value)) for key, value in json.loads(body).items()]
    for field in fields:
        key = field["key"]
        others = [m for m in members if m[0] != key]
        if field["required"] == "yes":
            yield f"{key} absent", object_of(others), key
        yield f"{key} mistyped", object_of([*others, (key, WRONG_KIND[field["kind"]])]), key
        yield f"{key} a list", object_of([*others, (key, f"[{dict(members).get(key, WRONG_KIND[field['kind']])}]")]), key
        yield f"{key} null", object_of([*others, (key, "null")]), key
        yield f"{key} doubled", object_of([*others, *2 * [(key, dict(members).get(key, '"A"'))]]), ""
        if field.get("max"):
            yield f"{key} oversized", object_of([*others, (key, sized(field, int(field["max"]) + 1))]), key
        if int(field.get("min") or 0):
            yield f"{key} undersized", object_of([*others, (key, sized(field, int(field["min"]) - 1))]), key
    yield "something unknown", object_of([*members, ("more", "1")]), "more"
    for name, text in {"something behind it": body + "x", "another behind it": body + body, "a NUL behind it": body + "\0", "cut": body[:-1], "a list": f"[{body}]",
                       "a text": '"x"', "null": "null", "half a character": '{"\\ud800":1}', "deep": 200 * "[" + 200 * "]"}.items():
        yield name, text, ""


class Owner:
    def __init__(self, unit):
        self.unit, self.tls = unit, context(unit.owner / "owner.crt", unit.owner / "owner.key")
        self.line = None

    def ask(self, method, path, body=None, headers=JSON):
        """Status and what was answered; the connection goes on."""
        self.line = self.line or http.client.HTTPSConnection("127.0.0.1", self.unit.port, timeout=10, context=self.tls)
        self.line.request(method, path, body, headers if body is not None else {})
        reply = self.line.getresponse()
        answer = reply.read()
        if reply.will_close:
            self.line.close()
            self.line = None
        return reply.status, json.loads(answer) if answer else {}

    def refused(self, method, path, body=None, headers=JSON):
        status, said = self.ask(method, path, body, headers)
        return (status, said.get("rule")), str(said.get("detail"))


@pytest.fixture(scope="module")
def owner():
    with worlds.World() as world:
        unit = world.device("INPUT-1").start()
        unit.take_over()
        confirm(unit)
        yield Owner(unit)


@pytest.fixture
def kept(owner):
    """Whatever was asked: what the device keeps is as it was."""
    before = [owner.ask("GET", path) for path in KEPT]
    assert all(status == 200 for status, _ in before), before
    yield
    assert [owner.ask("GET", path) for path in KEPT] == before


def filled(path):
    return re.sub(r"\{[a-z_]+\}", lambda m: "identification.remote-read" if m[0] == "{key}" else "nobody", path)


def test_the_table_has_them_all():
    assert set(vectors()) == {name for name, o in operations().items() if o["input"]}


def test_what_the_form_allows_and_the_rule_refuses(owner, kept):
    rows, wrong = operations(), []
    for name, asked in vectors().items():
        for want, body in asked:
            got, detail = owner.refused(rows[name]["method"], filled(rows[name]["path"]), body)
            if got != want:
                wrong.append(f"{name} {body[:80]}: {got} {detail}, want {want}")
    assert not wrong, "\n".join(wrong)


def test_what_the_form_does_not_allow(owner, kept):
    rows, wrong, asked = operations(), [], 0
    for name, ((_, body), *_) in vectors().items():
        method, path = rows[name]["method"], filled(rows[name]["path"])
        for edit, text, key in edits(rows[name]["input"], body):
            got, detail = owner.refused(method, path, text)
            asked += 1
            if got != FORM or key not in detail:
                wrong.append(f"{name} with {edit}: {got} {detail}")
        for what, headers, query, want in (("text/plain", {"Content-Type": "text/plain"}, "", (415, "path.media-type")), ("no type", {}, "", (415, "path.media-type")),
                                           ("a query", JSON, "?more=1", FORM)):
            got, detail = owner.refused(method, path + query, body, headers)
            if got != want:
                wrong.append(f"{name} with {what}: {got} {detail}")
    assert not wrong, "\n".join(wrong)
    assert asked > 400


def test_what_takes_no_body_and_no_query(owner, kept):
    wrong = []
    for name, o in operations().items():
        path = filled(o["path"])
        if not o["input"] and (got := owner.refused(o["method"], path, "{}"))[0] != (NO_CONTENT if o["method"] in ("GET", "DELETE") else FORM):
            wrong.append(f"{name} with a body: {got}")
        if not o.get("query") and (got := owner.refused(o["method"], path + "?more=1"))[0] != FORM:
            wrong.append(f"{name} with a query: {got}")
    assert not wrong, "\n".join(wrong)


def bad_queries(field):
    key, most = field["key"], int(field.get("max") or 0)
    yield from ("more=1", key, f"{key}=", f"{key}=1&{key}=1", f"{key}=1&more=1", f"{key.upper()}=1", f"&{key}=1")
    if field["kind"] == "int":
        yield from (f"{key}={value}" for value in ("x", "-1", "1.0", "+1", "0x1", "1x", "1%20", 30 * "9"))
        yield from (f"{key}={value}" for value in ("0", most + 1) if most)
    else:
        yield f"{key}={(most + 1) * 'A'}"


def test_queries(owner, kept):
    wrong, asked = [], 0
    for name, o in operations().items():
        path = filled(o["path"])
        for field in [] if name in STREAMS else o.get("query") or []:
            for query in bad_queries(field):
                got, detail = owner.refused(o["method"], f"{path}?{query}")
                asked += 1
                if got != FORM:
                    wrong.append(f"{name}?{query}: {got} {detail}")
            for byte in ("%00", "%ff"):
                if (got := owner.refused(o["method"], f"{path}?{field['key']}={byte}"))[0] != (400, "RFC 3629 3"):
                    wrong.append(f"{name} with {byte}: {got}")
            if field["key"] == "cursor" and (got := owner.refused(o["method"], f"{path}?cursor=AAAA"))[0] != (400, "page.cursor"):
                wrong.append(f"{name} with a cursor of nothing: {got}")
    assert not wrong, "\n".join(wrong)
    assert asked > 120
