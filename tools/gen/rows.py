# SPDX-License-Identifier: Apache-2.0
"""Reads capability.yaml and grants.yaml: the shape of every row, and what must agree across capabilities.

The words here are those of src/service/path/tables.h. An unknown key, a missing one or a value outside its words is an error that
names file and line.
"""
import pathlib
import re

from .strict_yaml import List, Map, Refused, Text, load, made

UPLOAD_MAX = 8519680  # TW_UPLOAD_MAX of src/service/path/request.h
LONG_BODY_MAX = 1048576  # TW_LONG_BODY_MAX of src/service/path/request.h
KINDS = ("text", "int", "bool", "object", "array", "any")
AT_THE_DEVICE = ("CONSOLE", "BUTTON")  # not by HTTP: doors of the device itself
SUBJECTS = ("anyone", "owner", "local", "console", "application", "device", "peer", "account", "provider", "button")  # enum tw_subject_kind, in its order
BUILT_IN_MAX = 32  # roles in one word of bits
YES_NO = ("yes", "no")
INT = re.compile(r"-?[0-9]{1,18}")
COUNT = re.compile(r"[1-9][0-9]{0,3}")
PERIOD = re.compile(r"[1-9][0-9]{0,9}")  # a job that never comes up again would be none
NAME = re.compile(r"[a-z][a-z0-9]*([.-][a-z0-9]+)*")
FIELD = re.compile(r"[a-z][a-z0-9_]*|\*")
C_NAME = re.compile(r"[a-z_][a-z0-9_]*")
ELEMENT = re.compile(r"[A-Z]{2}(\.[A-Z]+)?(\.[A-Za-z0-9]+)+")
PATH = re.compile(r"/|/\.well-known/[a-z]+\.txt|(/[a-z][a-z0-9-]*)+(\.json)?(/\{[a-z_]+\})?|/\.well-known/[a-z]+/\{[a-z_]+\*\}")


class Key:
    """One key of a row: its pattern or words, whether it must be there, whether it may be empty."""

    def __init__(self, form=None, required=True, empty=False, rows=None, items=None):
        self.form, self.required, self.empty, self.rows, self.items = form, required, empty, rows, items


FIELDS = {
    "key": Key(FIELD), "kind": Key(KINDS), "required": Key(YES_NO, False), "min": Key(INT, False), "max": Key(INT, False),
    "help": Key(), "choices": Key(re.compile(r"[^|]+(\|[^|]+)+"), False), "unit": Key(None, False, True),
    "of": Key(KINDS, False),  # of an array: the kind of its items
    "secret": Key(YES_NO, False),  # never on a command line: the tool reads it from a file or asks at the terminal
    "unless": Key(FIELD, False),  # of a secret: a bool beside it; where that is true the tool asks for none
    "bounded": Key(None, False),  # of an array in an answer that is no list: why it cannot grow
}
FIELDS["items"] = Key(None, False, rows=FIELDS)  # of an object, or of the objects in an array
TABLES = {
    "settings": {
        "key": Key(NAME), "type": Key(("bool", "int", "text", "choice")), "unit": Key(None, False, True),
        "min": Key(INT, False), "max": Key(INT, False), "choices": Key(re.compile(r"[^|]+(\|[^|]+)+"), False),
        "default": Key(None, True, True), "baseline": Key(None, True, True), "permission": Key(NAME),
        "apply": Key(C_NAME, False, True), "help": Key(), "element": Key(ELEMENT, False, True),
        "confirm": Key(YES_NO, False),  # a change of it is taken back unless it is confirmed
    },
    "operations": {
        "name": Key(NAME), "method": Key(("GET", "POST", "PUT", "DELETE", *AT_THE_DEVICE)), "path": Key(PATH, True, True),
        "permission": Key(NAME), "when": Key(("owned", "unowned", "always")), "audit": Key(("none", "read", "change")),
        "handler": Key(C_NAME), "help": Key(), "elements": Key(items=ELEMENT), "input": Key(rows=FIELDS),
        "output": Key(rows=FIELDS), "query": Key(None, False, rows=FIELDS),
        "status": Key(re.compile(r"2[0-9][0-9]( 2[0-9][0-9])*"), False),  # of success, the usual one first
        "body_max": Key(re.compile(r"[1-9][0-9]{0,6}"), False),  # bytes; 65536 unless it says so
        "media": Key(("application/octet-stream", "text/event-stream", "text/html", "text/plain"), False),  # of an answer that is not JSON and therefore has no output
        "carries": Key(None, False, items=NAME),  # operations of which its answer holds the answers in one piece: signed, or a file
        "form": Key(YES_NO, False),  # its body is a page's form in place of JSON
        "files": Key(re.compile(r"[a-z_]{1,63}"), False),  # of a form: its field with files
        "any_body": Key(YES_NO, False),  # whatever comes as its body is not looked at
        "if_match": Key(YES_NO, False),  # 428 without If-Match
        "step_up": Key(YES_NO, False),  # dangerous: whoever comes by a session proves himself anew
        "list": Key(FIELD, False),  # the array of the output that comes in pages; limit, cursor and next are made from this
        "page": Key(COUNT, False), "page_max": Key(COUNT, False),  # entries of a page: the default, and the most one may ask for
        "task": Key(C_NAME, False),  # it goes on behind its answer: the struct tw_task_kind that does the work (src/service/task)
        "result": Key(None, False, rows=FIELDS),  # of a task: what tasks.read shows when it is done
        "whole": Key(YES_NO, False),  # no: a list without a natural end, of which people want the beginning
    },
    "events": {
        "id": Key(NAME), "severity": Key(("debug", "info", "notice", "warning", "error", "critical")),
        "element": Key(ELEMENT, False, True), "help": Key(), "fields": Key(rows=FIELDS),
    },
    "elements": {"id": Key(ELEMENT), "status": Key(C_NAME), "provider": Key(None, False, True)},
    "facts": {
        "name": Key(NAME), "type": Key(("bool", "int", "text")), "unit": Key(None, False, True), "read": Key(C_NAME),
        "help": Key(),
    },
    "jobs": {
        "name": Key(NAME), "period_ms": Key(PERIOD), "watches": Key(), "run": Key(C_NAME),
        "due": Key(C_NAME, False),  # it may have to run sooner than its period says: in how many ms
    },
}
TOP = {
    "capability": Key(re.compile(r"[A-Z]{2,8}")), "name": Key(), "folder": Key(re.compile(r"[a-z]+(-[a-z]+)*")),
    "shared": Key(None, False, items=re.compile(r"[a-z]+")),  # folders of src/service whose rows.yaml this capability takes over
    **{table: Key(None, False, rows=shape) for table, shape in TABLES.items()},
}
SHARED = {table: TOP[table] for table in ("settings", "operations", "events", "jobs")}
FIRST = {"settings": "key", "operations": "name", "events": "id", "elements": "id", "facts": "name", "jobs": "name"}


def _check_text(value, key, where, path):
    if not isinstance(value, Text):
        raise Refused(f"{path}:{value.line}: {where} must be text")
    if not value:
        if not key.empty:
            raise Refused(f"{path}:{value.line}: {where} is empty")
    elif any(ord(c) < 32 for c in value):
        raise Refused(f"{path}:{value.line}: {where} must be one line without control characters")
    elif isinstance(key.form, tuple):
        if value not in key.form:
            raise Refused(f"{path}:{value.line}: {where} is '{value}', not one of: {', '.join(key.form)}")
    elif key.form is not None and not key.form.fullmatch(value):
        raise Refused(f"{path}:{value.line}: {where} is '{value}', which is not of its form")


def _check_map(node, shape, where, path):
    if not isinstance(node, Map):
        raise Refused(f"{path}:{node.line}: {where} must be a map of keys")
    for name, value in node.items():
        key = shape.get(name)
        if key is None:
            raise Refused(f"{path}:{node.lines[name]}: {where}: unknown key '{name}'; known: {', '.join(sorted(shape))}")
        here = f"{where} {name}"
        if key.rows is not None or key.items is not None:
            if not isinstance(value, List):
                raise Refused(f"{path}:{value.line}: {here} must be a list")
            for item in value:
                if key.rows is not None:
                    _check_map(item, key.rows, here, path)
                else:
                    _check_text(item, Key(key.items), here, path)
        else:
            _check_text(value, key, here, path)
    for name, key in shape.items():
        if key.required and name not in node:
            raise Refused(f"{path}:{node.line}: {where}: key '{name}' is missing")


def _check_fields(rows, where, path):
    seen = set()
    for row in rows:
        if row["key"] in seen:
            raise Refused(f"{path}:{row.line}: {where}: field '{row['key']}' stands twice")
        seen.add(row["key"])
        if "min" in row and "max" in row and int(row["min"]) > int(row["max"]):
            raise Refused(f"{path}:{row.line}: {where}: field '{row['key']}' has min above max")
        if ("min" in row or "max" in row) and row["kind"] not in ("text", "int"):
            raise Refused(f"{path}:{row.line}: {where}: only text and int have min and max")
        if "unless" in row and (row.get("secret") != "yes" or not any(f["key"] == row["unless"] and f["kind"] == "bool" for f in rows)):
            raise Refused(f"{path}:{row.line}: {where}: 'unless' belongs to a secret and names a bool beside it")
        if "items" in row:
            _check_fields(row["items"], where, path)


def _check_setting(row, path):
    def fits(value):
        if row["type"] == "bool":
            return value in ("on", "off")
        if row["type"] == "choice":
            return value in row.get("choices", "").split("|")
        if row["type"] == "int":
            return bool(INT.fullmatch(value)) and int(row["min"]) <= int(value) <= int(row["max"])
        return int(row.get("min", 0)) <= len(value.encode()) <= int(row.get("max", 511))
    if row["type"] == "int" and not ("min" in row and "max" in row):
        raise Refused(f"{path}:{row.line}: setting '{row['key']}': an int needs min and max")
    if row["type"] == "choice" and "choices" not in row:
        raise Refused(f"{path}:{row.line}: setting '{row['key']}': a choice needs choices")
    for name in ("default", "baseline"):
        if not fits(row[name]):
            raise Refused(f"{path}:{row[name].line}: setting '{row['key']}': {name} '{row[name]}' is outside its own range")


def _check_operation(row, path):
    where = f"operation '{row['name']}'"
    if (row["method"] in AT_THE_DEVICE) != (row["path"] == ""):
        raise Refused(f"{path}:{row.line}: {where}: console and button have no path, and everything else has one")
    if row["audit"] == "none" and row["when"] == "owned":
        raise Refused(f"{path}:{row.line}: {where}: an operation of an owned device leaves a record")
    if row["path"] and not row["path"].startswith("/api/v1/") and row.get("media") not in ("text/html", "text/plain", "application/octet-stream"):
        raise Refused(f"{path}:{row.line}: {where}: only a page (media: text/html) has a path outside /api/v1")
    if row["input"] and row["method"] in ("GET", "DELETE"):
        raise Refused(f"{path}:{row.line}: {where}: {row['method']} takes no body; use query")
    if row["method"] == "GET" and row["audit"] == "change":
        raise Refused(f"{path}:{row.line}: {where}: GET changes nothing")
    if "body_max" in row and (not row["input"] or int(row["body_max"]) > (UPLOAD_MAX if "files" in row else LONG_BODY_MAX)):
        raise Refused(f"{path}:{row.line}: {where}: body_max is for a body, and {LONG_BODY_MAX} at most, with files {UPLOAD_MAX}")
    if "files" in row and (row.get("form") != "yes" or any(field["key"] == row["files"] for field in row["input"])):
        raise Refused(f"{path}:{row.line}: {where}: files are a field of a form, beside those of input")
    if row.get("form") == "yes" and (row["method"] != "POST" or row.get("media") != "text/html" or not row["input"]):
        raise Refused(f"{path}:{row.line}: {where}: a form is sent by POST, has fields, and is answered by a page (media: text/html)")
    if row.get("any_body") == "yes" and (row["method"] != "POST" or row["input"]):
        raise Refused(f"{path}:{row.line}: {where}: a body that is not looked at is that of a POST without input")
    if row.get("form") == "yes" and any(field["kind"] not in ("text", "int", "bool") for field in row["input"]):
        raise Refused(f"{path}:{row.line}: {where}: a form has fields of text, int and bool")
    if "media" in row and row["output"]:
        raise Refused(f"{path}:{row.line}: {where}: an answer that is not JSON has no fields")
    for name in ("input", "output", "query"):
        _check_fields(row.get(name, []), where, path)


def _check_arrays(fields, listed, where, path):
    """Whatever can grow comes in pages: an array is the row's list, or says why it cannot grow."""
    for field in fields:
        if field["kind"] == "array" and field["key"] != listed and "bounded" not in field:
            raise Refused(f"{path}:{field.line}: {where}: array '{field['key']}' needs 'list' in its operation, or 'bounded' with the reason")
        _check_arrays(field.get("items", []), None, where, path)


CURSOR_MAX = 160  # src/service/path/page.h: 8 + 111 bytes in base64url


def _check_list(row, path):
    where = f"operation '{row['name']}'"
    _check_arrays(row["output"], row.get("list"), where, path)
    if "list" not in row:
        for name in ("page", "page_max", "whole"):
            if name in row:
                raise Refused(f"{path}:{row.line}: {where}: '{name}' belongs to a list")
        return
    if not any(f["key"] == row["list"] and f["kind"] == "array" for f in row["output"]):
        raise Refused(f"{path}:{row['list'].line}: {where}: no array '{row['list']}' in its output")
    if "page" not in row or "page_max" not in row or int(row["page"]) > int(row["page_max"]):
        raise Refused(f"{path}:{row['list'].line}: {where}: a list needs page and page_max, page being the smaller")
    if row["input"]:
        raise Refused(f"{path}:{row['list'].line}: {where}: a list takes no body: limit and cursor stand in the query")
    taken = {f["key"] for f in [*row.get("query", []), *row["output"]]}
    for name in ("limit", "cursor", "next"):
        if name in taken:
            raise Refused(f"{path}:{row['list'].line}: {where}: '{name}' is made from 'list'")


def _check_task(row, path):
    where = f"operation '{row['name']}'"
    if "task" not in row:
        if "result" in row or row["handler"] == "tw_op_task_start":
            raise Refused(f"{path}:{row.line}: {where}: 'result' and this handler belong to a task")
        return
    line = row["task"].line
    if row["audit"] != "change" or row["method"] != "POST" or row["handler"] != "tw_op_task_start":
        raise Refused(f"{path}:{line}: {where}: a task is begun by POST, leaves an intent (audit: change), and its handler is tw_op_task_start")
    if row["output"] or "status" in row:
        raise Refused(f"{path}:{line}: {where}: what a task's start answers is made from 'task'; say under 'result' what comes of it")
    if not row.get("result"):
        raise Refused(f"{path}:{line}: {where}: a task says under 'result' what comes of it")
    _check_fields(row["result"], where, path)
    _check_arrays(row["result"], None, where, path)


def _add_task(row):
    """What every task's start answers."""
    line = row["task"].line
    row["status"] = made("202", line)
    row["output"].extend([made({"key": "task", "kind": "text", "required": "yes", "help": "its id; Location says where it is read"}, line),
                          made({"key": "state", "kind": "text", "required": "yes", "help": "waiting"}, line)])


def _add_list(row):
    """What every list has in common."""
    line = row["list"].line
    query = row.setdefault("query", made([], line))
    query += [made({"key": "limit", "kind": "int", "required": "no", "min": "1", "max": row["page_max"],
                    "help": f"how many at most ({row['page']}); fewer come when they would not fit into one answer"}, line),
              made({"key": "cursor", "kind": "text", "required": "no", "min": "1", "max": str(CURSOR_MAX),
                    "help": "where to go on: what next said"}, line)]
    row["output"].append(made({"key": "next", "kind": "text", "required": "no", "max": str(CURSOR_MAX),
                               "help": "there while more exist: the cursor of the next page"}, line))


def _take_over(top, path):
    """The rows that both sides have, behind the capability's own; they claim no element."""
    for name in top.pop("shared", []):
        other = str(pathlib.Path(path).resolve().parents[2] / "service" / name / "rows.yaml")
        rows = load(other)
        _check_map(rows, SHARED, "shared rows", other)
        for table, listed in rows.items():
            top.setdefault(table, List()).extend(listed)


def capability(path):
    """One capability.yaml, checked for itself."""
    top = load(path)
    _check_map(top, TOP, "capability", path)
    _take_over(top, path)
    for table, first in FIRST.items():
        top.setdefault(table, List())
        seen = set()
        for row in top[table]:
            if row[first] in seen:
                raise Refused(f"{path}:{row.line}: {table}: '{row[first]}' stands twice")
            seen.add(row[first])
    for row in top["settings"]:
        _check_setting(row, path)
    for row in top["operations"]:
        _check_operation(row, path)
        _check_list(row, path)
        _check_task(row, path)
        if "list" in row:
            _add_list(row)
        if "task" in row:
            _add_task(row)
    for row in top["events"]:
        _check_fields(row["fields"], f"event '{row['id']}'", path)
    top.path = path
    return top


ROLE = {"name": Key(re.compile(r"[a-z]+(-[a-z]+)*")), "help": Key(), "inherits": Key(None, False, items=re.compile(r"[a-z]+(-[a-z]+)*"))}


def _roles(listed, path):
    """The roles by name, with what each includes: itself and all it inherits."""
    for row in listed:
        _check_map(row, ROLE, "role", path)
    names = [row["name"] for row in listed]
    if len(set(names)) != len(names):
        raise Refused(f"{path}:{listed.line}: a role stands twice")
    if tuple(names[:len(SUBJECTS)]) != SUBJECTS or len(names) > BUILT_IN_MAX:
        raise Refused(f"{path}:{listed.line}: the first roles are the kinds of subjects in their order, and {BUILT_IN_MAX} are the most")
    inherits = {}
    for i, row in enumerate(listed):
        for other in row.get("inherits", []):
            if other not in names[len(SUBJECTS):] or (i < len(SUBJECTS) and row["name"] != "owner"):
                raise Refused(f"{path}:{row.line}: '{row['name']}' cannot inherit '{other}': only roles of accounts inherit, and only such")
        inherits[row["name"]] = set(row.get("inherits", []))
    within = {name: {name} | inherits[name] for name in names}
    for _ in names:
        for name in names:
            within[name] |= set().union(*(within[other] for other in within[name]))
    for row in listed:
        if any(row["name"] in within[other] for other in inherits[row["name"]]):
            raise Refused(f"{path}:{row.line}: role '{row['name']}' inherits itself")
    if within["owner"] != {"owner", *names[len(SUBJECTS):]}:
        raise Refused(f"{path}:{listed.line}: the owner inherits every role of accounts: nobody gives what he does not hold")
    return {row["name"]: row for row in listed}, within


def grants(path):
    """permission -> the roles that hold it, inheritance included; .listed as written, .roles the rows of the roles, .unruled and .free the names."""
    top = load(path)
    if not isinstance(top, Map) or set(top) != {"roles", "grants", "unruled", "free"} or not isinstance(top["grants"], Map):
        raise Refused(f"{path}:{top.line}: the file holds one map each named 'roles', 'grants', 'unruled' and 'free'")
    if not all(isinstance(top[name], List) for name in ("roles", "unruled", "free")):
        raise Refused(f"{path}:{top.line}: 'roles', 'unruled' and 'free' are lists")
    roles, within = _roles(top["roles"], path)
    out = Map()
    for permission, listed in top["grants"].items():
        line = top["grants"].lines[permission]
        if not NAME.fullmatch(permission):
            raise Refused(f"{path}:{line}: permission '{permission}' is not of its form (names only, no wildcards)")
        if not isinstance(listed, List) or not listed:
            raise Refused(f"{path}:{line}: '{permission}' needs a list of roles")
        for role in listed:
            if role not in roles:
                raise Refused(f"{path}:{line}: '{permission}': unknown role '{role}'; known: {', '.join(roles)}")
        if len(set(listed)) != len(listed):
            raise Refused(f"{path}:{line}: '{permission}' names a role twice")
        out[permission] = made([name for name in roles if within[name] & set(listed)], line)
    for permission in top["unruled"]:
        if permission not in out:
            raise Refused(f"{path}:{permission.line}: unruled '{permission}' is no permission")
    for permission in top["free"]:
        if permission not in out or "guest" not in out[permission]:
            raise Refused(f"{path}:{permission.line}: free '{permission}' is no permission of guests")
    out.path, out.roles, out.listed, out.unruled = path, roles, top["grants"], set(top["unruled"])
    out.free = set(top["free"])
    return out


def _unique(capabilities, table, what):
    seen = {}
    for c in capabilities:
        for row in c[table]:
            name = what(row)
            if name in seen:
                raise Refused(f"{c.path}:{row.line}: {table}: '{name}' stands in {seen[name]} too")
            seen[name] = c.path
    return seen


def together(capabilities, granted, catalog):
    """What must agree across all capabilities: names, permissions, elements."""
    known = {e["id"]: e for e in catalog}
    for table, first in FIRST.items():
        _unique(capabilities, table, lambda row, first=first: row[first])
    _unique(capabilities, "operations", lambda row: f"{row['method']} {row['path'] or row['name']}")
    for c in capabilities:
        for table in ("settings", "operations"):
            for row in c[table]:
                if row["permission"] not in granted:
                    raise Refused(f"{c.path}:{row['permission'].line}: permission '{row['permission']}' has no row in {granted.path}")
        for row in c["operations"]:
            if row["permission"] in granted.free and row["audit"] == "change":
                raise Refused(f"{c.path}:{row.line}: '{row['name']}' may be free by its permission, and changes something")
        for row in c["elements"]:
            if row["id"] not in known:
                raise Refused(f"{c.path}:{row.line}: element '{row['id']}' is not in the catalog")
            if known[row["id"]]["capability"] != c["capability"]:
                raise Refused(f"{c.path}:{row.line}: element '{row['id']}' belongs to {known[row['id']]['capability']}, not {c['capability']}")
        named = [(row["element"], row) for t in ("settings", "events") for row in c[t] if row.get("element")]
        named += [(e, row) for row in c["operations"] for e in row["elements"]]
        for element, row in named:
            if element not in known:
                raise Refused(f"{c.path}:{row.line}: element '{element}' is not in the catalog")
