# SPDX-License-Identifier: Apache-2.0
"""The privilege matrix of the manufacturer's server: every operation it has, by somebody of each role and by nobody, over HTTPS. What is refused is refused
by the gate and changes no row of the store."""
import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "test"), str(HERE.parents[1] / "test/run")]
import support_staff as staff  # noqa: E402
import world  # noqa: E402
from test_support import service  # noqa: E402,F401

ROLES = ("anyone", "analyst", "manager", "publisher", "administrator")


def operations():
    rows = json.loads((world.BUILD / "src/support/support.json").read_text())
    return {o["name"]: (o["method"], re.sub(r"\{[a-z_]+\*?\}", "a9999", o["path"]), bool(o["input"])) for c in rows["capabilities"] for o in c["operations"]}


def oracle():
    lines = [line.split("\t") for line in (HERE / "support.tsv").read_text().splitlines() if line and not line.startswith("#")]
    return {name: set(who.split()) for name, who in lines}


def rows_of(service):
    """Of every table that there is, while the service runs."""
    rows = service.rows()
    assert {"account", "desk_case", "advisory", "journal_entry", "report"} <= set(rows)
    return rows


def ask_as(service, person, operation):
    """(status, whether it was refused, the rule)."""
    name, (method, path, takes) = operation
    r, text = service.ask(path, method, {"Content-Type": "application/json", **({"Authorization": f"Bearer {person.token}"} if person.token else {})}, "{}" if takes else None)
    said = json.loads(text) if "json" in (r.getheader("Content-Type") or "") and text else {}
    assert r.status not in (404, 405, 500) or not said.get("rule", "").startswith("path."), (name, text)
    # A page says it in words: to a stranger by the page to log in by.
    refused = r.status in (401, 403) if "html" in (r.getheader("Content-Type") or "") else said.get("rule", "").startswith("gate.")
    return r.status, refused, said.get("rule")


def test_every_operation_by_everybody(service):
    admin = staff.administrator(service.start())
    people = {"anyone": staff.Person(service), "administrator": admin}
    people.update({role: staff.colleague(admin, role, role) for role in ROLES[1:-1]})
    may, there = oracle(), operations()
    assert set(may) == set(there)  # in no file, or in a file alone
    before, wrong, asked = rows_of(service), [], 0
    for may_it in (False, True):  # first all that is refused, then the rest
        for role in ROLES:
            for name in sorted(there, key=lambda n: n == "session.close"):  # which ends what asks
                if (role in may[name]) == may_it:
                    status, refused, rule = ask_as(service, people[role], (name, there[name]))
                    if refused == may_it or (refused and status != (401 if role == "anyone" else 403)):
                        wrong.append((name, role, status, rule))
                    asked += 1
        if not may_it:
            after = rows_of(service)
            assert not [(t, set(after[t]) ^ set(before[t])) for t in before if after[t] != before[t]]
            assert asked > len(there)
    assert not wrong and asked == len(ROLES) * len(there)
    after = rows_of(service)
    assert any(after[t] != before[t] for t in before)  # what is not refused is seen in them


def test_what_is_refused_changes_nothing(service):
    admin = staff.administrator(service.start())
    people = [staff.Person(service)] + [staff.colleague(admin, role, role) for role in ROLES[1:-1]]
    service.stop()
    before = rows_of(service)
    service.start()
    for one in people:
        for method, path, body in (("POST", "/api/v1/staff", {"name": "Eve", "role": "administrator"}), ("DELETE", f"/api/v1/staff/{admin.id}", None),
                                   ("PUT", f"/api/v1/staff/{people[1].id}", {"role": "administrator"}), ("POST", f"/api/v1/staff-invitations/{admin.id}", None)):
            assert one.ask(method, path, body)[0] in (401, 403)
    service.stop()
    assert rows_of(service) == before
