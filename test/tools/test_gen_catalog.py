# SPDX-License-Identifier: Apache-2.0
"""tools/gen-catalog.py: what it makes of good rows, and that it refuses each kind of bad ones with file and line."""
import json
import pathlib
import subprocess

import jsonschema
import pytest

from gen import catalog, emit_c, emit_openapi, rows
from gen.strict_yaml import Refused, parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools/gen-catalog.py"
GOOD = """capability: DI
name: Device Identification
folder: identification
settings:
  - {key: a.on, type: bool, default: "on", baseline: "on", permission: p.change, apply: tw_a_apply, help: h, element: DI.IMS.1}
  - {key: a.wait, type: int, unit: s, min: "1", max: "60", default: "5", baseline: "5", permission: p.change, help: h}
  - {key: a.mode, type: choice, choices: x|y, default: x, baseline: y, permission: p.change, help: h}
operations:
  - name: a.put
    method: PUT
    path: /api/v1/a/{key}
    permission: p.change
    when: owned
    audit: change
    handler: tw_a_put
    if_match: "yes"
    help: Changes a "thing".
    elements: [DI.IMS.1]
    input: [{key: value, kind: text, required: "yes", max: "9", help: new}]
    output: [{key: rows, kind: array, bounded: three at most, help: all, items: [{key: n, kind: int, help: number}]}]
  - {name: a.read, method: GET, path: /api/v1/a, permission: p.read, when: always, audit: none, handler: tw_a_read, help: Reads.,
     elements: [], input: [], output: [], query: [{key: count, kind: int, min: "1", max: "9", help: how many}]}
events:
  - {id: a.gone, severity: error, element: DI.IMS.1, help: h, fields: [{key: what, kind: text, required: "yes", help: h}]}
elements:
  - {id: DI.IMS.1, status: tw_a_status, provider: ""}
facts:
  - {name: a.known, type: bool, read: tw_a_known, help: h}
jobs:
  - {name: a.job, period_ms: "1000", watches: the thing, run: tw_a_run}
  - {name: b.job, period_ms: "2000", watches: another, run: tw_b_run, due: tw_b_due}
"""
ROLES = "roles:\n" + "".join(f"  - {{name: {n}, help: h{', inherits: [admin, guest]' if n == 'owner' else ''}}}\n" for n in rows.SUBJECTS) + """\
  - {name: guest, help: looks}
  - {name: admin, help: changes, inherits: [guest]}
"""
GRANTS = ROLES + "grants:\n  p.read: [anyone, guest]\n  p.change: [owner]\nunruled: [p.read]\nfree: [p.read]\n"


def write(folder, name, text):
    path = folder / name
    path.write_text(text)
    return str(path)


def load(tmp_path, text=GOOD, granted=GRANTS):
    c = rows.capability(write(tmp_path, "capability.yaml", text))
    g = rows.grants(write(tmp_path, "grants.yaml", granted))
    rows.together([c], g, catalog.elements(ROOT / "catalog"))
    return c, g


def test_c_tables_compile(tmp_path):
    c, g = load(tmp_path)
    (tmp_path / "device").mkdir()
    (tmp_path / "device/rows-identification.h").write_text(emit_c.rows_header(c, "x"))
    (tmp_path / "device/grants.h").write_text(emit_c.grants_header("x"))
    for name, text in (("rows.c", emit_c.rows_source(c, "x")), ("grants.c", emit_c.grants_source(g, "x"))):
        source = write(tmp_path, name, text)
        subprocess.run(["cc", "-std=gnu17", "-Wall", "-Wextra", "-Werror", "-Wno-missing-field-initializers", "-D_GNU_SOURCE",
                        f"-I{tmp_path}", f"-I{ROOT / 'src'}", "-fsyntax-only", source], check=True)


def test_c_rows(tmp_path):
    c, g = load(tmp_path)
    text = emit_c.rows_source(c, "x")
    assert '{ "a.on", TW_SETTING_BOOL, NULL, 0, 0, NULL, "on", "on", "p.change", tw_a_apply, "h", "DI.IMS.1", false }' in text
    assert '{ "a.wait", TW_SETTING_INT, "s", 1, 60, NULL, "5", "5", "p.change", NULL, "h", NULL, false }' in text
    assert '{ "value", TW_JSON_TEXT, true, 0, 9 }' in text
    assert 'TW_WHEN_OWNED, TW_AUDIT_CHANGE, input_0, tw_a_put, "Changes a \\"thing\\".", "DI.IMS.1", NULL, NULL, 0, NULL, 0, false, false, NULL, false, "rows n", NULL }' in text
    assert 'tw_a_read, "Reads.", "", query_1, NULL, 0, NULL, 0, false, false, NULL, false, "", NULL }' in text
    assert '{ "a.job", 1000, "the thing", tw_a_run, NULL }' in text and '{ "b.job", 2000, "another", tw_b_run, tw_b_due }' in text
    made = emit_c.grants_source(g, "x")
    assert '{ "p.read", 1u << TW_SUBJECT_ANYONE | 1u << 10, true, true }' in made and '{ "p.change", 1u << TW_SUBJECT_OWNER, false, false }' in made
    assert '{ "owner", 1u << 10 | 1u << 11, true, "h" }' in made and '{ "peer", 0, false, "h" }' in made
    assert '{ "admin", 1u << 10, true, "changes" }' in made
    assert g["p.read"] == ["anyone", "owner", "guest", "admin"] and g["p.change"] == ["owner"]


LISTED = GOOD.replace("bounded: three at most, ", "").replace(
    "    if_match:", '    list: rows\n    page: "20"\n    page_max: "50"\n    if_match:').replace(
    'input: [{key: value, kind: text, required: "yes", max: "9", help: new}]', "input: []")


def test_a_list_comes_in_pages(tmp_path):
    c, g = load(tmp_path, LISTED)
    text = emit_c.rows_source(c, "x")
    assert '{ "limit", TW_JSON_INT, false, 1, 50 }' in text and '{ "cursor", TW_JSON_TEXT, false, 1, 160 }' in text
    assert 'query_0, "rows", 20, NULL, 0, false, false, NULL, false, "rows n next", NULL }' in text
    put = emit_openapi.document([c], g, "1")["paths"]["/api/v1/a/{key}"]["put"]
    assert put["x-thingward-list"] == "rows"
    limit = next(p["schema"] for p in put["parameters"] if p["name"] == "limit")
    assert (limit["default"], limit["maximum"]) == (20, 50) and "(20)" in limit["description"]
    assert set(put["responses"]["200"]["content"]["application/json"]["schema"]["properties"]) == {"rows", "next"}


@pytest.mark.parametrize("old,new,words", [
    ("    list: rows\n", "", "needs 'list'"),
    ("    list: rows\n", "    list: columns\n", "needs 'list'"),
    ("kind: array, help: all", "kind: any, help: all", "no array 'rows'"),
    ('    page: "20"\n', "", "needs page and page_max"),
    ('page: "20"', 'page: "60"', "needs page and page_max"),
    ("{key: n, kind: int, help: number}", "{key: n, kind: array, help: number}", "array 'n' needs"),
    ("    input: []\n", "    input: [{key: x, kind: text, help: h}]\n", "takes no body"),
    ("    input: []\n", "    input: []\n    query: [{key: limit, kind: int, help: h}]\n", "'limit' is made"),
    ("help: all, items", "help: all}, {key: next, kind: text, help: h, items", "'next' is made"),
], ids=range(9))
def test_refuses_lists_without_pages(tmp_path, old, new, words):
    assert LISTED.count(old) == 1 or old == "    input: []\n"
    with pytest.raises(Refused, match=words):
        load(tmp_path, LISTED.replace(old, new, 1))


def test_nothing_of_a_list_stands_alone(tmp_path):
    with pytest.raises(Refused, match="'page' belongs to a list"):
        load(tmp_path, GOOD.replace("    if_match:", '    page: "20"\n    if_match:'))


TASK = GOOD.replace("method: PUT", "method: POST").replace("handler: tw_a_put", "handler: tw_op_task_start\n    task: tw_task_a").replace(
    'output: [{key: rows, kind: array, bounded: three at most, help: all, items: [{key: n, kind: int, help: number}]}]',
    "output: []\n    result: [{key: n, kind: int, help: number}]")


def test_a_task_is_answered_with_its_id(tmp_path):
    c, g = load(tmp_path, TASK)
    assert ", NULL, 0, &tw_task_a, 0, false, false, NULL, false," in emit_c.rows_source(c, "x")
    assert "extern const struct tw_task_kind tw_task_a;" in emit_c.rows_header(c, "x")
    post = emit_openapi.document([c], g, "1")["paths"]["/api/v1/a/{key}"]["post"]
    assert "200" not in post["responses"] and "Location" in post["responses"]["202"]["headers"]
    assert set(post["responses"]["202"]["content"]["application/json"]["schema"]["properties"]) == {"task", "state"}
    assert set(post["x-thingward-task-result"]["properties"]) == {"n"}


@pytest.mark.parametrize("old,new,words", [
    ("method: POST", "method: PUT", "begun by POST"),
    ("audit: change", "audit: read", "leaves an intent"),
    ("tw_op_task_start", "tw_a_put", "its handler is"),
    ("output: []", "output: [{key: x, kind: int, help: h}]", "made from 'task'"),
    ("    task: tw_task_a\n", "", "belong to a task"),
    ("    result: [{key: n, kind: int, help: number}]", "    result: []", "what comes of it"),
], ids=range(6))
def test_refuses_tasks(tmp_path, old, new, words):
    assert TASK.count(old) >= 1
    with pytest.raises(Refused, match=words):
        load(tmp_path, TASK.replace(old, new, 1))


def test_c_strings():
    assert emit_c.string("") == "NULL"
    assert emit_c.string('a"b\\c') == '"a\\"b\\\\c"'
    assert emit_c.string("ü") == '"\\303\\274"'
    assert emit_c.string("what??/") == '"what?\\?/"'


def test_openapi(tmp_path):
    c, g = load(tmp_path)
    doc = emit_openapi.document([c], g, "1.2.3")
    put = doc["paths"]["/api/v1/a/{key}"]["put"]
    assert put["security"] == [{"mutualTLS": []}, {"bearer": []}]
    assert {"401", "403", "404", "412", "428", "200"} <= set(put["responses"])
    schema = put["requestBody"]["content"]["application/json"]["schema"]
    jsonschema.validate({"value": "x"}, schema)
    for bad in ({}, {"value": 1}, {"value": "0123456789"}, {"value": "x", "more": 1}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(bad, schema)
    read = doc["paths"]["/api/v1/a"]["get"]
    assert read["security"] == []
    assert "401" not in read["responses"]
    assert read["parameters"][0] == {"name": "count", "in": "query", "required": False,
                                     "schema": {"type": "integer", "description": "how many", "minimum": 1, "maximum": 9}}
    text = json.dumps(doc)
    for reference in set(part.split('"')[0] for part in text.split('"$ref": "#/')[1:]):
        node = doc
        for step in reference.split("/"):
            node = node[step]


def test_console_operations_have_no_path(tmp_path):
    text = GOOD.replace("method: GET, path: /api/v1/a,", 'method: CONSOLE, path: "",').replace(", query: [{key: count, kind: int, min: \"1\", max: \"9\", help: how many}]", "")
    c, g = load(tmp_path, text)
    assert "/api/v1/a" not in emit_openapi.document([c], g, "1")["paths"]


def test_the_real_rows_agree():
    folders = sorted((ROOT / "src/device").glob("*/capability.yaml"))
    capabilities = [rows.capability(str(p)) for p in folders]
    granted = rows.grants(str(ROOT / "src/device/platform/grants.yaml"))
    rows.together(capabilities, granted, catalog.elements(ROOT / "catalog"))


REFUSED = [
    # what is planted: old text, new text, line named, words of the message
    ("duplicate key", "folder: identification\n", "folder: identification\nname: twice\n", 4, "stands twice"),
    ("unknown key", "name: Device", "nmae: Device", 2, "unknown key 'nmae'"),
    ("missing key", "name: Device Identification\n", "", 1, "'name' is missing"),
    ("alias", "name: Device Identification", "name: &x Device Identification", 2, "anchors"),
    ("tag", "name: Device Identification", "name: !!str Device Identification", 2, "tags"),
    ("unknown word", "when: owned", "when: sometimes", 13, "not one of"),
    ("bad path", "/api/v1/a/{key}", "/api/v1/../a", 11, "not of its form"),
    ("only pages stand elsewhere", "/api/v1/a/{key}", "/a/{key}", 9, "only a page (media: text/html)"),
    ("default outside range", 'default: "5"', 'default: "61"', 6, "outside its own range"),
    ("baseline outside choices", "baseline: y", "baseline: z", 7, "outside its own range"),
    ("int without range", 'min: "1", max: "60", ', "", 6, "needs min and max"),
    ("choice without choices", "choices: x|y, ", "", 7, "needs choices"),
    ("GET that changes", "audit: none, handler: tw_a_read", "audit: change, handler: tw_a_read", 21, "GET changes nothing"),
    ("unrecorded owned operation", "audit: change\n", "audit: none\n", 9, "leaves a record"),
    ("console with a path", "method: PUT", "method: CONSOLE", 9, "console and button have no path"),
    ("button with a path", "method: PUT", "method: BUTTON", 9, "console and button have no path"),
    ("a form by PUT", '    if_match: "yes"', '    form: "yes"', 9, "a form is sent by POST"),
    ("files without a form", '    if_match: "yes"', '    files: files', 9, "files are a field of a form"),
    ("a name of files that is none", '    if_match: "yes"', '    files: A B', 16, "which is not of its form"),
    ("any body by PUT", '    if_match: "yes"', '    any_body: "yes"', 9, "that of a POST without input"),
    ("not a C name", "tw_a_put", "tw-a-put", 15, "not of its form"),
    ("field twice", '{key: value, kind: text, required: "yes", max: "9", help: new}',
     "{key: value, kind: text, help: new}, {key: value, kind: text, help: new}", 19, "stands twice"),
    ("min above max", 'min: "1", max: "9", help: how', 'min: "10", max: "9", help: how', 22, "min above max"),
    ("size of a bool", 'kind: text, required: "yes", max: "9"', 'kind: bool, required: "yes", max: "9"', 19, "min and max"),
    ("permission nobody holds", "permission: p.read", "permission: p.rad", 21, "has no row"),
    ("a change that may be free", "permission: p.change\n    when", "permission: p.read\n    when", 9, "changes something"),
    ("element not in the catalog", "id: DI.IMS.1", "id: DI.IMS.99", 26, "not in the catalog"),
    ("element of another capability", "id: DI.IMS.1,", "id: SU.UC.1,", 26, "belongs to SU"),
    ("operation names unknown element", "elements: [DI.IMS.1]", "elements: [DI.IMS.77]", 9, "not in the catalog"),
    ("job without a period", 'period_ms: "1000"', 'period_ms: "0"', 30, "not of its form"),
    ("row twice", "key: a.wait", "key: a.on", 6, "stands twice"),
    ("list where text belongs", "name: Device Identification", "name: [Device]", 2, "must be text"),
    ("merge key", "  - {name: a.known,", "  - {<<: x, name: a.known,", 28, "merge keys"),
]


@pytest.mark.parametrize("old,new,line,words", [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_refuses(tmp_path, old, new, line, words):
    assert GOOD.count(old) >= 1
    with pytest.raises(Refused) as e:
        load(tmp_path, GOOD.replace(old, new, 1))
    assert words in str(e.value)
    assert f"capability.yaml:{line}:" in str(e.value)


@pytest.mark.parametrize("old,new,words", [
    ("p.read: [anyone", "p.*: [anyone", "no wildcards"),
    ("[anyone, guest]", "[owner, king]", "unknown role"),
    ("[anyone, guest]", "[]", "needs a list"),
    ("[anyone, guest]", "anyone", "needs a list"),
    ("[anyone, guest]", "[guest, guest]", "twice"),
    ("grants:", "grunts:", "one map"),
    ("unruled: [p.read]\n", "", "one map"),
    ("unruled: [p.read]", "unruled: p.read", "are lists"),
    ("unruled: [p.read]", "unruled: [p.rad]", "no permission"),
    ("free: [p.read]\n", "", "one map"),
    ("free: [p.read]", "free: p.read", "are lists"),
    ("free: [p.read]", "free: [p.change]", "no permission of guests"),
    ("{name: guest, help: looks}", "{name: guest}", "is missing"),
    ("{name: guest, help: looks}", "{name: Guest, help: looks}", "not of its form"),
    ("{name: guest, help: looks}", "{name: guest, help: looks, inherits: [admin]}", "inherits itself"),
    ("{name: guest, help: looks}", "{name: guest, help: looks, inherits: [guest]}", "inherits itself"),
    ("{name: guest, help: looks}", "{name: guest, help: looks, inherits: [peer]}", "only roles of accounts"),
    ("{name: peer, help: h}", "{name: peer, help: h, inherits: [guest]}", "only roles of accounts"),
    ("{name: guest, help: looks}", "{name: admin, help: looks}", "stands twice"),
    ("name: peer", "name: paar", "kinds of subjects in their order"),
    ("inherits: [admin, guest]", "inherits: [guest]", "inherits every role"),
    ("  - {name: guest, help: looks}\n", "".join(f"  - {{name: x{c}, help: h}}\n" for c in "abcdefghijklmnopqrstuvwxyz") + "  - {name: guest, help: looks}\n", "the most"),
])
def test_refuses_grants(tmp_path, old, new, words):
    assert old in GRANTS
    with pytest.raises(Refused, match=words):
        rows.grants(write(tmp_path, "grants.yaml", GRANTS.replace(old, new)))


@pytest.mark.parametrize("text", ["", "a: 1\n---\nb: 2\n", "a: [", "? [x]\n: 1\n", "a: *x\n", "\ta: 1\n"])
def test_refuses_yaml(text):
    with pytest.raises(Refused):
        parse(text, "f")


def test_scalars_stay_text():
    assert parse("a: no\nb: 1\nc: ~\n", "f") == {"a": "no", "b": "1", "c": "~"}


def test_a_refusal_writes_nothing(tmp_path):
    bad = write(tmp_path, "capability.yaml", GOOD.replace("when: owned", "when: x"))
    run = subprocess.run([TOOL, "rows", bad, tmp_path / "o.c", tmp_path / "o.h"], capture_output=True, text=True)
    assert run.returncode == 1
    assert "capability.yaml:13:" in run.stderr
    assert not (tmp_path / "o.c").exists()


def test_catalog_source():
    elements = catalog.elements(ROOT / "catalog")
    assert len(elements) == 258
    assert sum(1 for e in elements if e["ours"]) == 4
    text = emit_c.catalog_source(elements, "x")
    assert "tw_catalog_count = 258" in text
    assert len(catalog.supporting(ROOT / "catalog")) == 185
