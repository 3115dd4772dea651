# SPDX-License-Identifier: Apache-2.0
"""Reads catalog/: the elements a device may claim and the details a manufacturer may, ours (extras) among them."""
import json
import pathlib


def _read(folder, name):
    def no_duplicates(pairs):
        out = dict(pairs)
        if len(out) != len(pairs):
            twice = sorted({k for k, _ in pairs if sum(1 for q, _ in pairs if q == k) > 1})
            raise ValueError(f"{name}: key {twice[0]!r} stands twice in one object")
        return out
    text = (pathlib.Path(folder) / name).read_text(encoding="utf-8")
    return json.loads(text, object_pairs_hook=no_duplicates)


FILES = {
    "technical": "technical.json",
    "nontechnical": "nontechnical.json",
    "activities": "activities.json",
    "baseline_a": "core-baseline-8259a.json",
    "baseline_b": "nontechnical-baseline-8259b-final.json",
    "baseline_b_draft": "nontechnical-baseline-8259b.json",
}


def files(folder):
    return {key: _read(folder, name) for key, name in FILES.items()}


def details(nontechnical):
    """Every detail of the non-technical catalog, nested ones too."""
    def walk(rows):
        for row in rows:
            yield row
            yield from walk(row.get("details", []))
    for capability in nontechnical["capabilities"]:
        for sub in capability["subcapabilities"]:
            for topic in sub["topics"]:
                for action in topic["actions"]:
                    yield from walk(action["details"])


def elements(folder):
    """Device elements, the extras last: [{id, capability, text, check, kind, provider, ours}]."""
    technical = _read(folder, FILES["technical"])
    extras = _read(folder, FILES["baseline_a"])["suggested_extra"]
    rows = [{"id": e["id"], "capability": e["capability"], "text": e["text"], "check": e["how_to_verify"], "kind": e["kind"],
             "provider": e["provider"], "ours": False} for e in technical["elements"]]
    rows += [{"id": e["id"], "capability": e["id"].split(".")[0], "text": e["text"], "check": e["how_to_verify"],
              "kind": e["kind"], "provider": e.get("provider"), "ours": True} for e in extras]
    return rows


def supporting(folder):
    """What a manufacturer may claim of his server, in the same form; the check is what it must produce, or the question a document must answer."""
    return [{"id": d["id"], "capability": d["id"].split(".")[0], "text": d["text"], "check": d.get("deliver") or d.get("ask", ""), "kind": d["kind"],
             "provider": None, "ours": False} for d in details(_read(folder, FILES["nontechnical"]))]
