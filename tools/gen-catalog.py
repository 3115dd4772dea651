#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes C tables, JSON and OpenAPI from the rows people write (capability.yaml, grants.yaml) and from catalog/.

Runs at build time only; what it makes is never committed. Everything is checked before anything is written, and an error names
file and line.

    gen-catalog.py rows CAPABILITY.yaml OUT.c OUT.h          one capability's six tables
    gen-catalog.py grants GRANTS.yaml OUT.c OUT.h            who holds which permission
    gen-catalog.py device GRANTS.yaml CATALOG CAPABILITY.yaml... --json F --openapi F --c F --h F --version V
    gen-catalog.py catalog CATALOG OUT.c OUT-checks.c OUT-supporting.c OUT.h  ids, texts and checks of the elements
"""
import argparse
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from gen import catalog, emit_c, emit_openapi, rows  # noqa: E402
from gen.strict_yaml import Refused  # noqa: E402


def put(path, text):
    pathlib.Path(path).write_text(text, encoding="utf-8")


def short(path):
    """A path without the machine's part: what goes into a generated file must not depend on where it was built."""
    parts = pathlib.Path(path).parts
    return "/".join(parts[parts.index("src"):] if "src" in parts else parts[-1:])


def plain(node):
    """Rows as ordinary JSON: text stays text."""
    if isinstance(node, dict):
        return {str(k): plain(v) for k, v in node.items()}
    if isinstance(node, list):
        return [plain(v) for v in node]
    return str(node)


def make_rows(a):
    c = rows.capability(a.capability)
    put(a.c, emit_c.rows_source(c, short(a.capability)))
    put(a.h, emit_c.rows_header(c, short(a.capability)))


def make_grants(a):
    put(a.c, emit_c.grants_source(rows.grants(a.grants), short(a.grants)))
    put(a.h, emit_c.grants_header(short(a.grants)))


def make_device(a):
    granted = rows.grants(a.grants)
    capabilities = [rows.capability(p) for p in a.capability]
    elements = catalog.elements(a.catalog) + catalog.supporting(a.catalog)
    rows.together(capabilities, granted, elements)
    claimed = {row["id"] for c in capabilities for row in c["elements"]}
    device = {
        "format": 1,
        "version": a.version,
        "capabilities": [plain(c) for c in capabilities],
        "grants": plain(granted),
        "roles": [{"name": str(n), "help": str(r["help"]), "inherits": plain(r.get("inherits", []))} for n, r in granted.roles.items()],
        "catalog": {e["id"]: {"text": e["text"], "check": e["check"], "ours": e["ours"]} for e in elements if e["id"] in claimed},
    }
    text = json.dumps(device, indent="\t", ensure_ascii=False, sort_keys=True) + "\n"
    put(a.json, text)
    put(a.openapi, json.dumps(emit_openapi.document(capabilities, granted, a.version), indent="\t", ensure_ascii=False) + "\n")
    compact = json.dumps(device, separators=(",", ":"), ensure_ascii=False, sort_keys=True).encode()
    side = pathlib.Path(a.rows).name.removesuffix("-rows.h")
    put(a.c, emit_c.blob_source(compact, f"tw_{side}_rows", a.rows, "every capability.yaml"))
    put(a.h, emit_c.blob_header(f"tw_{side}_rows", "every capability.yaml", f"The {side}'s rows as JSON ({side}.json without blanks)."))


def make_catalog(a):
    elements = catalog.elements(a.catalog)
    put(a.c, emit_c.catalog_source(elements, "catalog/"))
    put(a.checks, emit_c.checks_source(elements, "catalog/"))
    put(a.supporting, emit_c.supporting_source(catalog.supporting(a.catalog), "catalog/"))
    put(a.h, emit_c.catalog_header("catalog/"))


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    sub = p.add_subparsers(dest="what", required=True)
    verbs = {
        "rows": (make_rows, ["capability", "c", "h"]),
        "grants": (make_grants, ["grants", "c", "h"]),
        "catalog": (make_catalog, ["catalog", "c", "checks", "supporting", "h"]),
        "device": (make_device, ["grants", "catalog"]),
    }
    for name, (_, arguments) in verbs.items():
        s = sub.add_parser(name)
        for argument in arguments:
            s.add_argument(argument)
        if name == "device":
            s.add_argument("capability", nargs="+")
            for option in ("--json", "--openapi", "--c", "--h", "--version"):
                s.add_argument(option, required=True)
            s.add_argument("--rows", default="formats/device-rows.h")  # how the header is included
    a = p.parse_args()
    try:
        verbs[a.what][0](a)
    except (Refused, ValueError, OSError) as e:
        print(f"gen-catalog: {e}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
