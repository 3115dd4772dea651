#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the views of evidence by other schemes: gen-views.py CATALOG OUT.json

From catalog/: which elements of the catalog stand for an element of NIST IR 8259A (core-baseline-8259a.json), or for a part of Device Security,
and from there, by joins.tsv and crosswalk.tsv, which of them say something about a provision of EN 303 645 or of the CRA. A provision that
only documents answer has no elements. tools/check-catalog has looked at all ids before.
"""
import csv
import json
import pathlib
import re
import sys

NAMES = {"EN303645-3.1.3": ("en303645", "ETSI EN 303 645 V3.1.3"), "CRA-2024/2847": ("cra", "Regulation (EU) 2024/2847")}


def elements_of(catalog, extras, joins):
    """Of one join: the elements that the baseline names, ours that cover it, or all of a part of the catalog."""
    ids = [one["id"] for capability in catalog["capabilities"] for one in walk(capability)]
    if joins in extras:
        return extras[joins]
    return [i for i in ids if i.startswith(joins + ".")]


def walk(node):
    if isinstance(node, dict):
        if "id" in node and "core_baseline" in node:
            yield node
        for value in node.values():
            yield from walk(value)
    elif isinstance(node, list):
        for value in node:
            yield from walk(value)


def read(path):
    with path.open(encoding="utf-8") as f:
        return list(csv.DictReader(f, delimiter="\t"))


def as_people_count(row):
    """5.3-2 comes before 5.3-10."""
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.findall(r"\d+|[A-Za-z]+", row["provision"])]


def views(folder):
    catalog = json.loads((folder / "technical.json").read_text(encoding="utf-8"))
    baseline = json.loads((folder / "core-baseline-8259a.json").read_text(encoding="utf-8"))
    extras = {row["id"]: list(row["catalog"]) for row in baseline["elements"]}
    for extra in baseline["suggested_extra"]:
        if extra["covers"] in extras and extra["id"] not in extras[extra["covers"]]:
            extras[extra["covers"]].append(extra["id"])
    joins = {row["source"]: row["joins"] for row in read(folder / "crosswalk/joins.tsv")}
    out = {"8259a": {"title": "NIST IR 8259A (May 2020)", "rows": [
        {"provision": row["id"], "text": row["text"], "elements": [{"id": i, "relation": row["match"]} for i in extras[row["id"]]]} for row in baseline["elements"]]}}
    for pair in read(folder / "crosswalk/crosswalk.tsv"):
        key, title = NAMES[pair["target_framework"]]
        rows = out.setdefault(key, {"title": title, "rows": []})["rows"]
        row = next((r for r in rows if r["provision"] == pair["target"]), None)
        if not row:
            row = {"provision": pair["target"], "text": "", "elements": []}
            rows.append(row)
        for i in elements_of(catalog, extras, joins[pair["source"]]):
            if i not in [e["id"] for e in row["elements"]]:
                row["elements"].append({"id": i, "relation": pair["relationship"], "confidence": pair["confidence"]})
    for key, _ in NAMES.values():
        out[key]["rows"].sort(key=as_people_count)
    return out


if __name__ == "__main__":
    pathlib.Path(sys.argv[2]).write_text(json.dumps(views(pathlib.Path(sys.argv[1])), separators=(",", ":")), encoding="utf-8")
