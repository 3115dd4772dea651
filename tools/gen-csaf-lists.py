#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the two lists that CSAF documents are checked against, src/formats/cwe.tsv and src/formats/subtags.tsv, anew:

    npm pack @secvisogram/csaf-validator-lib language-subtag-registry     (and unpack both)
    tools/gen-csaf-lists.py LIB/lib/cwec/4.17.js REGISTRY/data/json

The first has MITRE's list of weaknesses as that library carries it, id and name; the second IANA's registry of language subtags (CC0).
Not part of the build: what it writes is committed, so that a build asks nobody, and a change of a list is seen.
"""
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent / "src" / "formats"
ROW = re.compile(r"id: 'CWE-(\d+)',\s*name:\s*(?:'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"),", re.S)
KINDS = {"language": "l", "extlang": "x", "script": "s", "region": "r", "variant": "v"}


def weaknesses(path):
    text = path.read_text(encoding="utf-8")
    rows = sorted((int(number), re.sub(r"\\(.)", r"\1", single or double)) for number, single, double in ROW.findall(text))
    if len(rows) != text.count("id: 'CWE-") or len(dict(rows)) != len(rows):
        sys.exit(f"{path}: not every row was understood")
    head = [f"# CWE {path.stem}, id and name. CWE is Copyright (c) 2006-2025 The MITRE Corporation, which lets anybody use it under",
            "# https://cwe.mitre.org/about/termsofuse.html; its text and this notice stay together. Made by tools/gen-csaf-lists.py."]
    (ROOT / "cwe.tsv").write_text("\n".join(head + [f"{number}\t{name}" for number, name in rows]) + "\n", encoding="utf-8")


def between(first, last):
    """All of 'qaa..qtz', letters only and of one length."""
    word = list(first)
    while "".join(word) != last:
        yield "".join(word)
        at = len(word) - 1
        while word[at] == "z":
            word[at] = "a"
            at -= 1
        word[at] = chr(ord(word[at]) + 1)
    yield last


def subtags(folder):
    rows = set()
    for record in json.loads((folder / "registry.json").read_text(encoding="utf-8")):
        if record["Type"] not in KINDS:
            continue
        first, _, last = record["Subtag"].lower().partition("..")
        prefixes = ",".join(sorted(prefix.lower() for prefix in record.get("Prefix", [])))
        rows.update(f"{KINDS[record['Type']]} {tag} {prefixes}".rstrip() for tag in between(first, last or first))
    date = json.loads((folder / "meta.json").read_text(encoding="utf-8"))["File-Date"]
    head = [f"# IANA's language subtag registry of {date}: l language, x extended language, s script, r region, v variant, and their prefixes.",
            "# The registry is free of rights (npm's language-subtag-registry: CC0-1.0). Made by tools/gen-csaf-lists.py."]
    (ROOT / "subtags.tsv").write_text("\n".join(head + sorted(rows)) + "\n", encoding="utf-8")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    weaknesses(pathlib.Path(sys.argv[1]))
    subtags(pathlib.Path(sys.argv[2]))


main()
